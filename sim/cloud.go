package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/dnat"
	"github.com/netsim-dev/netsim/model"
)

// cloud is what stands between machines outside Cilium: what documents state of
// it, and what is known without them.
type cloud struct {
	index     *model.Index
	firewalls []*model.CloudFirewall
	// setting is the setting cloud.firewall, "" where nobody gives it.
	setting  string
	platform platform
	// unrouted is true where a managed platform decides on the routing mode and
	// no file says how: which form packets have between its nodes is not known.
	unrouted bool
}

func newCloud(ix *model.Index, dp model.Datapath) cloud {
	c := cloud{index: ix, firewalls: ix.Cluster.CloudFirewalls, setting: dp.Options[settingFirewall], platform: platformOf(dp.Name, ix.Cluster.Nodes)}
	if c.setting == firewallOpen {
		c.firewalls = nil
	}
	if profile, err := ProfileNamed(dp.Name); err == nil {
		_, managed := profile.Setting(settingFirewall)
		c.unrouted = managed && profile.Routing() == "" && dp.Sources[optionRouting] == sourceDefault
	}
	return c
}

// The range from which an API server takes nodePorts, by default.
const firstNodePort, lastNodePort = 30000, 32767

// crossing completes what package dnat says of a packet by what a load balancer
// of the cloud makes of it: on AWS it sends to a node's own address and NodePort,
// on others with the address that the client asked for. Sources:
// k8s.io/cloud-provider-aws v1.37.1 pkg/providers/v1/aws_loadbalancer.go
// (portMappings), k8s.io/cloud-provider-gcp/providers v0.28.2
// gce/gce_loadbalancer_external.go firewallObject (destinationRanges).
func (c cloud) crossing(x dnat.Crossing, request dnat.Request) crossing {
	out := crossing{Crossing: x, loadBalanced: x.From == nil && request.Frontend == model.FrontendLoadBalancer}
	if out.loadBalanced && c.platform.toNodePorts && request.Port != nil {
		out.Packet.Destination, out.Packet.Port = c.index.NodeParty(x.To, request.Addr.Is6()), request.Port.NodePort
	}
	out.first, out.last = out.Packet.Port, out.Packet.Port
	if out.first == 0 && x.Packet.Protocol.HasPorts() {
		out.first, out.last = firstNodePort, lastNodePort
	}
	return out
}

// step judges a crossing by the documents. Its Stage is "" where there is
// nothing to say; unstated is true where no document says what the verdict hangs
// on.
func (c cloud) step(x crossing) (step model.Step, unstated bool) {
	if c.setting == firewallOpen {
		return model.Step{}, false
	}
	found := c.rulings(x)
	why := c.missing(x, found)
	if len(found) == 0 && why == "" {
		return model.Step{}, false
	}
	step = x.step()
	doubt := c.doubt(x)
	switch r, decided := decisive(found); {
	case len(found) > 0 && doubt != "":
		step.Why = doubt
	case decided && r.verdict == model.Denied:
		step.Verdict, step.By, step.Why, step.Hint = model.Denied, []model.Origin{r.origin}, r.why(x), r.hint(x)
	case why != "":
		step.Why, step.Hint = why, "state what the cloud lets in with a CloudFirewall document, or use --set "+settingFirewall+"="+firewallOpen
		return step, true
	case decided:
		step.By, step.Why = []model.Origin{r.origin}, r.why(x)
	default:
		step.Verdict, step.By, step.Why = model.Allowed, origins(found), "the cloud lets through "+x.words()
	}
	if step.Verdict != model.Undetermined {
		step.Conditions = conditions(found)
	}
	return step, false
}

