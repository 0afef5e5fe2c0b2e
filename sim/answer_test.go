package sim_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

func TestVerdictsAndWhatTheClientSees(t *testing.T) {
	const (
		fromClient = `ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]`
		nobody     = `ingress: [{}]`
		onlyOne    = `egress: [{toEndpoints: [{matchLabels: {version: one}}]}]`
		deny       = `egressDeny: [{toEntities: [all]}]`
		unknown    = `egress: [{toFQDNs: [{matchName: example.org}]}, {toEndpoints: [{}]}]`
		sockets    = "kube-proxy-replacement=true"
	)
	for _, r := range []struct {
		claim, policies, set, to string
		verdict                  model.Verdict
		sees                     model.ClientSees
		drop                     string
		steps                    []string
	}{
		{"nothing in the way", "", "", "dev/svc/api:80", model.Allowed, model.SeesOpen, "",
			[]string{"service allowed, egress allowed, ingress allowed", "service allowed, egress allowed, ingress allowed"}},
		{"a pod by itself has no translation", "", "", "dev/api-0:8080", model.Allowed, model.SeesOpen, "", []string{"egress allowed, ingress allowed"}},
		{"a rule lets the client in", policy("api", fromClient), "", "dev/svc/api:80", model.Allowed, model.SeesOpen, "", []string{"service allowed, egress allowed, ingress allowed", "service allowed, egress allowed, ingress allowed"}},
		{"every backend denies alike", policy("api", nobody), "", "dev/svc/api:80", model.Denied, model.SeesTimeout, "POLICY_DENIED",
			[]string{"service allowed, egress allowed, ingress denied", "service allowed, egress allowed, ingress denied"}},
		{"both ends deny, and both are asked", policy("api", nobody) + policy("client", deny), "", "dev/api-0:80", model.Denied, model.SeesTimeout, "POLICY_DENY", []string{"egress denied, ingress denied"}},
		{"backends disagree", policy("client", onlyOne), "", "dev/svc/api:80", model.Mixed, "", "", []string{"service allowed, egress allowed, ingress allowed", "service allowed, egress denied, ingress allowed"}},
		{"they deny for different reasons", policy("client", onlyOne+`, egressDeny: [{toEndpoints: [{matchLabels: {version: one}}]}]`), "", "dev/svc/api:80", model.Denied, model.SeesTimeout, "", []string{"service allowed, egress denied, ingress allowed", "service allowed, egress denied, ingress allowed"}},
		{"a name that no answer is given for", policy("client", `egress: [{toFQDNs: [{matchName: example.org}]}, `+dnsRule("*")+`]`), "", "203.0.113.9:443", model.Undetermined, "", "", []string{"egress undetermined"}},
		{"a name that nobody can look up through the proxy", policy("client", unknown), "", "203.0.113.9:443", model.Denied, model.SeesTimeout, "POLICY_DENIED", []string{"egress denied"}},
		{"an unknown name does not matter where a pod denies", policy("client", unknown) + policy("api", nobody), "", "dev/api-0:443", model.Denied, model.SeesTimeout, "POLICY_DENIED", []string{"egress allowed, ingress denied"}},
		{"nobody behind the Service, in the kernel", "", "cilium.version=1.19.4", "dev/svc/empty:80", model.Denied, model.SeesRefused, "", []string{"service denied"}},
		{"nobody behind the Service, at connect()", "", sockets, "dev/svc/empty:80", model.Denied, model.SeesUnreachable, "", []string{"service denied"}},
		{"nobody behind the Service, dropped", "", "service-no-backend-response=drop", "dev/svc/empty:80", model.Denied, model.SeesTimeout, "SERVICE_BACKEND_NOT_FOUND", []string{"service denied"}},
		{"a port that the Service lacks", "", "cilium.version=1.18.4", "dev/svc/api:81", model.Denied, model.SeesTimeout, "", []string{"egress allowed, service denied"}},
		{"a port that the Service lacks, denied before", policy("client", deny), "cilium.version=1.18.4", "dev/svc/api:81", model.Denied, model.SeesTimeout, "POLICY_DENY", []string{"egress denied, service denied"}},
		{"nftables refuses a port that the Service lacks", "", "cilium.version=1.18.4 kubeProxyMode=nftables", "dev/svc/api:81", model.Denied, model.SeesRefused, "", []string{"egress allowed, service denied"}},
		{"unless egress policy drops it first", policy("client", deny), "cilium.version=1.18.4 kubeProxyMode=nftables", "dev/svc/api:81", model.Denied, model.SeesTimeout, "POLICY_DENY", []string{"egress denied, service denied"}},
		{"a pod that sends to itself", policy("client", deny), "", "dev/client:80", model.Allowed, model.SeesOpen, "", []string{"service allowed"}},
		{"a node", "", "", "node/w2:22", model.Allowed, model.SeesOpen, "", []string{"egress allowed, host-firewall allowed"}},
		{"an address outside has no policy of its own", "", "", "203.0.113.9:443", model.Allowed, model.SeesOpen, "", []string{"egress allowed"}},
		{"an external IP, which Cilium translates for pods", "", "", "dev/svc/edge@externalip", model.Allowed, model.SeesOpen, "", []string{"service allowed, egress allowed, ingress allowed", "service allowed, egress allowed, ingress allowed"}},
		{"a NodePort, which kube-proxy translates after egress policy", "", "", "dev/svc/edge@nodeport=w1", model.Allowed, model.SeesOpen, "", []string{"egress allowed, service allowed, ingress allowed", "egress allowed, service allowed, ingress allowed"}},
		{"a NodePort under ipvs, which netsim does not model", "", "kubeProxyMode=ipvs", "dev/svc/edge@nodeport=w1", model.Undetermined, "", "", []string{"egress allowed, service undetermined"}},
		{"SCTP where Cilium does not carry it", "", "", "dev/api-0:80/SCTP", model.Denied, model.SeesTimeout, "CT_UNKNOWN_L4_PROTOCOL", []string{"service denied"}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			set := map[string]string{}
			for _, word := range strings.Fields(r.set) {
				key, value, _ := strings.Cut(word, "=")
				set[key] = value
			}
			a := ask(t, newSim(t, sim.Options{Set: set}, r.policies), "dev/client", r.to)
			var got []string
			for _, p := range a.Paths {
				got = append(got, steps(p))
			}
			assert.Equal(t, r.steps, got)
			assert.Equal(t, r.verdict, a.Verdict)
			assert.Equal(t, r.sees, a.ClientSees)
			drop := ""
			if a.DropReason != nil {
				drop = a.DropReason.Name
			}
			assert.Equal(t, r.drop, drop)
		})
	}
}

