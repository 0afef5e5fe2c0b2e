package manifest

import (
	"cmp"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// kyverno ends the groups of the policies that package load/kyverno reads: for it
// the line of each field is kept, and the namespace is settled.
const kyverno = "kyverno.io"

func (d *document) kyverno() *model.Object {
	if d.origin.Kind == "Policy" || strings.HasPrefix(d.origin.Kind, "Namespaced") {
		d.origin.Namespace = cmp.Or(d.origin.Namespace, d.namespace, "default")
	}
	return d.located()
}
