package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Where Cilium does otherwise than Kubernetes' text, and that decides, the
// answer says so; where it does not decide, it does not.
func TestDeviationsFromKubernetesTextAreNamed(t *testing.T) {
	ports := func(name string) string {
		return np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: `+name+`}]}]`)
	}
	const (
		toPod    = "egress dev/client dev/server 8080"
		toOwn    = "egress dev/client node/w1 10250"
		world    = "ingress world dev/server 8080"
		apart    = "by Kubernetes' text the policyTypes of NetworkPolicy dev/np keep it out of"
		block    = "Kubernetes' text does not keep an ipBlock from meaning pods and nodes, and that in"
		networks = "by Kubernetes' text networks mean pods and nodes too"
		own      = "by Kubernetes' text a pod always reaches its own node"
		name     = "by Kubernetes' text the port's name in egress[0].to[0] of NetworkPolicy dev/np means"
		priority = "has the same priority: Kubernetes leaves open which of them goes first"
	)
	for _, r := range []struct{ claim, policies, set, packet, want, says string }{
		{"ingress rules of a policy for egress isolate", npServer(`policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: local}}}]}]`), "", toServer, denied, apart + " ingress; Cilium applies its ingress rules all the same"},
		{"not alone where another policy isolates too", npServer(`policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: local}}}]}]`) + server(`ingress: [{}]`), "", toServer, denied, ""},
		{"they open what another policy isolates", npServer(`policyTypes: [Egress], ingress: [{}]`) + server(`ingress: [{}]`), "", toServer, allowed, apart + " ingress"},
		{"and open nothing that is open", npServer(`policyTypes: [Egress], ingress: [{}]`), "", toServer, allowed, ""},
		{"nor what another rule opens", npServer(`policyTypes: [Egress], ingress: [{}]`) + server(`ingress: [{fromEndpoints: [{}]}]`), "", toServer, allowed, ""},
		{"egress rules of a policy for ingress isolate", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Ingress], egress: [{to: [{podSelector: {matchLabels: {app: local}}}]}]`), "", toPod, denied, apart + " egress"},
		{"a policy without policyTypes says what its rules say", np("np", `podSelector: {matchLabels: {app: client}}, egress: [{to: [{podSelector: {matchLabels: {app: local}}}]}]`), "", toPod, denied, ""},

		{"an ipBlock does not let a pod in whose address it holds", npServer(`ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}]`), "", toServer, denied, block + " ingress[0].from[0] of NetworkPolicy dev/np holds 10.244.1.10"},
		{"nor a node", npServer(`ingress: [{from: [{ipBlock: {cidr: 172.18.0.0/16}}]}]`), "", "ingress node/w1 dev/server 8080", denied, block},
		{"that needs no saying where it excepts the pod", npServer(`ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16, except: [10.244.1.0/24]}}]}]`), "", toServer, denied, ""},
		{"nor on another port", npServer(`ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16}}], ports: [{port: 9}]}]`), "", toServer, denied, ""},
		{"nor where another rule lets it in", npServer(`ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16}}, {podSelector: {}}]}]`), "", toServer, allowed, ""},
		{"nor of CIDRs in Cilium's own policies", server(`ingress: [{fromCIDR: [10.244.0.0/16]}]`), "", toServer, denied, ""},
		{"networks do not deny a pod", adminAll(`egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]`), "", toPod, allowed, networks + ", and those in egress[0].to[0] of ClusterNetworkPolicy admin hold 10.244.2.10"},
		{"nor admit one", adminAll(`egress: [{action: Accept, to: [{networks: [10.244.0.0/16]}]}, {action: Deny, to: [{namespaces: {}}]}]`), "", toPod, denyRule, networks},
		{"nor pass one on", adminAll(`egress: [{action: Pass, to: [{networks: [10.244.0.0/16]}]}, {action: Deny, to: [{namespaces: {}}]}]`), "", toPod, denyRule, networks},
		{"that decides nothing behind the rule that does", adminAll(`egress: [{action: Accept, to: [{namespaces: {}}]}, {action: Deny, to: [{networks: [0.0.0.0/0]}]}]`), "", toPod, allowed, ""},

		{"a NetworkPolicy cuts a pod off from its own node", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]`), "", toOwn, denied, own + "; Cilium isolates it from that too"},
		{"from others it should", np("np", `podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]`), "", "egress dev/client node/w2 10250", denied, ""},
		{"Cilium's own policies may", client(`egress: [{}]`), "", toOwn, denied, ""},
		{"the node is cut off where allow-localhost is", npServer(``), "allow-localhost=policy", ownNode, denied, "by Kubernetes' text a node always reaches its own pods; Cilium lets it with allow-localhost only"},

		{"a selector does not mean a hostNetwork pod", npServer(`ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]`), "allow-localhost=policy", "ingress dev/hostnet dev/server 8080", denied, "Kubernetes leaves open whether selectors mean hostNetwork pods; to Cilium this one is its node, and ingress[0].from[0] of NetworkPolicy dev/np does not mean it"},
		{"nor need that be said where it means somebody else", npServer(`ingress: [{from: [{podSelector: {matchLabels: {app: local}}}]}]`) + server(`ingress: [{}]`), "", "ingress dev/hostnet dev/server 8080", allowed, ""},

		{"an ipBlock means the namespace in 1.19.4", npServer(`ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]`), "version=1.19.4", toServer, allowed, "that is an ipBlock, which by Kubernetes' text and in other releases does not mean the policy's own namespace"},
		{"and the outside as ever", npServer(`ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]`), "version=1.19.4", "ingress 203.0.113.9 dev/server 8080", allowed, ""},
		{"what a selector allows beside it is allowed anyway", npServer(`ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}, {podSelector: {}}]}]`), "version=1.19.4", toServer, allowed, ""},

		{"a port's name that pods number differently means none", ports("web") + podWithPort("other", "10.244.1.30", 9090), "version=1.19.6", toPod, denied, name + " the destination's own number"},
		{"since 1.20 it means each its own", ports("web") + podWithPort("other", "10.244.1.30", 9090), "", toPod, allowed, ""},
		{"one that all number alike means it for those without", ports("web"), "version=1.19.6", "egress dev/client dev/local 8080", allowed, name + " a port that the destination names so, and it has none"},
		{"and for those with", ports("web"), "version=1.19.6", toPod, allowed, ""},

		{"a namespace selector for an absent label means the world", npServer(`ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]`), "version=1.18.4", world, allowed,
			"by Kubernetes' text ingress[0].from[0] of NetworkPolicy dev/np means pods of namespaces without a label; to Cilium it means whatever is without it, pod or not"},
		{"not where it names the local cluster, as since 1.19", npServer(`ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]`), "", world, denied, ""},
		{"the common entry of 1.20 means pods that the selector does not", from(`{matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: DoesNotExist}]}`), "policy-default-local-cluster=false", toServer, allowed,
			"the labels of pod dev/client do not match ingress[0] of CiliumNetworkPolicy dev/server, but Cilium's common entry for all peers of its kind has no labels and does"},

		{"the Baseline tier goes before a NetworkPolicy's default deny", baselineRules(`ingress: [{action: Accept, `+fromAnyPod+`}]`) + npServer(``), "", toServer, allowed, "by Kubernetes' text NetworkPolicy dev/np, which isolates it, would deny it before; in Cilium default deny comes behind the Baseline tier"},
		{"and before that of Cilium's own", baselineRules(`ingress: [{action: Accept, `+fromAnyPod+`}]`) + server(`ingress: [{}]`), "", toServer, allowed, "; CiliumNetworkPolicy dev/server isolates it, but default deny comes behind the Baseline tier"},
		{"not before a rule that allows", baselineRules(`ingress: [{action: Accept, `+fromAnyPod+`}]`) + npServer(`ingress: [{}]`), "", toServer, allowed, ""},

		{"of two equal priorities Deny goes first", clusterNetworkPolicy("a", "Admin", serverSubject+`ingress: [{action: Accept, `+fromAnyPod+`}]`) + clusterNetworkPolicy("b", "Admin", serverSubject+`ingress: [{action: Deny, `+fromAnyPod+`}]`), "", toServer, denyRule,
			"ingress[0].from[0] of ClusterNetworkPolicy a " + priority},
		{"not if they agree", clusterNetworkPolicy("a", "Admin", serverSubject+`ingress: [{action: Deny, `+fromAnyPod+`}]`) + clusterNetworkPolicy("b", "Admin", serverSubject+`ingress: [{action: Deny, `+fromAnyPod+`}]`), "", toServer, denyRule, ""},
		{"within one policy the order decides", adminRules(`ingress: [{action: Accept, ` + fromAnyPod + `}, {action: Deny, ` + fromAnyPod + `}]`), "", toServer, allowed, ""},
	} {
		t.Run(r.claim, func(t *testing.T) {
			step := load(t, r.set, r.policies).judge(r.packet)
			assert.Equal(t, r.want, outcome(step), step.Why)
			if r.says != "" {
				assert.Contains(t, step.Why, r.says)
				return
			}
			for _, phrase := range []string{"Kubernetes", "other releases", "common entry", "behind the Baseline"} {
				assert.False(t, strings.Contains(step.Why, phrase), step.Why)
			}
		})
	}
}
