package manifest

import "github.com/netsim-dev/netsim/model"

// problem is what is wrong with a document: at which field, what, and what to
// write instead. An empty path means the document itself.
type problem struct{ at, says, do string }

// reports collects Issues.
type reports struct{ list []model.Issue }

func (r *reports) add(issue model.Issue) { r.list = append(r.list, issue) }

// reject reports what an API server would refuse; the document is left out.
func (d *document) reject(p problem) {
	d.rejected = true
	d.report(model.Error, p)
}

// rejectAt rejects a document that has no JSON yet, at a line of its part.
func (d *document) rejectAt(line int, p problem) {
	d.origin.Line = d.before + max(line, 1)
	d.reject(p)
}

// warn reports what is taken, but probably not as meant.
func (d *document) warn(p problem) { d.report(model.Warning, p) }

// note reports what is assumed.
func (d *document) note(p problem) { d.report(model.Info, p) }

func (d *document) report(severity model.Severity, p problem) {
	message := p.says
	if p.at != "" {
		message = p.at + ": " + message
	}
	if severity == model.Error {
		if remedy := d.rendering(p); remedy != "" {
			p.do = remedy
		}
	}
	d.tell(model.Issue{
		Severity: severity, File: d.origin.File, Line: d.line(p.at),
		Message: d.title() + message, Remedy: p.do,
	})
}

// maxTold bounds the Issues of one document: beyond that, it is not text that
// somebody wrote.
const maxTold = 100

func (d *document) tell(issue model.Issue) {
	d.told++
	switch {
	case d.told < maxTold:
		d.reports.add(issue)
	case d.told == maxTold:
		issue.Message += "; what else is wrong with the document is not listed"
		d.reports.add(issue)
	}
}

// title is how messages begin: the object's name, as far as it is known.
func (d *document) title() string {
	switch {
	case d.origin.Kind == "":
		return ""
	case d.origin.Name == "":
		return d.origin.Kind + ": "
	}
	return d.origin.ID() + ": "
}
