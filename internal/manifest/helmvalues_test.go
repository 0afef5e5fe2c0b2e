package manifest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// anyLine stands for values whose lines a row is not about.
var anyLine map[string]int

func TestValuesOfCiliumsChartAreFound(t *testing.T) {
	const application = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {namespace: argocd, name: cilium}\nspec:\n  source:\n    chart: cilium\n    targetRevision: 1.18.4\n    helm:\n"
	for _, r := range []struct {
		claim, text string
		version     string
		data        map[string]string
		lines       map[string]int
	}{
		{"a file of values", "kubeProxyReplacement: true\nsocketLB:\n  hostNamespaceOnly: \"true\"\ntunnelPort: 8473\n", "",
			map[string]string{"kubeProxyReplacement": "true", "socketLB.hostNamespaceOnly": "true", "tunnelPort": "8473"},
			map[string]int{"kubeProxyReplacement": 1, "socketLB.hostNamespaceOnly": 3, "tunnelPort": 4}},
		{"the same in JSON", "{\"routingMode\": \"native\",\n\"ipv6\": {\"enabled\": true}, \"MTU\": null}\n", "",
			map[string]string{"routingMode": "native", "ipv6.enabled": "true"}, map[string]int{"routingMode": 1, "ipv6.enabled": 2}},
		{"lists, merges and nulls", "x: &x {mode: dsr}\nroutingMode: native\nloadBalancer: {<<: *x}\nnodePort: {addresses: [10.0.0.0/8, fd00::/8]}\nipam:\n", "",
			map[string]string{"x.mode": "dsr", "routingMode": "native", "loadBalancer.mode": "dsr", "nodePort.addresses": "10.0.0.0/8 fd00::/8"}, anyLine},
		{"the values of a chart that depends on Cilium's", "cilium:\n  routingMode: native\nother: {a: b}\n", "",
			map[string]string{"routingMode": "native"}, map[string]int{"routingMode": 2}},
		{"an Application's valuesObject, over which parameters go", application + "      valuesObject:\n        routingMode: native\n        l7Proxy: false\n      values: |\n        hubble: {}\n      parameters:\n      - {name: l7Proxy, value: \"true\"}\n", "1.18.4",
			map[string]string{"routingMode": "native", "l7Proxy": "true"}, map[string]int{"routingMode": 10, "l7Proxy": 15}},
		{"an Application's values as text", application + "      values: |\n        # why\n        routingMode: native\n", "1.18.4",
			map[string]string{"routingMode": "native"}, map[string]int{"routingMode": 11}},
		{"one of an Application's sources", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {namespace: argocd, name: net}\nspec:\n  sources:\n  - chart: other\n    helm: {valuesObject: {routingMode: tunnel}}\n  - chart: cilium\n    helm: {valuesObject: {routingMode: native}}\n", "",
			map[string]string{"routingMode": "native"}, map[string]int{"routingMode": 9}},
		{"the template of an ApplicationSet", "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {namespace: argocd, name: net}\nspec:\n  template:\n    spec:\n      source:\n        chart: cilium\n        targetRevision: 1.18.4\n        helm: {valuesObject: {routingMode: native}}\n", "1.18.4",
			map[string]string{"routingMode": "native"}, map[string]int{"routingMode": 10}},
		{"a HelmRelease", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {namespace: kube-system, name: net}\nspec:\n  chart:\n    spec: {chart: cilium, version: 1.19.x}\n  values:\n    eni: {enabled: true}\n", "1.19.x",
			map[string]string{"eni.enabled": "true"}, map[string]int{"eni.enabled": 8}},
		{"a HelmRelease whose chart is a source of its own", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {namespace: kube-system, name: net}\nspec:\n  chartRef: {kind: OCIRepository, name: cilium}\n  values: {eni: {enabled: true}}\n", "",
			map[string]string{"eni.enabled": "true"}, anyLine},
		{"a HelmChart of k3s: set over values over text", "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {namespace: kube-system, name: net}\nspec:\n  chart: cilium\n  version: v1.20.2\n  set: {routingMode: native}\n  values: {routingMode: tunnel, l7Proxy: false}\n  valuesContent: |-\n    l7Proxy: true\n    operator: {replicas: 1}\n", "v1.20.2",
			map[string]string{"routingMode": "native", "l7Proxy": "false", "operator.replicas": "1"}, anyLine},
		{"RKE2's HelmChartConfig", "apiVersion: helm.cattle.io/v1\nkind: HelmChartConfig\nmetadata: {namespace: kube-system, name: rke2-cilium}\nspec:\n  valuesContent: |-\n    kubeProxyReplacement: true\n", "",
			map[string]string{"kubeProxyReplacement": "true"}, map[string]int{"kubeProxyReplacement": 6}},
	} {
		t.Run(r.claim, func(t *testing.T) {
			c := loadClean(t, r.text)
			require.Len(t, c.CiliumValues, 1)
			v := c.CiliumValues[0]
			assert.Equal(t, r.data, v.Data)
			assert.Equal(t, r.version, v.ChartVersion)
			if r.lines != nil {
				assert.Equal(t, r.lines, v.Lines)
			}
		})
	}
}

