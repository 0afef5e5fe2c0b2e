package manifest

import (
	"fmt"
	"path"
	"regexp"

	"github.com/netsim-dev/netsim/model"
)

// A patch that kustomize would apply to a Service is a Service too, by its looks,
// but without a selector. Left lying among manifests it changes nothing in a
// cluster, so it must not give a Service a type or a nodePort here.

// patchFile is a file that calls itself a patch, as a word of its name.
var patchFile = regexp.MustCompile(`(^|[-_.])patch(es)?([-_.]|$)`)

// isPatchOf says whether one of two documents for one Service is a patch for the
// other.
func isPatchOf(patch, whole any) bool {
	p, ok := patch.(*service)
	w, both := whole.(*service)
	return ok && both && p.Selector == nil && w.Selector != nil
}

// warnPatch says of a patch that it was left out, and which document was not.
func (d *document) warnPatch(whole *document) {
	d.warn(problem{
		says: fmt.Sprintf("it looks like a patch, since it has no selector and %s has one: it was left out", whole.origin.Position()),
		do:   "leave the file out, or run `kustomize build` and pass the output",
	})
}

// patchAlone says whether a Service is a patch for one that no file holds.
func (d *document) patchAlone(s *model.Service) bool {
	if s.Selector != nil || s.Type == model.ExternalNameService || !patchFile.MatchString(path.Base(d.origin.File)) {
		return false
	}
	d.warn(problem{
		says: "it looks like a patch, by the file's name and since it has no selector: it was left out",
		do:   "leave the file out, or run `kustomize build` and pass the output",
	})
	return true
}