func TestFramesOfAnAnswer(t *testing.T) {
	s := newSim(t, sim.Options{}, "")
	a, err := s.Query(sim.Query{ID: 7, From: "dev/client", To: "dev/svc/api:80"})
	require.NoError(t, err)
	assert.Equal(t, sim.APIVersion, a.APIVersion)
	assert.Equal(t, "Answer", a.Kind)
	assert.Equal(t, 7, a.ID)
	p := a.Paths[1]
	assert.Equal(t, sim.Backend{Ref: "dev/pod/api-1", IP: "10.244.2.20", Port: 8080, Node: "w2"}, *p.Backend)
	assert.Equal(t, sim.Translation{By: "cilium-bpf", Node: "w1", BeforeEgressPolicy: true, SourceSeen: "10.244.1.10"}, p.Translation)
	assert.Contains(t, p.Steps[0].Sees.Source, "k8s:app=client")
	outside := ask(t, s, "dev/client", "203.0.113.9:443").Paths[0].Translation
	assert.Equal(t, sim.Translation{By: "none", Masquerade: true, SourceSeen: "172.18.0.3"}, outside)
}

func TestWorkloadsStandForTheirPods(t *testing.T) {
	s := newSim(t, sim.Options{}, "")
	a := ask(t, s, "dev/deploy/front", "dev/api-0:8080")
	assert.Equal(t, 3, a.From.Pods)
	assert.Empty(t, a.From.IP, "no one address stands for three pods")
	assert.Empty(t, a.From.Node)
	total := map[string]int{}
	for _, p := range a.Paths {
		total[p.From.Node] += p.From.Pods
		assert.Equal(t, []string{"ip", "node"}, p.From.Assigned)
	}
	assert.Len(t, a.Paths, 2, "like pods on one node are one path")
	assert.Equal(t, 3, total["w1"]+total["w2"])
	assert.Positive(t, total["w1"])
	assert.Positive(t, total["w2"])
	to := ask(t, s, "dev/client", "dev/deploy/front:80")
	assert.Len(t, to.Paths, 3, "any of a workload's pods is a destination")
	assert.Equal(t, "dev/deploy/front:80", to.To.Ref)
	assert.NotEqual(t, to.Paths[0].Backend.IP, to.Paths[1].Backend.IP)
	assert.Equal(t, []string{"ip", "node"}, to.Paths[0].Backend.Assigned)
}

