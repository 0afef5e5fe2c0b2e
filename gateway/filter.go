package gateway

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	gatewayapi "sigs.k8s.io/gateway-api/apis/v1"
)

// filter does what a filter says of the request, or of the answer.
func (d *Decision) filter(f gatewayapi.HTTPRouteFilter, l *listener, r Request, m match) {
	switch f.Type {
	case gatewayapi.HTTPRouteFilterRequestRedirect:
		if f.RequestRedirect != nil {
			d.redirect(*f.RequestRedirect, l, r, m)
		}
	case gatewayapi.HTTPRouteFilterURLRewrite:
		if f.URLRewrite != nil {
			d.Forward.Host = string(deref(f.URLRewrite.Hostname, gatewayapi.PreciseHostname(d.Forward.Host)))
			d.Forward.Path = modified(d.Forward.Path, f.URLRewrite.Path, m)
		}
	case gatewayapi.HTTPRouteFilterRequestHeaderModifier:
		if f.RequestHeaderModifier != nil {
			d.Forward.Headers = changed(d.Forward.Headers, *f.RequestHeaderModifier)
		}
	case gatewayapi.HTTPRouteFilterResponseHeaderModifier, gatewayapi.HTTPRouteFilterRequestMirror, gatewayapi.HTTPRouteFilterCORS:
		// They change nothing of where the request goes and of whether it is answered.
	default:
		d.Conditions = append(d.Conditions, fmt.Sprintf("the filter %s of %s, which netsim does not read, lets the request pass", f.Type, m.at.Position()))
	}
}

// changed applies set, add and remove to headers.
func changed(headers []Header, f gatewayapi.HTTPHeaderFilter) []Header {
	drop := func(list []Header, name string) []Header {
		return slices.DeleteFunc(list, func(h Header) bool { return strings.EqualFold(h.Name, name) })
	}
	out := slices.Clone(headers)
	for _, name := range f.Remove {
		out = drop(out, name)
	}
	for _, h := range f.Set {
		out = append(drop(out, string(h.Name)), Header{string(h.Name), h.Value})
	}
	for _, h := range f.Add {
		out = append(out, Header{string(h.Name), h.Value})
	}
	return out
}

// redirect answers with another URL. Source: gateway-api v1.6.1 apis/v1
// httproute_types.go HTTPRequestRedirectFilter.
func (d *Decision) redirect(f gatewayapi.HTTPRequestRedirectFilter, l *listener, r Request, m match) {
	wellKnown := map[string]int32{HTTP: 80, HTTPS: 443}
	scheme := deref(f.Scheme, r.Scheme)
	port := int32(l.port)
	switch {
	case f.Port != nil:
		port = *f.Port
	case f.Scheme != nil:
		port = wellKnown[scheme]
	}
	host := string(deref(f.Hostname, gatewayapi.PreciseHostname(canonicalHost(r.Host))))
	if port != wellKnown[scheme] {
		host = net.JoinHostPort(host, strconv.Itoa(int(port)))
	}
	d.Status = deref(f.StatusCode, 302)
	d.Location = fmt.Sprintf("%s://%s%s", scheme, host, modified(r.Path, f.Path, m))
	d.Why += fmt.Sprintf(", and redirects to %s", d.Location)
}

// modified is a path, with its query, after a modifier.
func modified(path string, f *gatewayapi.HTTPPathModifier, m match) string {
	if f == nil {
		return path
	}
	path, query, asked := strings.Cut(path, "?")
	switch f.Type {
	case gatewayapi.FullPathHTTPPathModifier:
		path = deref(f.ReplaceFullPath, "/")
	case gatewayapi.PrefixMatchHTTPPathModifier:
		if m.path.kind == prefixPath {
			rest := strings.TrimPrefix(path, strings.TrimRight(m.path.value, "/"))
			path = strings.TrimRight(deref(f.ReplacePrefixMatch, "/"), "/") + rest
			path = cmp.Or(path, "/")
		}
	}
	if asked {
		return path + "?" + query
	}
	return path
}
