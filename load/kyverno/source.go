package kyverno

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/internal/nearest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// Name is what --source calls the Source.
const Name = "kyverno"

// Source applies Kyverno's policies to all that the sources before it have loaded.
type Source struct{}

// Name is "kyverno".
func (Source) Name() string { return Name }

// Generates marks a load.Generator.
func (Source) Generates() {}

// Read mutates, and then generates.
func (Source) Read(r *load.Run) {
	if !slices.ContainsFunc(r.Loaded(), func(f load.File) bool { return f.Mentions(group + "/v") }) {
		return
	}
	c := newCluster(r)
	for _, o := range c.mutable() {
		c.mutate(o)
	}
	c.findTriggers()
	for _, p := range c.policies {
		for i := range p.Spec.Rules {
			c.changeTargets(&p.Spec.Rules[i])
			c.generate(&p.Spec.Rules[i])
		}
	}
	c.doubtCEL()
	c.doubtCleanup()
	c.concerns.report(r)
}

// cluster is what the policies of a run look at.
type cluster struct {
	run      *load.Run
	policies []*policy
	objects  []*object
	byID     map[id]*object
	// namespaces are all that there are, those that no file holds too.
	namespaces map[string]*object
	// triggers are all objects, and the pods of workloads.
	triggers []*object
	concerns concerns
	// generated counts the objects made, and bytes their size.
	generated, bytes int
	toldFresh        bool
}

// id is what makes an object the same to an API server in any version.
type id struct{ group, kind, namespace, name string }

func idOf(apiVersion string, o model.Origin) id {
	group, _ := groupVersion(apiVersion)
	return id{group, o.Kind, o.Namespace, o.Name}
}

func newCluster(r *load.Run) *cluster {
	c := &cluster{run: r, byID: map[id]*object{}, namespaces: map[string]*object{}}
	for _, found := range r.Objects() {
		o := newObject(found)
		if o == nil {
			continue
		}
		c.objects = append(c.objects, o)
		c.byID[idOf(o.APIVersion, o.Origin)] = o
		if o.isNamespace() {
			c.namespaces[o.Origin.Name] = o
		}
	}
	c.findNamespaces()
	c.findPolicies()
	return c
}

// findNamespaces makes the namespaces that objects are in and no file holds.
func (c *cluster) findNamespaces() {
	for _, o := range slices.Clone(c.objects) {
		name := o.namespaceOf()
		if name == "" || c.namespaces[name] != nil {
			continue
		}
		made := &object{
			Object:     &model.Object{Origin: model.Origin{Kind: "Namespace", Name: name}, APIVersion: "v1"},
			value:      map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}},
			unlabelled: true,
		}
		c.namespaces[name] = made
		c.objects = append(c.objects, made)
	}
}

// findPolicies reads the policies, in the order in which Kyverno applies them: by
// name.
func (c *cluster) findPolicies() {
	excepted := c.excepted()
	for _, o := range c.objects {
		if !isPolicy(o.Object) {
			continue
		}
		p, err := parse(o.Object)
		if err != nil {
			c.run.Report(model.Issue{Severity: model.Error, File: o.Origin.File, Line: err.line,
				Message: fmt.Sprintf("%s is refused by Kyverno or an API server, and counts as absent: %s", o.Origin.ID(), err.says), Remedy: err.do})
			continue
		}
		name := strings.TrimPrefix(o.Origin.Namespace+"/"+o.Origin.Name, "/")
		p.excepted = slices.Contains(excepted, name)
		c.policies = append(c.policies, p)
	}
	slices.SortStableFunc(c.policies, func(a, b *policy) int { return cmp.Compare(a.object.Origin.Name, b.object.Origin.Name) })
}

// passedOver says whether Kyverno never looks at an object, by what its chart
// leaves out. Source: charts/kyverno/values.yaml, config.resourceFilters and
// excludeKyvernoNamespace.
func passedOver(o *object) bool {
	namespaces := []string{"kube-system", "kube-public", "kube-node-lease", Name}
	kinds := []string{"Event", "Node", "APIService", "ReplicaSet"}
	return slices.Contains(namespaces, o.about()) || slices.Contains(kinds, o.Origin.Kind)
}

// request is that an object is created.
func (c *cluster) request(o *object) request {
	return request{object: o, operation: "CREATE", namespace: c.namespaces[o.namespaceOf()]}
}

// clusterwide is the only kind of policy that can be about nodes.
const clusterwide = "CiliumClusterwideNetworkPolicy"

// policyKinds are the kinds of objects that say what is allowed, or are part of
// what does.
func policyKinds() []string {
	return []string{
		"NetworkPolicy", "ClusterNetworkPolicy", "CiliumNetworkPolicy", clusterwide,
		"CiliumCIDRGroup", "CiliumLocalRedirectPolicy",
	}
}

func isPolicyKind(kind string) bool { return slices.Contains(policyKinds(), kind) }

// matters says whether objects of a kind bear on an answer. A policy that is not
// written right does, too: what is wrong with it is told once it is there.
func matters(apiVersion, kind string) bool {
	read, _ := manifest.Kind(apiVersion, kind)
	return read && kind != "ConfigMap" || isPolicyKind(kind) || nearest.Word(kind, policyKinds()) != ""
}
