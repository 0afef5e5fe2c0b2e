package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// stepIndent is where a step's words start, right of its number and mark.
const stepIndent = 5

// steps tells the steps of a group's first path. Steps that say the same as
// those of an earlier group, above, are only counted.
func (t *answerText) steps(g group, above []string) {
	steps := g.paths[0].Steps
	stages, nodes := stepColumns(steps)
	var before *model.Sees
	for i := 0; i < len(steps); {
		if same := sameSteps(g.steps[i:], above, i); same > 0 {
			t.line(fmt.Sprintf("%s as in path 1", stepNumbers(i+1, i+same)))
			i += same
			continue
		}
		t.stepHeader(i+1, steps[i], stages, nodes)
		t.block(t.detail("sees"), t.sees(steps[i].Sees, before))
		t.step(steps[i], g.paths[0].Hint)
		before = steps[i].Sees
		i++
	}
}

// sameSteps is how many of the steps from i on are the same as above.
func sameSteps(steps, above []string, i int) int {
	same := 0
	for same < len(steps) && i+same < len(above) && steps[same] == above[i+same] {
		same++
	}
	return same
}

func stepNumbers(first, last int) string {
	if first == last {
		return fmt.Sprintf("%2d  ", first)
	}
	return fmt.Sprintf("%2d-%d", first, last)
}

func stepColumns(steps []model.Step) (stages, nodes int) {
	for _, step := range steps {
		stages = max(stages, columns(string(step.Stage)))
		nodes = max(nodes, columns(step.Node))
	}
	return stages, nodes
}

func (t *answerText) stepHeader(number int, step model.Step, stages, nodes int) {
	verdict := t.verdict(step.Verdict)
	if drop := step.DropReason; drop != nil {
		verdict += fmt.Sprintf(": %s (%s)", clean(drop.Text), clean(drop.Name))
	}
	pieces := []string{pad(t.paint(bold, string(step.Stage)), stages), pad(clean(step.Node), nodes), verdict}
	head := fmt.Sprintf("%2d %s ", number, t.mark(step.Verdict))
	for _, line := range hang(head, fill(pieces, "  ", max(t.width-stepIndent, minText))) {
		t.line(line)
	}
}

// step tells what decided at one point, and why.
func (t *answerText) step(step model.Step, pathHint string) {
	t.block(t.detail("by"), originLines(step.By, t.room()))
	t.prose(t.detail("why"), step.Why)
	for _, condition := range step.Conditions {
		if !slices.Contains(t.answer.Conditions, condition) {
			t.prose(t.detail("if"), condition)
		}
	}
	if step.Hint != t.answer.Hint && step.Hint != "" {
		t.prose(t.detail("hint"), step.Hint)
	}
	if pathHint != t.answer.Hint && pathHint != step.Hint && step.Verdict != model.Allowed {
		t.prose(t.detail("hint"), pathHint)
	}
}

func (t *answerText) detail(name string) string {
	return strings.Repeat(" ", stepIndent) + t.paint(faint, name)
}

// sees is the packet as the step saw it: who, to whom. Before is what the step
// shown above it saw.
func (t *answerText) sees(sees, before *model.Sees) []string {
	if sees == nil {
		return nil
	}
	if before != nil && *sees == *before {
		return []string{"the same packet"}
	}
	source := party(sees.Source, endpoint(sees.SourceIP, 0, "")+t.star(sees.SourceIP))
	destination := party(sees.Destination, endpoint(sees.DestinationIP, sees.Port, sees.Protocol)+t.star(sees.DestinationIP))
	if source == "" && destination == "" {
		return nil
	}
	if line := source + " → " + destination; columns(line) <= t.room() {
		return []string{line}
	}
	return append(fold(source, t.room()), hang("→ ", fold(destination, t.room()-2))...)
}

// hang puts a head before the first line and indents the others below it.
func hang(head string, lines []string) []string {
	for i := range lines {
		lines[i] = head + lines[i]
		head = strings.Repeat(" ", columns(head))
	}
	return lines
}

func (t *answerText) star(ip string) string {
	if t.assigned[ip] {
		return "*"
	}
	return ""
}

func party(labels, address string) string {
	return strings.TrimSpace(identityText(labels) + " " + address)
}

// originLines lists what decided: object, rule and position, in columns where
// they fit.
func originLines(origins []model.Origin, width int) []string {
	rows := make([][]string, len(origins))
	for i, o := range origins {
		rows[i] = []string{clean(o.ID()), clean(o.Rule), position(o)}
	}
	var lines []string
	for _, row := range align(rows) {
		if columns(row) > width {
			return brokenLines(rows, width)
		}
		lines = append(lines, row)
	}
	return lines
}

func brokenLines(rows [][]string, width int) []string {
	var lines []string
	for _, row := range rows {
		broken := fill(row, "  ", width-2)
		lines = append(lines, broken[0])
		lines = append(lines, hang("  ", broken[1:])...)
	}
	return lines
}

func position(o model.Origin) string {
	if at := o.Position(); at != "" {
		return clean(at)
	}
	return "(in no file)"
}
