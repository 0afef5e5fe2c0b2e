package sim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// About says what sort of thing it is that cannot move.
type About string

// The sorts.
const (
	// AboutPolicy: the whole policy, which is not in force there.
	AboutPolicy About = "policy"
	// AboutAddress: an address or network of this cluster.
	AboutAddress About = "address"
	// AboutEntity: an entity that means others there.
	AboutEntity About = "entity"
	// AboutFeature: a field that does something else there.
	AboutFeature About = "feature"
)

// Unportable is something in a policy that means another thing on another
// datapath, or nothing.
type Unportable struct {
	About About `json:"about"`
	// Policy is the policy, with the rule and line where it is written.
	Policy model.Origin `json:"policy"`
	// Written is the text, as in "fromEntities: host".
	Written string `json:"written"`
	// Here and There say what it means on the one and on the other datapath, and
	// Instead what to write there.
	Here    string `json:"here"`
	There   string `json:"there"`
	Instead string `json:"instead"`
	// Obstacles are, for a kind of policy that is not enforced there, what in it no
	// Kubernetes NetworkPolicy can say.
	Obstacles []Obstacle `json:"obstacles,omitempty"`
}

// Portability lists what in the policies of a target cannot move from this Sim's
// datapath to the target's as it is: policies that are in force here and not
// there, addresses of this Sim's cluster, and words that mean something else. It
// is about texts; what becomes of connections, Diff says. Policies that only the
// target has are judged by what they say, and those that are not in force here are
// left out. It is sorted by policy and place, and empty for the same datapath.
func (s *Sim) Portability(target *Sim) []Unportable {
	p := porting{before: s, after: target, here: s.site(), there: target.site()}
	list := []Unportable{}
	if p.here.sameAs(p.there) {
		return list
	}
	p.own = s.ownAddresses()
	p.known = map[model.Origin]*model.Object{}
	for _, o := range s.index.Cluster.Policies {
		p.known[o.Origin] = o
	}
	for _, o := range target.index.Cluster.Policies {
		list = append(list, p.policy(o)...)
	}
	slices.SortStableFunc(list, func(a, b Unportable) int { return model.CompareOrigins(a.Policy, b.Policy) })
	return list
}

// porting is one comparison.
type porting struct {
	before, after *Sim
	here, there   site
	own           []ownAddress
	// known are the policies of the cluster here.
	known map[model.Origin]*model.Object
}

func (p porting) policy(o *model.Object) []Unportable {
	known := p.known[o.Origin]
	if known != nil {
		if why, _ := p.before.engine.Absent(known); why != "" {
			return nil
		}
	}
	var list []Unportable
	why, remedy := p.after.engine.Absent(o)
	if why != "" && known != nil {
		list = append(list, p.absent(o, why, remedy))
	}
	for _, w := range writings(o) {
		list = append(list, p.address(w)...)
		if why == "" {
			list = append(list, p.entity(w)...)
			list = append(list, p.feature(w)...)
		}
	}
	return list
}

// entry is one about what is written at a place.
func (p porting) entry(about About, w written, here, there, instead string) Unportable {
	text := w.name()
	if value := w.text(); value != "" {
		text += ": " + value
	}
	return Unportable{About: about, Policy: w.origin(), Written: text, Here: here, There: there, Instead: instead}
}

// absent is the entry of a policy that is not in force there.
func (p porting) absent(o *model.Object, why, remedy string) Unportable {
	u := Unportable{About: AboutPolicy, Policy: o.Origin, Written: o.Origin.Kind, Here: "in force", There: why, Instead: remedy}
	if p.after.engine.Off(o.Origin.Kind) == "" || p.after.engine.Off("NetworkPolicy") != "" {
		u.Instead = cmp.Or(remedy, "write it as Cilium takes it there")
		return u
	}
	r := AsNetworkPolicy(o)
	u.Obstacles = r.Obstacles
	if len(r.Obstacles) > 0 {
		u.Instead = "a NetworkPolicy cannot say all of it" + p.clusterwide(o)
		return u
	}
	u.Instead = strings.Join(append([]string{"write it as a NetworkPolicy, which can say all of it"}, r.Cautions...), "; ")
	return u
}

// clusterwide: what a CiliumNetworkPolicy says, a clusterwide one can. Peers that
// name no namespace mean every one in it (cilium v1.20.2
// pkg/k8s/apis/cilium.io/utils/utils.go).
func (p porting) clusterwide(o *model.Object) string {
	const kind = "CiliumClusterwideNetworkPolicy"
	if o.Origin.Kind != "CiliumNetworkPolicy" || p.after.engine.Off(kind) != "" {
		return ""
	}
	text := ": a " + kind + " can, with the namespace as label io.kubernetes.pod.namespace in its endpointSelector and in peers that name none"
	if limit := p.there.requestLimit(kind); limit != "" {
		text += " (" + limit + ")"
	}
	return text
}

// portsOf are the port ranges of a rule of Cilium's; one by name counts as every
// port.
func portsOf(rule map[string]any) (ranges [][2]uint64) {
	entries, _ := rule["toPorts"].([]any)
	for _, entry := range entries {
		fields, _ := entry.(map[string]any)
		ports, _ := fields["ports"].([]any)
		for _, port := range ports {
			fields, _ := port.(map[string]any)
			text, _ := fields["port"].(string)
			first, err := strconv.ParseUint(text, 10, 16)
			if err != nil || first == 0 {
				ranges = append(ranges, [2]uint64{0, 65535})
				continue
			}
			end, _ := fields["endPort"].(float64)
			ranges = append(ranges, [2]uint64{first, max(first, uint64(end))})
		}
	}
	return ranges
}
