package render

import (
	"bytes"
	"fmt"
	"io"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim/symptom"
)

// Symptom writes what a symptom means, and what gives it in the loaded files. Its
// error is the writer's.
func Symptom(w io.Writer, e *symptom.Explanation, opt TextOptions) error {
	p := newPage(opt)
	for _, line := range fill([]string{p.paint(bold, symptomTitle(e))}, " ", p.width) {
		p.line(line)
	}
	p.blank()
	if e.From != nil && e.To != nil && end(e.From)+end(e.To) != "" {
		p.prose("seen", end(e.From)+" → "+end(e.To)+prefixed(" ", string(e.Protocol)))
	}
	p.prose("means", e.Means)
	where := e.Where
	if e.Direction != "" {
		where = "here at " + e.Direction + suffixed(prefixed(" (in general: ", where), ")")
	}
	p.prose("where", where)
	label := "causes"
	for _, cause := range e.Causes {
		p.block(label, hang("- ", fill([]string{cause}, " ", p.room()-2)))
		label = ""
	}
	if e.Here != "" {
		p.prose("here", e.Here)
		p.block("by", originLines(e.By, p.room()))
	}
	p.unready(e.Unready)
	if e.Answer != nil {
		p.blank()
		var text bytes.Buffer
		_ = Answer(&text, e.Answer, opt) // a buffer takes all
		p.text.Write(text.Bytes())
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

func symptomTitle(e *symptom.Explanation) string {
	switch {
	case e.Probe != "":
		return "the " + e.Probe + " probe fails"
	case e.Drop == nil:
		return seen(e.ClientSees, model.TCP)
	case e.Drop.Name == "":
		return fmt.Sprintf("%s (%d)", e.Drop.Text, e.Drop.Code)
	case e.Drop.Text == "":
		return fmt.Sprintf("%s (%d)", e.Drop.Name, e.Drop.Code)
	default:
		return fmt.Sprintf("%s (%s, %d)", e.Drop.Text, e.Drop.Name, e.Drop.Code)
	}
}

// end is one end as the text named it.
func end(e *symptom.End) string {
	name := e.IP
	if e.Pod != "" {
		name = e.Namespace + "/" + e.Pod
	}
	if e.Port > 0 {
		name = fmt.Sprintf("%s:%d", name, e.Port)
	}
	return clean(name) + clean(suffixed(prefixed(" (identity ", e.Identity), ")"))
}
