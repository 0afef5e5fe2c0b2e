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
			t.Cases = append(t.Cases, c.read(d, fmt.Sprintf("cases[%d]", i)))
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

// read checks a case, which stands at a field of the document.
func (in writtenCase) read(d *manifest.Document, at string) Case {
	c := in.Case
	c.Line = d.Line(at)
	in.checkEnds(d, at)
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
	return c
}

// checkEnds looks at what connects with what.
func (in writtenCase) checkEnds(d *manifest.Document, at string) {
	c := in.Case
	if c.Chain == nil {
		for _, end := range []struct{ field, ref string }{{"from", c.From}, {"to", c.To}} {
			if end.ref == "" {
				d.Refuse(at+"."+end.field, "is missing", "write from and to, or chain")
			}
		}
		return
	}
	if len(c.Chain) < 2 || slices.Contains(c.Chain, "") {
		d.Refuse(at+".chain", "has not two ends", "list two references or more")
	}
	for _, other := range []struct {
		field string
		given bool
	}{
		{"from", c.From != ""}, {"to", c.To != ""}, {"port", in.Port != nil}, {"via", c.Via != ""},
		{"http", c.HTTP != ""}, {"headers", c.Headers != nil}, {"dnsName", c.DNSName != ""}, {"sni", c.SNI != ""},
	} {
		if other.given {
			d.Refuse(at+"."+other.field, "does not go with chain", "remove it, or make a case with from and to of that connection")
		}
	}
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
