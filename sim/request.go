package sim

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

// request reads what a Query asks of L7 rules. The error is a *RefError.
func (q Query) request(to reference, connection dnat.Request) (engine.Request, error) {
	asks := engine.Request{DNSName: q.DNSName, SNI: q.SNI}
	switch {
	case len(q.Headers) > 0 && q.HTTP == "":
		return asks, refErrorf("--header belongs to an HTTP request: give that too, as in --http 'GET /'")
	case (q.HTTP != "" || q.SNI != "") && connection.Protocol != model.TCP:
		return asks, refErrorf("HTTP and TLS go over TCP, and %s is %s", to.text, connection.Protocol)
	case q.DNSName != "" && !connection.Protocol.HasPorts():
		return asks, refErrorf("DNS goes over UDP or TCP, and %s is %s", to.text, connection.Protocol)
	}
	for _, given := range []struct{ flag, name string }{{"--dns-name", q.DNSName}, {"--sni", q.SNI}} {
		if given.name != "" && !isHostName(given.name) {
			return asks, refErrorf("%s %q is no host name", given.flag, given.name)
		}
	}
	if q.HTTP == "" {
		return asks, nil
	}
	http, err := parseHTTP(q.HTTP, q.Headers)
	if err != nil {
		return asks, err
	}
	if host := hostHeader(to, connection.PortNumber); host != "" && !hasHost(http) {
		http.Headers = append(http.Headers, engine.Header{Name: "Host", Value: host})
	}
	asks.HTTP = http
	return asks, nil
}

// isHostName allows the underscores that some names have.
func isHostName(name string) bool {
	return len(name) < 256 && regexp.MustCompile(`^([-a-zA-Z0-9_]+[.]?)+$`).MatchString(name)
}

// parseHTTP reads "METHOD /path" and headers.
func parseHTTP(line string, headers []string) (*engine.HTTPRequest, error) {
	method, path, _ := strings.Cut(line, " ")
	if !regexp.MustCompile(`^[A-Z][A-Z_-]*$`).MatchString(method) || !regexp.MustCompile(`^(/[!-~]*|[*])$`).MatchString(path) {
		return nil, refErrorf("--http %q: want 'METHOD /path', the method in capitals, as in 'GET /v1/users?active=1'", line)
	}
	if strings.Contains(path, "#") {
		return nil, refErrorf("--http %q: no client sends what follows #: leave it out", line)
	}
	request := &engine.HTTPRequest{Method: method, Path: path}
	for _, h := range headers {
		name, value, found := strings.Cut(h, ":")
		if !found || !regexp.MustCompile(`^[!#-'*+.0-9A-Z^-z|~-]+$`).MatchString(name) {
			return nil, refErrorf("--header %q: want 'NAME: VALUE', as in 'Host: api.example.com'", h)
		}
		request.Headers = append(request.Headers, engine.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	return request, nil
}

func hasHost(r *engine.HTTPRequest) bool {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, "Host") {
			return true
		}
	}
	return false
}

// hostHeader is the Host that a client sends who opens a URL with the name in
// it, "" where that is not certain: at 443 it depends on the scheme whether the
// port is part of it.
func hostHeader(to reference, port uint16) string {
	switch {
	case to.host == "" || port == 443:
		return ""
	case port == 80:
		return to.host
	default:
		return fmt.Sprintf("%s:%d", to.host, port)
	}
}
