package dnsfile

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/netsim-dev/netsim/model"
)

// readZone takes the addresses out of a zone, through as many CNAMEs as lead to
// one in the same file. An alias of a name elsewhere has no answer.
func readZone(data []byte) (model.DNSAnswers, error) {
	answers, aliases := model.DNSAnswers{}, map[string]string{}
	parser := dns.NewZoneParser(bytes.NewReader(data), "", "")
	parser.SetDefaultTTL(3600)
	for record, more := parser.Next(); more; record, more = parser.Next() {
		owner := record.Header().Name
		if strings.HasPrefix(owner, "*") {
			return nil, fmt.Errorf("%s stands for any name: give the names that are asked for", owner)
		}
		switch r := record.(type) {
		case *dns.A:
			addr, _ := netip.AddrFromSlice(r.A)
			answers.Add(owner, addr)
		case *dns.AAAA:
			addr, _ := netip.AddrFromSlice(r.AAAA)
			answers.Add(owner, addr)
		case *dns.CNAME:
			aliases[model.CanonicalName(owner)] = model.CanonicalName(r.Target)
		}
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("%w; %w", err, errFormat)
	}
	for alias := range aliases {
		if addrs := follow(alias, answers, aliases); len(addrs) > 0 {
			answers.Add(alias, addrs...)
		}
	}
	return answers, nil
}

// follow gives the addresses at the end of a chain of aliases, none for a chain
// that leads nowhere or back.
func follow(name string, answers model.DNSAnswers, aliases map[string]string) []netip.Addr {
	for range len(aliases) + 1 {
		target, isAlias := aliases[name]
		if !isAlias {
			return answers[name]
		}
		name = target
	}
	return nil
}
