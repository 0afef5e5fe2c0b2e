package render

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// fewIssues is how many issues with one text are still written one by one, and
// how many places are shown of more.
const fewIssues = 3

// issueGroup is issues that say the same of several objects.
type issueGroup struct {
	text   string
	issues []model.Issue
	names  []string
}

// subject is the object that a message begins with: its kind and its name.
var subject = regexp.MustCompile(`^([A-Z][A-Za-z]+) ([^ ]+?)(:?) `)

// groupIssues puts together what differs in the object and place alone, in the
// order of the first of each.
func groupIssues(issues []model.Issue) []issueGroup {
	var groups []issueGroup
	at := map[string]int{}
	for _, issue := range issues {
		text, name := issue.Message, ""
		if m := subject.FindStringSubmatch(text); m != nil {
			name = m[2]
			text = m[1] + " ..." + m[3] + " " + strings.TrimPrefix(text, m[0])
		}
		key := strings.Join([]string{string(issue.Severity), text, issue.Remedy}, "\n")
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key] = i
			groups = append(groups, issueGroup{text: text})
		}
		groups[i].issues = append(groups[i].issues, issue)
		groups[i].names = append(groups[i].names, name)
	}
	return groups
}

// single are the issues of a group that is written one by one, nil for one that
// is told as a whole.
func (g issueGroup) single() []model.Issue {
	if len(g.issues) > fewIssues {
		return nil
	}
	return g.issues
}

// places are the first places of a group.
func (g issueGroup) places() string {
	var places []string
	for i, issue := range g.issues[:fewIssues] {
		place := g.names[i]
		if issue.File != "" {
			place = strings.TrimSpace(fmt.Sprintf("%s %s:%d", place, issue.File, issue.Line))
		}
		places = append(places, place)
	}
	return fmt.Sprintf("%s, and %d more: -o json has them", strings.Join(places, ", "), len(g.issues)-fewIssues)
}

// groupedIssues is page.issues for many: what is said of more than a few objects
// is told once.
func (p *page) groupedIssues(issues []model.Issue) {
	var infos []model.Issue
	for _, g := range groupIssues(issues) {
		switch first := g.issues[0]; {
		case first.Severity == model.Info:
			infos = append(infos, g.issues...)
		case g.single() != nil:
			p.issues(g.issues, false)
		default:
			p.prose(p.paint(severityStyles[first.Severity], string(first.Severity)), plural(len(g.issues), "time")+": "+g.text)
			p.prose("", "in "+g.places())
			if first.Remedy != "" {
				p.prose("", "fix: "+first.Remedy)
			}
		}
	}
	p.issues(infos, false)
}

// markdownIssues are lines for a list, grouped alike.
func markdownIssues(issues []model.Issue) []string {
	var lines []string
	for _, g := range groupIssues(issues) {
		first := g.issues[0]
		switch {
		case first.Severity == model.Info:
		case g.single() != nil:
			for _, issue := range g.issues {
				lines = append(lines, "- new "+escaped(issue.String()))
			}
		default:
			lines = append(lines, "- new "+escaped(fmt.Sprintf("%s, %s: %s (in %s)", first.Severity, plural(len(g.issues), "time"), g.text, g.places())))
		}
	}
	return lines
}
