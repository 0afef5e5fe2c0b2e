package conntest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/internal/nearest"
	"github.com/netsim-dev/netsim/sim"
)

// written is a Test as the decoder takes it: what has to be checked with its
// line at hand is still text.
type written struct {
	Test
	Cases []writtenCase `json:"cases"`
}

type writtenCase struct {
	Case
	// From and To are a text or a list of them.
	From any    `json:"from"`
	To   any    `json:"to"`
	Want string `json:"want"`
	// Port is a text or a number.
	Port any `json:"port"`
}

// newTest reads a document. What is wrong with it is in the Test's Issues.
func newTest(d *manifest.Document) *Test {
	var in written
	d.Decode(&in)
	t := &in.Test
	t.File, t.line = d.Origin().File, d.Line
	if len(d.Issues()) == 0 {
		t.check(d, in.Cases)
		for i, c := range in.Cases {
			at := fmt.Sprintf("cases[%d]", i)
			one, from, to := c.read(d, at)
			if len(t.Cases)+len(from)*len(to) > MostConnections {
				d.Refuse(at, fmt.Sprintf("the document has more than %d connections", MostConnections), "part it into several files")
				break
			}
			t.Cases = append(t.Cases, one.forEach(from, to)...)
		}
	}
	t.Issues = d.Issues()
	return t
}

// check looks at all but the cases.
func (t *Test) check(d *manifest.Document, cases []writtenCase) {
	if t.Kind != Kind {
		d.Refuse("kind", t.Kind+" is no kind of netsim", "did you mean "+Kind+"?")
	}
	if t.APIVersion != sim.APIVersion {
		d.Refuse("apiVersion", fmt.Sprintf("%q has no %s", t.APIVersion, Kind), "write apiVersion: "+sim.APIVersion)
	}
	if len(cases) == 0 {
		d.Refuse("cases", "there are none", "list what must connect and what must not, as in: - {from: dev/deploy/a, to: \"dev/svc/b:80\", want: allowed}")
	}
	for i, text := range t.Datapaths {
		at := fmt.Sprintf("datapaths[%d]", i)
		if slices.Index(t.Datapaths, text) < i {
			d.Refuse(at, fmt.Sprintf("%q is there twice", text), "keep one of them")
		}
	}
}

// read checks a case, which stands at a field of the document. It is one from each
// end to each.
func (in writtenCase) read(d *manifest.Document, at string) (c Case, from, to []end) {
	c = in.Case
	c.Line = d.Line(at)
	from, to = in.ends(d, at)
	if in.Port != nil {
		port, ok := portText(in.Port)
		if !ok {
			d.Refuse(at+".port", "is neither a number nor a text", "write a port, as in 443 or 53/UDP")
		}
		c.Port = port
	}
	switch err := c.Want.UnmarshalText([]byte(in.Want)); {
	case in.Want == "":
		d.Refuse(at+".want", "is missing", "write allowed, denied, mixed or undetermined")
	case err != nil:
		d.Refuse(at+".want", fmt.Sprintf("%q is no verdict", in.Want), meant(in.Want))
	}
	if parts := strings.Split(c.Because, "/"); c.Because != "" && (len(parts) > 3 || slices.Contains(parts, "")) {
		d.Refuse(at+".because", fmt.Sprintf("%q names no policy", c.Because), "write NAME, NAMESPACE/NAME or KIND/NAMESPACE/NAME")
	}
	return c, from, to
}

func portText(port any) (string, bool) {
	switch v := port.(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", false
}

// meant is the remedy for a word that is no verdict.
func meant(word string) string {
	verdicts := []string{sim.Allowed.String(), sim.Denied.String(), sim.Mixed.String(), sim.Undetermined.String()}
	if near := nearest.Word(word, verdicts); near != "" {
		return "did you mean " + near + "?"
	}
	return "write " + strings.Join(verdicts[:3], ", ") + " or " + verdicts[3]
}
