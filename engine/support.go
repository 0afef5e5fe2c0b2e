package engine

import "strings"

// Support says how netsim treats a field of a policy kind, and everything inside
// the field that has no row of its own.
type Support struct {
	// Kinds are the kinds that have the field.
	Kinds []string
	// Field is its path, with [] for the elements of a list and {a,b} for fields
	// that are treated alike: "spec.{ingress,egress}[].icmps".
	Field string
	// Alone keeps the row to the field itself: what is inside has its own rows.
	Alone bool
	State SupportState
	// How says in a sentence what that means for a verdict.
	How string
	// Scenario is the file in scenarios/ that shows it, without its ending; ""
	// only where there is nothing to see.
	Scenario string
}

// SupportState is what becomes of a field.
type SupportState string

// The states. Modelled: judged as Cilium does. Undetermined: a verdict that the
// field could turn is undetermined, with the reason. Rejected: the policy counts
// as absent, with an issue. NoEffect: it decides nothing in Cilium either.
const (
	Modelled     SupportState = "modelled"
	Undetermined SupportState = "undetermined"
	Rejected     SupportState = "rejected"
	NoEffect     SupportState = "no effect"
)

// Fields are the field's paths, with every {a,b} written out.
func (s Support) Fields() []string {
	before, rest, found := strings.Cut(s.Field, "{")
	if !found {
		return []string{s.Field}
	}
	choices, after, _ := strings.Cut(rest, "}")
	var fields []string
	for _, choice := range strings.Split(choices, ",") {
		fields = append(fields, Support{Field: before + choice + after}.Fields()...)
	}
	return fields
}

