package sim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// simOfText makes a Sim of manifests in one text.
func simOfText(t *testing.T, text string) *sim.Sim {
	t.Helper()
	cluster, issues, err := sim.Load([]string{"-"}, strings.NewReader(text))
	require.NoError(t, err)
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	return s
}

// deployment has a pod whose app is its name, listening at 80.
func deployment(name, app string) string {
	return strings.NewReplacer("NAME", name, "APP", app).Replace(`
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: dev}
spec:
  selector: {matchLabels: {app: APP, part: NAME}}
  template:
    metadata: {labels: {app: APP, part: NAME}}
    spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}`)
}

func service(name string) string {
	return strings.ReplaceAll(`
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: dev}
spec: {selector: {app: NAME}, ports: [{port: 8080, targetPort: 80}]}`, "NAME", name)
}

// onlyFrom lets one workload reach another, and nobody else.
func onlyFrom(from, to string) string {
	return strings.NewReplacer("FROM", from, "TO", to).Replace(`
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: TO, namespace: dev}
spec:
  endpointSelector: {matchLabels: {part: TO}}
  ingress: [{fromEndpoints: [{matchLabels: {part: FROM}}]}]`)
}

// chained is web to api to db, each closed to all others; spare is open, and
// has no Service.
func chained(t *testing.T) *sim.Sim {
	return simOfText(t, deployment("web", "web")+deployment("api", "api")+deployment("db", "db")+deployment("spare", "spare")+
		service("web")+service("api")+service("db")+
		onlyFrom("spare", "web")+onlyFrom("web", "api")+onlyFrom("api", "db"))
}

func TestChains(t *testing.T) {
	g, err := chained(t).Graph()
	require.NoError(t, err)
	for _, row := range []struct {
		name, from, to string
		through        []string
		ports          []string
	}{
		{"one hop by a Service", "dev/deploy/api", "dev/deploy/db", []string{"dev/deploy/db"}, []string{"dev/svc/db:8080"}},
		{"over hops", "dev/deploy/web", "dev/deploy/db", []string{"dev/deploy/api", "dev/deploy/db"}, []string{"dev/svc/api:8080", "dev/svc/db:8080"}},
		{"a port without a Service", "dev/deploy/db", "dev/deploy/spare", []string{"dev/deploy/spare"}, []string{"dev/deploy/spare:80"}},
		{"all around", "dev/deploy/db", "dev/deploy/api", []string{"dev/deploy/spare", "dev/deploy/web", "dev/deploy/api"}, []string{"dev/deploy/spare:80", "dev/svc/web:8080", "dev/svc/api:8080"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := g.Chain(row.from, row.to)
			assert.Equal(t, model.Allowed, c.Verdict)
			var through, ports []string
			for _, e := range c.Edges {
				through = append(through, e.To)
				ports = append(ports, e.Ports...)
			}
			assert.Equal(t, row.through, through)
			assert.Equal(t, row.ports, ports)
		})
	}
	assert.Equal(t, [][]string{{"dev/deploy/api", "dev/deploy/db", "dev/deploy/spare", "dev/deploy/web"}}, g.Groups)
}

func TestANodeIsNoLinkOfAChain(t *testing.T) {
	s := simOfText(t, deployment("a", "a")+deployment("b", "b")+onlyFrom("nobody", "b"))
	g, err := s.Graph()
	require.NoError(t, err)
	pods := s.Cluster().Pods
	b := pods[slices.IndexFunc(pods, func(p *model.Pod) bool { return p.Name == "b-0" })]
	fromNode := g.Chain("node/"+b.Node, "dev/deploy/b")
	assert.NotEqual(t, model.Denied, fromNode.Verdict, "a node reaches its pods")
	assert.NotEqual(t, model.Denied, g.Chain("dev/deploy/a", fromNode.From).Verdict, "a pod reaches the node")
	chain := g.Chain("dev/deploy/a", "dev/deploy/b")
	assert.Equal(t, model.Denied, chain.Verdict)
	assert.NotNil(t, chain.Edges)
}

