package manifest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

func TestPoliciesStayRawAndKnowTheirLines(t *testing.T) {
	c := loadClean(t, `# a comment
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: b
  namespace: dev
spec:
  endpointSelector: {}
  ingress:
  - fromEndpoints:
    - {}
    toPorts:
    - ports:
      - port: "80"
  - {}
`)
	require.Len(t, c.Policies, 1)
	p := c.Policies[0]
	assert.Equal(t, "cilium.io/v2", p.APIVersion)
	assert.Equal(t, "in.yaml:3", p.Origin.Position())
	assert.JSONEq(t, `{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"name":"b","namespace":"dev"},
		"spec":{"endpointSelector":{},"ingress":[{"fromEndpoints":[{}],"toPorts":[{"ports":[{"port":"80"}]}]},{}]}}`, string(p.JSON))
	for path, line := range map[string]int{
		"metadata": 5, "metadata.name": 6, "spec": 8, "spec.ingress": 10, "spec.ingress[0]": 11,
		"spec.ingress[0].toPorts": 13, "spec.ingress[0].toPorts[0].ports[0].port": 15, "spec.ingress[1]": 16,
	} {
		assert.Equal(t, line, p.Lines[path], path)
	}
}

func TestEveryPolicyKindIsTaken(t *testing.T) {
	for _, row := range []struct{ apiVersion, kind, namespace string }{
		{"networking.k8s.io/v1", "NetworkPolicy", "dev"},
		{"cilium.io/v2", "CiliumNetworkPolicy", "dev"},
		{"cilium.io/v2", "CiliumClusterwideNetworkPolicy", ""},
		{"cilium.io/v2", "CiliumCIDRGroup", ""},
		{"cilium.io/v2alpha1", "CiliumCIDRGroup", ""},
		{"cilium.io/v2", "CiliumLocalRedirectPolicy", "dev"},
		{"policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", ""},
		{"policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", ""},
		{"policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", ""},
	} {
		t.Run(row.apiVersion+" "+row.kind, func(t *testing.T) {
			c := loadClean(t, fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: a, namespace: dev}\nspec: {x: 1}\n", row.apiVersion, row.kind))
			require.Len(t, c.Policies, 1)
			assert.Equal(t, row.namespace, c.Policies[0].Origin.Namespace)
		})
	}
}

func TestKindsOfOtherPeopleAreOthers(t *testing.T) {
	for _, row := range []struct{ apiVersion, kind string }{
		{"serving.knative.dev/v1", "Service"}, {"projectcalico.org/v3", "Tier"},
		{"networking.istio.io/v1", "ServiceEntry"}, {"security.istio.io/v1", "AuthorizationPolicy"}, {"gateway.networking.k8s.io/v1", "BackendTLSPolicy"},
		{"networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy"}, {"networking.gke.io/v1", "GCPBackendPolicy"}, {"policy/v1", "PodDisruptionBudget"},
		{"cilium.io/v2", "CiliumEnvoyConfig"}, {"networking.k8s.io/v1", "ServiceCIDR"},
		{"v1", "PodTemplate"}, {"v1", "ServiceAccount"}, {"apps/v1", "ControllerRevision"}, {"v1", "SecretList"}, {"skaffold/v4beta13", "Deploymnt"},
		{"cluster.x-k8s.io/v1beta1", "Cluster"}, {"batch.volcano.sh/v1alpha1", "Job"},
		{"v1", "Secret"}, {"helm.toolkit.fluxcd.io/v2", "HelmRelease"}, {"kustomize.toolkit.fluxcd.io/v1", "Kustomization"},
	} {
		t.Run(row.apiVersion+" "+row.kind, func(t *testing.T) {
			c := loadClean(t, fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: a, namespace: dev}\n", row.apiVersion, row.kind))
			require.Len(t, c.Others, 1)
			assert.Nil(t, c.Others[0].Lines)
			assert.Equal(t, model.Origin{File: "in.yaml", Line: 1, Kind: row.kind, Namespace: "dev", Name: "a"}, c.Others[0].Origin)
		})
	}
}

func TestNamespacesOfObjects(t *testing.T) {
	c, issues := load("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c}]}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n1, namespace: stray}\n")
	assert.Equal(t, "default", c.Pods[0].Namespace)
	assert.Empty(t, c.Nodes[0].Origin.Namespace)
	require.Len(t, issues, 1)
	assert.Equal(t, "in.yaml:1: info: Pod default/a: no namespace is given: it goes to default (set metadata.namespace to say otherwise)", issues[0].String())
	require.Len(t, c.Namespaces, 1)
	assert.True(t, c.Namespaces[0].Made)
	assert.Equal(t, model.Labels{"kubernetes.io/metadata.name": "default"}, c.Namespaces[0].Labels)
}

