package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// applyL7 says what the proxy makes of a connection that the datapath hands to
// it: the step in which the proxy judges what is asked for or, where nothing is
// asked that it could judge, a condition of the step before.
//
// Envoy takes the rules for the peer and port together: any that lets the
// request through will do, one without L7 rules for every port too
// (cilium/proxy at v0.0.0-20260701124752, cilium/network_policy.cc,
// PortNetworkPolicy). The DNS proxy knows the rules of the one port alone
// (cilium v1.20.2 pkg/proxy/proxy.go, createNewRedirect).
func (e *Engine) applyL7(f *flow, m *policyMap, hits []hit, step *model.Step) []model.Step {
	p := e.newProxy(f, m, hits)
	if p.asked() {
		asked := p.judge(step)
		p.applySecrets(&asked)
		return []model.Step{asked}
	}
	if p.kind != policy.ParserTypeNone && judgeProxied(p.rules, anything) != model.Allowed {
		step.Conditions = append(step.Conditions, p.condition())
	}
	p.applySecrets(step)
	return nil
}

// proxy is what one flow meets on its way through an L7 proxy.
type proxy struct {
	engine *Engine
	flow   *flow
	kind   policy.L7ParserType
	// rules are those that the proxy goes by, hits the ones that the policies
	// have for the flow.
	rules []proxyRule
	hits  []hit
	// ambiguous is true where chance decides which rules the proxy is given.
	ambiguous bool
	// byAggregate is true where the datapath redirects for the aggregate that the
	// peer belongs to, and no rule with L7 means the peer itself.
	byAggregate bool
}

// newProxy finds the proxy to which the datapath redirects a flow.
func (e *Engine) newProxy(f *flow, m *policyMap, hits []hit) proxy {
	p := proxy{engine: e, flow: f, rules: m.proxied(f, e.ports()), hits: hits}
	if len(p.rules) > 0 {
		p.kind = p.rules[0].policy.GetL7Parser()
	}
	if p.kind == policy.ParserTypeNone {
		p.kind = m.aggregateProxy(f, e.ports())
		p.byAggregate = p.kind != policy.ParserTypeNone
	}
	if p.kind == policy.ParserTypeDNS {
		p.rules, p.ambiguous = m.dnsRules(f, e.ports())
	}
	return p
}

// asked says whether the question has what this kind of proxy judges.
func (p *proxy) asked() bool {
	r := p.flow.request
	switch p.kind {
	case policy.ParserTypeDNS:
		return r.DNSName != ""
	case policy.ParserTypeHTTP:
		return r.HTTP != nil
	case policy.ParserTypeTLS:
		return r.SNI != ""
	default:
		return false
	}
}

// anything fits a rule that lets everything through.
func anything(p *policy.PerSelectorPolicy) fit {
	switch {
	case p == nil || p.L7Rules.IsEmpty() && len(p.ServerNames) == 0 && p.Listener == "":
		return fits
	case slices.ContainsFunc(p.HTTP, func(r api.PortRuleHTTP) bool { return describeHTTP(r) == anyRequest }) && len(p.ServerNames) == 0:
		return fits
	case slices.ContainsFunc(p.DNS, func(r api.PortRuleDNS) bool { return r.MatchPattern == "*" }):
		return fits
	default:
		return misses
	}
}

// unknownPeer says why a proxy that is handed a connection for the aggregate of
// its peer lets nothing through.
func (p *proxy) unknownPeer() string {
	var names []string
	for _, part := range p.parts() {
		names = append(names, at(part.rule, part.port))
	}
	return fmt.Sprintf("rule %s means %s only as one of all identities of its kind, and proxies know single identities", strings.Join(names, ", "), describe(p.flow.other))
}

// condition is what the proxy would still check.
func (p *proxy) condition() string {
	if p.byAggregate {
		return fmt.Sprintf("the proxy of %s lets nothing through: %s", describe(p.flow.self), p.unknownPeer())
	}
	var checks, places []string
	for _, part := range p.parts() {
		checks = append(checks, part.l7())
		places = append(places, part.origin().Position())
	}
	return fmt.Sprintf("the proxy of %s lets through only: %s (%s)",
		describe(p.flow.self), strings.Join(checks, "; or "), strings.Join(places, ", "))
}

// parts are the port rules with L7 rules that mean the flow's peer and port.
func (p *proxy) parts() []hit {
	return slices.DeleteFunc(p.matching(), func(h hit) bool { return h.l7() == "" })
}

// matching are all port rules that allow the flow's peer and port, several of
// one rule too.
func (p *proxy) matching() []hit {
	var out []hit
	for _, h := range p.hits {
		switch {
		case h.rule.unknownPeers != "" || !h.rule.entry.IsAllow():
		case len(h.rule.entry.L4) == 0:
			out = append(out, h)
		default:
			for i, ports := range h.rule.entry.L4 {
				if p.flow.meansPort(ports, p.engine.ports()) {
					out = append(out, hit{h.rule, i})
				}
			}
		}
	}
	return out
}

// portRule is the hit's port rule, the zero one for a rule without ports.
func (h hit) portRule() api.PortRule {
	if h.port < 0 {
		return api.PortRule{}
	}
	return h.rule.entry.L4[h.port]
}

// l7 is what the hit leaves to the proxy, "" for nothing.
func (h hit) l7() string { return describeL7(h.portRule()) }

func (h hit) path() string { return h.rule.pathOf(h.port) }

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

// anyRequest describes an HTTP rule that asks for nothing. Cilium adds one where
// a rule without L7 rules joins those with (cilium v1.20.2 pkg/policy/rule.go,
// appendL7WildcardRule).
const anyRequest = "HTTP (any request)"

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
		return anyRequest
	}
	return strings.Join(parts, " ")
}
