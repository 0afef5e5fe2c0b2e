package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy/api"
)

// fit says whether a rule means a request. They are in this order because a
// rule fits no better than the worst of its parts.
type fit uint8

const (
	misses fit = iota
	unsure
	fits
)

// httpCheck is one part of an HTTP rule, and what is to be said where it does
// not fit.
type httpCheck struct {
	fit fit
	why string
}

// fitsHTTP says whether an HTTP rule means a request, and which of its parts
// does not. Envoy matches each part of a rule with a header of the request,
// path and method among them as ":path", with its query string, and ":method";
// expressions are RE2 and mean the whole value, case and all (cilium v1.20.2
// pkg/envoy/policy/envoy_l7_rules_translator.go, getHTTPRule; Envoy v1.37
// source/common/common/regex.cc, CompiledGoogleReMatcher::match).
func (e *Engine) fitsHTTP(rule api.PortRuleHTTP, r *HTTPRequest) (fit, string) {
	checks := []httpCheck{e.fitsPath(rule.Path, r.Path), fitsRegexp("method", rule.Method, r.Method), fitsHost(rule.Host, r)}
	for _, header := range rule.Headers {
		checks = append(checks, fitsHeader(header, r))
	}
	for _, match := range rule.HeaderMatches {
		checks = append(checks, fitsHeaderMatch(match, r))
	}
	worst := slices.MinFunc(checks, func(a, b httpCheck) int { return int(a.fit) - int(b.fit) })
	return worst.fit, worst.why
}

func fitsRegexp(field, expression, value string) httpCheck {
	if expression == "" {
		return httpCheck{fit: fits}
	}
	whole, err := regexp.Compile(`\A(?:` + expression + `)\z`)
	switch {
	case err != nil:
		return httpCheck{unsure, fmt.Sprintf("%s %s cannot be read: %v", field, expression, err)}
	case whole.MatchString(value):
		return httpCheck{fit: fits}
	default:
		return httpCheck{misses, fmt.Sprintf("%s is not %s", field, expression)}
	}
}

// fitsPath leaves open what Envoy makes of a path that it rewrites before the
// rules see it (pkg/envoy/model.go, GetHttpFilterChainProto).
func (e *Engine) fitsPath(expression, path string) httpCheck {
	if expression != "" && e.dp.On("http-normalize-path", true) && !isNormal(path) {
		return httpCheck{unsure, "the proxy rewrites this path before it matches (http-normalize-path): ask with the path in its normal form"}
	}
	return fitsRegexp("path", expression, path)
}

// isNormal says whether a path, without its query string, has nothing that
// Envoy's normalisation could change: escapes, backslashes, dot segments, or
// slashes side by side.
func isNormal(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	if strings.ContainsAny(path, `%\`) || strings.Contains(path, "//") {
		return false
	}
	return !slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." })
}

func fitsHost(expression string, r *HTTPRequest) httpCheck {
	host, sent := r.header("Host")
	if expression != "" && !sent {
		return httpCheck{unsure, "the rule names a host, and the request's is not given: add --header 'Host: NAME'"}
	}
	return fitsRegexp("host", expression, host)
}

// fitsHeader reads "NAME: VALUE", or a NAME that must be there; without the
// space it is all name, as to Cilium.
func fitsHeader(rule string, r *HTTPRequest) httpCheck {
	name, value, exact := strings.Cut(rule, " ")
	if exact {
		name = strings.TrimRight(name, ":")
	}
	return fitsValue(name, value, exact, r)
}

func fitsValue(name, value string, exact bool, r *HTTPRequest) httpCheck {
	got, sent := r.header(name)
	switch {
	case !sent && setByEnvoy(name):
		return httpCheck{unsure, fmt.Sprintf("the proxy itself sets header %s", name)}
	case !sent:
		return httpCheck{misses, fmt.Sprintf("header %s is not sent", name)}
	case exact && value == "":
		return httpCheck{unsure, fmt.Sprintf("header %s is to have an empty value, which Envoy may take for any", name)}
	case exact && got != value:
		return httpCheck{misses, fmt.Sprintf("header %s is not %s", name, value)}
	default:
		return httpCheck{fit: fits}
	}
}

// setByEnvoy names the headers that Envoy's connection manager gives to a
// request before any filter sees it.
func setByEnvoy(name string) bool {
	name = strings.ToLower(name)
	return name == "x-request-id" || strings.HasPrefix(name, "x-forwarded-") || strings.HasPrefix(name, "x-envoy-")
}

// fitsHeaderMatch: with an action for a mismatch the rule fits either way, and
// the action changes the request. Nobody but the cluster knows a Secret.
func fitsHeaderMatch(m *api.HeaderMatch, r *HTTPRequest) httpCheck {
	_, sent := r.header(m.Name)
	switch {
	case m.Secret != nil && (m.Mismatch != "" || sent || setByEnvoy(m.Name)):
		return httpCheck{unsure, fmt.Sprintf("the value of header %s is in Secret %s, which netsim does not read", m.Name, m.Secret.Name)}
	case m.Mismatch != "":
		return httpCheck{fit: fits}
	default:
		return fitsValue(m.Name, m.Value, m.Value != "", r)
	}
}
