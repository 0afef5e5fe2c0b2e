package render_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
)

func TestListTables(t *testing.T) {
	golden(t, "testdata/list-all.golden", list(t, "", render.FormatText))
	golden(t, "testdata/list-all.json.golden", list(t, "", render.FormatJSON))
}

// TestListKind: every name that kubectl takes for a kind chooses its table.
func TestListKind(t *testing.T) {
	for _, row := range []struct {
		names []string
		want  string
	}{
		{[]string{"nodes", "node", "no", "Nodes"}, "INTERNAL-IP"},
		{[]string{"namespaces", "namespace", "ns"}, "LABELS"},
		{[]string{"pods", "pod", "po", "Pod"}, "web-made"},
		{[]string{"services", "service", "svc"}, "80→http TCP"},
		{[]string{"endpointslices", "eps", "ep", "endpoints"}, "10.244.1.5"},
		{[]string{"workloads", "deployments", "Deployment", "deploy"}, "nginx:1.29"},
		{[]string{"netpol", "networkpolicies", "NetworkPolicy"}, "default-deny"},
		{[]string{"cnp", "ciliumnetworkpolicies", "ciliumnetworkpolicy"}, "allow-web"},
		{[]string{"ccnp", "ciliumclusterwidenetworkpolicies"}, "deny-dev-to-uat"},
		{[]string{"httproute", "httproutes", "HTTPRoute"}, "routes.yaml:1"},
	} {
		for _, name := range row.names {
			assert.Contains(t, list(t, name, render.FormatText), row.want, name)
		}
	}
}

func TestListNarrowsToTheKindAsked(t *testing.T) {
	assert.NotContains(t, list(t, "sts", render.FormatText), "web")
	assert.NotContains(t, list(t, "httproutes", render.FormatText), "cilium-config")
	assert.Equal(t, "none: statefulsets\n", list(t, "sts", render.FormatText))
}

func TestListUnknownKindNamesTheKnownOnes(t *testing.T) {
	err := render.List(&strings.Builder{}, cluster(), "gateways", render.FormatText)
	require.Error(t, err)
	for _, known := range []string{`"gateways"`, "pods (po)", "services (svc)", "deployments", "ciliumnetworkpolicies (cnp)"} {
		assert.Contains(t, err.Error(), known)
	}
}

func TestEveryKindNameIsTaken(t *testing.T) {
	for _, name := range render.KindNames() {
		assert.NoError(t, render.List(&strings.Builder{}, cluster(), name, render.FormatText), name)
	}
}

func TestListOfNothing(t *testing.T) {
	for _, format := range []render.Format{render.FormatText, render.FormatJSON, render.FormatYAML} {
		var text strings.Builder
		require.NoError(t, render.List(&text, &model.Cluster{}, "", format))
		assert.NotContains(t, text.String(), "null")
	}
}

// TestListJSON: a program that reads kubectl's output reads this too.
func TestListJSON(t *testing.T) {
	for format, decode := range map[render.Format]func([]byte, any) error{
		render.FormatJSON: json.Unmarshal,
		render.FormatYAML: func(text []byte, v any) error { return yaml.Unmarshal(text, v) },
	} {
		var got struct {
			APIVersion, Kind string
			Items            []struct {
				Kind     string
				Metadata struct{ Annotations map[string]string }
				Status   struct{ PodIPs []struct{ IP string } }
			}
		}
		require.NoError(t, decode([]byte(list(t, "po", format)), &got))
		assert.Equal(t, "v1", got.APIVersion)
		assert.Equal(t, "List", got.Kind)
		require.Len(t, got.Items, 2)
		made := got.Items[1]
		assert.Equal(t, "Pod", made.Kind)
		assert.Equal(t, map[string]string{
			"netsim.dev/origin": "deploy.yaml:1", "netsim.dev/made": "true", "netsim.dev/assigned": "ip,node",
		}, made.Metadata.Annotations)
		assert.Equal(t, "10.244.1.6", made.Status.PodIPs[0].IP)
	}
}

func TestRawObjectsKeepWhatTheyHold(t *testing.T) {
	text := list(t, "cnp", render.FormatJSON)
	assert.Contains(t, text, `"big": 12345678901234567890`, "numbers come out as they were written")
	assert.Contains(t, text, `"team": "a"`, "annotations of its own stay")
	assert.Contains(t, text, `"netsim.dev/origin": "policies/web.yaml:4"`)
}

func list(t *testing.T, kind string, format render.Format) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, render.List(&text, cluster(), kind, format))
	assert.NotContains(t, text.String(), " \n", "trailing spaces")
	return text.String()
}

