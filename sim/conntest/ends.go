package conntest

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// end is a reference, with its line.
type end struct {
	ref  string
	line int
}

// MostConnections is how many connections a document may list, and Record takes:
// each is asked by itself, and kept until all are told.
const MostConnections = 1 << 22

// ends are what connects with what: each of the first with each of the second.
// A chain has none.
func (in writtenCase) ends(d *manifest.Document, at string) (from, to []end) {
	if in.Chain != nil {
		in.checkChain(d, at)
		return nil, nil
	}
	return endsAt(d, at+".from", in.From), endsAt(d, at+".to", in.To)
}

// endsAt reads a text, or a list of them.
func endsAt(d *manifest.Document, at string, value any) []end {
	list, isList := value.([]any)
	switch {
	case value == nil, value == "", isList && len(list) == 0:
		d.Refuse(at, "is missing", "write from and to, or chain")
		return nil
	case !isList:
		list = []any{value}
	}
	var all []end
	for i, item := range list {
		one := at
		if isList {
			one = fmt.Sprintf("%s[%d]", at, i)
		}
		ref, _ := item.(string)
		if ref == "" {
			d.Refuse(one, "is no reference", "write a text such as dev/deploy/web, or a list of such")
		}
		all = append(all, end{ref, d.Line(one)})
	}
	return all
}

// checkChain looks at a chain, and for what does not go with one.
func (in writtenCase) checkChain(d *manifest.Document, at string) {
	c := in.Case
	if len(c.Chain) < 2 || slices.Contains(c.Chain, "") {
		d.Refuse(at+".chain", "has not two ends", "list two references or more")
	}
	for _, other := range []struct {
		field string
		given bool
	}{
		{"from", in.From != nil}, {"to", in.To != nil}, {"port", in.Port != nil}, {"via", c.Via != ""},
		{"http", c.HTTP != ""}, {"headers", c.Headers != nil}, {"dnsName", c.DNSName != ""}, {"sni", c.SNI != ""},
	} {
		if other.given {
			d.Refuse(at+"."+other.field, "does not go with chain", "remove it, or make a case with from and to of that connection")
		}
	}
}

// forEach is the case for each of its connections, on the line of what tells it
// from the others.
func (c Case) forEach(from, to []end) []Case {
	if len(c.Chain) > 0 {
		return []Case{c}
	}
	var all []Case
	for _, source := range from {
		for _, destination := range to {
			one := c
			one.From, one.To = source.ref, destination.ref
			switch {
			case len(to) > 1:
				one.Line = destination.line
			case len(from) > 1:
				one.Line = source.line
			}
			if one.Name != "" && len(from)*len(to) > 1 {
				one.Name += ": " + source.ref + " to " + destination.ref
			}
			all = append(all, one)
		}
	}
	return all
}
