package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// applyL7 says what the proxy would still check of an allowed connection. A
// rule without L7 rules for the same peers and ports lets every request
// through (cilium v1.20.2 pkg/policy/rule.go, appendL7WildcardRule), and so
// does a subject without default deny (pkg/policy/l4.go, ensureWildcard).
func (e *Engine) applyL7(f *flow, entry match, hits []hit, step *model.Step) {
	if !entry.proxied || len(e.selecting(f, isolates)) == 0 {
		return
	}
	var checks, places []string
	plain := false
	for _, h := range hits {
		switch {
		case h.rule.unknownPeers != "" || !h.rule.entry.IsAllow():
		case h.l7() != "":
			checks = append(checks, h.l7())
			places = append(places, h.origin().Position())
		case slices.ContainsFunc(hits, h.coincides):
			return
		default:
			plain = true
		}
	}
	if len(checks) == 0 {
		return
	}
	verb := "lets"
	if plain {
		verb = "may let"
	}
	step.Conditions = append(step.Conditions, fmt.Sprintf("the proxy of %s %s through only: %s (%s)",
		describe(f.self), verb, strings.Join(checks, "; or "), strings.Join(places, ", ")))
}

// l7 is what the hit's port rule leaves to the proxy, "" for nothing.
func (h hit) l7() string {
	if h.port < 0 || h.port >= len(h.rule.l7) {
		return ""
	}
	return h.rule.l7[h.port]
}

// coincides says whether another hit is an L7 rule for the same peers and
// ports.
func (h hit) coincides(other hit) bool {
	return other.l7() != "" && slices.Equal(h.peerKeys(), other.peerKeys()) && slices.Equal(h.portSpecs(), other.portSpecs())
}

func (h hit) peerKeys() []string {
	keys := []string{}
	for _, s := range h.rule.entry.L3 {
		keys = append(keys, s.Key())
	}
	slices.Sort(keys)
	return keys
}

func (h hit) portSpecs() []string {
	specs := []string{}
	if h.port >= 0 {
		for _, p := range h.rule.entry.L4[h.port].Ports {
			specs = append(specs, portProtocolText(p))
		}
	}
	slices.Sort(specs)
	return specs
}

// describeL7 is what a port rule leaves to the proxy, in words.
func describeL7(p api.PortRule) string {
	var parts []string
	if p.Rules != nil {
		for _, h := range p.Rules.HTTP {
			parts = append(parts, describeHTTP(h))
		}
		for _, d := range p.Rules.DNS {
			parts = append(parts, "DNS "+d.MatchName+d.MatchPattern)
		}
	}
	for _, sni := range p.ServerNames {
		parts = append(parts, "TLS server name "+string(sni))
	}
	if p.Listener != nil {
		parts = append(parts, "Envoy listener "+p.Listener.Name)
	}
	return strings.Join(parts, ", ")
}

func describeHTTP(h api.PortRuleHTTP) string {
	parts := []string{"HTTP"}
	for _, part := range []string{h.Method, h.Path, h.Host} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	for _, header := range h.Headers {
		parts = append(parts, "with header "+header)
	}
	for _, header := range h.HeaderMatches {
		parts = append(parts, "with header "+header.Name)
	}
	if len(parts) == 1 {
		parts = append(parts, "(any request)")
	}
	return strings.Join(parts, " ")
}
