package engine_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/model"
)

func TestIdentities(t *testing.T) {
	const namespace = "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=dev k8s:io.cilium.k8s.namespace.labels.team=blue " +
		"k8s:io.cilium.k8s.policy.cluster=default "
	const (
		client = "k8s:app=client " + namespace + "k8s:io.cilium.k8s.policy.serviceaccount=robot k8s:io.kubernetes.pod.namespace=dev k8s:tier=front"
		server = "k8s:app=server " + namespace + "k8s:io.cilium.k8s.policy.serviceaccount=default k8s:io.kubernetes.pod.namespace=dev"
		named  = "gen:io.cilium.k8s.named-ports=names.UDP.5353_web.TCP.8080 "
	)
	for _, r := range []struct{ claim, set, party, judge, want string }{
		{"a pod has its labels, its namespace's, its cluster's and its service account's", "", "dev/client", "", client},
		{"since 1.20 named ports belong to it", "version=1.20.0", "dev/server", "", named + server},
		{"before 1.20 they did not", "version=1.19.6", "dev/server", "", server},
		{"a node is host to itself", "", "node/w1", "w1", "reserved:host"},
		{"and remote-node to others", "", "node/w1", "w2", "reserved:remote-node"},
		{"and to nobody in particular", "", "node/w1", "", "reserved:remote-node"},
		{"the control plane is the API server too", "", "node/cp", "w1", "reserved:kube-apiserver reserved:remote-node"},
		{"to itself as well", "", "node/cp", "cp", "reserved:host reserved:kube-apiserver"},
		{"a hostNetwork pod is its node", "", "dev/hostnet", "w2", "reserved:host"},
		{"an address outside is the world", "", "203.0.113.9", "", "reserved:world"},
		{"the world is the world", "", "world", "", "reserved:world"},
		{"with both families it has two", "enable-ipv6=true", "203.0.113.9", "", "reserved:world-ipv4"},
		{"the other is IPv6", "enable-ipv6=true", "2001:db8::1", "", "reserved:world-ipv6"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, r.set)
			got := strings.Join(s.engine.Identity(s.party(r.party), s.index.Node(r.judge)), " ")
			assert.Equal(t, r.want, got)
		})
	}
}

func TestAddressesHaveTheIdentityOfTheLongestCIDRThatRulesName(t *testing.T) {
	s := load(t, "", client(`egress: [{toCIDR: [203.0.113.0/24, 203.0.113.128/25, 203.0.112.0/23, 0.0.0.0/0]}]`))
	for addr, want := range map[string]string{
		"203.0.113.200": "cidr:203.0.113.128/25", "203.0.113.9": "cidr:203.0.113.0/24", "203.0.112.1": "cidr:203.0.112.0/23",
	} {
		assert.Contains(t, s.engine.Identity(s.party(addr), nil), want)
		assert.Contains(t, s.engine.Identity(s.party(addr), nil), "reserved:world")
	}
	assert.Equal(t, []string{"reserved:world"}, s.engine.Identity(s.party("198.51.100.1"), nil), "0.0.0.0/0 is the world itself")
}

func TestPodsWithEqualLabelsShareAnIdentity(t *testing.T) {
	twin := podWithPort("twin", "10.244.1.31", 80)
	s := load(t, "", twin+strings.ReplaceAll(strings.Replace(twin, "name: twin,", "name: second,", 1), "10.244.1.31", "10.244.1.32"), cnp("p", `endpointSelector: {matchLabels: {app: twin}}, ingress: [{}]`))
	for _, pod := range []string{"dev/twin", "dev/second"} {
		assert.Equal(t, denied, outcome(s.judge("ingress dev/client "+pod+" 80")))
	}
	assert.Equal(t, s.engine.Identity(s.party("dev/twin"), nil), s.engine.Identity(s.party("dev/second"), nil))
}

func TestPodsBeyondWhatCiliumCanNumberAreUndetermined(t *testing.T) {
	const room = 65535 - 256 + 1
	c := &model.Cluster{Nodes: []*model.Node{{Name: "n"}}, Namespaces: []*model.Namespace{{Name: "dev"}}}
	for i := range room + 2 {
		c.Pods = append(c.Pods, &model.Pod{Namespace: "dev", Name: fmt.Sprint("p", i), Node: "n", Labels: model.Labels{"app": fmt.Sprint(i)}})
	}
	index := model.NewIndex(c)
	e, issues := engine.New(index, datapath(""))
	require.Len(t, issues, 1)
	assert.Contains(t, issues[0].Message, "2 pods have no identity")
	judge := func(from, to int) model.Step {
		party := func(i int) model.Party { return index.PodParty(c.Pods[i], false) }
		packet := model.Packet{Source: party(from), Destination: party(to), Protocol: model.TCP, Port: 80}
		return decisive(e.Judge(engine.Question{Direction: model.Ingress, Packet: packet, AskedPort: 80}))
	}
	assert.Equal(t, allowed, outcome(judge(0, room-1)), "the last one with a number")
	assert.Equal(t, undetermined, outcome(judge(0, room)))
	assert.Equal(t, undetermined, outcome(judge(room, 0)))
	assert.Contains(t, judge(0, room).Why, "no security identity")
	assert.Empty(t, e.Identity(index.PodParty(c.Pods[room], false), nil))
}

func TestAPodWithIPv6TurnsBothFamiliesOn(t *testing.T) {
	v6 := "---\n{apiVersion: v1, kind: Pod, metadata: {namespace: dev, name: six}, spec: {nodeName: w1, containers: [{name: c, image: i}]}, status: {phase: Running, podIP: 'fd00::6', podIPs: [{ip: 'fd00::6'}]}}\n"
	s := load(t, "", v6)
	assert.Equal(t, []string{"reserved:world-ipv4"}, s.engine.Identity(s.party("203.0.113.9"), nil))
	s = load(t, "enable-ipv6=false", v6)
	assert.Equal(t, []string{"reserved:world"}, s.engine.Identity(s.party("203.0.113.9"), nil))
}

func TestTheWorldIsOfTheFamilyThatTheClusterHas(t *testing.T) {
	const six = "enable-ipv4=false enable-ipv6=true"
	everything := client(`egress: [{toCIDR: ["::/0"]}]`) + cidrGroup("six", "", `"::/0"`)
	s := load(t, six, everything)
	assert.Contains(t, s.engine.Identity(s.party("world"), nil), "cidrgroup:io.cilium.policy.cidrgroupname/six")
	assert.Equal(t, allowed, outcome(s.judge("egress dev/client world 443")))
	s = load(t, "", everything)
	assert.Equal(t, []string{"reserved:world"}, s.engine.Identity(s.party("world"), nil))
}

func TestNodeWithAnAddressOfTheAPIServerRunsIt(t *testing.T) {
	s := load(t, "", strings.ReplaceAll(apiServerOutside, "203.0.113.77", "172.18.0.3"))
	assert.Equal(t, []string{"reserved:kube-apiserver", "reserved:remote-node"}, s.engine.Identity(s.party("node/w1"), nil))
	assert.Equal(t, []string{"reserved:remote-node"}, s.engine.Identity(s.party("node/cp"), nil), "the files say better than the role")

	// Through a tunnel a node speaks from its router's address, which is not
	// the one that the API server has (bpf/lib/encap.h).
	tunnelled := s.party("node/w1")
	tunnelled.Addr = netip.Addr{}
	assert.Equal(t, []string{"reserved:remote-node"}, s.engine.Identity(tunnelled, nil))
}