func TestGivenNamespacesCarryTheirNameAsALabel(t *testing.T) {
	c := loadClean(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: x, kubernetes.io/metadata.name: wrong}}\n")
	assert.Equal(t, model.Labels{"team": "x", "kubernetes.io/metadata.name": "a"}, c.Namespaces[0].Labels)
	assert.False(t, c.Namespaces[0].Made)
}

func TestCiliumConfigIsReadAndOtherConfigMapsAreKept(t *testing.T) {
	c := loadClean(t, `apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data:
  kube-proxy-replacement: "true"
  routing-mode: native
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: dev}
`)
	require.NotNil(t, c.CiliumConfig)
	assert.Equal(t, map[string]string{"kube-proxy-replacement": "true", "routing-mode": "native"}, c.CiliumConfig.Data)
	assert.Equal(t, map[string]int{"kube-proxy-replacement": 5, "routing-mode": 6}, c.CiliumConfig.Lines)
	assert.Len(t, c.Others, 1)
}

func TestTemplatesInAnnotationsAreForOthers(t *testing.T) {
	loadClean(t, "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: dev\n  annotations: {x: '{{.Name}}', y: '${NAME}'}\nspec: {ports: [{port: 80}]}\n")
}

func TestTheSameObjectTwice(t *testing.T) {
	one := serviceYAML("dev", "a", "ports: [{port: 80}]")
	t.Run("equal duplicates are one, whatever the order of their keys", func(t *testing.T) {
		c := loadClean(t, one+"---\nkind: Service\napiVersion: v1\nspec: {ports: [{port: 80}]}\nmetadata: {name: a, namespace: dev}\n")
		assert.Len(t, c.Services, 1)
	})
	t.Run("of differing ones the last wins, and both positions are named", func(t *testing.T) {
		c, issues := Load([]File{{Name: "a.yaml", Data: []byte(one)}, {Name: "b.yaml", Data: []byte(serviceYAML("dev", "a", "ports: [{port: 81}]"))}})
		require.Len(t, c.Services, 1)
		assert.EqualValues(t, 81, c.Services[0].Ports[0].Port)
		require.Len(t, grave(issues), 1)
		assert.Contains(t, grave(issues)[0], "b.yaml:2 is taken, a.yaml:2 is not")
	})
	t.Run("a refused one does not win", func(t *testing.T) {
		c, _ := load(one + serviceYAML("dev", "a", "ports: [{port: 70000}]"))
		require.Len(t, c.Services, 1)
		assert.EqualValues(t, 80, c.Services[0].Ports[0].Port)
	})
	t.Run("one object in two versions is one", func(t *testing.T) {
		group := "---\napiVersion: cilium.io/%s\nkind: CiliumCIDRGroup\nmetadata: {name: a}\nspec: {externalCIDRs: []}\n"
		c, issues := load(fmt.Sprintf(group+group, "v2", "v2alpha1"))
		assert.Len(t, c.Policies, 1)
		assert.Len(t, grave(issues), 1)
	})
}

func TestAKindConfig(t *testing.T) {
	c := loadClean(t, `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: lab
networking:
  disableDefaultCNI: true
  kubeProxyMode: none
  podSubnet: 10.20.0.0/16
  serviceSubnet: 10.30.0.0/16
nodes:
- role: control-plane
  extraPortMappings: [{containerPort: 30070, hostPort: 443, listenAddress: 127.0.0.1}]
- role: worker
  labels: {zone: a}
- role: worker
`)
	require.NotNil(t, c.Kind)
	assert.Equal(t, "lab", c.Kind.Name)
	assert.Equal(t, model.KubeProxyNone, c.Kind.KubeProxyMode)
	assert.True(t, c.Kind.DisableDefaultCNI)
	assert.Equal(t, "10.20.0.0/16", texts(c.Kind.PodSubnets))
	assert.EqualValues(t, 30070, c.Kind.Nodes[0].PortMappings[0].ContainerPort)
	assert.Equal(t, model.TCP, c.Kind.Nodes[0].PortMappings[0].Protocol)
	var names []string
	for _, n := range c.Nodes {
		names = append(names, n.Name+" "+texts(n.InternalIPs)+" "+texts(n.PodCIDRs))
		assert.True(t, n.Made && n.Assigned["ip"] && n.Assigned["podCIDR"])
	}
	assert.Equal(t, []string{
		"lab-control-plane 172.18.0.2 10.20.0.0/24", "lab-worker 172.18.0.3 10.20.1.0/24", "lab-worker2 172.18.0.4 10.20.2.0/24",
	}, names)
	assert.Equal(t, "a", findNode(t, c, "lab-worker").Labels["zone"])
	assert.True(t, findNode(t, c, "lab-control-plane").ControlPlane)
}

