package differential_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

var (
	clusters  = flag.Int("clusters", 60, "how many random clusters to compare with Cilium")
	firstSeed = flag.Uint64("seed", 0, "the seed of the first of them")
)

// TestVerdictsEqualThoseOfCilium draws random clusters, policies and packets
// and compares netsim's verdict with two oracles: Cilium's repository, used
// directly and with identities of the test's own making, for every packet; and
// the evaluator of pkg/policy/testutils for those that it can judge.
func TestVerdictsEqualThoseOfCilium(t *testing.T) {
	seen := counts{}
	for seed := range uint64(*clusters) {
		compareSeed(t, *firstSeed+seed, seen)
		if t.Failed() {
			return
		}
	}
	t.Log(seen)
	if *clusters < 600 {
		return // too few clusters to meet everything
	}
	for _, feature := range features() {
		require.NotZero(t, seen[feature], "the comparison never met %q, so it says nothing about it", feature)
	}
}

// FuzzEngineAgainstCilium lets the fuzzer choose the seeds.
func FuzzEngineAgainstCilium(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { compareSeed(t, seed, counts{}) })
}

// features are what a run must have met at least once.
func features() []string {
	out := []string{
		"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy", "ClusterNetworkPolicy", "specs", "nodeSelector",
		"ingress", "egress", "ingressDeny", "egressDeny", "enableDefaultDeny", "rules []", "rules [{}]",
		"tier Admin", "tier Baseline", "action Accept", "action Deny", "action Pass", "peers networks", "peers nodes of a ClusterNetworkPolicy",
		"labels any:", "labels k8s:", "labels namespace", "labels namespace labels", "labels service account", "labels cluster", "labels reserved:",
		"operator In", "operator NotIn", "operator Exists", "operator DoesNotExist", "peers FQDNs", "peers Groups", "deny Groups",
		"toServices with selector true", "toServices with selector false", "k8sServiceSelector", "ports absent", "ports []", "icmps", "icmp family IPv6",
		"L7", "authentication", "np podSelector", "np namespaceSelector", "np ipBlock", "np ports", "np no rules", "np [{}]",
		"API server outside", "cluster default", "cluster east", "policy-cidr-match-mode nodes", "policy-cidr-match-mode pods", "enable-policy always", "enable-policy never",
		"refused policy", "with pod", "with node", "with address IPv4", "with address IPv6", "flows judged by the repository", "flows judged by the simulator",
		"verdict allowed", "verdict " + denied, "verdict " + denyRule, "verdict undetermined", "proxied", "auth required", "uncomputable",
	}
	for _, kind := range slices.Concat(peerKinds[:len(peerKinds)-1]) {
		out = append(out, "peers "+kind)
	}
	for _, kind := range portKinds {
		out = append(out, "ports "+kind)
	}
	for _, e := range entities {
		out = append(out, "entity "+e)
	}
	return out
}

func compareSeed(t *testing.T, seed uint64, seen counts) {
	t.Helper()
	w := newWorld(rand.New(rand.NewPCG(seed, 7)), seen)
	cluster, loading := manifest.Load([]manifest.File{{Name: "cluster.json", Data: w.json()}})
	for _, i := range loading {
		require.NotEqual(t, model.Error, i.Severity, "seed %d: %s", seed, i)
	}
	ix := model.NewIndex(cluster)
	e, issues := engine.New(ix, model.Datapath{CiliumVersion: "1.20.2", ClusterName: w.cluster, Options: w.settings})
	flows := w.flows()
	answers := make([][]model.Step, len(flows))
	for i, f := range flows {
		answers[i] = e.Judge(f.question(ix))
		compiledAgrees(t, e.Compiled(), f.question(ix), answers[i], seen)
	}
	rowsAgree(t, w, ix, e.Compiled())
	w.withSettings(func() {
		o := newOracle(w)
		refused := refusedBy(issues)
		require.Subset(t, refused, o.refused, "seed %d: refused policies\n%s", seed, w.policies())
		if len(refused) > len(o.refused) {
			// The schema, which no oracle knows, refuses one more.
			w.count("cluster left out for a schema's refusal")
			return
		}
		for range o.refused {
			w.count("refused policy")
		}
		for i, f := range flows {
			if !o.agrees(t, f, answers[i]) {
				require.Fail(t, "netsim and Cilium differ", "seed %d: %s\n%+v\n%s", seed, f, answers[i], w.policies())
			}
		}
	})
}