func TestReachGoesBothWays(t *testing.T) {
	g, err := chained(t).Graph()
	require.NoError(t, err)
	hops := func(all []sim.Reached) map[string]int {
		out := map[string]int{}
		for _, r := range all {
			out[r.Ref] = r.Hops
		}
		return out
	}
	r := g.Reach("dev/deploy/api")
	assert.Subset(t, hops(r.Reaches), map[string]int{"dev/deploy/db": 1, "dev/deploy/spare": 1, "dev/deploy/web": 2})
	assert.Subset(t, hops(r.ReachedBy), map[string]int{"dev/deploy/web": 1, "dev/deploy/spare": 2, "dev/deploy/db": 3, "world": 3})
	assert.NotContains(t, hops(r.Reaches), "dev/deploy/api")
}

// TestTwoWorkloadsBehindAService: the cell is mixed, the ends are not.
func TestTwoWorkloadsBehindAService(t *testing.T) {
	s := simOfText(t, deployment("web", "web")+deployment("blue", "api")+deployment("green", "api")+service("api")+
		onlyFrom("web", "blue")+onlyFrom("nobody", "green"))
	m, err := s.Matrix(sim.MatrixOptions{From: []string{"dev/deploy/web"}, To: []string{"dev/deploy/green"}})
	require.NoError(t, err)
	require.Len(t, m.Destinations, 1, "a workload means the Service in front of it")
	assert.Equal(t, []string{"dev/deploy/blue", "dev/deploy/green"}, m.Destinations[0].Behind)
	for row := range m.Rows() {
		assert.Equal(t, model.Mixed, row.Cells[0].Verdict)
		assert.Equal(t, []sim.End{
			{Ref: "dev/deploy/blue", Outcome: sim.Outcome{Verdict: model.Allowed}},
			{Ref: "dev/deploy/green", Outcome: sim.Outcome{Verdict: model.Denied}},
		}, m.Ends(row.Source, &m.Destinations[0]))
	}
	g, err := s.Graph()
	require.NoError(t, err)
	assert.Equal(t, model.Allowed, g.Chain("dev/deploy/web", "dev/deploy/blue").Verdict)
	assert.Equal(t, model.Denied, g.Chain("dev/deploy/web", "dev/deploy/green").Verdict)
}

// TestAGraphSaysWhatQueriesSay of the example, in both directions: every port of
// an edge opens, and what opens to one workload is an edge.
func TestAGraphSaysWhatQueriesSay(t *testing.T) {
	cluster, issues, err := sim.Load([]string{"../examples/kind-argocd"}, nil)
	require.NoError(t, err)
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	g, err := s.Graph()
	require.NoError(t, err)
	edges := map[string][]string{}
	for _, e := range g.Edges {
		for _, port := range e.Ports {
			edges[e.From+" "+port] = append(edges[e.From+" "+port], e.To)
			a, err := s.Query(sim.Query{From: e.From, To: port})
			require.NoError(t, err)
			assert.NotEqual(t, model.Denied, a.Verdict, "%s to %s", e.From, port)
		}
	}
	m, err := s.Matrix(sim.MatrixOptions{})
	require.NoError(t, err)
	for row := range m.Rows() {
		for i, o := range row.Cells {
			d := m.Destinations[i]
			if o.Verdict == model.Allowed && !slices.Contains(d.Behind, row.Source.Ref) {
				assert.Equal(t, d.Behind, edges[row.Source.Ref+" "+d.Ref], "%s to %s", row.Source.Ref, d.Ref)
			}
		}
	}
}

