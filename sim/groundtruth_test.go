package sim_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// recordings are what live clusters did; lab/groundtruth/README.md has their
// format.
const recordings = "../lab/groundtruth"

// probe is one question that was put to a live cluster, and what it did.
type probe struct {
	ID              string
	From, To        map[string]string
	IP              string
	Port            uint16
	Protocol        string
	Via             string
	Outcomes        map[string]int
	ReachedBackends map[string]int
	SourceSeen      []string
	Flaky           bool
	Listening       *bool
}

func (p probe) String() string {
	text := fmt.Sprintf("%s -> %s %s:%d/%s", endText(p.From), endText(p.To), p.IP, p.Port, p.Protocol)
	if p.Via != "" {
		text += " via " + p.Via
	}
	return text
}

// endText is "pod shop/fe1" or "service shop/api clusterIP".
func endText(end map[string]string) string {
	for _, kind := range []string{"pod", "node", "external", "ip"} {
		if name, ok := end[kind]; ok {
			return kind + " " + name
		}
	}
	return "service " + end["service"] + " " + end["frontend"]
}

// verdict is what a cluster's outcomes amount to.
func (p probe) verdict() model.Verdict {
	arrived, lost := p.Outcomes["OPEN"], p.Outcomes["TIMEOUT"]+p.Outcomes["UNREACH"]
	if p.Listening != nil && !*p.Listening {
		arrived += p.Outcomes["REFUSED"]
	} else {
		lost += p.Outcomes["REFUSED"]
	}
	switch {
	case lost == 0:
		return model.Allowed
	case arrived == 0:
		return model.Denied
	}
	return model.Mixed
}

// difference is something that netsim says otherwise than a cluster did, and
// why that is right. An asterisk in a field stands for anything.
type difference struct {
	// cluster, scenario and probe are prefixes.
	cluster, scenario, probe string
	reason                   string
}

// known are the differences. "Not implemented" is no reason, and where a
// cluster dropped netsim never says allowed.
func known() []difference {
	return []difference{
		{"native-kpr-false-1.18", "04-ingress-cidr-pods", "node node2 -> service shop/api clusterIP 10.96.42.76:9000",
			"kube-proxy chooses a backend at random for each connection (pkg/proxy/iptables/proxier.go, --mode random), and here took " +
				"shop/api2 eight times out of eight; the same client's probes of 10.96.42.76:8000 in this scenario met both, and shop/api1 refused"},
	}
}

// leftOut says why a probe decides nothing about netsim, "" if it does.
func leftOut(cluster string, p probe) string {
	onNode1 := strings.HasPrefix(p.From["node"], "node1") || slices.Contains(podsOnNode1(), p.From["pod"])
	switch {
	case p.Flaky:
		return "its attempts disagreed"
	case p.From["external"] != "" && p.To["frontend"] == "clusterIP":
		return "the outside had no route to ClusterIPs"
	case strings.HasSuffix(cluster, "kpr-true") && p.To["frontend"] == "externalIP" && onNode1:
		return "the lab's router sent external IPs back to node1, which drops its own source address"
	}
	return ""
}

func podsOnNode1() []string {
	return []string{"shop/fe1", "shop/api1", "pay/ledger", "obs/scraper", "kube-system/dns", "kube-system/hn1"}
}

func TestAnswersAreWhatClustersDid(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(recordings, "*.tar.gz"))
	require.NoError(t, err)
	if len(archives) == 0 {
		t.Skip("lab/groundtruth is not here")
	}
	used := map[int]bool{}
	for _, archive := range archives {
		cluster := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
		t.Run(cluster, func(t *testing.T) {
			r := &replay{cluster: cluster, dir: t.TempDir(), used: used, tally: map[string]map[string]int{}, shown: map[string]int{}}
			unpack(t, archive, r.dir)
			r.run(t)
		})
	}
	for i, d := range known() {
		assert.True(t, used[i], "no probe differs as %+v says: remove it", d)
	}
}

