package conntest

import (
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Kind is the kind of the documents, whose apiVersion is sim.APIVersion.
const Kind = "ConnectivityTest"

// Test is one ConnectivityTest document. Its JSON form is the document.
type Test struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata,omitzero"`
	// Manifests are files and directories, relative to the document's own.
	Manifests []string `json:"manifests,omitempty"`
	// Datapaths are what each case runs under: each one holds the name of a
	// profile, settings KEY=VALUE, or both, with blanks between them; "" is the
	// datapath that the manifests tell. No Datapaths mean that one.
	Datapaths []string `json:"datapaths,omitempty"`
	// DNS gives the addresses of names outside the cluster.
	DNS map[string][]string `json:"dns,omitempty"`
	// DNSFiles hold such answers, as --dns-file takes them; their paths are
	// relative to the document's own.
	DNSFiles []string `json:"dnsFiles,omitempty"`
	// Flags say how the manifests are read, as the flags of netsim with those
	// names do; their paths are relative to the document's own.
	Flags map[string][]string `json:"flags,omitempty"`
	// Recorded marks a document that Record has made, and says of what.
	Recorded *Recorded `json:"recorded,omitempty"`
	// Cases are single connections: a document may list several From and To in
	// one case, and each of them with each is a Case here.
	Cases []Case `json:"cases"`

	// File is where the document stands, and Issues are why it cannot be used.
	File   string        `json:"-"`
	Issues []model.Issue `json:"-"`

	// line is where a field of the document stands; nil where no file holds it.
	line func(field string) int
}

// Recorded says what a recorded document is about: From, To, Ports and Pods are
// those of sim.MatrixOptions.
type Recorded struct {
	From  []string `json:"from,omitempty"`
	To    []string `json:"to,omitempty"`
	Ports []string `json:"ports,omitempty"`
	Pods  bool     `json:"pods,omitempty"`
	// Stdin is true where manifests came from there. They are in no file that
	// the document could name, and have to be given again.
	Stdin bool `json:"stdin,omitempty"`
}

// Metadata names a Test.
type Metadata struct {
	Name   string            `json:"name,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations are for other programs.
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Case is one connection and what must become of it: From and To as in
// sim.Query, or a Chain.
type Case struct {
	// Name is for people; without one, the case is named after its question.
	Name string `json:"name,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Chain is a way over several connections: from the first to the second,
	// from what answered there to the third, and so on. The verdict is that of
	// the first connection that is not allowed.
	Chain []string `json:"chain,omitempty"`

	// These say the same as the fields of sim.Query.
	Port    string   `json:"port,omitempty"`
	Via     string   `json:"via,omitempty"`
	HTTP    string   `json:"http,omitempty"`
	Headers []string `json:"headers,omitempty"`
	DNSName string   `json:"dnsName,omitempty"`
	SNI     string   `json:"sni,omitempty"`

	// Want is the verdict.
	Want sim.Verdict `json:"want"`
	// Because, if set, names a policy that must be among those that decided:
	// NAME, NAMESPACE/NAME, KIND/NAMESPACE/NAME, or KIND/NAME for one without a
	// namespace. A Service decides too, and is meant only where KIND says so.
	Because string `json:"because,omitempty"`

	// Line is where the case stands in its file, 0 if in none.
	Line int `json:"-"`
}

// Title is the Name, or else the question in words.
func (c Case) Title() string {
	if c.Name != "" {
		return c.Name
	}
	words := []string{strings.Join(c.refs(), " to ")}
	for _, detail := range []struct{ label, value string }{
		{"port", c.Port}, {"via", c.Via}, {"http", c.HTTP}, {"dns name", c.DNSName}, {"sni", c.SNI},
	} {
		if detail.value != "" {
			words = append(words, detail.label, detail.value)
		}
	}
	return strings.Join(words, " ")
}

// refs are the ends of the connections of a case, in their order.
func (c Case) refs() []string {
	if len(c.Chain) > 0 {
		return c.Chain
	}
	return []string{c.From, c.To}
}

// issue is something about a field of the document, or about all of it (""), that
// only shows when the document runs.
func (t *Test) issue(field, message, remedy string) model.Issue {
	if field != "" {
		message = field + ": " + message
	}
	found := model.Issue{Severity: model.Error, File: t.File, Message: message, Remedy: remedy}
	if t.line != nil {
		found.Line = t.line(field)
	}
	return found
}