func TestNamesInAGraph(t *testing.T) {
	s := simOfText(t, deployment("web", "web")+deployment("blue", "api")+deployment("green", "api")+service("api")+service("web"))
	g, err := s.Graph()
	require.NoError(t, err)
	for text, want := range map[string]string{
		"dev/deploy/web": "dev/deploy/web", "dev/deployment/web": "dev/deploy/web", "dev/svc/web": "dev/deploy/web", "dev/web-0": "dev/deploy/web", "world": "world",
	} {
		got, err := g.Find(text)
		if assert.NoError(t, err, text) {
			assert.Equal(t, want, got, text)
		}
	}
	for text, want := range map[string]string{
		"dev/svc/api":       "leads to 2 (dev/deploy/blue, dev/deploy/green): name one",
		"dev/deploy/wob":    "did you mean dev/deploy/web",
		"dev/deploy/web:80": "has no port",
		"dev":               "a name needs its namespace",
		"www.example.com":   "a selector is a namespace",
	} {
		_, err := g.Find(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestSelectors(t *testing.T) {
	s := chained(t)
	for _, row := range []struct {
		name    string
		options sim.MatrixOptions
		sources []string
		err     string
	}{
		{"a namespace", sim.MatrixOptions{From: []string{"dev"}}, []string{"dev/deploy/api", "dev/deploy/db", "dev/deploy/spare", "dev/deploy/web"}, ""},
		{"labels", sim.MatrixOptions{From: []string{"app in (web, api)"}}, []string{"dev/deploy/api", "dev/deploy/web"}, ""},
		{"labels in a namespace, and more", sim.MatrixOptions{From: []string{"dev/app=web", "world"}}, []string{"dev/deploy/web", "world"}, ""},
		{"a pod means its workload", sim.MatrixOptions{From: []string{"dev/web-0"}}, []string{"dev/deploy/web"}, ""},
		{"a workload means its pods", sim.MatrixOptions{From: []string{"dev/deploy/web"}, Pods: true}, []string{"dev/pod/web-0"}, ""},
		{"a namespace that is not there", sim.MatrixOptions{To: []string{"dav"}}, nil, "--to dav: there is no such namespace; did you mean dev?"},
		{"a workload that is not there", sim.MatrixOptions{From: []string{"dev/deploy/wob"}}, nil, "--from dev/deploy/wob: dev/deploy/wob names nothing that was loaded; did you mean dev/deploy/web"},
		{"a node that is not there", sim.MatrixOptions{From: []string{"node/x"}}, nil, "--from node/x"},
		{"half a set of labels", sim.MatrixOptions{From: []string{"app in (web"}}, nil, "--from app in (web: write labels as kubectl's -l takes them"},
		{"labels of nobody", sim.MatrixOptions{From: []string{"app=x"}}, nil, "--from app=x means none of the workloads"},
		{"a port", sim.MatrixOptions{To: []string{"dev/svc/api:8080"}}, nil, "--to dev/svc/api:8080: a selector has no port"},
		{"a Service as a source", sim.MatrixOptions{From: []string{"dev/svc/api"}}, nil, "Services open no connections"},
		{"no port at all", sim.MatrixOptions{Ports: []string{"70000"}}, nil, `--ports 70000: port "70000" is neither`},
		{"a port by name", sim.MatrixOptions{Ports: []string{"http"}}, nil, "--ports http: give the number"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, err := s.Matrix(row.options)
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				return
			}
			require.NoError(t, err)
			var sources []string
			for _, source := range m.Sources {
				sources = append(sources, source.Ref)
			}
			assert.Equal(t, row.sources, sources)
		})
	}
}

// TestMarksWhereOnlyTheEngineCanTell: no file gives the namespace here, so that
// each verdict is asked for. What a proxy lets through is marked all the same,
// and nothing is where nothing gets through.
func TestMarksWhereOnlyTheEngineCanTell(t *testing.T) {
	s := simOfText(t, deployment("web", "web")+deployment("api", "api")+deployment("other", "other")+service("api")+`
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: api, namespace: dev}
spec:
  endpointSelector: {matchLabels: {part: api}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: web}}]
      toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]
`)
	for from, want := range map[string]sim.Outcome{
		"dev/deploy/web":   {Verdict: model.Allowed, L7: true},
		"dev/deploy/other": {Verdict: model.Denied},
	} {
		m, err := s.Matrix(sim.MatrixOptions{From: []string{from}, To: []string{"dev/svc/api"}})
		require.NoError(t, err)
		for row := range m.Rows() {
			assert.Equal(t, []sim.Outcome{want}, row.Cells, from)
		}
	}
}
