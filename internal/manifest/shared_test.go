package manifest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTwoThingsWithOneAddressAreAWarning(t *testing.T) {
	pod := func(name, spec, status string) string {
		return podYAML("dev", name, "", spec) + "status: {" + status + "}\n"
	}
	service := func(name, ip string) string {
		return serviceYAML("dev", name, "clusterIP: "+ip+", ports: [{port: 80}]")
	}
	const host = "hostNetwork: true, containers: [{name: c}]"
	for _, row := range []struct{ claim, text, want string }{
		{"two pods", pod("a", "", "podIP: 10.244.1.5") + pod("b", "", "podIPs: [{ip: 10.244.1.5}]"), "warning: Pod dev/b: status.podIPs: 10.244.1.5 is also the address of Pod dev/a (in.yaml:2)"},
		{"two pods, by one of two families", pod("a", "", "podIPs: [{ip: 10.244.1.5}, {ip: 'fd00::5'}]") + pod("b", "", "podIPs: [{ip: 10.244.1.6}, {ip: 'fd00::5'}]"), "warning: Pod dev/b: status.podIPs: fd00::5 is also the address of Pod dev/a"},
		{"two Services", service("a", "10.96.0.20") + service("b", "10.96.0.20"), "warning: Service dev/b: spec.clusterIPs: 10.96.0.20 is also the address of Service dev/a"},
		{"not a pod that is done", pod("a", "", "podIP: 10.244.1.5") + pod("b", "", "phase: Succeeded, podIP: 10.244.1.5"), ""},
		{"not pods on the node's network", pod("a", host, "podIP: 172.18.0.2") + pod("b", host, "podIP: 172.18.0.2"), ""},
		{"not headless Services", service("a", "None") + service("b", "None"), ""},
		{"not what netsim assigns", pod("a", "", "") + pod("b", "", "podIP: 10.244.1.2") + workloadYAML("Deployment", "web", "  replicas: 3\n"), ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			_, issues := load(row.text)
			if row.want == "" {
				assert.Empty(t, grave(issues))
				return
			}
			require.Len(t, grave(issues), 1)
			assert.Contains(t, grave(issues)[0], row.want)
		})
	}
}