// SupportTable is the table of all fields; docs/policy-support.md is made from
// it.
func SupportTable() []Support {
	var table []Support
	for _, part := range []struct {
		kinds []string
		rows  []Support
	}{
		{[]string{"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}, ciliumSupport()},
		{[]string{"CiliumNetworkPolicy"}, []Support{
			{Field: "spec.nodeSelector", State: Rejected, How: "only a CiliumClusterwideNetworkPolicy selects nodes", Scenario: "host-firewall"},
		}},
		{[]string{"CiliumClusterwideNetworkPolicy"}, []Support{
			{Field: "spec.nodeSelector", State: Modelled, How: "the nodes' own traffic, where enable-host-firewall is on; else an issue says that it has no effect", Scenario: "host-firewall"},
		}},
		{[]string{"CiliumCIDRGroup"}, []Support{
			{Field: "spec.externalCIDRs", State: Modelled, How: "the addresses that cidrGroupRef and cidrGroupSelector mean", Scenario: "cidr-groups"},
		}},
		{[]string{"NetworkPolicy"}, networkPolicySupport()},
		{[]string{"ClusterNetworkPolicy"}, clusterNetworkPolicySupport()},
	} {
		for _, row := range part.rows {
			row.Kinds = part.kinds
			table = append(table, row)
		}
	}
	return table
}

func ciliumSupport() []Support {
	const (
		allow = "spec.{ingress,egress}[]."
		every = "spec.{ingress,egress,ingressDeny,egressDeny}[]."
		peers = "spec.{ingress[].from,ingressDeny[].from,egress[].to,egressDeny[].to}"
	)
	return []Support{
		{Field: "spec.{description,labels,log}", State: NoEffect, How: "names the rule in other tools"},
		{Field: "spec.endpointSelector", State: Modelled, How: "with the policy's own namespace in a CiliumNetworkPolicy", Scenario: "cnp-peers-mean-the-own-namespace"},
		{Field: "spec.enableDefaultDeny", State: Modelled, How: "false leaves open what no rule names; true without rules changes nothing", Scenario: "enable-default-deny"},
		{Field: "spec.{ingress,egress}", Alone: true, State: Modelled, How: "absent, [], [{}] and their like, each as Cilium reads it", Scenario: "empty-rule-means-opposite-things"},
		{Field: "spec.{ingressDeny,egressDeny}", Alone: true, State: Modelled, How: "beat every allow of the same tier", Scenario: "deny-beats-allow-on-one-port"},

		{Field: peers + "Endpoints", State: Modelled, How: "labels with or without a source, of the own namespace unless one is named", Scenario: "label-prefix-is-optional"},
		{Field: peers + "Entities", State: Modelled, How: "by the identity that the judging node knows", Scenario: "entities"},
		{Field: peers + "CIDR", State: Modelled, How: "outside the cluster only, unless policy-cidr-match-mode says otherwise", Scenario: "cidr-never-matches-a-pod"},
		{Field: peers + "CIDRSet", State: Modelled, How: "with except, cidrGroupRef and cidrGroupSelector", Scenario: "cidr-groups"},
		{Field: peers + "Nodes", State: Modelled, How: "other nodes by their labels, where enable-node-selector-labels is on; else the agent refuses the policy", Scenario: "node-selectors"},
		{Field: peers + "Groups", State: Undetermined, How: "unless the CiliumCIDRGroup that the operator makes of it is among the files", Scenario: "cloud-groups"},
		{Field: peers + "Requires", State: Rejected, How: "gone with Cilium 1.19; where an older one still takes it, the verdicts that it could touch are undetermined", Scenario: "fields-of-older-releases"},
		{Field: "spec.{egress,egressDeny}[].toServices", State: Modelled, How: "the Service's pods or addresses, never its ports; by version where selectors have dotted keys", Scenario: "to-services-and-dotted-selectors"},
		{Field: "spec.egress[].toFQDNs", State: Modelled, How: "by the answers that --dns gives, and only if the pod could have asked through a DNS rule; undetermined without an answer", Scenario: "fqdn-needs-the-dns-proxy"},

		{Field: allow + "authentication", State: Modelled, How: "a step of its own, with what mesh-auth and SPIRE can do in these files", Scenario: "required-authentication-without-mesh-auth"},
		{Field: every + "icmps", State: Modelled, How: "by type, where enable-icmp-rules is on", Scenario: "icmp-rules"},
		{Field: every + "toPorts", Alone: true, State: Modelled, How: "any peer where the rule has none; [] says nothing, [{}] nobody", Scenario: "empty-rule-means-opposite-things"},
		{Field: every + "toPorts[].ports", State: Modelled, How: "numbers, ranges, names and protocols, as the packet carries them at that point", Scenario: "egress-port-is-the-target-port"},
		{Field: allow + "toPorts[].rules", Alone: true, State: Modelled, How: "requests rather than packets; those of several policies add up, and a rule without any lets every request through", Scenario: "l7-http-on-the-way-out"},
		{Field: allow + "toPorts[].rules.http", State: Modelled, How: "a condition, or judged for the request that --http and --header give", Scenario: "l7-http-answers-403"},
		{Field: allow + "toPorts[].rules.http[].headerMatches[].secret", State: Undetermined, How: "the value of a Secret is in no file", Scenario: "l7-http-headers-and-host"},
		{Field: allow + "toPorts[].rules.dns", State: Modelled, How: "which names a pod may look up; on ingress the agent refuses it", Scenario: "l7-dns-rules-refuse-names"},
		{Field: allow + "toPorts[].serverNames", State: Modelled, How: "a condition, or judged for the name that --sni gives", Scenario: "l7-tls-server-names"},
		{Field: allow + "toPorts[].{terminatingTLS,originatingTLS}", State: NoEffect, How: "what Envoy does with TLS is not part of a verdict; the rules beside it are"},
		{Field: allow + "toPorts[].listener", State: Modelled, How: "a condition: what the Envoy listener does with the connection is not in the policy", Scenario: "envoy-listener"},
	}
}

func networkPolicySupport() []Support {
	return []Support{
		{Field: "spec.podSelector", State: Modelled, How: "pods of the policy's namespace", Scenario: "the-same-intent-as-a-networkpolicy"},
		{Field: "spec.policyTypes", State: Modelled, How: "Ingress rules count for Cilium even where only Egress is named", Scenario: "networkpolicy-as-cilium-reads-it"},
		{Field: "spec.{ingress,egress}", Alone: true, State: Modelled, How: "[{}] allows everything", Scenario: "empty-rule-means-opposite-things"},
		{Field: "spec.{ingress[].from,egress[].to}", Alone: true, State: Modelled, How: "absent and [] mean everybody", Scenario: "networkpolicy-as-cilium-reads-it"},
		{Field: "spec.{ingress[].from,egress[].to}[].podSelector", State: Modelled, How: "pods of the policy's namespace, or of those that namespaceSelector means", Scenario: "the-same-intent-as-a-networkpolicy"},
		{Field: "spec.{ingress[].from,egress[].to}[].namespaceSelector", State: Modelled, How: "by the namespace's labels", Scenario: "namespace-labels-as-peers"},
		{Field: "spec.{ingress[].from,egress[].to}[].ipBlock", State: Modelled, How: "never pods or nodes, whatever their addresses, unless policy-cidr-match-mode says otherwise", Scenario: "networkpolicy-as-cilium-reads-it"},
		{Field: "spec.{ingress,egress}[].ports", State: Modelled, How: "numbers, ranges, and names, which on egress each peer resolves for itself from Cilium 1.20 on", Scenario: "named-target-port"},
	}
}

func clusterNetworkPolicySupport() []Support {
	return []Support{
		{Field: "spec.{tier,priority}", State: Modelled, How: "Admin before, Baseline after the other kinds; the lower priority first, and of equals Deny", Scenario: "cluster-network-policy-tiers"},
		{Field: "spec.subject", State: Modelled, How: "pods, never nodes; it switches on no default deny", Scenario: "cluster-network-policy-tiers"},
		{Field: "spec.{ingress,egress}", Alone: true, State: Modelled, How: "each rule by its place in the list", Scenario: "cluster-network-policy-tiers"},
		{Field: "spec.{ingress,egress}[].name", State: NoEffect, How: "names the rule in other tools"},
		{Field: "spec.{ingress,egress}[].action", State: Modelled, How: "Accept, Deny, and Pass to the next tier", Scenario: "cluster-network-policy-tiers"},
		{Field: "spec.{ingress[].from,egress[].to}", Alone: true, State: Modelled, How: "any of the peers; never the world by itself", Scenario: "cluster-network-policy-peers"},
		{Field: "spec.{ingress[].from,egress[].to}[].{namespaces,pods}", State: Modelled, How: "by the labels of pods and namespaces", Scenario: "cluster-network-policy-tiers"},
		{Field: "spec.egress[].to[].networks", State: Modelled, How: "never pods or nodes, unless policy-cidr-match-mode says otherwise", Scenario: "cluster-network-policy-peers"},
		{Field: "spec.egress[].to[].nodes", State: Modelled, How: "nodes by their labels, where enable-node-selector-labels is on; else the agent refuses the policy", Scenario: "cluster-network-policy-peers"},
		{Field: "spec.egress[].to[].domainNames", State: Modelled, How: "by the answers that --dns gives; undetermined without one", Scenario: "cluster-network-policy-peers"},
		{Field: "spec.{ingress,egress}[].protocols", State: Modelled, How: "numbers, ranges and names", Scenario: "cluster-network-policy-peers"},
	}
}
