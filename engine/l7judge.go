package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// l7Kind is what one kind of proxy does with a request.
type l7Kind struct {
	// name is the proxy's, and field the list of rules that it goes by.
	name, field string
	// denial is what the client sees of a request that the proxy turns down.
	denial model.ClientSees
	// fits says how well the merged rules of one selector fit.
	fits func(*proxy, *policy.PerSelectorPolicy) fit
	// entries are the elements of field in a port rule, each with how well it
	// fits.
	entries func(*proxy, api.PortRule) []l7Entry
	// missing is the element that would let the request through.
	missing func(Request) string
}

// l7Entry is one element of a port rule's L7 rules, and why it does not fit.
type l7Entry struct {
	path string
	fit  fit
	why  string
}

// l7Kinds is the table of the proxies that netsim can judge.
func l7Kinds() map[policy.L7ParserType]l7Kind {
	return map[policy.L7ParserType]l7Kind{
		policy.ParserTypeHTTP: {
			name: "HTTP proxy", field: "rules.http", denial: model.SeesHTTP403,
			fits: (*proxy).fitsHTTP, entries: (*proxy).httpEntries,
			missing: func(r Request) string { return fmt.Sprintf("{method: %s, path: %s}", r.HTTP.Method, r.HTTP.Path) },
		},
		policy.ParserTypeDNS: {
			name: "DNS proxy", field: "rules.dns", denial: model.SeesDNSRefused,
			fits: (*proxy).fitsDNS, entries: (*proxy).dnsEntries,
			missing: func(r Request) string { return fmt.Sprintf("{matchName: %s}", r.DNSName) },
		},
		policy.ParserTypeTLS: {
			name: "TLS proxy", field: "serverNames", denial: model.SeesReset,
			fits: (*proxy).fitsServerNames, entries: (*proxy).serverNameEntries,
			missing: func(r Request) string { return r.SNI },
		},
	}
}

// judge is the proxy's own step. Envoy looks at the server name when the
// connection opens, and at requests after that (cilium/proxy at
// v0.0.0-20260701124752, cilium/network_filter.cc, onNewConnection;
// cilium/l7policy.cc, decodeHeaders).
func (p *proxy) judge(before *model.Step) model.Step {
	step := model.Step{Stage: model.StageL7, Node: before.Node, Sees: before.Sees, By: []model.Origin{}}
	var kind l7Kind
	kind, step.Verdict = p.decide()
	p.explain(kind, &step)
	if step.Verdict == model.Denied {
		step.ClientSees = kind.denial
	}
	return step
}

// decide is the verdict of whichever of Envoy's two looks turns the request
// down, or else leaves it open.
func (p *proxy) decide() (l7Kind, model.Verdict) {
	kinds := l7Kinds()
	kind, names := kinds[p.kind], kinds[policy.ParserTypeTLS]
	verdict := p.verdict(kind)
	if p.kind == policy.ParserTypeHTTP && !p.byAggregate {
		opened := p.verdict(names)
		if opened == model.Denied || opened == model.Undetermined && verdict != model.Denied {
			return names, opened
		}
	}
	return kind, verdict
}

func (p *proxy) verdict(kind l7Kind) model.Verdict {
	verdict := judgeProxied(p.rules, func(r *policy.PerSelectorPolicy) fit {
		if r != nil && r.Listener != "" {
			return misses // Envoy's own listener never meets it
		}
		return kind.fits(p, r)
	})
	if p.ambiguous || verdict == model.Denied && p.mayBeLifted() {
		return model.Undetermined
	}
	return verdict
}

// mayBeLifted: a rule whose peers cannot be known may let the request through.
func (p *proxy) mayBeLifted() bool {
	return slices.ContainsFunc(p.hits, func(h hit) bool {
		return h.rule.unknownPeers != "" && h.rule.entry.IsAllow() && p.engine.couldMean(h.rule, p.flow)
	})
}

