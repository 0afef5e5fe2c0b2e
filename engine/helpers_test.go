package engine_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// stage is the cluster that the tables play on: a control-plane node cp and
// the workers w1 and w2; in dev a client on w1, a server on w2 and a local pod
// on cp; in uat another client, on w2.
const stage = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: dev, labels: {team: blue}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: uat, labels: {team: red}}}
- {apiVersion: v1, kind: Node, metadata: {name: cp, labels: {node-role.kubernetes.io/control-plane: ""}}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}
- {apiVersion: v1, kind: Node, metadata: {name: w1}, status: {addresses: [{type: InternalIP, address: 172.18.0.3}]}}
- {apiVersion: v1, kind: Node, metadata: {name: w2}, status: {addresses: [{type: InternalIP, address: 172.18.0.4}]}}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: dev, name: client, labels: {app: client, tier: front, pod-template-hash: abc}}
  spec: {nodeName: w1, serviceAccountName: robot, containers: [{name: c, image: i}]}
  status: {phase: Running, podIP: 10.244.1.10}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: dev, name: server, labels: {app: server}}
  spec:
    nodeName: w2
    initContainers:
    - {name: sidecar, image: i, restartPolicy: Always, ports: [{name: metrics, containerPort: 9100}]}
    containers:
    - {name: c, image: i, ports: [{name: web, containerPort: 8080}, {name: names, containerPort: 5353, protocol: UDP}]}
  status: {phase: Running, podIP: 10.244.2.10}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: dev, name: local, labels: {app: local}}
  spec: {nodeName: cp, containers: [{name: c, image: i}]}
  status: {phase: Running, podIP: 10.244.0.10}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: dev, name: hostnet, labels: {app: client}}
  spec: {nodeName: w2, hostNetwork: true, containers: [{name: c, image: i}]}
  status: {phase: Running, podIP: 172.18.0.4}
- apiVersion: v1
  kind: Pod
  metadata: {namespace: uat, name: client, labels: {app: client}}
  spec: {nodeName: w2, containers: [{name: c, image: i}]}
  status: {phase: Running, podIP: 10.244.2.20}