func TestAKindConfigThatSaysNothingHasKindsDefaults(t *testing.T) {
	c := loadClean(t, "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: {ipFamily: dual}\n")
	assert.Equal(t, "10.244.0.0/16 fd00:10:244::/56", texts(c.Kind.PodSubnets))
	assert.Equal(t, "10.96.0.0/16 fd00:10:96::/112", texts(c.Kind.ServiceSubnets))
	assert.Equal(t, model.KubeProxyIPTables, c.Kind.KubeProxyMode)
	require.Len(t, c.Nodes, 1)
	assert.Equal(t, "kind-control-plane", c.Nodes[0].Name)
	assert.Equal(t, "172.18.0.2 fc00:f853:ccd:e793::2", texts(c.Nodes[0].InternalIPs))
}

// everything is a cluster with one of each thing, one document a file.
func everything() []File {
	documents := []string{
		podYAML("dev", "bare", "app: bare", ""), podYAML("dev", "host", "app: host", "hostNetwork: true, containers: [{name: c}]"),
		workloadYAML("Deployment", "web", "  replicas: 3\n"), workloadYAML("StatefulSet", "db", "  replicas: 2\n"), workloadYAML("DaemonSet", "agent", ""),
		serviceYAML("dev", "web", "selector: {app: web}, ports: [{port: 80}]"), serviceYAML("dev", "db", "clusterIP: None, selector: {app: db}, ports: [{port: 5432}]"),
		serviceYAML("dev", "ext", "type: ExternalName, externalName: example.com"),
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: dev}\nspec: {podSelector: {}}\n",
		"apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: b}\nspec: {endpointSelector: {}}\n",
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: dev}\n", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: dev}\n",
		"apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n", "apiVersion: v1\nkind: Node\nmetadata: {name: n2}\nspec: {podCIDR: 10.244.0.0/24}\n",
		"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: dev}\nspec: {template: {spec: {containers: [{name: c}]}}}\n",
	}
	var files []File
	for i, text := range documents {
		files = append(files, File{Name: fmt.Sprintf("%02d.yaml", i), Data: []byte(text)})
	}
	return files
}

func TestTheOrderOfFilesDoesNotShow(t *testing.T) {
	files := everything()
	want, wantIssues := Load(files)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		got, gotIssues := Load(files)
		require.Equal(t, want, got)
		require.Equal(t, wantIssues, gotIssues)
	}
}

func TestNoTwoThingsShareAnAddress(t *testing.T) {
	c, _ := Load(everything())
	holders := map[string]string{}
	claim := func(ip, holder string) {
		require.Empty(t, holders[ip], "%s and %s share %s", holders[ip], holder, ip)
		holders[ip] = holder
	}
	for _, n := range c.Nodes {
		claim(texts(n.InternalIPs), n.Name)
	}
	for _, p := range c.Pods {
		if !p.HostNetwork {
			claim(texts(p.IPs), p.Name)
		}
	}
	for _, s := range c.Services {
		if len(s.ClusterIPs) > 0 {
			claim(texts(s.ClusterIPs), s.Name)
		}
	}
}

// sixtyKB is about forty documents, as a small repository has them.
func sixtyKB() []File {
	var text strings.Builder
	for i := range 14 {
		name := fmt.Sprintf("app%d", i)
		text.WriteString(workloadYAML("Deployment", name, "  replicas: 2\n") + strings.Repeat("# what a comment is for, at some length, as people write them\n", 30))
		text.WriteString(serviceYAML("dev", name, "selector: {app: "+name+"}, ports: [{name: http, port: 80, targetPort: 8080}, {name: metrics, port: 9090}]"))
		fmt.Fprintf(&text, "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: %s\n  namespace: dev\nspec:\n  endpointSelector:\n    matchLabels:\n      app: %s\n  ingress:\n", name, name)
		for j := range 12 {
			fmt.Fprintf(&text, "  - fromEndpoints:\n    - matchLabels:\n        app: app%d\n        k8s:io.kubernetes.pod.namespace: dev\n    toPorts:\n    - ports:\n      - port: \"8080\"\n        protocol: TCP\n", j)
		}
	}
	return []File{{Name: "all.yaml", Data: []byte(text.String())}}
}

func BenchmarkLoad(b *testing.B) {
	files := sixtyKB()
	b.SetBytes(int64(len(files[0].Data)))
	b.ReportAllocs()
	for b.Loop() {
		Load(files)
	}
}
