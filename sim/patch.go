package sim

import (
	"fmt"
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// Patched is the same cluster under the same datapath with other policies: those
// that have the kind and name of an old one take its place, the others come on
// top. Those named in without ("KIND/NAME" or "KIND/NAMESPACE/NAME") are then left
// out, new ones too. The error is a *RefError for a name that there is not.
func (s *Sim) Patched(policies []*model.Object, without []string) (*Sim, error) {
	c := *s.whole.Cluster
	var err error
	if c.Policies, err = patchedPolicies(c.Policies, policies, without); err != nil {
		return nil, err
	}
	return s.withPolicies(&c), nil
}

func patchedPolicies(old, patch []*model.Object, without []string) ([]*model.Object, error) {
	out := slices.Clone(old)
	for _, o := range patch {
		at := slices.IndexFunc(out, func(other *model.Object) bool { return policyName(other) == policyName(o) })
		if at < 0 {
			out = append(out, o)
			continue
		}
		out[at] = o
	}
	for _, name := range without {
		at := slices.IndexFunc(out, func(o *model.Object) bool { return policyName(o) == name })
		if at < 0 {
			return nil, refErrorf("there is no policy %s to leave out: write KIND/NAMESPACE/NAME, or KIND/NAME for what is in no namespace", name)
		}
		out = slices.Delete(out, at, at+1)
	}
	return out, nil
}

func policyName(o *model.Object) string {
	if o.Origin.Namespace == "" {
		return o.Origin.Kind + "/" + o.Origin.Name
	}
	return fmt.Sprintf("%s/%s/%s", o.Origin.Kind, o.Origin.Namespace, o.Origin.Name)
}

// patches says whether a Sim is another one with other policies, and all else the
// same but what hangs on them: which pods are unready.
func (s *Sim) patches(other *Sim) bool {
	return s.base == other || other.base == s || s.base != nil && s.base == other.base
}
