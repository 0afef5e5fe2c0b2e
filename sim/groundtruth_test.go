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
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// recordings are what live clusters did; lab/groundtruth/README.md has their
// format.
const recordings = "../lab/groundtruth"

func TestAnswersAreWhatClustersDid(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join(recordings, "*.tar.gz"))
	require.NoError(t, err)
	if len(archives) == 0 {
		t.Skip("lab/groundtruth is not here")
	}
	all := newTally()
	for _, archive := range archives {
		cluster := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
		t.Run(cluster, func(t *testing.T) {
			dir := t.TempDir()
			unpack(t, archive, dir)
			scenarios, err := filepath.Glob(filepath.Join(dir, "*", "probes.json"))
			require.NoError(t, err)
			require.NotEmpty(t, scenarios)
			for _, path := range scenarios {
				name := filepath.Base(filepath.Dir(path))
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					r := &replay{cluster: cluster, scenario: name, dir: filepath.Dir(path)}
					r.run(t)
					all.add(r)
				})
			}
		})
	}
	all.check(t)
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

// How a probe comes out.
const (
	agreed       = "agreed"
	undetermined = "undetermined"
	differed     = "known difference"
	skipped      = "left out"
)

// tally gathers how the probes of all scenarios came out.
type tally struct {
	sync.Mutex
	// groups counts, for each cluster and group of scenarios.
	groups map[string]map[string]int
	// open are the scenarios with undetermined probes.
	open map[string]bool
	// used are the known differences that a probe showed, by their index.
	used map[int]bool
}

func newTally() *tally {
	return &tally{groups: map[string]map[string]int{}, open: map[string]bool{}, used: map[int]bool{}}
}

func (c *tally) add(r *replay) {
	c.Lock()
	defer c.Unlock()
	group := r.cluster + " group " + r.scenario[:2]
	if c.groups[group] == nil {
		c.groups[group] = map[string]int{}
	}
	for how, n := range r.counts {
		c.groups[group][how] += n
	}
	if r.counts[undetermined] > 0 {
		c.open[r.scenario] = true
	}
	maps.Copy(c.used, r.used)
}

// check shows the counts, and sees to it that the tables hold nothing that is
// no longer so.
func (c *tally) check(t *testing.T) {
	for _, group := range slices.Sorted(maps.Keys(c.groups)) {
		t.Logf("%s: %v", group, c.groups[group])
	}
	for i, d := range known() {
		assert.True(t, c.used[i], "no probe differs as %+v says: remove it", d)
	}
	for _, g := range pending() {
		for _, prefix := range g.scenarios {
			isOpen := func(scenario string) bool { return strings.HasPrefix(scenario, prefix) }
			assert.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(c.open)), isOpen),
				"no probe of %s is undetermined for want of %s: remove it from the pending", prefix, g.missing)
		}
	}
}

// replay puts a scenario's probes to netsim.
type replay struct {
	cluster, scenario, dir string
	counts                 map[string]int
	used                   map[int]bool
	shown                  int
}

// meta is what a recording says about its scenario.
type meta struct {
	// Cluster is the file with the cluster's objects.
	Cluster string
	// Refused are the policies that had no effect, and who refused them. What
	// the API server refused is not in the recorded policies.
	Refused []struct{ Name, By string }
	// DNS are the names that the clients had looked up, and the answers.
	DNS map[string]string
}

// answers are the recorded ones, and none for the name in 07-fqdn-no-lookup, which
// nobody asked for.
func (m meta) answers(t *testing.T) model.DNSAnswers {
	answers := model.DNSAnswers{"neverasked.example.net": nil}
	for name, ip := range m.DNS {
		addr, err := netip.ParseAddr(ip)
		require.NoError(t, err)
		answers.Add(name, addr)
	}
	return answers
}

func (r *replay) run(t *testing.T) {
	r.counts, r.used = map[string]int{}, map[int]bool{}
	var about meta
	readJSON(t, filepath.Join(r.dir, "meta.json"), &about)
	files := []string{filepath.Join(r.dir, "..", about.Cluster)}
	if policies := filepath.Join(r.dir, "policies.json"); exists(policies) {
		files = append(files, policies)
	}
	loaded, issues, err := sim.Load(files, nil)
	require.NoError(t, err)
	s, err := sim.New(loaded, issues, sim.Options{DNS: about.answers(t)})
	require.NoError(t, err)
	for _, refused := range about.Refused {
		if refused.By == "cilium-agent" && !isPending(r.scenario) {
			assert.True(t, refuses(s, refused.Name), "the agent refused %s", refused.Name)
		}
	}
	var probes []probe
	readJSON(t, filepath.Join(r.dir, "probes.json"), &probes)
	for _, p := range probes {
		r.counts[r.probe(t, s, p)]++
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, into))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// refuses says whether an error names a policy.
func refuses(s *sim.Sim, name string) bool {
	return slices.ContainsFunc(s.Issues(), func(i model.Issue) bool {
		id, _, _ := strings.Cut(i.Message, " is ")
		return i.Severity == model.Error && (strings.HasSuffix(id, "/"+name) || strings.HasSuffix(id, " "+name))
	})
}

// probe puts one probe to netsim, by address and by name, and says how it came
// out.
func (r *replay) probe(t *testing.T, s *sim.Sim, p probe) string {
	if leftOut(r.cluster, p) != "" {
		return skipped
	}
	var answers []*sim.Answer
	for _, to := range destinations(s.Cluster(), p) {
		a, err := s.Query(sim.Query{From: source(p), To: to, Via: via(p)})
		if !assert.NoError(t, err, "%s", p) {
			return differed
		}
		answers = append(answers, a)
	}
	for _, byName := range answers[1:] {
		assert.Equal(t, outcome(answers[0]), outcome(byName), "%s by name", p)
	}
	a := answers[0]
	wrong := compare(s.Cluster(), p, a)
	switch {
	case a.Verdict == model.Undetermined:
		if !isPending(r.scenario) {
			r.report(t, p, a, "undetermined")
		}
		return undetermined
	case wrong == "":
		return agreed
	case r.isKnown(p) && !(a.Verdict == model.Allowed && p.verdict() == model.Denied):
		return differed
	}
	r.report(t, p, a, wrong)
	return differed
}

func (r *replay) isKnown(p probe) bool {
	for i, d := range known() {
		if strings.HasPrefix(r.cluster, d.cluster) && strings.HasPrefix(r.scenario, d.scenario) && strings.HasPrefix(p.String(), d.probe) {
			r.used[i] = true
			return true
		}
	}
	return false
}

// report shows the first few probes of a scenario that came out otherwise.
func (r *replay) report(t *testing.T, p probe, a *sim.Answer, wrong string) {
	const few = 6
	t.Helper()
	if r.shown++; r.shown > few {
		t.Fail()
		return
	}
	var whys []string
	for _, path := range a.Paths {
		for _, step := range path.Steps {
			whys = append(whys, fmt.Sprintf("%s %s: %s", step.Stage, step.Verdict, step.Why))
		}
	}
	t.Errorf("%s: %s\n  cluster: %v reached %v from %v, dropped %q\n  netsim: %s, client sees %q\n    %s",
		p, wrong, p.Outcomes, p.ReachedBackends, p.SourceSeen, p.DropReasons, a.Verdict, a.ClientSees, strings.Join(whys, "\n    "))
}
