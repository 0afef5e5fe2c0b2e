package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/model"
)

// The keys of cilium-config that say how Cilium serves Gateways and Ingresses.
const (
	optionEnvoyConfig      = "enable-envoy-config"
	optionL7Proxy          = "enable-l7-proxy"
	optionGatewayAPI       = "enable-gateway-api"
	optionGatewayHost      = "gateway-api-hostnetwork-enabled"
	optionGatewayNodes     = "gateway-api-hostnetwork-nodelabelselector"
	optionIngress          = "enable-ingress-controller"
	optionIngressHTTPS     = "enforce-ingress-https"
	optionIngressMode      = "ingress-default-lb-mode"
	optionIngressService   = "ingress-shared-lb-service-name"
	optionIngressHost      = "ingress-hostnetwork-enabled"
	optionIngressNodes     = "ingress-hostnetwork-nodelabelselector"
	optionIngressPort      = "ingress-hostnetwork-shared-listener-port"
	optionIngressHTTPPort  = "ingress-hostnetwork-http-listener-port"
	optionIngressHTTPSPort = "ingress-hostnetwork-https-listener-port"
)

func ingressSettings(dp model.Datapath) gateway.Settings {
	return gateway.Settings{
		SharedIngress: dp.Options[optionIngressMode] == "shared",
		SharedService: dp.Options[optionIngressService],
		PlainIngress:  !dp.On(optionIngressHTTPS, true),
	}
}

// envoySettings are the options for Gateways, and those for Ingresses.
type envoySettings struct{ what, enabled, value, host, nodes string }

func ciliumSettings(g *gateway.Gateway) envoySettings {
	if g.Namespace == "" {
		return envoySettings{"Ingress", optionIngress, "ingressController.enabled", optionIngressHost, optionIngressNodes}
	}
	return envoySettings{"Gateway", optionGatewayAPI, "gatewayAPI.enabled", optionGatewayHost, optionGatewayNodes}
}

// needed is a setting without which Cilium serves nothing.
type needed struct {
	option, as string
	on         bool
	// known is true where a file or flag decides it.
	known bool
}

// unserved says why nothing serves a Gateway of Cilium, "" if something does, and
// what that hangs on. Sources: operator/pkg/gateway-api/cell.go and
// operator/pkg/ingress/cell.go, which ask for kube-proxy-replacement (or, up to
// 1.18, enable-node-port; read at 1.18.4, 1.19.4 and 1.20.2); the agents read
// CiliumEnvoyConfigs with enable-envoy-config alone.
func (w *web) unserved() (hop *Hop, conditions []string) {
	dp, set := w.datapath, ciliumSettings(w.gateway)
	configured := w.index.Cluster.CiliumConfig != nil || len(w.index.Cluster.CiliumValues) > 0
	known := func(option string) bool {
		return configured || !slices.Contains([]string{"", sourceDefault}, dp.Sources[option])
	}
	nodePort := !dp.Version().AtLeast(1, 19, 0) && dp.On("enable-node-port", false)
	enabled := dp.On(set.enabled, false)
	for _, n := range []needed{
		{set.enabled, fmt.Sprintf("%s, or %s in Helm values", set.enabled, set.value), enabled, known(set.enabled)},
		{optionKPR, optionKPR, dp.KubeProxyReplacement || nodePort, known(optionKPR)},
		{optionL7Proxy, optionL7Proxy, dp.On(optionL7Proxy, true), true},
		{optionEnvoyConfig, optionEnvoyConfig, dp.On(optionEnvoyConfig, false), w.index.Cluster.CiliumConfig != nil || dp.Options[optionEnvoyConfig] != ""},
	} {
		switch {
		case n.on:
		case !n.known && n.option != optionEnvoyConfig:
			conditions = append(conditions, fmt.Sprintf("%s is true: no file says so, and without it Cilium serves no %s", n.as, set.what))
		case n.known:
			return &Hop{
				Name: HopEntry, From: w.from.text, To: "Gateway " + w.gateway.Ref(), Verdict: model.Denied, By: []model.Origin{w.gateway.Origin},
				Why:  fmt.Sprintf("nothing serves it: Cilium does so only with %s (%s)", n.as, cmp.Or(dp.Sources[n.option], sourceDefault)),
				Hint: fmt.Sprintf("set %s to true", n.as),
			}, nil
		}
	}
	return nil, conditions
}

// onHost says whether Envoy listens on the nodes' own addresses.
func (w *web) onHost(g *gateway.Gateway) bool {
	return g.Controller.OnNode && w.datapath.On(ciliumSettings(g).host, false)
}

// hostPort is the port of the nodes where Envoy listens for a request. Source:
// cilium v1.20.2 operator/pkg/ingress/ingress_reconcile.go
// getDedicatedListenerPorts, getSharedListenerPorts.
func (w *web) hostPort(g *gateway.Gateway, asked uint16) uint16 {
	if g.Namespace != "" {
		return asked
	}
	if strings.Contains(g.Name, "/") {
		return cmp.Or(g.HostPort, 8080)
	}
	of := optionIngressHTTPPort
	if w.target.request.Scheme == gateway.HTTPS {
		of = optionIngressHTTPSPort
	}
	own, _ := strconv.ParseUint(w.datapath.Options[of], 10, 16)
	shared, _ := strconv.ParseUint(w.datapath.Options[optionIngressPort], 10, 16)
	return cmp.Or(uint16(own), uint16(shared), 8080)
}

// listenerPort is the port that routes know a connection to a node's port by.
func (w *web) listenerPort(g *gateway.Gateway, port uint16) uint16 {
	switch {
	case g.Namespace != "":
		return port
	case w.target.request.Scheme == gateway.HTTPS:
		return 443
	default:
		return 80
	}
}

// listeningNodes are the nodes with a listener of their own.
func (w *web) listeningNodes(g *gateway.Gateway) []*model.Node {
	want := model.Labels{}
	for _, pair := range strings.Split(w.datapath.Options[ciliumSettings(g).nodes], ",") {
		if key, value, found := strings.Cut(pair, "="); found {
			want[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return slices.DeleteFunc(slices.Clone(w.index.Cluster.Nodes), func(n *model.Node) bool {
		for key, value := range want {
			if n.Labels[key] != value {
				return true
			}
		}
		return false
	})
}

// envoyServices are the Services whose packets Cilium hands to Envoy, nil for none.
func envoyServices(t *gateway.Table) map[*model.Service]*gateway.Gateway {
	services := map[*model.Service]*gateway.Gateway{}
	for _, g := range t.Gateways() {
		if svc := t.DataPlane(g).Service; svc != nil && g.Controller.OnNode {
			services[svc] = g
		}
	}
	return services
}

// resolve is who translates a request. To the Service of a Gateway that Cilium's
// Envoy serves nobody does: Envoy takes it, and what comes of that hangs on the
// request.
func (s *Sim) resolve(r dnat.Request) []dnat.Path {
	g := s.onEnvoy[r.Service]
	if g == nil || r.Port == nil || !slices.Contains(g.Ports(), r.Port.Port) {
		return dnat.Resolve(s.index, s.datapath, r)
	}
	return []dnat.Path{{
		Translation: dnat.Translation{By: dnat.ByNone},
		Service: model.Step{
			Stage: model.StageService, By: []model.Origin{r.Service.Origin, g.Origin},
			Why: fmt.Sprintf("Cilium's Envoy takes connections to Service %s/%s for %s, and which backend and which policies they meet depends on the request", r.Service.Namespace, r.Service.Name, g.Ref()),
		},
		Hint: "ask for a URL that it serves, as in https://app.example.com/",
	}}
}
