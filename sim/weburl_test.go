package sim

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/gateway"
)

func TestParseURL(t *testing.T) {
	target, err := parseURL(Query{To: "https://App.example.com/a%20b?c=d", HTTP: "POST /", Headers: []string{"X-One: 1", "Host: other.example.com"}})
	require.Error(t, err, "two paths")
	target, err = parseURL(Query{To: "https://App.example.com/a%20b?c=d", HTTP: "POST /a%20b?c=d", Headers: []string{"X-One: 1", "Host: other.example.com"}})
	require.NoError(t, err)
	assert.Equal(t, gateway.Request{
		Scheme: "https", Host: "other.example.com", SNI: "app.example.com", Port: 443, Method: "POST", Path: "/a%20b?c=d",
		Headers: []gateway.Header{{Name: "X-One", Value: "1"}},
	}, target.request)
	assert.Equal(t, "app.example.com", target.host())
	assert.Nil(t, target.asks().HTTP, "nobody on the way sees what TLS hides")

	target, err = parseURL(Query{To: "http://[fd00::1]:8080", HTTP: "GET /x"})
	require.NoError(t, err)
	assert.Equal(t, uint16(8080), target.request.Port)
	assert.Equal(t, "/x", target.request.Path)
	assert.Equal(t, "fd00::1", target.host())
	assert.Equal(t, "[fd00::1]:8080", target.asks().HTTP.Headers[0].Value)
}

func TestURLsThatCannotBeAsked(t *testing.T) {
	for _, row := range []struct{ name, want string }{
		{"ftp://a.example.com/", "netsim follows http:// and https://"},
		{"https:///path", "want a host"},
		{"https://me@a.example.com/", "neither user nor fragment"},
		{"https://a.example.com/#top", "neither user nor fragment"},
		{"https://a.example.com:0/", "no number from 1 to 65535"},
		{"https://a.example.com:99999/", "no number from 1 to 65535"},
		{"https://a b/", "is no URL"},
		{"https://exa$mple/", "is no host name"},
	} {
		_, err := parseURL(Query{To: row.name})
		if assert.Error(t, err, row.name) {
			assert.Contains(t, err.Error(), row.want)
			assert.IsType(t, &RefError{}, err)
		}
	}
	_, err := parseURL(Query{To: "https://a.example.com/", Port: "80"})
	assert.ErrorContains(t, err, "a URL has its own")
}

func TestAddressesWithinNames(t *testing.T) {
	for name, want := range map[string]string{
		"127.0.0.1.sslip.io": "127.0.0.1", "dev.127.0.0.1.sslip.io": "127.0.0.1", "dev-10-1-2-3.nip.io": "10.1.2.3",
		"10-1-2-3.sslip.io": "10.1.2.3", "a.b.192.168.0.7.nip.io": "192.168.0.7",
		"sslip.io": "", "dev.sslip.io": "", "1.2.3.sslip.io": "", "300.1.1.1.sslip.io": "", "127.0.0.1.example.com": "",
	} {
		addr, found := embedded(name)
		assert.Equal(t, want != "", found, name)
		if found {
			assert.Equal(t, want, addr.String(), name)
		}
	}
}
