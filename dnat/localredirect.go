package dnat

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// A CiliumLocalRedirectPolicy sends what pods of a node ask of a ClusterIP, or of
// an address, to pods of the same node. Where the node has none the traffic takes
// its ordinary way. Source: pkg/loadbalancer/redirectpolicy/controller.go
// processRedirectPolicy, shouldRedirectFrontend.
type redirect struct {
	Spec struct {
		RedirectFrontend struct {
			ServiceMatcher struct {
				serviceName
				ToPorts []redirectPort `json:"toPorts"`
			} `json:"serviceMatcher"`
			AddressMatcher struct {
				IP      string         `json:"ip"`
				ToPorts []redirectPort `json:"toPorts"`
			} `json:"addressMatcher"`
		} `json:"redirectFrontend"`
		RedirectBackend struct {
			LocalEndpointSelector labelSelector  `json:"localEndpointSelector"`
			ToPorts               []redirectPort `json:"toPorts"`
		} `json:"redirectBackend"`
		SkipRedirectFromBackend bool `json:"skipRedirectFromBackend"`
	} `json:"spec"`
}

// redirectPort is a port as the policy writes it: the number is a text.
type redirectPort struct {
	Port     string `json:"port"`
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
}

func (p redirectPort) is(port uint16, protocol model.Protocol) bool {
	return p.Port == strconv.Itoa(int(port)) && p.speaks(protocol)
}

func (p redirectPort) speaks(protocol model.Protocol) bool {
	return strings.EqualFold(p.Protocol, string(protocol))
}

// localRedirect answers for a redirect policy that claims the query. It is nil
// where the policy takes nothing on the client's node. What netsim has not
// established, or an agent would refuse, is undetermined.
func (q *query) localRedirect(o *model.Object) []Path {
	var r redirect
	backend, why := redirectPort{}, "netsim models it for pods, from Cilium 1.18 on"
	if q.Source.Kind == model.PartyPod && q.settings.version.AtLeast(1, 18, 0) {
		if json.Unmarshal(o.JSON, &r) != nil {
			return nil
		}
		if backend, why = q.redirectTarget(r); why == "" && backend.Port == "" {
			return nil
		}
	}
	if why != "" {
		return q.undeterminedBy(o, why)
	}
	pods := q.redirectPods(o.Origin.Namespace, r, backend)
	if len(pods) == 0 {
		return nil
	}
	if r.Spec.SkipRedirectFromBackend && slices.Contains(pods, q.Source.Pod) {
		return q.undeterminedBy(o, "skipRedirectFromBackend needs support in the kernel")
	}
	return q.redirected(o, pods, backend)
}

// redirectTarget is the backend's port for the port that is asked for; its Port
// is "" where the policy does not mean that port. Several backend ports are told
// apart by name, unless, from 1.20 on, there is one frontend port, which goes to
// the first.
func (q *query) redirectTarget(r redirect) (target redirectPort, why string) {
	front, back := r.Spec.RedirectFrontend.ServiceMatcher.ToPorts, r.Spec.RedirectBackend.ToPorts
	if r.Spec.RedirectFrontend.AddressMatcher.IP != "" {
		front = r.Spec.RedirectFrontend.AddressMatcher.ToPorts
	}
	asked := slices.IndexFunc(front, func(p redirectPort) bool { return p.is(q.PortNumber, q.Protocol) })
	switch {
	case len(back) == 0:
		return target, "it names no backend port"
	case len(front) > 0 && asked < 0:
		return target, ""
	case len(back) == 1 || len(front) == 1 && q.settings.version.AtLeast(1, 20, 0):
		if !back[0].speaks(q.Protocol) {
			return target, "its ports have different protocols"
		}
		return back[0], ""
	}
	name := ""
	if q.Port != nil {
		name = q.Port.Name
	} else if asked >= 0 {
		name = front[asked].Name
	}
	for _, p := range back {
		if strings.EqualFold(p.Name, name) && p.speaks(q.Protocol) {
			return p, ""
		}
	}
	return target, ""
}

// redirectPods are the ready pods on the client's node that the policy selects
// and that declare the port, or no port at all.
func (q *query) redirectPods(namespace string, r redirect, backend redirectPort) []*model.Pod {
	return filter(q.ix.Cluster.Pods, func(p *model.Pod) bool {
		declares := slices.ContainsFunc(p.Ports, func(c model.ContainerPort) bool { return backend.is(c.Port, c.Protocol) })
		return p.Inferred == "" && p.Namespace == namespace && p.Node == q.node && p.Ready && !p.Finished &&
			r.Spec.RedirectBackend.LocalEndpointSelector.matches(p.Labels) && (declares || len(p.Ports) == 0)
	})
}

func (q *query) redirected(o *model.Object, pods []*model.Pod, backend redirectPort) []Path {
	port, err := strconv.ParseUint(backend.Port, 10, 16)
	if err != nil {
		return q.undeterminedBy(o, fmt.Sprintf("its backend port %q is no number", backend.Port))
	}
	by, hairpin := ByCiliumBPF, q.perPacketHairpin
	if mode := q.settings.mode(model.PartyPod, q.Protocol); mode == modeSocketLB || mode == modeSocketLBBeside {
		by, hairpin = BySocketLB, q.socketLBHairpin
	}
	found := map[netip.Addr]candidate{}
	for _, p := range pods {
		addr := q.ix.PodParty(p, q.Addr.Is6()).Addr
		found[addr] = candidate{
			endpoint: model.Endpoint{Addr: addr, Ready: true, Node: q.node, PodNamespace: p.Namespace, PodName: p.Name},
			port:     uint16(port), slice: &model.EndpointSlice{Origin: o.Origin},
		}
	}
	var paths []Path
	for _, c := range sortedCandidates(found) {
		why := fmt.Sprintf("%s redirects %s to a pod on the client's own node, %s: Cilium translates before egress policy, so %s",
			o.Origin.ID(), q.frontendText(), c.text(), q.policyMustAllow(c))
		paths = append(paths, q.translatedPath(c, Translation{By: by, Node: q.node, BeforeEgressPolicy: true}, why, hairpin))
	}
	return paths
}

// labelSelector is a Kubernetes label selector.
type labelSelector struct {
	MatchLabels      map[string]string `json:"matchLabels"`
	MatchExpressions []struct {
		Key      string   `json:"key"`
		Operator string   `json:"operator"`
		Values   []string `json:"values"`
	} `json:"matchExpressions"`
}

// matches says whether labels satisfy the selector; an empty one selects all,
// and an operator that Kubernetes does not know nothing.
func (s labelSelector) matches(labels model.Labels) bool {
	for key, value := range s.MatchLabels {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		value, has := labels[e.Key]
		listed := has && slices.Contains(e.Values, value)
		satisfied := map[string]bool{"In": listed, "NotIn": !listed, "Exists": has, "DoesNotExist": !has}
		if !satisfied[e.Operator] {
			return false
		}
	}
	return true
}
