package engine

import (
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// Absent says why a policy of the cluster is not in force and what to do about
// it, as what is said of it goes on ("has no effect: enable-cilium-network-policy
// is off"); both are "" for one that is.
func (e *Engine) Absent(o *model.Object) (why, remedy string) {
	i := e.absent[o]
	return strings.TrimPrefix(i.Message, o.Origin.ID()+" "), i.Remedy
}

// Off says why policies of a kind are not enforced at all, "" where they are or
// could be, and for what is no kind of policy.
func (e *Engine) Off(kind string) string {
	r := &reader{index: e.index, dp: e.dp}
	return r.switchedOff(kinds()[kind], kind)
}

// noteAbsent keeps the first of the errors for which a policy has no rules.
func (r *reader) noteAbsent(o *model.Object, problems []model.Issue) {
	for _, p := range problems {
		if p.Severity == model.Error && !slices.Contains(r.opaque, o) {
			r.absent[o] = p
			return
		}
	}
}