// cluster has one object of each kind, and a pod made from a template.
func cluster() *model.Cluster {
	ip := netip.MustParseAddr
	web := model.WorkloadRef{Kind: "Deployment", Namespace: "dev", Name: "web"}
	port := []model.ContainerPort{{Name: "http", Port: 8080, Protocol: model.TCP, Container: "web", HostPort: 8080}}
	return &model.Cluster{
		Nodes: []*model.Node{
			{Name: "kind-control-plane", ControlPlane: true, InternalIPs: []netip.Addr{ip("172.18.0.2"), ip("fc00::2")}, Origin: at("nodes.yaml", 1, "Node", "", "kind-control-plane"), ProviderID: "kind://x"},
			{Name: "worker", InternalIPs: []netip.Addr{ip("172.18.0.3")}, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.1.0/24")}, Made: true, Assigned: model.Assigned{"ip": true, "podCIDR": true}, Origin: at("", 0, "Node", "", "worker")},
		},
		Namespaces: []*model.Namespace{
			{Name: "dev", Labels: model.Labels{"kubernetes.io/metadata.name": "dev", "env": "dev"}, Origin: at("ns.yaml", 1, "Namespace", "", "dev")},
			{Name: "uat", Made: true, Origin: at("", 0, "Namespace", "", "uat")},
		},
		Workloads: []*model.Workload{{Ref: web, Replicas: 2, Images: []string{"nginx:1.29"}, ContainerNames: []string{"web"}, Origin: at("deploy.yaml", 1, "Deployment", "dev", "web")}},
		Pods: []*model.Pod{
			{Namespace: "dev", Name: "web-0", Node: "worker", IPs: []netip.Addr{ip("10.244.1.5"), ip("fd00::5")}, Ready: true, Ports: port, Labels: model.Labels{"app": "web"}, Origin: at("pods.yaml", 3, "Pod", "dev", "web-0"), ServiceAccount: "web"},
			{Namespace: "dev", Name: "web-made", Node: "worker", IPs: []netip.Addr{ip("10.244.1.6")}, Ready: true, Owner: &web, Made: true, Assigned: model.Assigned{"ip": true, "node": true, "never": false}, Origin: at("deploy.yaml", 1, "Deployment", "dev", "web")},
		},
		Services: []*model.Service{
			{Namespace: "dev", Name: "outside", Type: model.ExternalNameService, ExternalName: "www.example.com", Origin: at("svc.yaml", 30, "Service", "dev", "outside")},
			{
				Namespace: "dev", Name: "web", Type: model.NodePortService, ClusterIPs: []netip.Addr{ip("10.96.0.20")}, Selector: model.Labels{"app": "web"},
				Ports: []model.ServicePort{
					{Name: "http", Protocol: model.TCP, Port: 80, NodePort: 30080, TargetPort: model.TargetPort{Name: "http"}},
					{Name: "dns", Protocol: model.UDP, Port: 53, TargetPort: model.TargetPort{Number: 5353}},
				},
				LoadBalancerIPs: []model.LoadBalancerIP{{Addr: ip("192.0.2.1"), Proxy: true}}, ExternalTrafficLocal: true,
				Assigned: model.Assigned{"clusterIP": true}, Origin: at("svc.yaml", 1, "Service", "dev", "web"),
			},
			{Namespace: "dev", Name: "web-headless", Type: model.ClusterIPService, Headless: true, Origin: at("svc.yaml", 20, "Service", "dev", "web-headless")},
		},
		EndpointSlices: []*model.EndpointSlice{{
			Namespace: "dev", Name: "web-1", Service: "web", Made: true, Ports: []model.EndpointPort{{Name: "http", Port: 8080, Protocol: model.TCP}},
			Endpoints: []model.Endpoint{
				{Addr: ip("10.244.1.5"), Ready: true, Serving: true, Node: "worker", Zone: "a", HintZones: []string{"a"}, PodNamespace: "dev", PodName: "web-0"},
				{Addr: ip("10.244.1.6")}, {Addr: ip("10.244.1.7"), Ready: true}, {Addr: ip("10.244.1.8"), Ready: true},
			},
			Origin: at("svc.yaml", 1, "Service", "dev", "web"),
		}},
		Policies: []*model.Object{
			raw("policies/deny.yaml", 1, "CiliumClusterwideNetworkPolicy", "", "deny-dev-to-uat", `{"apiVersion":"cilium.io/v2","kind":"CiliumClusterwideNetworkPolicy","metadata":{"name":"deny-dev-to-uat"},"spec":{"endpointSelector":{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"dev"}},"egressDeny":[{}]}}`),
			raw("policies/web.yaml", 4, "CiliumNetworkPolicy", "dev", "allow-web", `{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"name":"allow-web","namespace":"dev","annotations":{"team":"a"}},"spec":{"endpointSelector":{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"x","operator":"Exists"}]},"ingress":[{},{}],"big":12345678901234567890}}`),
			raw("policies/two.yaml", 1, "CiliumNetworkPolicy", "dev", "two-specs", `{"specs":[{},{}]}`),
			raw("policies/dd.yaml", 1, "NetworkPolicy", "dev", "default-deny", `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"default-deny","namespace":"dev"},"spec":{"podSelector":{},"policyTypes":["Ingress","Egress"],"egress":[{}]}}`),
			raw("policies/odd.yaml", 1, "NetworkPolicy", "dev", "odd", `[]`),
		},
		CiliumConfig: &model.ConfigMap{Origin: at("cilium.yaml", 9, "ConfigMap", "kube-system", "cilium-config")},
		Kind:         &model.KindConfig{Origin: at("kind.yaml", 1, "Cluster", "", "kind")},
		Others:       []*model.Object{raw("routes.yaml", 1, "HTTPRoute", "dev", "web", `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute"}`)},
	}
}

func at(file string, line int, kind, namespace, name string) model.Origin {
	return model.Origin{File: file, Line: line, Kind: kind, Namespace: namespace, Name: name}
}

func raw(file string, line int, kind, namespace, name, text string) *model.Object {
	return &model.Object{Origin: at(file, line, kind, namespace, name), JSON: []byte(text)}
}
