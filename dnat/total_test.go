package dnat_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// Whoever asks for whatever, however incomplete, gets an answer with a reason.
func TestEveryRequestHasAnAnswer(t *testing.T) {
	var datapaths []model.Datapath
	for _, dp := range []model.Datapath{kubeProxy118, kubeProxy119, kubeProxy120, socketLB120, perPacket119} {
		datapaths = append(datapaths, dp, routing(dp), mode(dp, model.KubeProxyNFTables), mode(dp, model.KubeProxyIPVS), mode(dp, model.KubeProxyNone), version(dp, "main"))
	}
	frontends := []model.Frontend{
		model.FrontendNone, model.FrontendClusterIP, model.FrontendNodePort, model.FrontendExternalIP, model.FrontendLoadBalancer,
		model.FrontendHostPort, model.FrontendHeadless, model.FrontendExternalName,
	}
	addrs := []netip.Addr{{}, addr("10.96.0.20"), addr("fd00:96::20"), addr("192.168.50.12"), addr("127.0.0.1"), addr("::1"), addr("10.244.2.7"), addr("192.0.2.11")}
	for _, dp := range datapaths {
		f := newFixture(dp)
		ix := model.NewIndex(f.cluster)
		sources := []model.Party{
			ix.PodParty(f.a, false), ix.NodeParty(f.worker, false), ix.NodeParty(f.worker, true), {Addr: addr("203.0.113.10")},
			{Addr: addr("2001:db8::1")}, {Kind: model.PartyWorld}, {}, {Kind: model.PartyNode}, {Kind: model.PartyPod},
		}
		for _, source := range sources {
			for _, frontend := range frontends {
				for _, to := range addrs {
					for _, via := range []*model.Node{nil, f.worker} {
						answered(t, ix, f.datapath, dnat.Request{Source: source, Service: f.service, Frontend: frontend, Addr: to, PortNumber: 80, Protocol: model.TCP, Port: &f.service.Ports[0], Via: via})
						answered(t, ix, f.datapath, dnat.Request{Source: source, Service: f.service, Frontend: frontend, Addr: to, PortNumber: 81, Protocol: model.UDP, Via: via})
						answered(t, ix, f.datapath, dnat.Request{Source: source, Frontend: frontend, Addr: to, PortNumber: 8, Protocol: model.ICMP, Via: via})
						answered(t, ix, f.datapath, dnat.Request{Source: source, Service: f.service, Frontend: frontend, Addr: to, PortNumber: 80, Protocol: model.SCTP, Via: via})
					}
				}
			}
		}
	}
}

func answered(t *testing.T, ix *model.Index, dp model.Datapath, req dnat.Request) {
	t.Helper()
	about := fmt.Sprintf("%s %v from %v to %v", dp.CiliumVersion, req.Frontend, req.Source, req.Addr)
	paths := dnat.Resolve(ix, dp, req)
	require.NotEmpty(t, paths, about)
	for _, p := range paths {
		silent := p.Service.Stage == "" && p.Egress == nil && p.Ingress == nil && p.SkipPolicy == ""
		require.False(t, silent, "%s: nothing is said", about)
		if p.Service.Stage != "" {
			require.NotEmpty(t, p.Service.Why, about)
			require.NotNil(t, p.Service.By, about)
		}
		reaches := p.Service.Verdict == model.Allowed && p.Service.Stage != ""
		require.False(t, reaches && p.Backend == nil, "%s: allowed to nobody", about)
	}
}
