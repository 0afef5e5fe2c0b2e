package virtual_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/virtual"
	"github.com/netsim-dev/netsim/model"
)

const (
	release   = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cache, namespace: shop}\nspec: {chart: {spec: {chart: redis}}}\n---\n"
	other     = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: queue, namespace: shop}\nspec: {chart: {spec: {chart: nats}}}\n---\n"
	network   = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cilium, namespace: kube-system}\nspec: {chart: {spec: {chart: cilium}}}\n---\n"
	elsewhere = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cache, namespace: flux-system}\nspec: {chart: {spec: {chart: redis}}, targetNamespace: shop, releaseName: cache}\n---\n"
	gateway   = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec: {gatewayClassName: nginx, listeners: [{name: http, port: 80, protocol: HTTP}]}\n---\n"
	ours      = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec: {gatewayClassName: cilium, listeners: [{name: http, port: 80, protocol: HTTP}]}\n---\n"
	pod       = "apiVersion: v1\nkind: Pod\nmetadata: {name: cache-0, namespace: shop, labels: {app.kubernetes.io/instance: cache, app: cache}}\nspec: {containers: [{name: a, image: a}]}\n---\n"
)

func service(name, selector string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: shop}\nspec: {selector: {" + selector + "}, ports: [{port: 80, targetPort: 8080}]}\n---\n"
}

func inferred(t *testing.T, text string) map[string]*model.Pod {
	t.Helper()
	cluster, _, err := load.Read([]string{"-"}, strings.NewReader(text), []load.Source{virtual.Source{}})
	require.NoError(t, err)
	found := map[string]*model.Pod{}
	for _, p := range cluster.Pods {
		if p.Inferred != "" {
			found[p.Namespace+"/"+p.Name] = p
		}
	}
	return found
}

func TestWhatAccountsForPodsThatNoFileHolds(t *testing.T) {
	for _, row := range []struct{ claim, text, pod, from string }{
		{"a release, by convention", release, "shop/cache-inferred", "HelmRelease shop/cache"},
		{"a release into another namespace", elsewhere, "shop/cache-inferred", "HelmRelease flux-system/cache"},
		{"a release, for a Service that selects none", release + service("api", "app: api"), "shop/api-inferred", "HelmRelease shop/cache"},
		{"the release that a selector names, of two", release + other + service("api", "app.kubernetes.io/instance: queue"), "shop/api-inferred", "HelmRelease shop/queue"},
		{"either of two", release + other + service("api", "app: api"), "shop/api-inferred", " or HelmRelease shop/queue"},
		{"a Gateway", gateway, "shop/edge-nginx-inferred", "Gateway shop/edge"},
		{"a Gateway, for its Service", gateway + service("nodeport", "app.kubernetes.io/name: edge-nginx"), "shop/nodeport-inferred", "Gateway shop/edge"},
	} {
		pods := inferred(t, row.text)
		if p := pods[row.pod]; assert.NotNil(t, p, "%s: %v", row.claim, pods) {
			assert.Contains(t, p.Inferred, row.from, row.claim)
		}
	}
}

func TestNothingElseDoes(t *testing.T) {
	for claim, text := range map[string]string{
		"a Service alone, be it a typo":         service("api", "app: api"),
		"Cilium's own release":                  network + strings.ReplaceAll(service("api", "app: api"), "shop", "kube-system"),
		"a release whose pods are there":        release + pod,
		"a Gateway that Envoy on nodes serves":  ours + service("api", "app: api"),
		"a release that cannot be read":         "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cache, namespace: shop}\nspec: [{chart: 7}]\n",
		"an Application without a chart":        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a, namespace: argocd}\nspec: {source: {repoURL: https://git.example, path: apps}, destination: {namespace: shop}}\n",
		"a Gateway whose data plane is there":   gateway + "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: edge-nginx, namespace: shop}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n---\n" + service("api", "app: api"),
		"a Gateway for a Service of other pods": gateway + service("api", "app: api") + pod,
	} {
		pods := inferred(t, text)
		delete(pods, "shop/edge-nginx-inferred")
		assert.Empty(t, pods, claim)
	}
}

func TestAServiceKeepsThePodsThatAreThere(t *testing.T) {
	pods := inferred(t, release+other+pod+service("cache", "app: cache")+service("typo", "app.kubernetes.io/instance: cash"))
	assert.NotContains(t, pods, "shop/cache-inferred")
	assert.NotContains(t, pods, "shop/typo-inferred")
}
