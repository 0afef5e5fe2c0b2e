package differential_test

import "github.com/netsim-dev/netsim/model"

// Outcomes as both sides write them.
const (
	allowed      = "allowed"
	denied       = "denied POLICY_DENIED"
	denyRule     = "denied POLICY_DENY"
	undetermined = "undetermined"
)

// outcome is a verdict with Hubble's name of the drop reason.
func outcome(s model.Step) string {
	if s.DropReason == nil {
		return s.Verdict.String()
	}
	return s.Verdict.String() + " " + s.DropReason.Name
}
