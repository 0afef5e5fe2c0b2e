package engine

import (
	"fmt"
	"strings"

	"github.com/cilium/cilium/pkg/policy"
)

// Request is what a client asks for once it is connected. The zero Request asks
// for nothing: what L7 rules let through is then a condition.
type Request struct {
	// HTTP is one HTTP request, nil for none.
	HTTP *HTTPRequest
	// DNSName is the name that one DNS query asks for, "" for none.
	DNSName string
	// SNI is the server name in a TLS handshake, "" for none.
	SNI string
}

// HTTPRequest is an HTTP request before any proxy has seen it.
type HTTPRequest struct {
	Method string
	// Path is the path with the query string, as the request line has it.
	Path string
	// Headers are all that the client sends, Host among them where it is known.
	Headers []Header
}

// Header is a field of an HTTP request. Its name has no case.
type Header struct{ Name, Value string }

// header is the value of a field, several joined as Envoy joins them.
func (r *HTTPRequest) header(name string) (value string, sent bool) {
	var values []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	return strings.Join(values, ","), len(values) > 0
}

// of is what a kind of proxy is asked for, as an explanation names it.
func (r Request) of(kind policy.L7ParserType) string {
	switch kind {
	case policy.ParserTypeDNS:
		return r.DNSName
	case policy.ParserTypeHTTP:
		return r.HTTP.Method + " " + r.HTTP.Path
	default:
		return fmt.Sprintf("the TLS server name %q", r.SNI)
	}
}
