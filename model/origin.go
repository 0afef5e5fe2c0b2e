package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Origin is where something comes from: a file and line, the object found
// there, and, where a rule of a policy is meant, the rule's field path below
// the spec ("ingress[0].toPorts[1]"). An object that netsim made has no File.
// Where something rendered the object, File and Line are where a person wrote
// it, and Via names what rendered it, outermost first: the directory of a
// kustomization or a chart ("overlays/dev").
type Origin struct {
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Rule      string `json:"rule,omitempty"`
	Via       string `json:"via,omitempty"`
}

// Position is "file:line", or "" for an object that no file holds; of a rendered
// object it is "file:line via overlays/dev".
func (o Origin) Position() string {
	if o.File == "" {
		return ""
	}
	at := fmt.Sprintf("%s:%d", o.File, o.Line)
	if o.Via != "" {
		at += " via " + o.Via
	}
	return at
}

// ID names the object: "Kind namespace/name", or "Kind name" where it has no
// namespace.
func (o Origin) ID() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// CompareOrigins orders by namespace, name, kind, position, rule and what
// rendered it, so that
// lists of origins come out the same whatever order they were found in.
func CompareOrigins(a, b Origin) int {
	return cmp.Or(
		strings.Compare(a.Namespace, b.Namespace),
		strings.Compare(a.Name, b.Name),
		strings.Compare(a.Kind, b.Kind),
		strings.Compare(a.File, b.File),
		cmp.Compare(a.Line, b.Line),
		strings.Compare(a.Rule, b.Rule),
		strings.Compare(a.Via, b.Via),
	)
}

// SortOrigins sorts by CompareOrigins and drops equal ones.
func SortOrigins(origins []Origin) []Origin {
	slices.SortFunc(origins, CompareOrigins)
	return slices.Compact(origins)
}

// Severity says how much an Issue matters. Error: something was left out that
// the user wrote. Warning: it was taken, but probably not as meant. Info: what
// netsim assumed.
type Severity string

// The three severities, gravest first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Issue is something wrong or assumed about the input. It never stops the
// rest from being loaded.
type Issue struct {
	Severity Severity `json:"severity"`
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Message  string   `json:"message"`
	Remedy   string   `json:"remedy,omitempty"`
}

func (i Issue) String() string {
	text := string(i.Severity) + ": " + i.Message
	if i.File != "" {
		text = fmt.Sprintf("%s:%d: %s", i.File, i.Line, text)
	}
	if i.Remedy != "" {
		text += " (" + i.Remedy + ")"
	}
	return text
}

// CompareIssues orders by severity (gravest first), then position, then text.
func CompareIssues(a, b Issue) int {
	rank := map[Severity]int{Error: 0, Warning: 1, Info: 2}
	return cmp.Or(
		cmp.Compare(rank[a.Severity], rank[b.Severity]),
		strings.Compare(a.File, b.File),
		cmp.Compare(a.Line, b.Line),
		strings.Compare(a.Message, b.Message),
	)
}

// SortIssues sorts by CompareIssues and drops equal ones.
func SortIssues(issues []Issue) []Issue {
	slices.SortFunc(issues, CompareIssues)
	return slices.Compact(issues)
}
