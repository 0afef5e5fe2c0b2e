package sim

import (
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// Load reads the manifests behind paths: files, directories (recursively), or
// "-" for stdin. Whatever is wrong inside them comes back as issues and never
// loses the rest; the error is for a path that cannot be read at all. Package
// load reads what must be rendered first, too.
func Load(paths []string, stdin io.Reader) (*model.Cluster, []model.Issue, error) {
	tree, issues, err := manifest.Read(paths, stdin)
	if err != nil {
		return nil, nil, err
	}
	issues = append(issues, manifest.UnreadArchives(tree.Archives)...)
	cluster, found := manifest.Load(tree.Files)
	return cluster, model.SortIssues(append(issues, found...)), nil
}

// Options choose the datapath where the manifests do not, or against them.
type Options struct {
	// Datapath is the name of a profile; "" reads it from the cluster.
	Datapath string
	// Set overrides single settings: "cilium.version", "kubeProxyReplacement",
	// "routingMode", or any key of the cilium-config ConfigMap that netsim
	// reads.
	Set map[string]string
	// DNS gives the addresses of names outside the cluster, for destinations by
	// name and for rules with toFQDNs. An agent is taken to have learned those
	// that a pod on its node can look up through Cilium's DNS proxy.
	DNS model.DNSAnswers
	// AssumeReady takes pods for ready whatever policies do to their probes and to
	// what they need.
	AssumeReady bool
}

// Sim answers queries about one cluster under one datapath.
type Sim struct {
	index    *model.Index
	datapath model.Datapath
	engine   *engine.Engine
	cloud    cloud
	gateways *gateway.Table
	issues   []model.Issue
	dns      model.DNSAnswers
	// plane gives the traffic of the identity plane, judged once; nil where it
	// is not to be looked at.
	plane func() []PlaneFlow
	// inferred are the Services behind which there are inferred pods alone, with
	// one of those.
	inferred map[*model.Service]*model.Pod
	// identityMissing judges as if nobody had a certificate.
	identityMissing bool
	verdicts        *verdicts
	// whole is the index with every endpoint, ready or not as files say; index is
	// without those of unready pods.
	whole *model.Index
	// assumeReady leaves readiness unpredicted.
	assumeReady bool
	// unready are the pods that are predicted not to become ready, and doubts what
	// is not known of others.
	unready map[*model.Pod]*Unready
	doubts  map[*model.Pod]string
	// onEnvoy are the Services whose packets Cilium hands to Envoy.
	onEnvoy map[*model.Service]*gateway.Gateway
	// loaded are the issues that are not about policies, and base is the Sim of
	// which this one is a copy with other policies, nil for none.
	loaded []model.Issue
	base   *Sim
	// matrices keeps the ends of the matrices that were asked for.
	matrices *sync.Map
}

// New makes a Sim of a cluster and the issues found while loading it. The
// error is for a profile or setting that netsim does not know.
func New(c *model.Cluster, loaded []model.Issue, opt Options) (*Sim, error) {
	dp, issues, err := readDatapath(c, opt)
	if err != nil {
		return nil, err
	}
	s := &Sim{index: model.NewIndex(c), datapath: dp, dns: maps.Clone(opt.DNS), assumeReady: opt.AssumeReady}
	s.whole = s.index
	s.inferred = inferredBackends(s.index)
	s.cloud = newCloud(s.index, dp)
	gateways, unread := gateway.New(s.index, ingressSettings(dp))
	s.gateways, s.onEnvoy = gateways, envoyServices(gateways)
	s.loaded = slices.Concat(loaded, issues, unread)
	s.readPolicies()
	return s, nil
}

// readPolicies makes all that hangs on the policies: readiness does, too.
func (s *Sim) readPolicies() {
	before := s.engine
	var found []model.Issue
	s.engine, found = engine.New(s.index, s.datapath)
	s.engine.LearnFrom(before)
	s.issues = model.SortIssues(slices.Concat(s.loaded, found))
	s.verdicts, s.matrices = newVerdicts(), &sync.Map{}
	s.plane = sync.OnceValue(s.identityPlane)
	if !s.assumeReady {
		s.issues = model.SortIssues(append(s.issues, s.predictReadiness()...))
	}
}

// withPolicies is a Sim of the same cluster with other policies.
func (s *Sim) withPolicies(c *model.Cluster) *Sim {
	next := *s
	next.whole = s.whole.With(c)
	next.index, next.base = next.whole, s
	next.unready, next.doubts = nil, nil
	if s.base != nil {
		next.base = s.base
	}
	next.readPolicies()
	return &next
}

// Issues are everything that was wrong with, or assumed about, the input.
func (s *Sim) Issues() []model.Issue { return append([]model.Issue{}, s.issues...) }

// Cluster is the cluster that the Sim answers for. It must not be changed.
func (s *Sim) Cluster() *model.Cluster { return s.index.Cluster }

// Datapath is how the cluster carries packets, and where each setting was
// read.
func (s *Sim) Datapath() model.Datapath { return s.datapath }