// conditions are what rulings about an outside without an address hang on.
func conditions(found []ruling) []string {
	var list []string
	for _, r := range found {
		if r.named {
			list = append(list, fmt.Sprintf("the address outside is none that %s names", r.origin.ID()))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// decisive is the ruling that keeps a packet from passing: a denial before a
// doubt.
func decisive(found []ruling) (ruling, bool) {
	for _, verdict := range []model.Verdict{model.Denied, model.Undetermined} {
		if i := slices.IndexFunc(found, func(r ruling) bool { return r.verdict == verdict }); i >= 0 {
			return found[i], true
		}
	}
	return ruling{}, false
}

func origins(found []ruling) []model.Origin {
	list := []model.Origin{}
	for _, r := range found {
		list = append(list, r.origin)
	}
	return model.SortOrigins(list)
}

// doubt says why the form in which the packet crosses is not known, "" if it is.
func (c cloud) doubt(x crossing) string {
	switch {
	case x.Doubt != "":
		return x.Doubt
	case x.comesBack():
		return fmt.Sprintf("%s is no address of the network between the nodes: the packet leaves that network and comes back, and with which address is not known", x.Packet.Destination.Addr)
	case c.unrouted && x.From != nil && (x.Tunnel != "" || isPod(x.to())):
		return "no file gives the routing mode, which the platform decides: whether its network sees this packet or a tunnel's is not known"
	}
	return ""
}

// missing says what no file says and the verdict hangs on, "" if it does not.
// Between machines of one cluster the defaults of all three clouds, and the
// groups that eksctl makes (eksctl v0.215.0 pkg/cfn/builder/cluster.go
// IngressInterNodeGroupSG), let everything through, and so they do outwards;
// from outside they let nothing in.
func (c cloud) missing(x crossing, found []ruling) string {
	entering := x.From == nil && x.To != nil || x.comesBack()
	if c.setting != firewallUnknown || !entering || x.loadBalanced || stated(found) {
		return ""
	}
	words := cmp.Or(c.platform.firewall, "firewalls before the cluster")
	if x.controlPlane && c.platform.controlPlane != "" {
		if slices.Contains(c.platform.controlPorts, x.first) && x.first == x.last && x.Packet.Protocol == model.TCP {
			return ""
		}
		return fmt.Sprintf("%s, and no file says whether %s let %s in", c.platform.controlPlane, words, x.words())
	}
	return fmt.Sprintf("no file says whether %s let %s in: what comes from outside they drop unless a rule allows it", words, x.words())
}

// stated says whether a document other than a subnet's says what may enter.
func stated(found []ruling) bool {
	return slices.ContainsFunc(found, func(r ruling) bool {
		return r.at == model.Ingress && !r.reply && r.firewall.AppliesTo != model.GuardsSubnets
	})
}

// cloudSteps judges the crossings of a path: before are those on the way to
// whoever translates the packet, after the others. Where something else denies
// the packet, what nobody states is not worth a word.
func (s *Sim) cloudSteps(way dnat.Path, request dnat.Request, denied bool) (before, after []model.Step) {
	for _, hop := range way.Crossings {
		x := s.cloud.crossing(hop, request)
		x.controlPlane = hop.From == nil && slices.Contains(s.engine.Identity(request.Source, nil), labelAPIServer)
		step, unstated := s.cloud.step(x)
		switch {
		case step.Stage == "" || unstated && denied:
		case hop.To != nil && hop.To.Name == way.Translation.Node:
			before = append(before, step)
		default:
			after = append(after, step)
		}
	}
	return before, after
}

// labelAPIServer is how Cilium marks the API server, on nodes or outside.
const labelAPIServer = "reserved:kube-apiserver"

// opened is the condition under which a load balancer of a cloud reaches nodes:
// its controller opens their firewalls for it (k8s.io/cloud-provider-aws v1.37.1
// updateInstanceSecurityGroupsForNLB, k8s.io/cloud-provider-gcp/providers
// v0.28.2 createFirewall), unless it is told not to.
func (s *Sim) opened(way dnat.Path, request dnat.Request) []string {
	if s.cloud.setting != firewallUnknown {
		return nil
	}
	for _, hop := range way.Crossings {
		if x := s.cloud.crossing(hop, request); x.loadBalanced && !stated(s.cloud.rulings(x)) {
			return []string{fmt.Sprintf("the cloud's controller has opened the nodes to the load balancer of Service %s, as it does unless told otherwise", strings.TrimPrefix(request.Service.Origin.ID(), "Service "))}
		}
	}
	return nil
}
