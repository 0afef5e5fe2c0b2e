package gateway

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/netsim-dev/netsim/model"
)

// match is one of the matches of a rule: all of it must be true of a request.
type match struct {
	at      model.Origin
	path    pathMatch
	method  string
	headers []valueMatch
	query   []valueMatch
}

// pathKind says how a path is compared. The order is that of precedence, lowest
// first: where the specification leaves expressions to the implementation, both
// nginx (a regular expression's location goes before a prefix's) and Cilium
// (v1.20.2 operator/pkg/model/translation SortableRoute.Less) put them between
// the others.
type pathKind uint8

const (
	prefixPath pathKind = iota
	regexPath
	exactPath
)

type pathMatch struct {
	kind  pathKind
	value string
	// weight is how many characters count for precedence, and then tail: for
	// gRPC those of the service's name and of the method's.
	weight, tail int
	// plain is true for a prefix of characters rather than of whole elements.
	plain bool
	// anyService is true for a gRPC method of any service, which any service by
	// name goes before.
	anyService bool
}

// rank is the kind as it counts for precedence.
func (p pathMatch) rank() pathKind {
	if p.anyService {
		return prefixPath
	}
	return p.kind
}

func anyPath() pathMatch { return pathMatch{value: "/", weight: 1} }

// valueMatch is a match of a header or query parameter.
type valueMatch struct {
	name, value string
	regex       bool
}

func httpMatch(at model.Origin, in gatewayapi.HTTPRouteMatch) match {
	out := match{at: at, path: anyPath(), method: string(deref(in.Method, ""))}
	if in.Path != nil {
		value := deref(in.Path.Value, "/")
		out.path = pathMatch{value: value, weight: len(value)}
		switch deref(in.Path.Type, gatewayapi.PathMatchPathPrefix) {
		case gatewayapi.PathMatchExact:
			out.path.kind = exactPath
		case gatewayapi.PathMatchRegularExpression:
			out.path.kind = regexPath
		default:
			out.path.weight = len(strings.TrimRight(value, "/")) + 1
		}
	}
	for _, h := range in.Headers {
		out.headers = addOnce(out.headers, valueMatch{strings.ToLower(string(h.Name)), h.Value, deref(h.Type, "") == gatewayapi.HeaderMatchRegularExpression})
	}
	for _, q := range in.QueryParams {
		out.query = addOnce(out.query, valueMatch{string(q.Name), q.Value, deref(q.Type, "") == gatewayapi.QueryParamMatchRegularExpression})
	}
	return out
}

// addOnce ignores a second match by the same name, as the API says.
func addOnce(list []valueMatch, v valueMatch) []valueMatch {
	for _, have := range list {
		if have.name == v.name {
			return list
		}
	}
	return append(list, v)
}

// grpcMatch compares the path of the request that carries a call,
// /SERVICE/METHOD.
func grpcMatch(at model.Origin, in gatewayapi.GRPCRouteMatch) match {
	out := match{at: at, path: anyPath()}
	for _, h := range in.Headers {
		out.headers = addOnce(out.headers, valueMatch{strings.ToLower(string(h.Name)), h.Value, deref(h.Type, "") == gatewayapi.GRPCHeaderMatchRegularExpression})
	}
	if in.Method == nil {
		return out
	}
	service, method := deref(in.Method.Service, ""), deref(in.Method.Method, "")
	regex := deref(in.Method.Type, "") == gatewayapi.GRPCMethodMatchRegularExpression
	weight := pathMatch{weight: len(service) + 1, tail: len(method)}
	switch {
	case service == "" && method == "":
		return out
	case regex || service == "":
		weight.kind, weight.anyService = regexPath, service == "" && !regex
		weight.value = "/" + cmp.Or(quoted(service, regex), "[^/]+") + "/" + cmp.Or(quoted(method, regex), "[^/]+")
	case method == "":
		weight.value = "/" + service
	default:
		weight.kind, weight.value = exactPath, "/"+service+"/"+method
	}
	out.path = weight
	return out
}

func quoted(text string, regex bool) string {
	if regex {
		return text
	}
	return regexp.QuoteMeta(text)
}

// takes says whether a request satisfies a match; the error is for an expression
// that Go cannot read.
func (m match) takes(r Request) (bool, error) {
	path, query, _ := strings.Cut(r.Path, "?")
	ok, err := m.path.takes(path)
	if !ok || err != nil || m.method != "" && m.method != r.Method {
		return false, err
	}
	values, _ := url.ParseQuery(query) // what cannot be parsed matches nothing
	for _, h := range m.headers {
		if ok, err := h.takes(r.header(h.name)); !ok || err != nil {
			return false, err
		}
	}
	for _, q := range m.query {
		var given *string
		if list := values[q.name]; len(list) > 0 {
			given = &list[0]
		}
		if ok, err := q.takes(given); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (p pathMatch) takes(path string) (bool, error) {
	switch {
	case p.kind == exactPath:
		return path == p.value, nil
	case p.kind == regexPath:
		return fullMatch(p.value, path)
	case p.plain:
		return strings.HasPrefix(path, p.value), nil
	default:
		prefix := strings.TrimRight(p.value, "/")
		return path == prefix || strings.HasPrefix(path, prefix+"/"), nil
	}
}

func (v valueMatch) takes(given *string) (bool, error) {
	switch {
	case given == nil:
		return false, nil
	case v.regex:
		return fullMatch(v.value, *given)
	default:
		return v.value == *given, nil
	}
}

// fullMatch is how Envoy applies an expression.
func fullMatch(expression, text string) (bool, error) {
	re, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return false, err
	}
	return re.MatchString(text), nil
}

// partly says whether a request would satisfy a match if its path's expression
// had to match only a part.
func (m match) partly(r Request) bool {
	if m.path.kind != regexPath {
		return false
	}
	m.path.value = ".*(?:" + m.path.value + ").*"
	taken, err := m.takes(r)
	return taken && err == nil
}

// compareMatches puts the match first that has precedence, whichever routes
// they belong to. Source: gateway-api v1.6.1 apis/v1 httproute_types.go
// HTTPRouteRule.Matches and grpcroute_types.go GRPCRouteRule.Matches.
func compareMatches(a, b match) int {
	methods := func(m match) int { return min(len(m.method), 1) }
	return cmp.Or(
		cmp.Compare(b.path.rank(), a.path.rank()),
		cmp.Compare(b.path.weight, a.path.weight),
		cmp.Compare(b.path.tail, a.path.tail),
		cmp.Compare(methods(b), methods(a)),
		cmp.Compare(len(b.headers), len(a.headers)),
		cmp.Compare(len(b.query), len(a.query)),
	)
}
