// Package dnsfile reads which addresses names have, from whatever a user can
// lay hands on: a DNS zone, the name cache of a Cilium agent, or recorded flows.
//
// The three tell themselves apart. A zone file is text in the format of RFC
// 1035. `cilium fqdn cache list -o json` writes one JSON array, and
// `hubble observe --protocol dns -o json` one JSON object a line.
package dnsfile

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// Read takes the contents of a file. The error names it and, where there is
// one, the line.
func Read(name string, data []byte) (model.DNSAnswers, error) {
	read := readZone
	switch text := bytes.TrimSpace(data); {
	case len(text) == 0:
		return nil, fmt.Errorf("%s: the file is empty; %w", name, errFormat)
	case text[0] == '[':
		read = readCache
	case text[0] == '{':
		read = readFlows
	}
	answers, err := read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return answers, nil
}

var errFormat = errors.New("want a DNS zone file, or JSON from `cilium fqdn cache list -o json` or `hubble observe -o json`")
