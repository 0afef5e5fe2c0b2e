package replay

import (
	"cmp"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// group is what makes records go together.
type group struct {
	Direction model.Direction
	// From and To name workloads, or what is none: "world", "10.0.0.0/8".
	From, To string
	Port     uint16
	Protocol model.Protocol
	// By is the JSON of what decides now, and Why says why nothing does.
	By, Why string
}

// details says what a table's groups still tell apart, by its level.
var details = [levels]string{
	"workloads, ports and rules",
	"workloads and rules, but no ports: there are too many",
	"namespaces: there are too many workloads",
	"nothing: there are too many",
}

// coarser leaves out the ports first, then workloads and rules, then all.
func (g group) coarser(level int) group {
	if level > 0 {
		g.Port, g.Protocol = 0, ""
	}
	if level > 1 {
		g.From, g.To, g.By = namespaceIn(g.From), namespaceIn(g.To), ""
	}
	if level > 2 {
		return group{Direction: g.Direction}
	}
	return g
}

// namespaceIn is "dev/..." of a workload in it; what is in no namespace becomes
// "world", since names and prefixes are as many as somebody likes.
func namespaceIn(ref string) string {
	i := strings.IndexAny(ref, "/{")
	switch {
	case ref == "host", ref == "remote-node":
		return ref
	case i >= 0 && !strings.ContainsAny(ref[:i], ".:"):
		return ref[:i] + "/..."
	}
	return "world"
}

func compareGroups(a, b group) int {
	return cmp.Or(
		strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port),
		strings.Compare(string(a.Protocol), string(b.Protocol)), cmp.Compare(a.Direction, b.Direction),
		strings.Compare(a.By, b.By), strings.Compare(a.Why, b.Why))
}

// absent is what flows have and no file does: a pod, by its workload where the
// record names one, or an identity, by its labels.
type absent struct{ Kind, Namespace, Name string }

func (a absent) coarser(level int) absent {
	switch {
	case level > 1:
		return absent{Kind: a.Kind}
	case level > 0:
		return absent{Kind: a.Kind, Namespace: a.Namespace}
	}
	return a
}

func compareAbsent(a, b absent) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), strings.Compare(a.Kind, b.Kind))
}

// reason is why records are set aside.
type reason string

func (r reason) coarser(level int) reason {
	if level > 0 {
		return ""
	}
	return r
}

func compareReasons(a, b reason) int { return strings.Compare(string(a), string(b)) }
