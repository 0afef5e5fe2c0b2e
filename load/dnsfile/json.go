package dnsfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// cached is one entry of an agent's name cache (cilium v1.20.2
// api/v1/models/dns_lookup.go).
type cached struct {
	Name string       `json:"fqdn"`
	IPs  []netip.Addr `json:"ips"`
}

func readCache(data []byte) (model.DNSAnswers, error) {
	var entries []cached
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("%w; %w", err, errFormat)
	}
	answers := model.DNSAnswers{}
	for i, e := range entries {
		if e.Name == "" {
			return nil, fmt.Errorf("entry %d has no fqdn; %w", i+1, errFormat)
		}
		answers.Add(e.Name, e.IPs...)
	}
	return answers, nil
}

// flow is the part of a Hubble flow that a DNS answer is in (api/v1/flow/flow.proto,
// Layer7 and DNS).
type flow struct {
	L7 struct {
		Type string `json:"type"`
		DNS  *struct {
			Query string       `json:"query"`
			IPs   []netip.Addr `json:"ips"`
		} `json:"dns"`
	} `json:"l7"`
}

// readFlows takes the DNS answers out of recorded flows, one JSON object a line:
// bare, or as "flow" in what a stream holds.
func readFlows(data []byte) (model.DNSAnswers, error) {
	answers := model.DNSAnswers{}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var recorded struct {
			flow
			Flow *flow `json:"flow"`
		}
		if err := json.Unmarshal(line, &recorded); err != nil {
			return nil, fmt.Errorf("line %d: %w; %w", i+1, err, errFormat)
		}
		f := &recorded.flow
		if recorded.Flow != nil {
			f = recorded.Flow
		}
		if f.L7.DNS != nil && f.L7.Type == "RESPONSE" {
			answers.Add(f.L7.DNS.Query, f.L7.DNS.IPs...)
		}
	}
	return answers, nil
}
