// Package simtest says in a Go test which connections must work and which must
// not:
//
//	func TestDevAndUATAreIsolated(t *testing.T) {
//		s := simtest.Load(t, "../manifests")
//		simtest.Run(t, s, []simtest.Case{
//			{From: "dev/deploy/frontend", To: "dev/svc/api:80", Want: sim.Allowed},
//			{From: "dev/deploy/frontend", To: "uat/svc/api:80", Want: sim.Denied, Because: "deny-dev-to-uat"},
//		})
//	}
//
// Each case is a subtest, which passes in silence, and fails with the
// explanation that `netsim query` gives. The same cases as a file, with the
// datapaths to try them under, are a ConnectivityTest, which RunFiles and
// `netsim test` run.
package simtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/conntest"
)

// Case is one connection and what must become of it.
type Case = conntest.Case

// Load makes a Sim of files and directories. It ends the test where they cannot
// be read, or where an error in them leaves out what somebody wrote: a policy
// that is not there proves nothing. Whoever wants the rest all the same, or
// another datapath, calls sim.Load and sim.New.
func Load(t testing.TB, paths ...string) *sim.Sim {
	t.Helper()
	cluster, issues, err := sim.Load(paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sim.New(cluster, issues, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	grave := slices.DeleteFunc(s.Issues(), func(i model.Issue) bool { return i.Severity != model.Error })
	if len(grave) > 0 {
		t.Fatal("something in the manifests is left out:\n" + lines(grave))
	}
	return s
}

func lines(issues []model.Issue) string {
	var text strings.Builder
	for _, issue := range issues {
		fmt.Fprintln(&text, issue)
	}
	return text.String()
}

// Run makes a subtest of each case, by the case's title.
func Run(t *testing.T, s *sim.Sim, cases []Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Title(), func(t *testing.T) {
			t.Helper()
			Check(t, s, c)
		})
	}
}

// Check marks the test as failed where the case is not as it must be, with the
// reason. It returns what it found.
func Check(t testing.TB, s *sim.Sim, c Case) conntest.Result {
	t.Helper()
	result := c.Judge(s)
	complain(t, result)
	return result
}

// RunFiles makes a subtest of each case of the ConnectivityTest documents in
// files and directories.
func RunFiles(t *testing.T, opt conntest.Options, paths ...string) {
	t.Helper()
	tests, err := conntest.Read(paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		suite := test.Run(opt)
		t.Run(suite.File, func(t *testing.T) {
			t.Helper()
			if problems := slices.Concat(suite.Issues, suite.LeftOut); len(problems) > 0 {
				t.Error(lines(problems))
			}
			for _, result := range suite.Results {
				t.Run(result.Name, func(t *testing.T) { complain(t, result) })
			}
		})
	}
}

// complain marks the test as failed unless the case passed.
func complain(t testing.TB, r conntest.Result) {
	t.Helper()
	if r.Outcome == conntest.Pass {
		return
	}
	var text bytes.Buffer
	if r.Line > 0 {
		fmt.Fprintf(&text, "%s:%d: ", r.File, r.Line)
	}
	text.WriteString(r.Problem + "\n")
	if r.Answer != nil {
		_ = render.Answer(&text, r.Answer, render.TextOptions{}) // a buffer takes all
	}
	t.Error(text.String())
}
