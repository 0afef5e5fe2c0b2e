package dnsfile_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load/dnsfile"
	"github.com/netsim-dev/netsim/model"
)

func TestRead(t *testing.T) {
	addrs := func(texts ...string) []netip.Addr {
		var out []netip.Addr
		for _, text := range texts {
			out = append(out, netip.MustParseAddr(text))
		}
		return out
	}
	for _, r := range []struct {
		claim, data string
		want        model.DNSAnswers
	}{
		{"a zone with both families", "$ORIGIN example.com.\nwww A 203.0.113.9\nwww 300 IN AAAA 2001:db8::9\nWWW A 203.0.113.10\n@ IN MX 10 mail\n",
			model.DNSAnswers{"www.example.com": addrs("203.0.113.9", "2001:db8::9", "203.0.113.10")}},
		{"aliases lead to addresses, in whatever order", "a.example. CNAME b.example.\nb.example. CNAME c.example.\nc.example. A 192.0.2.1\n",
			model.DNSAnswers{"a.example": addrs("192.0.2.1"), "b.example": addrs("192.0.2.1"), "c.example": addrs("192.0.2.1")}},
		{"an alias of a name elsewhere, or of itself, has no answer", "a.example. CNAME www.example.net.\nb.example. CNAME b.example.\n", model.DNSAnswers{}},
		{"an agent's cache", `[{"endpoint-id":12,"fqdn":"www.example.com.","ips":["203.0.113.9"],"lookup-time":"2026-01-01T00:00:00Z","source":"lookup","ttl":30},{"fqdn":"www.example.com.","ips":["203.0.113.10","203.0.113.9"]}]`,
			model.DNSAnswers{"www.example.com": addrs("203.0.113.9", "203.0.113.10")}},
		{"an empty cache", "[]", model.DNSAnswers{}},
		{"recorded flows, of which only answers count", `{"flow":{"verdict":"FORWARDED","l7":{"type":"REQUEST","dns":{"query":"a.example."}}},"node_name":"w1"}
{"flow":{"l7":{"type":"RESPONSE","dns":{"query":"a.example.","ips":["192.0.2.1"],"ttl":30}}}}
{"l7":{"type":"RESPONSE","dns":{"query":"gone.example.","rcode":3}}}

{"flow":{"l4":{"TCP":{"destination_port":443}}}}
{"lost_events":{"num_events_lost":"3"}}
`, model.DNSAnswers{"a.example": addrs("192.0.2.1"), "gone.example": nil}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			got, err := dnsfile.Read("names", []byte(r.data))
			require.NoError(t, err)
			assert.Equal(t, r.want, got)
		})
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	for _, r := range []struct{ claim, data, says string }{
		{"nothing", " \n", "names: the file is empty; want a DNS zone file"},
		{"a name without its zone", "www A 203.0.113.9\n", "line: 1"},
		{"no address", "www.example. A nonsense\n", "line: 1"},
		{"a wildcard", "*.example. A 203.0.113.9\n", "*.example. stands for any name"},
		{"an inclusion", "$INCLUDE /etc/hosts\n", "names: "},
		{"another array", `[{"name":"x"}]`, "entry 1 has no fqdn"},
		{"a cache with a broken address", `[{"fqdn":"x.y.","ips":["203.0.113"]}]`, "want a DNS zone file, or JSON"},
		{"an object over several lines", "{\n  \"flow\": {}\n}\n", "line 1: "},
	} {
		t.Run(r.claim, func(t *testing.T) {
			_, err := dnsfile.Read("names", []byte(r.data))
			assert.ErrorContains(t, err, r.says)
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a.example. A 192.0.2.1", `[{"fqdn":"x"}]`, `{"flow":{"l7":{"type":"RESPONSE","dns":{}}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = dnsfile.Read("names", data) })
}