func TestWhatIsNotForCiliumsChartIsNotTakenForIt(t *testing.T) {
	for claim, text := range map[string]string{
		"values of another chart":                "image: {tag: v1}\noperator: {replicas: 1}\n",
		"one such value among many strange ones": "routingMode: native\nsite: a\ntheme: b\npages: c\n",
		"an object":                              "apiVersion: example.org/v1\nkind: Net\nmetadata: {name: a}\nroutingMode: native\n",
		"a document with a kind":                 "kind: Net\nroutingMode: native\n",
		"an Application of another chart":        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {namespace: a, name: a}\nspec: {source: {chart: calico, helm: {valuesObject: {routingMode: native}}}}\n",
		"an Application of another API":          "apiVersion: app.k8s.io/v1beta1\nkind: Application\nmetadata: {namespace: a, name: a}\nspec: {source: {chart: cilium, helm: {valuesObject: {routingMode: native}}}}\n",
		"a HelmChartConfig of another chart":     "apiVersion: helm.cattle.io/v1\nkind: HelmChartConfig\nmetadata: {namespace: a, name: traefik}\nspec: {valuesContent: \"routingMode: native\"}\n",
	} {
		c, _ := load(text)
		assert.Empty(t, c.CiliumValues, claim)
	}
}

func TestTheDefaultsOfAVendoredChartAreNoSettings(t *testing.T) {
	chart, values := "apiVersion: v2\nname: cilium\nversion: 1.20.2\n", "routingMode: \"\"\nkubeProxyReplacement: \"false\"\n"
	c, issues := Load([]File{{Name: "charts/cilium/Chart.yaml", Data: []byte(chart)}, {Name: "charts/cilium/values.yaml", Data: []byte(values)}, {Name: "net.yaml", Data: []byte("routingMode: native\n")}})
	require.Len(t, c.CiliumValues, 1)
	assert.Equal(t, "net.yaml:1", c.CiliumValues[0].Origin.Position())
	assert.Empty(t, grave(issues))
}

func TestValuesThatAreNotReadAreTold(t *testing.T) {
	const release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {namespace: a, name: a}\nspec:\n  chart: {spec: {chart: cilium}}\n"
	for _, r := range []struct{ claim, text, says string }{
		{"a misspelt value", "routingMode: native\nkubeProxyReplacment: true\n", "in.yaml:2: warning: Cilium's chart has no value kubeProxyReplacment: Helm ignores it (did you mean kubeProxyReplacement?)"},
		{"values from a ConfigMap", release + "  valuesFrom:\n  - {kind: ConfigMap, name: b}\n", "in.yaml:7: warning: HelmRelease a/a: valuesFrom names more values for Cilium's chart, which are not read from here (pass them too, as a file of values with -f)"},
		{"text that is no YAML", "apiVersion: helm.cattle.io/v1\nkind: HelmChartConfig\nmetadata: {namespace: a, name: cilium}\nspec:\n  valuesContent: \"a: [\"\n", "in.yaml:5: error: HelmChartConfig a/cilium: the values cannot be parsed: "},
	} {
		_, issues := load(r.text)
		require.Len(t, grave(issues), 1, r.claim)
		assert.Contains(t, grave(issues)[0], r.says, r.claim)
	}
}
