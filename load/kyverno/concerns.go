package kyverno

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// concern is what a rule may do and why that is not known.
type concern struct {
	origin model.Origin
	// title names the rule, and may is what it may do: "generate NetworkPolicy
	// default-deny".
	title, may, why string
	// labels is true where it may change what pods are, nodes where it may be
	// about nodes; quiet is true where no verdict hangs on it.
	labels, nodes, quiet bool
}

// concerns are all of them, each with the namespaces that it is about; nil stands
// for any.
type concerns struct {
	list []concern
	in   map[concern][]string
}

// add notes a concern about a namespace, "" for any.
func (c *concerns) add(about concern, namespace string) {
	if c.in == nil {
		c.in = map[concern][]string{}
	}
	names, known := c.in[about]
	if !known {
		c.list = append(c.list, about)
		names = []string{}
	}
	switch {
	case names == nil || namespace == "":
		c.in[about] = nil
	case !slices.Contains(names, namespace):
		c.in[about] = append(names, namespace)
	}
}

// maxNamed bounds the namespaces that one Issue names.
const maxNamed = 5

// report makes doubts and Issues of the concerns.
func (c *concerns) report(r *load.Run) {
	for _, about := range c.list {
		names := c.in[about]
		slices.Sort(names)
		where := "in any namespace"
		if names != nil {
			where = "in namespace " + strings.Join(names[:min(len(names), maxNamed)], ", ")
		}
		if more := len(names) - maxNamed; more > 0 {
			where += fmt.Sprintf(" and %d more", more)
		}
		issue := model.Issue{Severity: model.Warning, File: about.origin.File, Line: about.origin.Line,
			Message: fmt.Sprintf("%s may %s %s, and files do not tell: %s", about.title, about.may, where, about.why)}
		if !about.quiet {
			issue.Message += "; verdicts that it could touch are undetermined"
			issue.Remedy = "pass the objects as the cluster holds them, with --source kyverno=off"
			r.Doubt(model.Doubt{Origin: about.origin, Namespaces: names, Nodes: about.nodes, Labels: about.labels,
				Why: fmt.Sprintf("%s may %s %s: %s", about.title, about.may, where, about.why)})
		}
		r.Report(issue)
	}
}
