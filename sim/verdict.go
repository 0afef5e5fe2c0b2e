package sim

import "github.com/netsim-dev/netsim/model"

// Verdict is the answer to "would it reach?". Its zero value is Undetermined.
type Verdict = model.Verdict

// The verdicts.
const (
	// Undetermined: the files cannot tell, and the Answer says why.
	Undetermined = model.Undetermined
	// Allowed: the connection opens and the reply comes back.
	Allowed = model.Allowed
	// Denied: it does not.
	Denied = model.Denied
	// Mixed: some paths are allowed and some denied.
	Mixed = model.Mixed
)
