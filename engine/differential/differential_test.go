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
	if *clusters < 2000 {
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
		"policy that breaks the schema", "policy that the agent refuses", "hostNetwork pod", "enable-host-firewall true", "enable-host-firewall false",
		"of pod", "of node", "of hostNetwork pod", "of a node under policy", "flows of a node with itself", "with pod", "with hostNetwork pod", "with node",
		"with router", "with world", "with address IPv4", "with address IPv6", "flows judged by the repository", "flows judged by the simulator",
		"verdict allowed", "verdict " + denied, "verdict " + denyRule, "verdict undetermined", "proxied", "proxied and asked", "auth required", "uncomputable", "hangs on which selector came first",
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
		require.Equal(t, o.refused, refusedBy(issues), "seed %d: refused policies\n%s", seed, w.policies())
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
// each way in which what no file says may turn out.
type oracle struct {
	w       *world
	entries policytypes.PolicyEntries
	refused []string
	agents  map[*testNode][]*agent
	// ordered is true where it may count which selector an agent met first.
	ordered bool
}

func newOracle(w *world) *oracle {
	o := &oracle{w: w, agents: map[*testNode][]*agent{}}
	o.entries, o.refused = w.parse()
	named := policy.GetCIDRPrefixes(o.entries)
	// The name or cloud group that no file resolves stands for no address
	// outside or for all of them.
	readings := []bool{false}
	if w.unknown != "" {
		readings = []bool{false, true}
	}
	firsts := firstSelectors(o.entries)
	o.ordered = len(firsts) > 1
	for _, n := range w.nodes {
		for _, resolved := range readings {
			for _, first := range firsts {
				o.agents[n] = append(o.agents[n], newAgent(lore{w, named, resolved}, n, o.entries, first))
			}
		}
	}
	return o
}

// firstSelectors are those that an agent may have met first where the order
// counts: an empty cidrGroupSelector has the text of the selector of everything,
// and agents keep one selector for a text.
func firstSelectors(entries policytypes.PolicyEntries) []policytypes.Selectors {
	for _, e := range entries {
		for _, s := range e.L3 {
			if s.Key() == policytypes.WildcardSelector.Key() && !s.IsWildcard() {
				return []policytypes.Selectors{policytypes.WildcardSelectors, {s}}
			}
		}
	}
	return []policytypes.Selectors{nil}
}

// agrees compares netsim's answer with those of the oracles.
func (o *oracle) agrees(t *testing.T, f drawnFlow, steps []model.Step) bool {
	t.Helper()
	got := judgementOf(steps)
	if f.subject.asNode() != nil && f.withOwnNode() {
		// It passes no device where policies are enforced.
		o.w.count("flows of a node with itself")
		return got == judgement{verdict: allowed}
	}
	want, computable := o.judge(f)
	if !computable {
		o.w.count("uncomputable")
		return got.verdict == undetermined
	}
	o.count(f, got, want)
	if !o.fits(f, got, want) {
		t.Logf("%s: the repository says %+v, netsim %+v", f, want, got)
		return false
	}
	return slices.ContainsFunc(want, func(j judgement) bool { return j.verdict != want[0].verdict }) || o.simulatorAgrees(t, f, got, steps[0])
}

// judge asks all agents of the subject's node.
func (o *oracle) judge(f drawnFlow) (want []judgement, computable bool) {
	for _, a := range o.agents[f.subject.home()] {
		if f.peer.world && a.lore.resolved && o.w.unknown == "Groups" {
			continue // netsim answers for what is in no group, and says so
		}
		m := a.policyOf(f)
		if m == nil {
			return nil, false
		}
		want = append(want, lookup(m, f.direction, a.peer(f).ID, f.proto(), f.port))
	}
	return want, true
}

// fits says whether netsim's judgement is what those of the agents come to.
func (o *oracle) fits(f drawnFlow, got judgement, want []judgement) bool {
	differs := func(by func(judgement) any) bool {
		return slices.ContainsFunc(want, func(j judgement) bool { return by(j) != by(want[0]) })
	}
	if o.ordered && o.w.unknown == "" && differs(func(j judgement) any { return j }) {
		o.w.count("hangs on which selector came first")
	}
	if got.authOpen {
		// The repository shows one of the orders, and netsim says that it knows
		// of another.
		o.w.count("authentication left to the order of maps")
		got.auth, got.authOpen = want[0].auth, false
	}
	switch {
	case differs(func(j judgement) any { return j.verdict }):
		// Both ways of denying are one verdict.
		allDeny := !slices.ContainsFunc(want, func(j judgement) bool { return j.verdict == allowed })
		return got.verdict == undetermined || allDeny && got.verdict != allowed
	case got.verdict == undetermined && want[0].verdict == allowed && o.ordered:
		// Netsim does not work out whether the proxy or the authentication that
		// rules ask for hangs on which selector came first.
		o.w.count("left open for what follows")
		return true
	case got.verdict != want[0].verdict:
		return false
	case differs(func(j judgement) any { return j }):
		o.w.count("what follows is open")
		return true
	case !f.asks:
		// Without a request netsim names a proxy only where that might refuse
		// one.
		return got.auth == want[0].auth && (want[0].proxied || !got.proxied)
	default:
		return got == want[0]
	}
}

func (o *oracle) count(f drawnFlow, got judgement, want []judgement) {
	o.w.count("flows judged by the repository")
	o.w.count("with " + f.peer.kind())
	o.w.count("of " + f.subject.kind())
	o.w.count("verdict " + got.verdict)
	for feature, has := range map[string]bool{
		"proxied": want[0].proxied, "proxied and asked": want[0].proxied && f.asks, "auth required": want[0].auth,
		"of a node under policy": f.subject.asNode() != nil && o.agents[f.subject.home()][0].hostFirewall(),
	} {
		if has {
			o.w.count(feature)
		}
	}
}

func (o *oracle) simulatorAgrees(t *testing.T, f drawnFlow, got judgement, step model.Step) bool {
	t.Helper()
	allows, by, covered := o.agents[f.subject.home()][0].simulate(o.entries, f)
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
		j.authOpen = j.authOpen || s.Stage == model.StageAuth && strings.Contains(s.Why, "hangs on the order in which Cilium")
		j.proxied = j.proxied || s.Stage == model.StageL7
		for _, c := range s.Conditions {
			j.proxied = j.proxied || strings.HasPrefix(c, "the proxy of ")
		}
	}
	return j
}