func (p *proxy) fitsHTTP(r *policy.PerSelectorPolicy) fit {
	if r == nil || len(r.HTTP) == 0 {
		return fits
	}
	if p.flow.request.SNI != "" && r.TerminatingTLS == nil {
		return unsure
	}
	best := misses
	for _, rule := range r.HTTP {
		f, _ := p.engine.fitsHTTP(rule, p.flow.request.HTTP)
		best = max(best, f)
	}
	return best
}

func (p *proxy) fitsDNS(r *policy.PerSelectorPolicy) fit {
	if r == nil || len(r.DNS) == 0 || slices.ContainsFunc(r.DNS, p.letsName) {
		return fits
	}
	return misses
}

func (p *proxy) letsName(rule api.PortRuleDNS) bool {
	return fitsDNS(rule, p.flow.request.DNSName, p.engine.dp.Version())
}

func (p *proxy) fitsServerNames(r *policy.PerSelectorPolicy) fit {
	if r == nil || len(r.ServerNames) == 0 {
		return fits
	}
	best := misses
	for name := range r.ServerNames {
		best = max(best, p.fitsServerName(name))
	}
	return best
}

func (p *proxy) fitsServerName(pattern string) fit {
	switch sni := p.flow.request.SNI; {
	case sni == "":
		return unsure
	case fitsServerName(pattern, sni, p.engine.dp.Version()):
		return fits
	default:
		return misses
	}
}

func (p *proxy) httpEntries(rule api.PortRule) (out []l7Entry) {
	if rule.Rules == nil {
		return nil
	}
	for i, h := range rule.Rules.HTTP {
		f, why := p.engine.fitsHTTP(h, p.flow.request.HTTP)
		if p.flow.request.SNI != "" && rule.TerminatingTLS == nil {
			f, why = unsure, "the request is inside TLS, which the proxy does not terminate"
		}
		out = append(out, l7Entry{fmt.Sprintf("rules.http[%d]", i), f, why})
	}
	return out
}

func (p *proxy) dnsEntries(rule api.PortRule) (out []l7Entry) {
	if rule.Rules == nil {
		return nil
	}
	for i, d := range rule.Rules.DNS {
		entry := l7Entry{fmt.Sprintf("rules.dns[%d]", i), misses, d.MatchName + d.MatchPattern + " does not match"}
		if p.letsName(d) {
			entry.fit = fits
		}
		out = append(out, entry)
	}
	return out
}

func (p *proxy) serverNameEntries(rule api.PortRule) (out []l7Entry) {
	for i, name := range rule.ServerNames {
		entry := l7Entry{fmt.Sprintf("serverNames[%d]", i), p.fitsServerName(string(name)), string(name) + " does not match"}
		if entry.fit == unsure {
			entry.why = "the rule names a TLS server name, and the connection's is not given: add --sni NAME"
		}
		out = append(out, entry)
	}
	return out
}

// explain finds the rules that let the request through, or those that were
// tried.
func (p *proxy) explain(kind l7Kind, step *model.Step) {
	want := map[model.Verdict]fit{model.Allowed: fits, model.Undetermined: unsure, model.Denied: misses}[step.Verdict]
	var reasons []string
	for _, part := range p.parts() {
		for _, entry := range kind.entries(p, part.portRule()) {
			if entry.fit == want {
				step.By = append(step.By, part.rule.originAt(part.path()+"."+entry.path))
				reasons = append(reasons, fmt.Sprintf("%s.%s: %s", ruleName(part.path()), entry.path, entry.why))
			}
		}
	}
	step.By = model.SortOrigins(step.By)
	asked, who := p.flow.request.of(p.kind), fmt.Sprintf("the %s of %s", kind.name, describe(p.flow.self))
	switch {
	case step.Verdict == model.Denied && p.byAggregate:
		step.By = origins(p.parts())
		step.Why = fmt.Sprintf("%s lets nothing through: %s", who, p.unknownPeer())
		step.Hint = "add a rule that means " + describe(p.flow.other) + " itself"
	case step.Verdict == model.Denied:
		step.Why = fmt.Sprintf("%s does not let %s through: %s", who, asked, few(reasons))
		step.Hint = p.hint(kind)
	case p.ambiguous:
		step.Why = fmt.Sprintf("%s is given the rules of one port rule only, and two mean this port, by number and by name", who)
	case step.Verdict == model.Undetermined && len(reasons) == 0:
		step.Why = fmt.Sprintf("%s lets %s through only if a rule does whose peers cannot be known", who, asked)
	case step.Verdict == model.Undetermined:
		step.Why = fmt.Sprintf("whether %s lets %s through is open: %s", who, asked, few(reasons))
	case len(step.By) > 0:
		step.Why = fmt.Sprintf("%s lets %s through: %s means it", who, asked, ruleCount(len(step.By), "rule"))
	default:
		p.explainUnrestricted(who, step)
	}
}

