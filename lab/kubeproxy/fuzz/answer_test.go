package fuzz

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// refused is an answer that leaves open who refuses, kube-proxy's rules or the
// node's closed port: the client sees the same.
const refused = "refused"

// answers are dnat's Paths in the oracle's terms; doubts are the reasons of
// those that are undetermined.
func answers(paths []dnat.Path) (results []result, doubts []string) {
	for _, p := range paths {
		if p.Service.Verdict == model.Undetermined {
			doubts = append(doubts, p.Service.Why)
			continue
		}
		r := result{node: p.Service.Node}
		switch {
		case p.Service.Verdict == model.Allowed && strings.Contains(p.Service.Why, "healthCheckNodePort"):
			r.node, r.what = p.Backend.Party.Node.Name, healthText(p.Service.Why)
		case p.Service.Verdict == model.Allowed && p.Backend != nil:
			r.what = netip.AddrPortFrom(p.Backend.Party.Addr, p.Backend.Port).String()
			r.masqueraded = p.Translation.Masquerade
			r.stray = p.Return.Stage != ""
		case p.ClientSees == model.SeesRefused && p.Translation.By == dnat.ByKubeProxy:
			r.what = rejected
		case p.ClientSees == model.SeesRefused:
			r.what = refused
		case p.ClientSees == model.SeesTimeout && p.Translation.By == dnat.ByKubeProxy:
			r.what = dropped
		default:
			r.what = gone
		}
		results = append(results, r)
	}
	return sorted(results), doubts
}

// healthText reads the number of endpoints out of a sentence about a health
// check.
func healthText(why string) string {
	n := 0
	if _, rest, found := strings.Cut(why, "it answers 200, since "); found {
		fmt.Sscanf(rest[strings.Index(rest, " has ")+len(" has "):], "%d", &n)
	}
	return fmt.Sprintf("%s %d", healthCheck, n)
}

// agree compares what dnat says with what the rules do.
func agree(said, done []result) bool {
	if len(said) != len(done) {
		return false
	}
	for i := range said {
		same := said[i] == done[i]
		open := said[i].what == refused && (done[i].what == rejected || done[i].what == closed) && said[i].node == done[i].node
		if !same && !open {
			return false
		}
	}
	return true
}
