package sim

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// webTarget is a TO that is a URL.
type webTarget struct {
	text string
	// request is what the client asks for; Port is the one that it connects to.
	request gateway.Request
}

func isURL(text string) bool { return strings.Contains(text, "://") }

// parseURL reads http://HOST[:PORT]/PATH, or the same with https, and the parts
// of the request that flags give. The error is a *RefError.
func parseURL(q Query) (webTarget, error) {
	t := webTarget{text: q.To}
	u, err := url.Parse(q.To)
	switch {
	case err != nil:
		return t, refErrorf("TO %s is no URL: write http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH", q.To)
	case u.Scheme != gateway.HTTP && u.Scheme != gateway.HTTPS:
		return t, refErrorf("TO %s: netsim follows http:// and https:// through gateways; for anything else, name the address and port", q.To)
	case u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return t, refErrorf("TO %s: want a host, and neither user nor fragment, as in https://app.example.com/api", q.To)
	case q.Port != "":
		return t, refErrorf("TO %s: -p says the port of other references; a URL has its own, as in https://app.example.com:8443/", q.To)
	case q.DNSName != "":
		return t, refErrorf("TO %s: --dns-name asks about a DNS query, and this is a web request", q.To)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err != nil && !isHostName(u.Hostname()) {
		return t, refErrorf("TO %s: %q is no host name", q.To, u.Hostname())
	}
	port := map[string]uint64{gateway.HTTP: 80, gateway.HTTPS: 443}[u.Scheme]
	if u.Port() != "" {
		if port, err = strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
			return t, refErrorf("TO %s: port %s is no number from 1 to 65535", q.To, u.Port())
		}
	}
	t.request = gateway.Request{
		Scheme: u.Scheme, Host: strings.ToLower(u.Host), SNI: q.SNI, Port: uint16(port), Method: "GET", Path: u.RequestURI(),
	}
	return t, t.flags(q, u)
}

// flags takes the method of --http, whose path is that of the URL, and headers.
func (t *webTarget) flags(q Query, u *url.URL) error {
	line := q.HTTP
	if line == "" {
		line = "GET " + t.request.Path
	}
	parsed, err := parseHTTP(line, q.Headers)
	if err != nil {
		return err
	}
	if parsed.Path != t.request.Path && strings.Trim(u.RequestURI(), "/") != "" {
		return refErrorf("--http %q and TO %s name two paths: give it in the URL, and --http for the method", q.HTTP, q.To)
	}
	t.request.Method, t.request.Path = parsed.Method, parsed.Path
	for _, h := range parsed.Headers {
		if strings.EqualFold(h.Name, "Host") {
			t.request.Host = h.Value
			continue
		}
		t.request.Headers = append(t.request.Headers, gateway.Header(h))
	}
	if _, err := netip.ParseAddr(u.Hostname()); err != nil && t.request.SNI == "" { // TLS names no address
		t.request.SNI = strings.ToLower(u.Hostname())
	}
	return nil
}

// host is the name or address that the client looks up.
func (t webTarget) host() string {
	u, _ := url.Parse(t.text)
	return strings.ToLower(u.Hostname())
}

// asks is the request as L7 rules on the way to the gateway see it: nothing but
// the server's name where it is encrypted.
func (t webTarget) asks() engine.Request {
	if t.request.Scheme == gateway.HTTPS {
		return engine.Request{SNI: t.request.SNI}
	}
	return engine.Request{HTTP: httpRequest(t.request)}
}

func httpRequest(r gateway.Request) *engine.HTTPRequest {
	out := &engine.HTTPRequest{Method: r.Method, Path: r.Path, Headers: []engine.Header{{Name: "Host", Value: r.Host}}}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, engine.Header(h))
	}
	return out
}

// embedded is the address that a name of sslip.io or nip.io holds:
// app.127.0.0.1.sslip.io, app-10-0-0-1.nip.io. Such names need no file.
func embedded(host string) (netip.Addr, bool) {
	base, found := strings.CutSuffix(host, ".sslip.io")
	if !found {
		if base, found = strings.CutSuffix(host, ".nip.io"); !found {
			return netip.Addr{}, false
		}
	}
	for _, sep := range []string{".", "-"} {
		octet := `(\d{1,3})`
		re := regexp.MustCompile(`(?:^|[.-])` + strings.Join([]string{octet, octet, octet, octet}, regexp.QuoteMeta(sep)) + `$`)
		if m := re.FindStringSubmatch(base); m != nil {
			addr, err := netip.ParseAddr(strings.Join(m[1:], "."))
			return addr, err == nil
		}
	}
	return netip.Addr{}, false
}

// addresses are those that the client finds for a host: the host itself, what
// --dns says, or what the name holds. None means that no file gives any.
func (s *Sim) addresses(host string) []netip.Addr {
	if host == "localhost" {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr.Unmap()}
	}
	if addrs := s.dns[model.CanonicalName(host)]; len(addrs) > 0 {
		return addrs
	}
	if addr, found := embedded(host); found {
		return []netip.Addr{addr}
	}
	return nil
}

func (t webTarget) String() string { return fmt.Sprintf("%s:%d", t.host(), t.request.Port) }