// refusedBy are the policies, by name, of which netsim says that they have no
// effect.
func refusedBy(issues []model.Issue) (names []string) {
	for _, i := range issues {
		if i.Severity != model.Error {
			continue
		}
		_, name, _ := strings.Cut(i.Message, "policy")
		name = "policy" + name[:1]
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// oracle judges a cluster without netsim. It has one agent for each node and
// each reading of what no file resolves: for none or for every address outside.
type oracle struct {
	w       *world
	entries policytypes.PolicyEntries
	refused []string
	agents  map[*testNode][]*agent
}

func newOracle(w *world) *oracle {
	o := &oracle{w: w, agents: map[*testNode][]*agent{}}
	o.entries, o.refused = w.parse()
	named := policy.GetCIDRPrefixes(o.entries)
	for _, n := range w.nodes {
		o.agents[n] = []*agent{newAgent(lore{w, named, false}, n, o.entries)}
		if w.unknown != "" {
			o.agents[n] = append(o.agents[n], newAgent(lore{w, named, true}, n, o.entries))
		}
	}
	return o
}

// agrees compares netsim's answer with those of the oracles.
func (o *oracle) agrees(t *testing.T, f drawnFlow, steps []model.Step) bool {
	t.Helper()
	var want []judgement
	for _, a := range o.agents[f.subject.node] {
		m := a.policyOf(f.subject)
		if m == nil {
			o.w.count("uncomputable")
			return steps[0].Verdict == model.Undetermined
		}
		want = append(want, lookup(m, f.direction, a.peer(f).ID, f.proto(), f.port))
	}
	got := judgementOf(steps)
	o.w.count("flows judged by the repository")
	o.w.count("with " + f.peer.kind())
	o.w.count("verdict " + got.verdict)
	if slices.ContainsFunc(want, func(j judgement) bool { return j.verdict != want[0].verdict }) {
		// Both ways of denying are one verdict.
		allDeny := !slices.ContainsFunc(want, func(j judgement) bool { return j.verdict == allowed })
		return got.verdict == undetermined || allDeny && got.verdict != allowed
	}
	if want[0].proxied {
		o.w.count("proxied")
	}
	if want[0].auth {
		o.w.count("auth required")
	}
	if strings.Contains(steps[0].Why, "empty cidrGroupSelector") {
		// The order of Cilium's rules decides, and this repository has but one.
		o.w.count("left to the order of rules")
		return got.verdict == undetermined
	}
	differs := slices.ContainsFunc(want, func(j judgement) bool { return j != want[0] })
	if got.verdict != want[0].verdict || !differs && (got.auth != want[0].auth || got.proxied && !want[0].proxied) {
		t.Logf("%s: the repository says %+v, netsim %+v", f, want, got)
		return false
	}
	return o.simulatorAgrees(t, f, got, steps[0])
}

func (o *oracle) simulatorAgrees(t *testing.T, f drawnFlow, got judgement, step model.Step) bool {
	t.Helper()
	allows, by, covered := o.agents[f.subject.node][0].simulate(o.entries, f)
	if !covered {
		return true
	}
	o.w.count("flows judged by the simulator")
	if allows != (got.verdict == allowed) {
		t.Logf("%s: the simulator says allowed=%v by %s, netsim %+v", f, allows, by, got)
		return false
	}
	return o.namesTheRule(t, by, step)
}

// namesTheRule: the policy whose rule decides in the simulator is among those
// that netsim names.
func (o *oracle) namesTheRule(t *testing.T, by labels.LabelArray, step model.Step) bool {
	t.Helper()
	name := by.Get("k8s:io.cilium.k8s.policy.name")
	named := slices.ContainsFunc(step.By, func(origin model.Origin) bool { return origin.Name == name })
	if name != "" && !named {
		t.Logf("the simulator decides by %s, netsim names %v", name, step.By)
	}
	return name == "" || named
}

// judgementOf is what netsim's steps say of the packet.
func judgementOf(steps []model.Step) judgement {
	j := judgement{verdict: outcome(steps[0])}
	for _, s := range steps {
		j.auth = j.auth || s.Stage == model.StageAuth
		for _, c := range s.Conditions {
			j.proxied = j.proxied || strings.HasPrefix(c, "the proxy of ")
		}
	}
	return j
}