func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	require.NoError(t, err)
	defer f.Close()
	gz, err := gzip.NewReader(f)
	require.NoError(t, err)
	for tr := tar.NewReader(gz); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		path := filepath.Join(dir, filepath.FromSlash(header.Name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		content, err := io.ReadAll(tr)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
}

// replay puts a cluster's probes to netsim.
type replay struct {
	cluster, dir string
	used         map[int]bool
	// tally counts, for each group of scenarios, how probes came out.
	tally map[string]map[string]int
	shown map[string]int
}

// How a probe comes out.
const (
	agreed       = "agreed"
	undetermined = "undetermined"
	differed     = "known difference"
	skipped      = "left out"
)

func (r *replay) run(t *testing.T) {
	scenarios, err := filepath.Glob(filepath.Join(r.dir, "*", "probes.json"))
	require.NoError(t, err)
	require.NotEmpty(t, scenarios)
	for _, path := range scenarios {
		r.scenario(t, filepath.Dir(path))
	}
	for _, group := range slices.Sorted(maps.Keys(r.tally)) {
		t.Logf("%s group %s: %v", r.cluster, group, r.tally[group])
		assert.Zero(t, r.tally[group][undetermined], "probes of group %s that netsim leaves open", group)
	}
}

func (r *replay) scenario(t *testing.T, dir string) {
	name := filepath.Base(dir)
	cluster, err := os.ReadFile(filepath.Join(dir, "cluster"))
	require.NoError(t, err)
	files := []string{filepath.Join(r.dir, string(cluster))}
	if policies := filepath.Join(dir, "policies.json"); exists(policies) {
		files = append(files, policies)
	}
	loaded, issues, err := sim.Load(files, nil)
	require.NoError(t, err)
	s, err := sim.New(loaded, issues, sim.Options{})
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(dir, "probes.json"))
	require.NoError(t, err)
	var probes []probe
	require.NoError(t, json.Unmarshal(content, &probes))
	group := name[:2]
	if r.tally[group] == nil {
		r.tally[group] = map[string]int{}
	}
	for _, p := range probes {
		r.tally[group][r.probe(t, s, name, p)]++
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// probe puts one probe to netsim, by address and by name, and says how it came
// out.
func (r *replay) probe(t *testing.T, s *sim.Sim, scenario string, p probe) string {
	if leftOut(r.cluster, p) != "" {
		return skipped
	}
	var answers []*sim.Answer
	for _, to := range destinations(s.Cluster(), p) {
		a, err := s.Query(sim.Query{From: source(p), To: to, Via: via(p)})
		if !assert.NoError(t, err, "%s %s: %s", r.cluster, scenario, p) {
			return differed
		}
		answers = append(answers, a)
	}
	for _, byName := range answers[1:] {
		assert.Equal(t, outcome(answers[0]), outcome(byName), "%s %s: %s by name", r.cluster, scenario, p)
	}
	a := answers[0]
	wrong := compare(s.Cluster(), p, a)
	switch {
	case a.Verdict == model.Undetermined:
		r.report(t, scenario, p, a, "undetermined")
		return undetermined
	case wrong == "":
		return agreed
	case r.isKnown(scenario, p) && !(a.Verdict == model.Allowed && p.verdict() == model.Denied):
		return differed
	}
	r.report(t, scenario, p, a, wrong)
	return differed
}

func (r *replay) isKnown(scenario string, p probe) bool {
	for i, d := range known() {
		if strings.HasPrefix(r.cluster, d.cluster) && strings.HasPrefix(scenario, d.scenario) && strings.HasPrefix(p.String(), d.probe) {
			r.used[i] = true
			return true
		}
	}
	return false
}

// report shows the first few probes of a scenario that came out otherwise.
func (r *replay) report(t *testing.T, scenario string, p probe, a *sim.Answer, wrong string) {
	const few = 6
	t.Helper()
	if r.shown[scenario]++; r.shown[scenario] > few {
		t.Fail()
		return
	}
	var whys []string
	for _, path := range a.Paths {
		for _, step := range path.Steps {
			whys = append(whys, fmt.Sprintf("%s %s: %s", step.Stage, step.Verdict, step.Why))
		}
	}
	t.Errorf("%s %s: %s: %s\n  cluster: %v reached %v from %v\n  netsim: %s, client sees %q\n    %s",
		r.cluster, scenario, p, wrong, p.Outcomes, p.ReachedBackends, p.SourceSeen, a.Verdict, a.ClientSees, strings.Join(whys, "\n    "))
}

func source(p probe) string {
	if node := p.From["node"]; node != "" {
		return "node/" + node
	}
	return p.From["pod"] + p.From["external"]
}

// via is the node that the lab's router sends the packet to: what a probe from
// outside names, and the one that has the external IPs.
func via(p probe) string {
	switch {
	case p.Via != "":
		return "node/" + p.Via
	case p.To["frontend"] == "externalIP":
		return "node/node1"
	}
	return ""
}

// destinations are the ways to ask for a probe's destination: by address, and
// by name where it is a Service.
func destinations(c *model.Cluster, p probe) []string {
	byAddress := fmt.Sprintf("%s:%d/%s", p.IP, p.Port, p.Protocol)
	if p.To["service"] == "" {
		return []string{byAddress}
	}
	namespace, name, _ := strings.Cut(p.To["service"], "/")
	i := slices.IndexFunc(c.Services, func(s *model.Service) bool { return s.Namespace == namespace && s.Name == name })
	port := p.Port
	for _, sp := range c.Services[i].Ports {
		if sp.NodePort == p.Port {
			port = sp.Port
		}
	}
	frontend, node, _ := strings.Cut(p.To["frontend"], "@")
	suffix := map[string]string{
		"clusterIP": "@clusterip", "nodePort": "@nodeport=" + node, "externalIP": "@externalip", "loadBalancerIP": "@loadbalancer",
	}
	return []string{byAddress, fmt.Sprintf("%s/svc/%s:%d/%s%s", namespace, name, port, p.Protocol, suffix[frontend])}
}

// outcome is the part of an answer that does not tell how it was asked for.
func outcome(a *sim.Answer) []any {
	return []any{a.Verdict, a.ClientSees, a.Paths}
}

// compare says what an answer has otherwise than the cluster, "" if nothing.
func compare(c *model.Cluster, p probe, a *sim.Answer) string {
	if wrong := compareVerdict(p, a); wrong != "" {
		return wrong
	}
	if wrong := compareClientSees(p, a); wrong != "" {
		return wrong
	}
	for backend := range p.ReachedBackends {
		paths := allowedTo(a, backend)
		if len(paths) == 0 {
			return "reached " + backend
		}
	}
	for _, seen := range p.SourceSeen {
		if !slices.ContainsFunc(a.Paths, func(path sim.Path) bool { return sees(c, path, seen) }) {
			return "the backend saw " + seen
		}
	}
	return ""
}

// compareVerdict takes it that where backends disagree, a cluster with session
// affinity chooses one of them for all attempts.
func compareVerdict(p probe, a *sim.Answer) string {
	oneBackend := strings.HasSuffix(p.To["service"], "/aff") && a.Verdict == model.Mixed
	if want := p.verdict(); a.Verdict != want && !oneBackend {
		return "the cluster " + want.String()
	}
	return ""
}

func compareClientSees(p probe, a *sim.Answer) string {
	if a.Verdict != model.Denied {
		return ""
	}
	saw := map[string]model.ClientSees{"TIMEOUT": model.SeesTimeout, "REFUSED": model.SeesRefused, "UNREACH": model.SeesUnreachable}
	for kind := range p.Outcomes {
		// Whether a router's answer comes depends on its rate limit.
		rateLimited := kind == "UNREACH" && a.ClientSees == model.SeesTimeout
		if saw[kind] != a.ClientSees && !rateLimited {
			return "the client saw " + kind
		}
	}
	return ""
}

// allowedTo are the allowed paths to a listener, by its name in the recordings.
func allowedTo(a *sim.Answer, listener string) []sim.Path {
	namespace, name, isPod := strings.Cut(listener, "/")
	var paths []sim.Path
	for _, path := range a.Paths {
		if path.Verdict != model.Allowed || path.Backend == nil {
			continue
		}
		ref := path.Backend.Ref
		isHostNetwork := strings.HasPrefix(ref, "node/")
		if isHostNetwork || isPod && ref == namespace+"/pod/"+name || !isPod && ref == path.Backend.IP {
			paths = append(paths, path)
		}
	}
	return paths
}

// sees says whether a path's backend would see a source address. What netsim
// leaves open is an address of Cilium's own, which no file holds.
func sees(c *model.Cluster, path sim.Path, addr string) bool {
	if path.Verdict != model.Allowed {
		return false
	}
	if path.Translation.SourceSeen != "" {
		return path.Translation.SourceSeen == addr
	}
	isPod := slices.ContainsFunc(c.Pods, func(p *model.Pod) bool {
		return slices.ContainsFunc(p.IPs, func(ip netip.Addr) bool { return ip.String() == addr })
	})
	return strings.HasPrefix(addr, "10.244.") && !isPod
}
