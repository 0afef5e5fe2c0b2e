package snapshot_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/internal/snapshot"
)

// parse reads an object from YAML.
func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &object))
	return object
}

const noisyPod = `
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  uid: 1-2-3
  creationTimestamp: "2026-01-01T00:00:00Z"
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", team: a}
  managedFields: [{manager: kubectl}]
spec:
  nodeName: worker
  volumes: [{name: v, secret: {secretName: password}}]
  containers:
  - name: web
    image: web:1
    command: [web, --password=hunter2]
    env: [{name: PASSWORD, value: hunter2}]
    ports: [{containerPort: 8080, name: http}]
    readinessProbe: {httpGet: {port: 8080, httpHeaders: [{name: Authorization, value: hunter2}]}}
    livenessProbe: {exec: {command: [check, hunter2]}}
status:
  phase: Running
  podIPs: [{ip: 10.0.0.7}]
  conditions: [{type: Ready, status: "True"}]
  containerStatuses: [{name: web, imageID: sha256}]
`

const prunedPod = `apiVersion: v1
kind: Pod
metadata:
  annotations:
    team: a
  creationTimestamp: "2026-01-01T00:00:00Z"
  name: web
  namespace: shop
  uid: 1-2-3
spec:
  containers:
    - image: web:1
      livenessProbe: {}
      name: web
      ports:
        - containerPort: 8080
          name: http
      readinessProbe:
        httpGet:
          port: 8080
  nodeName: worker
status:
  conditions:
    - status: "True"
      type: Ready
  phase: Running
  podIPs:
    - ip: 10.0.0.7
`

func TestNoiseAndPasswordsAreLeftOut(t *testing.T) {
	d, err := take(t, newServer(t, parse(t, noisyPod)))
	require.NoError(t, err)
	assert.Equal(t, prunedPod, text(t, d, snapshot.YAML))
}

// TestTemplatesAreLikePods, wherever a kind keeps them.
func TestTemplatesAreLikePods(t *testing.T) {
	pod := parse(t, noisyPod)
	template := map[string]any{"metadata": pod["metadata"], "spec": pod["spec"]}
	for kind, of := range map[string]map[string]any{
		"apps/v1 Deployment":       {"template": template},
		"apps/v1 StatefulSet":      {"template": template},
		"apps/v1 DaemonSet":        {"template": template},
		"apps/v1 ReplicaSet":       {"template": template},
		"v1 ReplicationController": {"template": template},
		"batch/v1 Job":             {"template": template},
		"batch/v1 CronJob":         {"jobTemplate": map[string]any{"spec": map[string]any{"template": template}}},
	} {
		apiVersion, kind, _ := strings.Cut(kind, " ")
		workload := object(apiVersion, kind, "shop", "web")
		workload["spec"], workload["status"] = of, map[string]any{"replicas": int64(2)}
		d, err := take(t, newServer(t, workload))
		require.NoError(t, err)
		written := text(t, d, snapshot.YAML)
		assert.Contains(t, written, "containerPort: 8080", kind)
		for _, noise := range []string{"hunter2", "password", "replicas", "last-applied", "managedFields"} {
			assert.NotContains(t, written, noise, kind)
		}
	}
}

// TestBothFormatsHoldTheSame, in an order that is not the server's.
func TestBothFormatsHoldTheSame(t *testing.T) {
	objects := small()
	for i, j := 0, len(objects)-1; i < j; i, j = i+1, j-1 {
		objects[i], objects[j] = objects[j], objects[i]
	}
	first, err := take(t, newServer(t, small()...))
	require.NoError(t, err)
	second, err := take(t, newServer(t, objects...))
	require.NoError(t, err)
	for _, f := range []snapshot.Format{snapshot.YAML, snapshot.JSON} {
		assert.Equal(t, text(t, first, f), text(t, second, f))
	}
	var list struct{ Items []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(text(t, first, snapshot.JSON)), &list))
	for i, part := range strings.Split(text(t, first, snapshot.YAML), "---\n") {
		assert.Equal(t, list.Items[i], parse(t, part))
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	d, err := take(t, newServer(t, small()...))
	require.NoError(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "cluster.yaml")
	require.NoError(t, os.WriteFile(file, []byte("what was there before"), 0o644))
	require.NoError(t, d.Save(file, snapshot.YAML))
	saved, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, text(t, d, snapshot.YAML), string(saved))

	require.NoError(t, d.SaveDir(filepath.Join(dir, "cluster")+"/", snapshot.JSON))
	var names []string
	for _, pattern := range []string{"*", ".*", "cluster/*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		for _, path := range found {
			name, err := filepath.Rel(dir, path)
			require.NoError(t, err)
			names = append(names, filepath.ToSlash(name))
		}
	}
	assert.Equal(t, []string{
		"cluster", "cluster.yaml", "cluster/ciliumnetworkpolicies.cilium.io.json", "cluster/configmaps.json",
		"cluster/gateways.gateway.networking.k8s.io.json", "cluster/namespaces.json", "cluster/pods.json",
	}, names, "nothing else is left")
	if runtime.GOOS == "windows" {
		return
	}
	for path, mode := range map[string]os.FileMode{"cluster.yaml": 0o600, "cluster": 0o700 | os.ModeDir, "cluster/pods.json": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode(), path)
	}
}

