package gateway

import (
	"fmt"
	"strings"
)

// The schemes of a Request.
const (
	HTTP  = "http"
	HTTPS = "https"
	// TCP is a connection of which a gateway sees nothing but the port.
	TCP = "tcp"
)

// Header is a header of a request. Names are compared in any case.
type Header struct{ Name, Value string }

// Request is one request as it arrives at a gateway.
type Request struct {
	Scheme string
	// Host is the host that the client asks for: the Host header, and the
	// server's name in TLS unless SNI is set.
	Host string
	SNI  string
	// Port is the listener's port.
	Port   uint16
	Method string
	// Path begins with a slash, and holds the query after a question mark.
	Path    string
	Headers []Header
}

// header is the value of a header, by its name in lower case; several are
// joined by commas, as HTTP has it. nil for none.
func (r Request) header(name string) *string {
	var values []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	if values == nil {
		return nil
	}
	joined := strings.Join(values, ",")
	return &joined
}

func (r Request) serverName() string {
	if r.SNI != "" {
		return canonicalHost(r.SNI)
	}
	return canonicalHost(r.Host)
}

func (r Request) String() string {
	if r.Scheme == TCP {
		return fmt.Sprintf("a connection to port %d", r.Port)
	}
	return fmt.Sprintf("%s %s://%s%s", r.Method, r.Scheme, r.Host, r.Path)
}
