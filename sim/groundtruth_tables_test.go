package sim_test

import (
	"slices"
	"strings"
)

// difference is something that netsim says otherwise than a cluster did, and
// why that is right.
type difference struct {
	// cluster, scenario and probe are prefixes.
	cluster, scenario, probe string
	reason                   string
}

// known are the differences. "Not implemented" is no reason, and where a
// cluster dropped netsim never says allowed.
func known() []difference {
	return []difference{
		{"native-kpr-false-1.18", "04-ingress-cidr-pods", "node node2 -> service shop/api clusterIP 10.96.42.76:9000",
			"kube-proxy chooses a backend at random for each connection (pkg/proxy/iptables/proxier.go, --mode random), and here took " +
				"shop/api2 eight times out of eight; the same client's probes of 10.96.42.76:8000 in this scenario met both, and shop/api1 refused"},
	}
}

// gap is a feature that netsim lacks, and the scenarios with probes that it
// therefore leaves undetermined. Their other probes must agree.
type gap struct {
	missing string
	// scenarios are prefixes.
	scenarios []string
}

// pending are the gaps. Whoever closes one removes its row: a row that leaves
// no probe open fails the test.
func pending() []gap {
	return []gap{}
}

// isPending says whether a scenario may have undetermined probes.
func isPending(scenario string) bool {
	return slices.ContainsFunc(pending(), func(g gap) bool {
		return slices.ContainsFunc(g.scenarios, func(prefix string) bool { return strings.HasPrefix(scenario, prefix) })
	})
}

// leftOut says why a probe decides nothing about netsim, "" if it does.
func leftOut(cluster string, p probe) string {
	onNode1 := strings.HasPrefix(p.From["node"], "node1") || slices.Contains(podsOnNode1(), p.From["pod"])
	switch {
	case p.Flaky:
		return "its attempts disagreed"
	case p.From["external"] != "" && p.To["frontend"] == "clusterIP":
		return "the outside had no route to ClusterIPs"
	case strings.HasSuffix(cluster, "kpr-true") && p.To["frontend"] == "externalIP" && onNode1:
		return "the lab's router sent external IPs back to node1, which drops its own source address"
	}
	return ""
}

func podsOnNode1() []string {
	return []string{"shop/fe1", "shop/api1", "pay/ledger", "obs/scraper", "kube-system/dns", "kube-system/hn1"}
}
