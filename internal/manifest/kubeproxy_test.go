package manifest_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

const (
	proxyMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: kube-system, name: kube-proxy}\ndata:\n"
	proxyDoc = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
)

// loadProxy loads one file; that the nodes are made up is no news here.
func loadProxy(text string) (*model.Cluster, []model.Issue) {
	c, issues := manifest.Load([]manifest.File{{Name: "a.yaml", Data: []byte(text)}})
	return c, slices.DeleteFunc(issues, func(i model.Issue) bool { return i.Severity == model.Info })
}

func TestKubeProxyIsReadFromItsConfigMapOrItsOwnFile(t *testing.T) {
	const inner = "    apiVersion: kubeproxy.config.k8s.io/v1alpha1\n    kind: KubeProxyConfiguration\n"
	for _, r := range []struct {
		claim, text string
		data        map[string]string
		lines       map[string]int
	}{
		{"the file inside the ConfigMap", proxyMap + "  config.conf: |-\n" + inner + "    mode: nftables\n    nftables:\n      masqueradeAll: true\n    clusterCIDR: 10.244.0.0/16,fd00:10:244::/56\n",
			map[string]string{"mode": "nftables", "masqueradeAll": "true", "clusterCIDR": "10.244.0.0/16,fd00:10:244::/56"},
			map[string]int{"mode": 8, "masqueradeAll": 10, "clusterCIDR": 11}},
		{"kubeadm without a pod subnet: iptables, and no CIDR", proxyMap + "  config.conf: |\n" + inner + "    mode: \"\"\n    clusterCIDR: \"\"\n",
			map[string]string{"mode": "iptables", "clusterCIDR": ""}, map[string]int{"mode": 8, "clusterCIDR": 9}},
		{"quoted text has the line of its key", proxyMap + `  config.conf: "kind: KubeProxyConfiguration\nmode: ipvs\n"` + "\n",
			map[string]string{"mode": "ipvs", "clusterCIDR": ""}, map[string]int{"mode": 5, "clusterCIDR": 5}},
		{"EKS's ConfigMap", "apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: kube-system, name: kube-proxy-config}\ndata:\n  config: |-\n" + inner + "    mode: ipvs\n",
			map[string]string{"mode": "ipvs", "clusterCIDR": ""}, map[string]int{"mode": 8, "clusterCIDR": 6}},
		{"a file for kubeadm, which adds the CIDR", proxyDoc + "detectLocalMode: NodeCIDR\nnodePortAddresses: [10.0.0.0/8, \"fd00::/8\"]\niptables: {localhostNodePorts: false, masqueradeAll: false}\n",
			map[string]string{"mode": "iptables", "detectLocalMode": "NodeCIDR", "nodePortAddresses": "10.0.0.0/8,fd00::/8", "localhostNodePorts": "false", "masqueradeAll": "false"},
			map[string]int{"mode": 1, "clusterCIDR": 1, "detectLocalMode": 3, "nodePortAddresses": 4, "localhostNodePorts": 5, "masqueradeAll": 5}},
		{"primary addresses", proxyDoc + "mode: nftables\nnodePortAddresses: [primary]\niptables: {masqueradeAll: true}\n",
			map[string]string{"mode": "nftables", "nodePortAddresses": "primary"}, map[string]int{"mode": 3, "clusterCIDR": 1, "nodePortAddresses": 4}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			c, issues := loadProxy(r.text)
			assert.Empty(t, issues)
			require.NotNil(t, c.KubeProxyConfig)
			assert.Equal(t, r.data, c.KubeProxyConfig.Data)
			assert.Equal(t, r.lines, c.KubeProxyConfig.Lines)
			assert.Len(t, c.Others, 1, "the document itself is still listed")
		})
	}
}

func TestWhatKubeProxyWouldNotStartWithIsAnIssue(t *testing.T) {
	for _, r := range []struct {
		claim, text string
		line        int
		says        string
		data        map[string]string
	}{
		{"a mode of old", proxyDoc + "mode: userspace\nclusterCIDR: 10.0.0.0/8\n", 3, `mode: "userspace" is not known`, map[string]string{"clusterCIDR": "10.0.0.0/8"}},
		{"a CIDR that is an address", proxyDoc + "mode: ipvs\nclusterCIDR: 10.0.0.1\n", 4, `"10.0.0.1" is no CIDR`, map[string]string{"mode": "ipvs"}},
		{"an unknown detector", proxyDoc + "detectLocalMode: PodCIDR\n", 3, `"PodCIDR" is not known`, map[string]string{"mode": "iptables"}},
		{"primary beside a CIDR", proxyDoc + "nodePortAddresses: [primary, 10.0.0.0/8]\n", 3, `"primary" is no CIDR`, map[string]string{"mode": "iptables"}},
		{"a boolean in quotes", proxyDoc + "iptables: {masqueradeAll: \"yes\"}\n", 3, "must be true or false", nil},
		{"no YAML in the ConfigMap", proxyMap + "  config.conf: |\n    mode: [\n", 5, "cannot be parsed", nil},
		{"nothing in the ConfigMap", proxyMap + "  config.conf: \"\"\n", 5, "holds nothing", nil},
		{"another kind in the ConfigMap", proxyMap + "  config.conf: |\n    kind: Config\n", 5, "is no KubeProxyConfiguration", nil},
		{"a version that no kube-proxy reads", "apiVersion: kubeproxy.config.k8s.io/v1\nkind: KubeProxyConfiguration\n", 1, "write apiVersion: kubeproxy.config.k8s.io/v1alpha1", nil},
	} {
		t.Run(r.claim, func(t *testing.T) {
			c, issues := loadProxy(r.text)
			require.Len(t, issues, 1)
			assert.Equal(t, model.Error, issues[0].Severity)
			assert.Equal(t, r.line, issues[0].Line)
			assert.Contains(t, issues[0].String(), r.says)
			if r.data == nil {
				assert.Nil(t, c.KubeProxyConfig)
				return
			}
			assert.Equal(t, r.data, c.KubeProxyConfig.Data)
		})
	}
}

func TestKubeProxyConfiguredTwiceIsSaid(t *testing.T) {
	text := proxyDoc + "mode: nftables\n---\n" + proxyMap + "  config.conf: |\n    kind: KubeProxyConfiguration\n    mode: ipvs\n"
	c, issues := loadProxy(text)
	require.Len(t, issues, 1)
	assert.Contains(t, issues[0].Message, "kube-proxy is configured twice: a.yaml:10 is taken, a.yaml:1 is not")
	assert.Equal(t, "ipvs", c.KubeProxyConfig.Data["mode"])
	assert.Len(t, c.Others, 2)
}

func TestAKubeProxyConfigMapWithoutTheFileSaysNothing(t *testing.T) {
	c, issues := loadProxy(proxyMap + "  kubeconfig: x\n")
	assert.Empty(t, issues)
	assert.Nil(t, c.KubeProxyConfig)
	assert.Len(t, c.Others, 1)
}
