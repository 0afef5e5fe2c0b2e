package kubeproxy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	utiliptables "k8s.io/kubernetes/pkg/util/iptables"
)

// recorder is an iptables that writes down what it is told: the rules by which
// the built-in chains jump to kube-proxy's, and the text for iptables-restore.
type recorder struct {
	is6      bool
	jumps    map[utiliptables.Table][]string
	restored map[utiliptables.Table][]string
}

func newRecorder(is6 bool) *recorder {
	return &recorder{is6: is6, jumps: map[utiliptables.Table][]string{}, restored: map[utiliptables.Table][]string{}}
}

// builtIn are the chains that the kernel has in each table.
var builtIn = map[utiliptables.Table][]utiliptables.Chain{
	utiliptables.TableFilter: {utiliptables.ChainInput, utiliptables.ChainForward, utiliptables.ChainOutput},
	utiliptables.TableNAT:    {utiliptables.ChainPrerouting, utiliptables.ChainInput, utiliptables.ChainOutput, utiliptables.ChainPostrouting},
}

// text is all of it as iptables-restore takes it for empty tables.
func (r *recorder) text() string {
	var text strings.Builder
	for _, table := range []utiliptables.Table{utiliptables.TableFilter, utiliptables.TableNAT} {
		fmt.Fprintf(&text, "*%s\n", table)
		for _, chain := range builtIn[table] {
			fmt.Fprintf(&text, ":%s ACCEPT [0:0]\n", chain)
		}
		for _, line := range slices.Concat(r.chains(table), r.jumps[table], r.rules(table)) {
			fmt.Fprintln(&text, line)
		}
		fmt.Fprintln(&text, "COMMIT")
	}
	return text.String()
}

// chains are the lines that declare a table's chains, those that are only jumped
// to included.
func (r *recorder) chains(table utiliptables.Table) []string {
	declared := slices.DeleteFunc(slices.Clone(r.restored[table]), isRule)
	for _, jump := range r.jumps[table] {
		words := strings.Fields(jump)
		if line := utiliptables.MakeChainLine(utiliptables.Chain(words[len(words)-1])); !slices.Contains(declared, line) {
			declared = append(declared, line)
		}
	}
	return declared
}

func (r *recorder) rules(table utiliptables.Table) []string {
	return slices.DeleteFunc(slices.Clone(r.restored[table]), func(line string) bool { return !isRule(line) })
}

func isRule(line string) bool { return strings.HasPrefix(line, "-") }

func (r *recorder) EnsureRule(position utiliptables.RulePosition, table utiliptables.Table, chain utiliptables.Chain, args ...string) (bool, error) {
	if position != utiliptables.Prepend {
		return false, fmt.Errorf("kube-proxy appends to %s: the recorder knows it to prepend only", chain)
	}
	words := []string{"-A", string(chain)}
	for _, arg := range args {
		words = append(words, quoted(arg))
	}
	rule := strings.Join(words, " ")
	if slices.Contains(r.jumps[table], rule) {
		return true, nil
	}
	r.jumps[table] = slices.Insert(r.jumps[table], 0, rule)
	return false, nil
}

func quoted(arg string) string {
	if strings.Contains(arg, " ") {
		return `"` + arg + `"`
	}
	return arg
}

func (r *recorder) RestoreAll(data []byte, _ utiliptables.FlushFlag, _ utiliptables.RestoreCountersFlag) error {
	clear(r.restored)
	var table utiliptables.Table
	for line := range strings.Lines(string(data)) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "*"):
			table = utiliptables.Table(line[1:])
		case line != "" && line != "COMMIT":
			r.restored[table] = append(r.restored[table], line)
		}
	}
	return nil
}

func (r *recorder) IsIPv6() bool { return r.is6 }

func (r *recorder) Protocol() utiliptables.Protocol {
	if r.is6 {
		return utiliptables.ProtocolIPv6
	}
	return utiliptables.ProtocolIPv4
}

// The proxier on an empty machine finds nothing to save, and what it ensures is
// there afterwards.

func (r *recorder) EnsureChain(utiliptables.Table, utiliptables.Chain) (bool, error) {
	return false, nil
}

func (r *recorder) ChainExists(utiliptables.Table, utiliptables.Chain) (bool, error) {
	return false, nil
}
func (r *recorder) SaveInto(utiliptables.Table, *bytes.Buffer) error { return nil }
func (r *recorder) Present() error                                   { return nil }

// What follows is for cleaning up, which nothing here asks for.

func (r *recorder) FlushChain(utiliptables.Table, utiliptables.Chain) error  { return errNotRecorded }
func (r *recorder) DeleteChain(utiliptables.Table, utiliptables.Chain) error { return errNotRecorded }

func (r *recorder) DeleteRule(utiliptables.Table, utiliptables.Chain, ...string) error {
	return errNotRecorded
}

func (r *recorder) Restore(utiliptables.Table, []byte, utiliptables.FlushFlag, utiliptables.RestoreCountersFlag) error {
	return errNotRecorded
}

func (r *recorder) Monitor(utiliptables.Chain, []utiliptables.Table, func(), time.Duration, <-chan struct{}) {
}

var errNotRecorded = fmt.Errorf("the recorder records no such command")
