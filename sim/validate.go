package sim

import (
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// Validation is what is wrong with the input: what an API server or Cilium's
// agent would refuse or ignore, and what is valid and probably not meant.
type Validation struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Errors and Warnings count the issues of those severities.
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	// Policies is how many policies were looked at.
	Policies int           `json:"policies"`
	Issues   []model.Issue `json:"issues"`
}

// Clean says that there is neither an error nor a warning.
func (v *Validation) Clean() bool { return v.Errors+v.Warnings == 0 }

// Validate judges the input alone: Issues, and advice about the policies.
func (s *Sim) Validate() *Validation {
	v := &Validation{
		APIVersion: APIVersion, Kind: "Validation", Policies: len(s.Cluster().Policies),
		Issues: model.SortIssues(slices.Concat(s.Issues(), s.engine.Advice(), s.ingressAdvice())),
	}
	for _, issue := range v.Issues {
		switch issue.Severity {
		case model.Error:
			v.Errors++
		case model.Warning:
			v.Warnings++
		}
	}
	return v
}