// A pod that is a backend itself reaches itself by another way than its like.
func TestASourceThatIsABackendIsAPathOfItsOwn(t *testing.T) {
	own := `---
apiVersion: v1
kind: Service
metadata: {namespace: dev, name: front}
spec: {clusterIP: 10.96.0.30, selector: {app: front}, ports: [{port: 80}]}
`
	s := newSim(t, sim.Options{}, own)
	a := ask(t, s, "dev/deploy/front", "dev/svc/front:80")
	assert.Len(t, a.Paths, 9, "three pods to three backends, none grouped")
	itself := 0
	for _, p := range a.Paths {
		assert.Equal(t, 1, p.From.Pods)
		if p.From.Ref == p.Backend.Ref {
			itself++
			assert.Equal(t, "service allowed", steps(p), "a pod's way to itself meets no policy")
		}
	}
	assert.Equal(t, 3, itself)
	pods := ask(t, s, "dev/deploy/front", "dev/deploy/front:80")
	assert.Len(t, pods.Paths, 9)
}

func TestLookups(t *testing.T) {
	noDNS := policy("client", `egress: [{toEndpoints: [{}]}]`)
	someDNS := policy("client", `egress: [{toEndpoints: [{}]}, {toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system, server: first}}]}]`) + `---
{apiVersion: v1, kind: Pod, metadata: {namespace: kube-system, name: first, labels: {k8s-app: kube-dns, server: first}}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.53, conditions: [{type: Ready, status: "True"}]}}
`
	closed := policy("api", `ingress: [{}]`)
	t.Run("a lookup that works is the first step of every path", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, ""), "dev/client", "api.dev.svc.cluster.local:80")
		assert.Equal(t, model.Allowed, a.Verdict)
		assert.Equal(t, model.SeesOpen, a.ClientSees)
		for _, p := range a.Paths {
			assert.Equal(t, "dns allowed, service allowed, egress allowed, ingress allowed", steps(p))
		}
		assert.Empty(t, a.Conditions)
	})
	t.Run("a pod that is asked about by its address looks up too", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, noDNS), "10.244.1.10", "api.dev.svc:80")
		assert.Equal(t, model.SeesDNSTimeout, a.ClientSees)
		assert.Equal(t, "dev/pod/client", a.Paths[0].From.Ref)
		assert.Equal(t, "dns denied", strings.Split(steps(a.Paths[0]), ",")[0])
		byName := ask(t, newSim(t, sim.Options{}, noDNS), "10.244.1.10", "dev/svc/api:80")
		assert.Equal(t, model.Allowed, byName.Verdict)
		require.Len(t, byName.Conditions, 1)
		assert.Contains(t, byName.Conditions[0], "the lookup of api.dev.svc is denied")
	})
	t.Run("an address that is no pod's looks nothing up", func(t *testing.T) {
		for _, from := range []string{"203.0.113.9", "172.18.0.3"} {
			a := ask(t, newSim(t, sim.Options{}, ""), from, "api.dev.svc:80")
			assert.NotContains(t, steps(a.Paths[0]), "dns", from)
		}
	})
	t.Run("a lookup that is dropped denies, and the name never resolves", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, noDNS), "dev/client", "api.dev.svc:80")
		assert.Equal(t, model.Denied, a.Verdict)
		assert.Equal(t, model.SeesDNSTimeout, a.ClientSees)
		assert.Equal(t, "POLICY_DENIED", a.DropReason.Name)
		dns := a.Paths[0].Steps[0]
		assert.Equal(t, model.StageDNS, dns.Stage)
		assert.Equal(t, "client", dns.By[0].Name)
		assert.Equal(t, uint16(53), dns.Sees.Port)
		assert.Contains(t, dns.Why, "egress is denied")
		assert.Equal(t, dns.Hint, a.Hint, "what opens the lookup opens the way")
		assert.NotEmpty(t, a.Hint)
	})
	t.Run("it comes before whatever denies later", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, noDNS+closed), "dev/client", "api.dev.svc:80")
		assert.Equal(t, model.SeesDNSTimeout, a.ClientSees)
		assert.Equal(t, a.Paths[0].Steps[0].Hint, a.Hint)
	})
	t.Run("a lookup that only some servers answer leaves it open", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, someDNS), "dev/client", "api.dev.svc:80")
		assert.Equal(t, model.Undetermined, a.Verdict)
		assert.Empty(t, a.ClientSees)
		assert.Equal(t, model.Undetermined, a.Paths[0].Steps[0].Verdict, "one step is never mixed")
	})
	t.Run("and does not rescue what is denied later", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, someDNS+closed), "dev/client", "api.dev.svc:80")
		assert.Equal(t, model.Denied, a.Verdict)
		assert.Empty(t, a.ClientSees, "the lookup or the connection times out")
		assert.Equal(t, "POLICY_DENIED", a.DropReason.Name)
		assert.Nil(t, a.Paths[0].Steps[0].DropReason)
	})
	t.Run("asking for the Service itself makes it a condition", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, noDNS), "dev/client", "dev/svc/api:80")
		assert.Equal(t, model.Allowed, a.Verdict)
		require.Len(t, a.Conditions, 1)
		assert.Contains(t, a.Conditions[0], "the lookup of api.dev.svc is denied")
	})
	t.Run("an address needs no lookup", func(t *testing.T) {
		s := newSim(t, sim.Options{}, noDNS)
		assert.Empty(t, ask(t, s, "dev/client", "10.96.0.20:80").Conditions)
		assert.Empty(t, ask(t, s, "dev/client", "dev/svc/edge@loadbalancer").Conditions)
		assert.Empty(t, ask(t, s, "dev/client", "kube-system/svc/kube-dns").Conditions, "nor does kube-dns itself")
	})
	t.Run("a name outside pods is not looked up", func(t *testing.T) {
		for _, c := range ask(t, newSim(t, sim.Options{}, ""), "world", "dev/svc/api:80").Conditions {
			assert.NotContains(t, c, "lookup")
		}
	})
	t.Run("without kube-dns the lookup cannot be judged, and the answer says so", func(t *testing.T) {
		bare, issues := cluster(t, strings.ReplaceAll(stage, "name: kube-dns}", "name: other-dns}"))
		s, err := sim.New(bare, issues, sim.Options{})
		require.NoError(t, err)
		a := ask(t, s, "dev/client", "api.dev.svc:80")
		assert.Equal(t, model.Undetermined, a.Verdict)
		assert.Contains(t, a.Paths[0].Steps[0].Why, "kube-system/kube-dns")
		byName := ask(t, s, "dev/client", "dev/svc/api:80")
		assert.Equal(t, model.Allowed, byName.Verdict)
		assert.Empty(t, byName.Conditions)
	})
	t.Run("a DNS rule refuses other names than its own", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, policy("client", `egress: [{toEndpoints: [{}]}, `+dnsRule("*.example")+`]`)), "dev/client", "api.dev.svc:80")
		assert.Equal(t, model.Denied, a.Verdict)
		assert.Equal(t, model.SeesDNSRefused, a.ClientSees)
		assert.Contains(t, a.Paths[0].Steps[0].Why, "*.example")
		byName := ask(t, newSim(t, sim.Options{}, policy("client", `egress: [{toEndpoints: [{}]}, `+dnsRule("*.*.svc.cluster.local")+`]`)), "dev/client", "api.dev.svc:80")
		assert.Equal(t, model.Allowed, byName.Verdict, "a Service is asked for by its whole name")
	})
	t.Run("each pod of a workload asks for itself", func(t *testing.T) {
		a := ask(t, newSim(t, sim.Options{}, policy("front", `egress: [{toEndpoints: [{}]}]`)), "dev/deploy/front", "api.dev.svc:80")
		assert.Equal(t, model.SeesDNSTimeout, a.ClientSees)
		for _, p := range a.Paths {
			assert.Equal(t, "dns denied", strings.Split(steps(p), ",")[0])
			assert.Equal(t, p.From.Node, p.Steps[0].Node)
		}
	})
	t.Run("and of pods that differ, only some may", func(t *testing.T) {
		mixed := policy("x", `egress: [{toEndpoints: [{}]}]`) + `---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: front-a, labels: {app: x}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: once, uid: u, controller: true}]}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.70}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: front-b, labels: {app: z}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: once, uid: u, controller: true}]}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 10.244.1.71}}
---
{apiVersion: batch/v1, kind: Job, metadata: {namespace: dev, name: once}, spec: {template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: i}]}}}}
`
		a := ask(t, newSim(t, sim.Options{}, mixed), "dev/job/once", "api.dev.svc:80")
		assert.Equal(t, model.Mixed, a.Verdict)
		first := map[string]string{}
		for _, p := range a.Paths {
			first[p.From.Ref] = strings.Split(steps(p), ",")[0]
		}
		assert.Equal(t, map[string]string{"dev/pod/front-a": "dns denied", "dev/pod/front-b": "dns allowed"}, first)
	})
}

