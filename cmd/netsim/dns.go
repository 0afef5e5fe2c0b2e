package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/load/dnsfile"
	"github.com/netsim-dev/netsim/model"
)

// dnsFlags say which addresses names outside the cluster have.
type dnsFlags struct{ answers, files []string }

func (d *dnsFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&d.answers, "dns", nil, "what DNS answers for a name, `NAME=IP[,IP]`; NAME= for no address; repeatable")
	flags.StringArrayVar(&d.files, "dns-file", nil, "a `FILE` of such answers: a zone, `cilium fqdn cache list -o json`, or Hubble's flows; repeatable")
}

// read puts all answers together.
func (d *dnsFlags) read() (model.DNSAnswers, error) {
	all := model.DNSAnswers{}
	for _, path := range d.files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--dns-file: %w", err)
		}
		answers, err := dnsfile.Read(path, data)
		if err != nil {
			return nil, fmt.Errorf("--dns-file: %w", err)
		}
		for name, addrs := range answers {
			all.Add(name, addrs...)
		}
	}
	for _, answer := range d.answers {
		name, list, found := strings.Cut(answer, "=")
		if !found || name == "" {
			return nil, fmt.Errorf("--dns %q: want NAME=IP[,IP], as in --dns www.example.com=203.0.113.9", answer)
		}
		addrs, err := parseAddrs(list)
		if err != nil {
			return nil, fmt.Errorf("--dns %q: %w", answer, err)
		}
		all.Add(name, addrs...)
	}
	return all, nil
}

func parseAddrs(list string) ([]netip.Addr, error) {
	var addrs []netip.Addr
	for _, text := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no IP address", text)
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}
