package engine

import (
	"regexp"
	"strings"

	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/fqdn/matchpattern"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// patternRegexp is what Cilium makes of a matchPattern, for a whole lower-case
// name with its trailing dot. That "**." means names of any depth, and that "**"
// alone means all, came with 1.19; before, each asterisk stands for characters of
// one label (cilium v1.18.4 pkg/fqdn/matchpattern/matchpattern.go).
func patternRegexp(pattern string, v model.Version) (*regexp.Regexp, error) {
	if pattern == "*" || v.AtLeast(1, 19, 0) {
		return matchpattern.ValidateWithoutCache(matchpattern.Sanitize(pattern))
	}
	expression := strings.ReplaceAll(dns.FQDN(pattern), ".", "[.]")
	return regexp.Compile("^" + strings.ReplaceAll(expression, "*", "[-a-zA-Z0-9_]*") + "$")
}

// fqdnMatches says whether a toFQDNs selector means a name (pkg/policy/api/fqdn.go,
// FQDNSelector.ToRegex).
func fqdnMatches(s *api.FQDNSelector, name string, v model.Version) bool {
	if s.MatchName != "" {
		return dns.FQDN(s.MatchName) == dns.FQDN(name)
	}
	re, err := patternRegexp(s.MatchPattern, v)
	return err == nil && re.MatchString(dns.FQDN(name))
}

// fitsDNS says whether the DNS proxy lets a query through by a rule
// (pkg/fqdn/dnsproxy/proxy.go, GeneratePattern and CheckAllowed). Unlike
// toFQDNs, a rule for all names means those too that no host can have.
func fitsDNS(rule api.PortRuleDNS, name string, v model.Version) bool {
	if rule.MatchName != "" && dns.FQDN(rule.MatchName) == dns.FQDN(name) {
		return true
	}
	if rule.MatchPattern == "" {
		return false
	}
	all := rule.MatchPattern == "*" || v.AtLeast(1, 19, 0) &&
		matchpattern.ToUnAnchoredRegexp(matchpattern.Sanitize(rule.MatchPattern)) == matchpattern.MatchAllUnAnchoredPattern
	re, err := patternRegexp(rule.MatchPattern, v)
	return all || err == nil && re.MatchString(dns.FQDN(name))
}

// fitsServerName says whether an entry of serverNames means a TLS server name.
// Case does not count. Up to 1.19 only a leading "*." (one label) and "**."
// (any number) are wildcards (cilium/proxy at v0.0.0-20250623105955,
// cilium/network_policy.h, SniPattern); since 1.20 an asterisk may stand
// anywhere (at v0.0.0-20260701124752, network_policy.cc, SniPattern).
func fitsServerName(pattern, name string, v model.Version) bool {
	pattern, name = strings.ToLower(pattern), strings.ToLower(name)
	if v.AtLeast(1, 20, 0) {
		return serverNameRegexp(pattern).MatchString(name)
	}
	anyDepth, isDeep := strings.CutPrefix(pattern, "**.")
	oneLabel, isWild := strings.CutPrefix(pattern, "*.")
	first, rest, _ := strings.Cut(name, ".")
	switch {
	case isDeep:
		return strings.HasSuffix(name, "."+anyDepth)
	case isWild:
		return first != "" && rest == oneLabel
	default:
		return !strings.HasPrefix(pattern, "*") && pattern == name
	}
}

// serverNameRegexp is what agent and Envoy make of an entry of serverNames
// together: the agent drops a trailing dot and needless asterisks (cilium v1.20.2
// pkg/envoy/utils.go, sanitizeServerNamePattern).
func serverNameRegexp(pattern string) *regexp.Regexp {
	const label = "[-a-z0-9_]"
	pattern = strings.TrimSuffix(pattern, ".")
	if pattern != "" && strings.Trim(pattern, "*") == "" {
		return regexp.MustCompile(`\A` + label + `+([.]` + label + `+)*\z`)
	}
	expression := ""
	if rest := strings.TrimLeft(pattern, "*"); strings.HasPrefix(pattern, "**") && strings.HasPrefix(rest, ".") {
		expression, pattern = label+`+([.]`+label+`+)*`, rest
	}
	for i, part := range strings.Split(pattern, "*") {
		if i > 0 {
			expression += label + "*"
		}
		expression += regexp.QuoteMeta(part)
	}
	return regexp.MustCompile(`\A` + expression + `\z`)
}
