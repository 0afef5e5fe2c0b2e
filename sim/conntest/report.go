package conntest

import "github.com/netsim-dev/netsim/sim"

// ReportKind is the kind of a Report.
const ReportKind = "ConnectivityTestReport"

// Report is what came of all Tests.
type Report struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Counts
	Suites []Suite `json:"tests"`
}

// Counts are how many cases ended how. Errors counts what could not be used,
// documents and cases.
type Counts struct {
	Passed int `json:"passed"`
	Failed int `json:"failed"`
	Errors int `json:"errors"`
}

// Good says that all passed.
func (c Counts) Good() bool { return c.Failed+c.Errors == 0 }

// Cases is how many cases were asked, or could not be.
func (c Counts) Cases() int { return c.Passed + c.Failed + c.Errors }

// Summarize counts.
func Summarize(suites []Suite) *Report {
	r := &Report{APIVersion: sim.APIVersion, Kind: ReportKind, Suites: suites}
	for _, s := range suites {
		c := s.Counts()
		r.Passed += c.Passed
		r.Failed += c.Failed
		r.Errors += c.Errors
	}
	return r
}

// Counts counts the cases of one document, whose Issues are one error.
func (s Suite) Counts() Counts {
	c := Counts{}
	if len(s.Issues) > 0 {
		c.Errors++
	}
	for _, r := range s.Results {
		switch r.Outcome {
		case Pass:
			c.Passed++
		case Fail:
			c.Failed++
		default:
			c.Errors++
		}
	}
	return c
}