// explainUnrestricted says why a request passes that no L7 rule means.
func (p *proxy) explainUnrestricted(who string, step *model.Step) {
	f, e := p.flow, p.engine
	for _, part := range p.matching() {
		if part.l7() == "" {
			step.By = append(step.By, part.origin())
		}
	}
	step.By = model.SortOrigins(step.By)
	reason := whyLocalhost(f)
	switch {
	case len(step.By) > 0:
		reason = fmt.Sprintf("%s for the same peer and port asks for nothing more", ruleCount(len(step.By), "rule"))
	case len(e.selecting(f, isolates)) == 0 && p.kind == policy.ParserTypeDNS && refusedOtherNames(e.dp.Version()):
		step.Verdict = model.Undetermined
		step.Why = fmt.Sprintf("no policy isolates %s, but early patches of Cilium %s made %s refuse other names all the same", describe(f.self), e.dp.CiliumVersion, who)
		return
	case len(e.selecting(f, isolates)) == 0:
		reason = "no policy isolates " + describe(f.self)
	}
	step.Why = fmt.Sprintf("%s lets every request through: %s", who, reason)
}

// refusedOtherNames says whether a DNS rule of a policy that isolates nobody may
// still restrict its pods: all names beside it came with a patch of 1.16 and 1.17
// (pkg/policy/l4.go, ensureWildcard: absent from 1.17.0, there in 1.17.6 and
// 1.16.19). Envoy never had the difference, as it knows the rule for all ports.
func refusedOtherNames(v model.Version) bool {
	return !v.AtLeast(1, 16, 19) || v.AtLeast(1, 17, 0) && !v.AtLeast(1, 17, 6)
}

// hint is the element to add to the first rule that was tried.
func (p *proxy) hint(kind l7Kind) string {
	for _, part := range p.parts() {
		if len(kind.entries(p, part.portRule())) > 0 {
			return fmt.Sprintf("add %s to %s of rule %s", kind.missing(p.flow.request), kind.field, at(part.rule, part.port))
		}
	}
	return ""
}

// applySecrets: a proxy that ends TLS shows the client a certificate that only
// a Secret holds, and trusts the server by another.
func (p *proxy) applySecrets(step *model.Step) {
	for _, part := range p.matching() {
		rule := part.portRule()
		if tls := rule.TerminatingTLS; tls != nil && tls.Secret != nil {
			step.Conditions = append(step.Conditions, fmt.Sprintf("the client trusts the certificate in Secret %s, with which the proxy ends its TLS (%s)", tls.Secret.Name, at(part.rule, part.port)))
		}
		if tls := rule.OriginatingTLS; tls != nil && tls.Secret != nil {
			step.Conditions = append(step.Conditions, fmt.Sprintf("the server's certificate is one that Secret %s trusts (%s)", tls.Secret.Name, at(part.rule, part.port)))
		}
	}
}

// few are the first of several reasons.
func few(reasons []string) string {
	const most = 3
	if len(reasons) > most {
		return fmt.Sprintf("%s; and %d more", strings.Join(reasons[:most], "; "), len(reasons)-most)
	}
	return strings.Join(reasons, "; ")
}
