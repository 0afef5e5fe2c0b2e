package kubeproxy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// compareHealthChecks asks for the healthCheckNodePort of every Service that has
// one, on every address of every node: load balancers choose nodes by them.
func (l *laboratory) compareHealthChecks(t *testing.T, is6 bool) {
	host := outsiders(l.cluster)[0]
	for _, s := range l.cluster.Services {
		for _, node := range l.cluster.Nodes {
			for _, addr := range []netip.Addr{ofFamily(node.InternalIPs, is6), ofFamily(node.ExternalIPs, is6)} {
				if s.HealthCheckNodePort == 0 {
					continue
				}
				to := netip.AddrPortFrom(addr, s.HealthCheckNodePort)
				got, err := l.hosts[host.name].get(to)
				if err != nil {
					t.Errorf("%s asks for %s: %v", host.name, to, err)
				}
				if want := l.expectHealth(ofFamily(host.addrs, is6), to); got != want {
					t.Errorf("%s asks %s for the health of %s:\n\tthe kernel: %s\n\tdnat:       %s", host.name, to, s.Name, got, want)
				}
			}
		}
	}
}

// get is the status with which an address answers HTTP, or "refused".
func (n *namespace) get(from netip.AddrPort) (string, error) {
	dial := func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
		err = n.do(func() (err error) {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, addr)
			return err
		})
		return conn, err
	}
	client := http.Client{Timeout: longPatience, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	response, err := client.Get(fmt.Sprintf("http://%s/", from))
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return string(model.SeesRefused), nil
	case err != nil:
		return "", err
	}
	response.Body.Close()
	return fmt.Sprint(response.StatusCode), nil
}

// expectHealth is the same as dnat says it, which tells the status in words.
func (l *laboratory) expectHealth(source netip.Addr, to netip.AddrPort) string {
	paths := dnat.Resolve(l.index, l.datapath, dnat.Request{
		Source: model.Party{Addr: source}, Frontend: model.FrontendNone, Addr: to.Addr(), PortNumber: to.Port(), Protocol: model.TCP,
	})
	_, status, answers := strings.Cut(paths[0].Service.Why, "it answers ")
	if !answers {
		return string(paths[0].ClientSees)
	}
	return status[:3]
}