func TestPlacesThatTakeNoDump(t *testing.T) {
	d, err := take(t, newServer(t, small()...))
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "old.yaml"), nil, 0o600))
	assert.ErrorContains(t, d.SaveDir(dir, snapshot.YAML), "is not empty")
	assert.ErrorContains(t, d.Save(dir, snapshot.YAML), "is no file")
	assert.Error(t, d.Save(filepath.Join(dir, "gone", "cluster.yaml"), snapshot.YAML))
	assert.Error(t, d.SaveDir(filepath.Join(dir, "old.yaml", "cluster"), snapshot.YAML))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

// TestRightsAreWhatIsAskedFor holds the RBAC against the requests of a run.
func TestRightsAreWhatIsAskedFor(t *testing.T) {
	more := snapshot.ConfigMap{Namespace: "shop", Name: "settings"}
	s := newServer(t, small()...)
	_, err := take(t, s, more)
	require.NoError(t, err)
	asked := map[string]bool{}
	for _, request := range s.requests {
		path := strings.Split(strings.TrimPrefix(request, "GET /"), "/")
		switch {
		case len(path) == 6:
			asked["get "+path[3]+" "+path[4]+"/"+path[5]] = true
		case path[0] == "api" && len(path) == 3:
			asked["list /"+path[2]] = true
		case path[0] == "apis" && len(path) == 4:
			asked["list "+path[1]+"/"+path[3]] = true
		}
	}

	var written strings.Builder
	who, err := snapshot.ParseSubject("user:jane")
	require.NoError(t, err)
	require.NoError(t, snapshot.WriteRights(&written, who, []snapshot.ConfigMap{more}))
	given := map[string]bool{}
	for _, document := range strings.Split(written.String(), "---\n") {
		var role rbacv1.Role // a ClusterRole has the same rules
		require.NoError(t, yaml.Unmarshal([]byte(document), &role))
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				for _, name := range rule.ResourceNames {
					given[rule.Verbs[0]+" "+role.Namespace+" "+resource+"/"+name] = true
				}
				if len(rule.ResourceNames) == 0 {
					given[rule.Verbs[0]+" "+rule.APIGroups[0]+"/"+resource] = true
				}
			}
			assert.Len(t, rule.Verbs, 1)
		}
	}
	assert.Equal(t, asked, given)
	assert.Equal(t, 3, strings.Count(written.String(), "name: jane"), "one binding for the cluster, and one for each namespace")
}

func TestSubjectsAndConfigMapsAreNamedRight(t *testing.T) {
	for text, want := range map[string]rbacv1.Subject{
		"user:jane":              {APIGroup: "rbac.authorization.k8s.io", Kind: "User", Name: "jane"},
		"group:system:masters":   {APIGroup: "rbac.authorization.k8s.io", Kind: "Group", Name: "system:masters"},
		"serviceaccount:ops/bot": {Kind: "ServiceAccount", Namespace: "ops", Name: "bot"},
		"jane":                   {},
		"user:":                  {},
		"serviceaccount:bot":     {},
		"robot:jane":             {},
	} {
		got, err := snapshot.ParseSubject(text)
		assert.Equal(t, want, got)
		assert.Equal(t, want == rbacv1.Subject{}, err != nil, text)
	}
	for _, text := range []string{"settings", "/settings", "shop/", "a/b/c"} {
		_, err := snapshot.ParseConfigMap(text)
		assert.ErrorContains(t, err, "want NAMESPACE/NAME", text)
	}
}

// TestResourcesOfAllKinds: RBAC names resources, which are plurals. Sources: the
// names of the CRDs in cilium v1.20.2, gateway-api v1.6.1, network-policy-api v0.2.0.
func TestResourcesOfAllKinds(t *testing.T) {
	for kind, want := range map[string]string{
		"Gateway": "gateways", "Ingress": "ingresses", "GatewayClass": "gatewayclasses", "IngressClass": "ingressclasses",
		"NetworkPolicy": "networkpolicies", "CiliumIdentity": "ciliumidentities", "Endpoints": "endpoints", "HTTPRoute": "httproutes",
	} {
		assert.Equal(t, want, manifest.Resource(kind))
	}
}

// TestTextsComeBackAsTheyWere: what looks like another type, and what spans lines, as
// files in ConfigMaps do.
func TestTextsComeBackAsTheyWere(t *testing.T) {
	data := map[string]any{}
	for i, text := range []string{
		"", " ", "yes", "on", "null", "~", "1e3", "0x1f", "0777", "1_000", "1:20", "2026-01-01", ".5", "-", "- a", "a: b", "#a", "a #b",
		"{}", "[a", "\"", "'", "\\", "\t", "a\tb", "a\n", "\na", "  a\n b", "a\n\n\n", "  \n  a\n", "a \nb", "é\u0000", "\u2028", "%a", "@a", "`a", "&a", "*a", "!a", "|", ">", "?", "=", "<<",
		"---\na: b\n...\n", "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: nftables\n",
	} {
		data[fmt.Sprintf("key-%02d", i)] = text
	}
	configMap := object("v1", "ConfigMap", "kube-system", "cilium-config")
	configMap["data"] = data
	d, err := take(t, newServer(t, configMap))
	require.NoError(t, err)
	for _, f := range []snapshot.Format{snapshot.YAML, snapshot.JSON} {
		cluster, issues := manifest.Load([]manifest.File{{Name: "dump", Data: []byte(text(t, d, f))}})
		require.NotNil(t, cluster.CiliumConfig, "%v", issues)
		for key, value := range data {
			assert.Equal(t, value, cluster.CiliumConfig.Data[key], "%s as %s", key, f)
		}
	}
}