func TestL7ConditionsReachTheAnswerOnce(t *testing.T) {
	web := policy("api", `ingress: [{toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET}]}}]}]`)
	s := newSim(t, sim.Options{}, web)
	a := ask(t, s, "dev/deploy/front", "dev/api-0:8080")
	assert.Equal(t, model.Allowed, a.Verdict)
	require.Len(t, a.Conditions, 1, "two paths, one condition")
	assert.Contains(t, a.Conditions[0], "HTTP GET")
}

func TestHintsAndHeadlessConditions(t *testing.T) {
	s := newSim(t, sim.Options{}, policy("client", `egress: [{toEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "80"}]}]}]`))
	a := ask(t, s, "dev/client", "dev/svc/api:80")
	assert.Contains(t, a.Hint, "targetPort 8080")
	assert.Equal(t, a.Hint, a.Paths[1].Hint)
	lacking := ask(t, newSim(t, sim.Options{}, ""), "dev/client", "dev/svc/api:8080")
	assert.NotEmpty(t, lacking.Hint, "the translator's hint counts where policy has none")
	headless := ask(t, newSim(t, sim.Options{}, ""), "dev/client", "dev/svc/direct:9999")
	assert.Empty(t, headless.Conditions)
	assert.Empty(t, ask(t, newSim(t, sim.Options{}, ""), "dev/client", "dev/svc/api:80").Hint)
}

