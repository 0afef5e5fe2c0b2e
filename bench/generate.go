package bench

import (
	"fmt"
	"math/rand/v2"

	"sigs.k8s.io/yaml"
)

// Generate makes a cluster of the given shape. The error is for an object that
// cannot be written as YAML.
func Generate(s Shape) (*Cluster, error) {
	g := &generator{shape: s, random: rand.New(rand.NewPCG(s.Seed, 0))}
	g.drawApps()
	g.platform()
	for i := range g.apps {
		g.app(&g.apps[i])
	}
	g.policies()
	return g.cluster()
}

// object is a Kubernetes object, or a part of one, before it is written.
type object = map[string]any

type generator struct {
	shape  Shape
	random *rand.Rand
	apps   []app
	// objects go into one file for each namespace, and one for the rest.
	objects map[string][]object
	order   []string
}

// app is a Deployment and the Service in front of it. Each calls the next.
type app struct {
	index           int
	namespace, name string
	replicas        int
	port            int
	// named is true where the Service names its targetPort.
	named bool
}

// dnsNamespace holds the app that every lookup asks.
const dnsNamespace = "kube-system"

// drawApps fills the cluster with workloads until the pods are used up.
func (g *generator) drawApps() {
	if g.shape.Identities > 0 {
		g.dealPods()
		return
	}
	g.apps = []app{
		{0, dnsNamespace, "kube-dns", 2, 53, false},
		{1, "team-0", "crowd", g.shape.crowd(), 8080, true},
		{2, "team-0", "farm", g.shape.crowd(), 8080, true},
	}
	replicas := []int{1, 1, 2, 2, 3, 3, 5, 10}
	for pods := 2 * g.shape.crowd(); pods < g.shape.Pods; {
		n := replicas[g.random.IntN(len(replicas))]
		g.drawApp(n)
		pods += n
	}
}

// dealPods gives each of so many workloads an even share of the pods.
func (g *generator) dealPods() {
	count, pods := g.shape.Identities, g.shape.Pods
	g.apps = []app{{0, dnsNamespace, "kube-dns", pods / count, 53, false}}
	for i := 1; i < count; i++ {
		g.drawApp(pods*(i+1)/count - pods*i/count)
	}
}

func (g *generator) drawApp(replicas int) {
	i := len(g.apps)
	namespace := teamName(g.random.IntN(g.shape.namespaces()))
	g.apps = append(g.apps, app{i, namespace, fmt.Sprintf("app-%d", i), replicas, 8000 + i%1000, g.chance(90)})
}

func teamName(i int) string { return fmt.Sprintf("team-%d", i) }

// chance is true in so many of a hundred cases.
func (g *generator) chance(percent float64) bool { return g.random.Float64()*100 < percent }

// next is the app that another calls.
func (g *generator) next(a *app) *app {
	if a.index+1 < len(g.apps) {
		return &g.apps[a.index+1]
	}
	return &g.apps[1]
}

// caller is the app that calls another.
func (g *generator) caller(a *app) *app {
	if a.index > 1 {
		return &g.apps[a.index-1]
	}
	return &g.apps[len(g.apps)-1]
}

func (g *generator) add(file string, o object) {
	if g.objects == nil {
		g.objects = map[string][]object{}
	}
	if g.objects[file] == nil {
		g.order = append(g.order, file)
	}
	g.objects[file] = append(g.objects[file], o)
}

// cluster writes the objects down.
func (g *generator) cluster() (*Cluster, error) {
	c := &Cluster{}
	for _, a := range g.apps[1:] {
		c.Workloads = append(c.Workloads, a.namespace+"/deploy/"+a.name)
		c.Services = append(c.Services, a.namespace+"/svc/"+a.name+":80")
	}
	for _, name := range g.order {
		file := File{Name: name + ".yaml"}
		for _, o := range g.objects[name] {
			text, err := yaml.Marshal(o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file.Name, err)
			}
			file.Data = append(append(file.Data, "---\n"...), text...)
		}
		c.Files = append(c.Files, file)
	}
	return c, nil
}
