package manifest

import (
	"reflect"

	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/model"
)

// Document is one document of a file that describes no cluster: a file format
// of netsim's own, which its reader decodes.
type Document struct{ inner *document }

// Documents are the documents of a file, and Issues for what of it cannot be
// parsed.
func Documents(file File) ([]*Document, []model.Issue) {
	l := &loader{resolver: newResolver(), reports: &reports{}, templated: map[string]bool{}}
	var all []*Document
	take := func(d document) {
		if isNull(d.tree) {
			return
		}
		if line := d.glued(); line > 0 {
			d.rejectAt(line, problem{says: "two documents without --- between them? apiVersion and kind are there twice", do: "write --- on a line of its own above the second"})
			return
		}
		d.reports = &reports{}
		if whole := newDocument(d); whole != nil {
			all = append(all, &Document{whole})
			return
		}
		l.reports.list = append(l.reports.list, d.reports.list...)
	}
	parseAhead(l.parts(file), func(p parsed) { l.trees(p, take) })
	return all, model.SortIssues(l.reports.list)
}

// APIVersion is what the document gives as such, "" if nothing.
func (d *Document) APIVersion() string { return d.inner.apiVersion }

// Origin is where the document stands, with its kind and name if it has any.
func (d *Document) Origin() model.Origin { return d.inner.origin }

// JSON is the document as JSON.
func (d *Document) JSON() []byte { return d.inner.json }

// Decode reads the document into a struct that is pointed to. A field that the
// struct does not have, or a value of the wrong type, becomes an Issue.
func (d *Document) Decode(into any) {
	unknown, err := kjson.UnmarshalStrict(d.inner.json, into, kjson.DisallowUnknownFields)
	for _, field := range unknown {
		at, do := fieldRemedy(field, reflect.TypeOf(into))
		d.Refuse(at, "the field is not known", do)
	}
	if err != nil {
		d.inner.report(model.Error, d.inner.typeProblem(err))
	}
}

// Refuse notes what is wrong with a field ("cases[2].want"; "" is the document),
// and what to write instead.
func (d *Document) Refuse(at, says, do string) {
	d.inner.report(model.Error, problem{at, says, do})
}

// Line is the line in the file of a field, or of the nearest known one above.
func (d *Document) Line(at string) int { return d.inner.line(at) }

// Issues are all that was found wrong with the document.
func (d *Document) Issues() []model.Issue { return model.SortIssues(d.inner.reports.list) }