`

// Outcomes as the tables write them.
const (
	allowed      = "allowed"
	denied       = "denied POLICY_DENIED"
	denyRule     = "denied POLICY_DENY"
	unauthentic  = "denied AUTH_REQUIRED"
	undetermined = "undetermined"
)

// verdicts are outcomes by packet: "ingress dev/client dev/server 8080".
type verdicts map[string]string

// row is one claim about policies and what follows from it.
type row struct {
	claim string
	// policies are documents beside the stage's.
	policies string
	// set are words KEY=VALUE: cilium-config keys and "version".
	set  string
	want verdicts
}

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set, r.policies)
			for packet, want := range r.want {
				step := s.judge(packet)
				assert.Equal(t, want, outcome(step), "%s: %s", packet, step.Why)
				s.checkOwnNode(packet, step)
			}
		})
	}
}

// checkOwnNode: whatever keeps a node from its own pod, MayRefuseOwnNode has not
// ruled out.
func (s *scene) checkOwnNode(packet string, step model.Step) {
	s.t.Helper()
	q := s.question(packet).Packet
	local := strings.HasPrefix(packet, "ingress") && q.Source.Kind == model.PartyNode && q.Destination.Kind == model.PartyPod && q.Source.Node == q.Destination.Node
	if local && step.Verdict == model.Denied {
		assert.True(s.t, s.engine.MayRefuseOwnNode(q.Destination.Pod, q.Source.Node), "%s: %s", packet, step.Why)
	}
}

// scene is an Engine with its cluster.
type scene struct {
	t      *testing.T
	index  *model.Index
	engine *engine.Engine
	issues []model.Issue
}

// load builds an Engine from the stage and more documents; it fails where
// those do not even load.
func load(t *testing.T, set string, documents ...string) *scene {
	t.Helper()
	files := []manifest.File{{Name: "stage.yaml", Data: []byte(stage)}}
	for i, d := range documents {
		files = append(files, manifest.File{Name: fmt.Sprintf("policies%d.yaml", i), Data: []byte(d)})
	}
	cluster, loading := manifest.Load(files)
	for _, i := range loading {
		require.NotEqual(t, model.Error, i.Severity, i.String())
	}
	s := &scene{t: t, index: model.NewIndex(cluster)}
	s.engine, s.issues = engine.New(s.index, datapath(set))
	return s
}

func datapath(set string) model.Datapath {
	dp := model.Datapath{CiliumVersion: "1.20.2", ClusterName: "default", Options: map[string]string{}}
	for _, word := range strings.Fields(set) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "version":
			dp.CiliumVersion = value
			continue
		case "cluster-name":
			dp.ClusterName = value
		}
		dp.Options[key] = value
	}
	return dp
}

// judge gives the step that decides a packet.
func (s *scene) judge(packet string) model.Step {
	s.t.Helper()
	return decisive(s.steps(packet))
}

// steps are those of the side that a packet asks about.
func (s *scene) steps(packet string) []model.Step {
	s.t.Helper()
	return s.engine.Judge(s.question(packet))
}

// question reads "DIRECTION SOURCE DESTINATION PORT[/PROTOCOL] [ASKED-PORT]".
func (s *scene) question(packet string) engine.Question {
	s.t.Helper()
	words := strings.Fields(packet)
	require.GreaterOrEqual(s.t, len(words), 4, packet)
	d := map[string]model.Direction{"ingress": model.Ingress, "egress": model.Egress}
	direction, known := d[words[0]]
	require.True(s.t, known, packet)
	port, protocol, hasProtocol := strings.Cut(words[3], "/")
	if !hasProtocol {
		protocol = "TCP"
	}
	p := model.Packet{
		Source: s.party(words[1]), Destination: s.party(words[2]),
		Protocol: model.Protocol(protocol), Port: s.number(port),
	}
	asked := p.Port
	if len(words) > 4 {
		asked = s.number(words[4])
	}
	return engine.Question{Direction: direction, Packet: p, AskedPort: asked}
}

// decisive is the first step that does not allow, else the first.
func decisive(steps []model.Step) model.Step {
	for _, step := range steps {
		if step.Verdict != model.Allowed {
			return step
		}
	}
	return steps[0]
}

func (s *scene) number(text string) uint16 {
	n, err := strconv.ParseUint(text, 10, 16)
	require.NoError(s.t, err)
	return uint16(n)
}

// party is "world", an IP, "node/NAME" or a pod "NS/NAME".
func (s *scene) party(name string) model.Party {
	if name == "world" {
		return model.Party{Kind: model.PartyWorld}
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		return s.index.Party(addr)
	}
	namespace, object, _ := strings.Cut(name, "/")
	if namespace == "node" {
		node := s.index.Node(object)
		require.NotNil(s.t, node, name)
		return s.index.NodeParty(node, false)
	}
	pod := s.index.Pod(namespace, object)
	require.NotNil(s.t, pod, name)
	return s.index.PodParty(pod, false)
}

// outcome is a verdict with Hubble's name of the drop reason.
func outcome(s model.Step) string {
	text := s.Verdict.String()
	if s.DropReason != nil {
		text += " " + s.DropReason.Name
	}
	return text
}

// rulesBy are the rules that decided: "NAME RULE" or just "NAME".
func rulesBy(s model.Step) []string {
	out := []string{}
	for _, o := range s.By {
		out = append(out, strings.TrimSpace(o.Name+" "+o.Rule))
	}
	return out
}

// The documents. A spec is written in YAML's flow style, without the braces.

func cnp(name, spec string) string {
	return fmt.Sprintf("---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: %s}, spec: {%s}}\n", name, spec)
}

func ccnp(name, spec string) string {
	return fmt.Sprintf("---\n{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: %s}, spec: {%s}}\n", name, spec)
}

func np(name, spec string) string {
	return fmt.Sprintf("---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: dev, name: %s}, spec: {%s}}\n", name, spec)
}

// clusterNetworkPolicy is of priority 10 unless the spec has one.
func clusterNetworkPolicy(name, tier, spec string) string {
	if !strings.Contains(spec, "priority:") {
		spec = "priority: 10, " + spec
	}
	return fmt.Sprintf("---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: %s}, spec: {tier: %s, %s}}\n", name, tier, spec)
}

// server and client are CiliumNetworkPolicies that select those pods of dev.
func server(rules string) string {
	return cnp("server", "endpointSelector: {matchLabels: {app: server}}, "+rules)
}

func client(rules string) string {
	return cnp("client", "endpointSelector: {matchLabels: {app: client}}, "+rules)
}

func npServer(rules string) string {
	return np("np", "podSelector: {matchLabels: {app: server}}, "+rules)
}

func service(name, labels, spec string) string {
	return fmt.Sprintf("---\n{apiVersion: v1, kind: Service, metadata: {namespace: dev, name: %s, labels: {%s}}, spec: {ports: [{port: 80, targetPort: 8080}], %s}}\n", name, labels, spec)
}

// podWithPort is a pod of dev on w1, labelled app=NAME, with a port named web.
func podWithPort(name, ip string, web int) string {
	return fmt.Sprintf(`---
apiVersion: v1
kind: Pod
metadata: {namespace: dev, name: %s, labels: {app: %s}}
spec: {nodeName: w1, containers: [{name: c, image: i, ports: [{name: web, containerPort: %d}]}]}
status: {phase: Running, podIP: %s}
`, name, name, web, ip)
}

// marked is the line that ends in "# MARK", numbered from 1.
func marked(t *testing.T, text, mark string) int {
	t.Helper()
	for i, line := range strings.Split(text, "\n") {
		if strings.HasSuffix(line, "# "+mark) {
			return i + 1
		}
	}
	require.Failf(t, "no such mark", "%q in\n%s", mark, text)
	return 0
}

// said asserts that some issue has this severity and all the fragments.
func (s *scene) said(severity model.Severity, fragments ...string) model.Issue {
	s.t.Helper()
	for _, i := range s.issues {
		if i.Severity == severity && containsAll(i.String(), fragments) {
			return i
		}
	}
	assert.Failf(s.t, "no such issue", "%s with %q among %v", severity, fragments, s.issues)
	return model.Issue{}
}

func containsAll(text string, fragments []string) bool {
	for _, f := range fragments {
		if !strings.Contains(text, f) {
			return false
		}
	}
	return true
}
