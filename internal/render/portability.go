package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// shownPlaces is how many places of one text are listed.
const shownPlaces = 5

// textGroup is the same text with the same meanings, in several places; its
// obstacles are those of all of them.
type textGroup struct {
	sim.Unportable
	places []model.Origin
}

// aboutOrder is the order in which texts are told.
var aboutOrder = []sim.About{sim.AboutPolicy, sim.AboutAddress, sim.AboutEntity, sim.AboutFeature}

// groupTexts puts together what differs in its place alone, by what it is about,
// the most frequent first.
func groupTexts(list []sim.Unportable) []textGroup {
	var groups []textGroup
	at := map[string]int{}
	for _, u := range list {
		key := strings.Join([]string{u.Written, u.Here, u.There, u.Instead}, "\n")
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key] = i
			groups = append(groups, textGroup{Unportable: u})
			groups[i].Obstacles = nil
		}
		groups[i].Obstacles = append(groups[i].Obstacles, u.Obstacles...)
		groups[i].places = append(groups[i].places, u.Policy)
	}
	slices.SortStableFunc(groups, func(a, b textGroup) int {
		return cmp.Or(
			cmp.Compare(slices.Index(aboutOrder, a.About), slices.Index(aboutOrder, b.About)),
			cmp.Compare(len(b.places), len(a.places)))
	})
	return groups
}

// portability tells texts that mean something else, grouped.
func (p *page) portability(list []sim.Unportable) {
	if len(list) == 0 {
		return
	}
	p.blank()
	p.line(p.paint(bold, textsHeadline(list)))
	for _, g := range groupTexts(list) {
		p.blank()
		p.line(p.paint(yellow, "≠ "+clean(g.Written)) + "   " + plural(len(g.places), "place"))
		p.prose("here", g.Here)
		p.prose("there", g.There)
		p.prose("instead", g.Instead)
		p.block("not said", p.obstacleLines(g.Obstacles))
		p.block("in", p.placeLines(g.places))
	}
}

func textsHeadline(list []sim.Unportable) string {
	return plural(len(list), "text") + " in policies cannot move as " + map[bool]string{true: "it is", false: "they are"}[len(list) == 1]
}

func (p *page) placeLines(places []model.Origin) []string {
	lines := originLines(places[:min(len(places), shownPlaces)], p.room())
	if more := len(places) - shownPlaces; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more: -o json has them", more))
	}
	return lines
}

func (p *page) obstacleLines(obstacles []sim.Obstacle) []string {
	var lines []string
	for i, o := range obstacles {
		if i == shownLines {
			return append(lines, fmt.Sprintf("and %d more: -o json has them", len(obstacles)-i))
		}
		lines = append(lines, indented("", "  ", obstacleText(o), p.room())...)
	}
	return lines
}

func obstacleText(o sim.Obstacle) string {
	return strings.TrimSpace(clean(fmt.Sprintf("%s (%s): %s", o.Where.Rule, position(o.Where), o.Why)))
}

// markdownPortability is the same for Markdown.
func (p *page) markdownPortability(list []sim.Unportable) {
	if len(list) == 0 {
		return
	}
	p.blank()
	p.line("### ≠ " + textsHeadline(list))
	p.blank()
	p.line("| written | here | there | instead | in |")
	p.line("|---|---|---|---|---|")
	for _, g := range groupTexts(list) {
		var places []string
		for _, o := range g.places[:min(len(g.places), shownPlaces)] {
			places = append(places, strings.Join(strings.Fields(o.ID()+" "+o.Rule+" "+position(o)), " "))
		}
		if more := len(g.places) - shownPlaces; more > 0 {
			places = append(places, fmt.Sprintf("and %d more", more))
		}
		instead := g.Instead
		for _, o := range g.Obstacles {
			instead += "; not said: " + obstacleText(o)
		}
		p.line(fmt.Sprintf("| %s | %s | %s | %s | %s |", escaped(g.Written), escaped(g.Here), escaped(g.There), escaped(instead), escaped(strings.Join(places, ", "))))
	}
}
