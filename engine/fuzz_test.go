package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// heads are the documents whose spec FuzzPolicies makes up, one for each
// validator.
func heads() []string {
	return []string{
		"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: dev, name: fuzz}\n",
		"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: fuzz}\n",
		"apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: fuzz}\n",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: dev, name: fuzz}\n",
		"apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: fuzz}\n",
	}
}

// FuzzPolicies: whatever a policy's spec is, it is judged or an issue has a
// place in it; nothing panics, and every verdict has its reason.
func FuzzPolicies(f *testing.F) {
	for _, document := range strings.Split(written, "---\n") {
		if _, spec, found := strings.Cut(document, "\nspec:"); found {
			for kind := range heads() {
				f.Add(uint8(kind), "spec:"+spec)
			}
		}
	}
	for kind, spec := range []string{
		`spec: {endpointSelector: {}, egress: [{toFQDNs: [{matchPattern: "*.example.org"}], toPorts: [{ports: [{port: "443"}]}]}, {toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]}]}`,
		`specs: [{nodeSelector: {}, ingress: [{fromEntities: [all], icmps: [{fields: [{type: EchoRequest, family: IPv4}]}]}]}, {endpointSelector: {}, ingressDeny: [{fromNodes: [{}]}]}]`,
		`spec: {externalCIDRs: [10.0.0.0/8, "2001:db8::/32"]}`,
		`spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: web}, {port: 1, endPort: 2, protocol: SCTP}]}]}`,
		`spec: {tier: Admin, priority: 7, subject: {pods: {namespaceSelector: {}, podSelector: {}}}, ingress: [{action: Pass, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}]}`,
	} {
		f.Add(uint8(kind), spec)
	}
	f.Fuzz(func(t *testing.T, kind uint8, spec string) {
		head := heads()[int(kind)%len(heads())]
		cluster, loading := manifest.Load([]manifest.File{
			{Name: "stage.yaml", Data: []byte(stage)}, {Name: "fuzz.yaml", Data: []byte(head + spec)},
		})
		index := model.NewIndex(cluster)
		e, issues := engine.New(index, datapath("enable-k8s-cluster-network-policy=true enable-host-firewall=true enable-node-selector-labels=true"))
		for _, i := range append(append(loading, issues...), e.Advice()...) {
			if i.Severity != model.Info && (i.Line < 1 || i.Message == "") {
				t.Errorf("an issue without a place: %v", i)
			}
		}
		s := &scene{t: t, index: index, engine: e}
		for _, packet := range []string{
			"ingress dev/client dev/server 8080", "egress dev/client dev/server 8080", "egress dev/client 203.0.113.9 443",
			"ingress world dev/server 53/UDP", "ingress node/w1 dev/client 8/ICMP", "egress node/w2 node/cp 6443",
		} {
			if step := s.judge(packet); step.Why == "" {
				t.Errorf("%s is %s without a reason", packet, fmt.Sprint(step.Verdict))
			}
		}
	})
}