func TestIssuesTravelWithTheAnswer(t *testing.T) {
	c, issues := cluster(t, stage, policy("api", `ingress: []`))
	issues = append(issues, model.Issue{Severity: model.Error, File: "a.yaml", Line: 1, Message: "from the loader"})
	s, err := sim.New(c, issues, sim.Options{Set: map[string]string{"kubeProxyMode": "none"}})
	require.NoError(t, err)
	a := ask(t, s, "dev/client", "dev/svc/api:80")
	var texts []string
	for _, i := range a.Issues {
		texts = append(texts, i.String())
	}
	all := strings.Join(texts, "\n")
	assert.Contains(t, all, "from the loader")
	assert.Contains(t, all, "refused by Cilium's agent")
	assert.Contains(t, all, "nobody serves NodePorts")
	assert.True(t, strings.HasPrefix(all, "a.yaml:1: error"), "the gravest first")
	assert.Equal(t, s.Issues(), a.Issues)
	a.Issues[0].Message = "changed"
	assert.NotEqual(t, "changed", s.Issues()[0].Message, "an answer's issues are its own")
	assert.Same(t, c, s.Cluster())
}

func TestOneSimServesManyAtOnce(t *testing.T) {
	s := newSim(t, sim.Options{}, policy("api", `ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]`))
	to := []string{"dev/svc/api:80", "dev/api-1:8080", "api.dev.svc:80", "world:443", "dev/deploy/front:80"}
	alone := map[string]*sim.Answer{}
	for _, ref := range to {
		alone[ref] = ask(t, s, "dev/client", ref)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			ref := to[i%len(to)]
			a, err := s.Query(sim.Query{From: "dev/client", To: ref})
			assert.NoError(t, err)
			assert.Equal(t, alone[ref], a)
		})
	}
	wg.Wait()
}

func TestLoadReadsFilesAndStdin(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.yaml")
	require.NoError(t, os.WriteFile(name, []byte(stage), 0o600))
	c, issues, err := sim.Load([]string{name, "-"}, strings.NewReader("a: b\n"))
	require.NoError(t, err)
	assert.NotEmpty(t, c.Pods)
	assert.NotEmpty(t, issues, "what is no object is said, and the rest is kept")
	_, _, err = sim.Load([]string{name + ".missing"}, nil)
	require.Error(t, err)
}
