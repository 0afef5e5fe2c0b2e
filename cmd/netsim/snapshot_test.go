package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/internal/manifest"
)

const exampleDir = "../../examples/kind-argocd"

// exampleServer serves the objects of the example, as far as `netsim snapshot` asks:
// by resource ("apis/apps/v1/deployments"), each as it is in the files. It refuses
// what forbidden names.
func exampleServer(t *testing.T, forbidden ...string) string {
	t.Helper()
	lists, kinds := exampleObjects(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.Trim(r.URL.Path, "/")
		w.Header().Set("Content-Type", "application/json")
		var answer any
		switch {
		case r.Method != http.MethodGet:
			t.Errorf("%s %s", r.Method, path)
		case path == "api":
			answer = map[string]any{"kind": "APIVersions", "versions": []string{"v1"}}
		case path == "apis":
			answer = map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": groupsOf(kinds)}
		case kinds[path] != nil:
			answer = map[string]any{"kind": "APIResourceList", "groupVersion": strings.TrimPrefix(strings.TrimPrefix(path, "apis/"), "api/"), "resources": kinds[path]}
		case strings.HasSuffix(path, "/configmaps/cilium-config"):
			answer = lists["api/v1/configmaps"][0]
		case lists[path] != nil && !contains(forbidden, path):
			answer = map[string]any{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{}, "items": lists[path]}
		case lists[path] != nil:
			w.WriteHeader(http.StatusForbidden)
			answer = map[string]any{"kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "message": "jane may not"}
		default:
			w.WriteHeader(http.StatusNotFound)
			answer = map[string]any{"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": "not here"}
		}
		assert.NoError(t, json.NewEncoder(w).Encode(answer))
	}))
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, []byte(`{apiVersion: v1, kind: Config, current-context: c,
  clusters: [{name: c, cluster: {server: "`+server.URL+`"}}], users: [{name: u, user: {}}],
  contexts: [{name: c, context: {cluster: c, user: u}}]}`), 0o600))
	return path
}

func contains(list []string, path string) bool {
	for _, suffix := range list {
		if strings.HasSuffix(path, "/"+suffix) {
			return true
		}
	}
	return false
}

// exampleObjects are the documents of the example by the paths of their lists, and
// the resources of each version by its path.
func exampleObjects(t *testing.T) (lists map[string][]any, resources map[string][]any) {
	t.Helper()
	lists, resources = map[string][]any{}, map[string][]any{}
	require.NoError(t, filepath.WalkDir(exampleDir, func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) != ".yaml" || err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, document := range strings.Split(string(text), "\n---\n") {
			var object map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(document), &object))
			apiVersion, _ := object["apiVersion"].(string)
			kind, _ := object["kind"].(string)
			if kind == "" || kind == "Cluster" { // no object of a cluster
				continue
			}
			version, name := "apis/"+apiVersion, manifest.Resource(kind)
			if !strings.Contains(apiVersion, "/") {
				version = "api/" + apiVersion
			}
			if lists[version+"/"+name] == nil {
				resources[version] = append(resources[version], map[string]any{"name": name, "kind": kind, "verbs": []string{"list"}})
			}
			lists[version+"/"+name] = append(lists[version+"/"+name], object)
		}
		return nil
	}))
	// Every server has pods, and this one none yet.
	resources["api/v1"] = append(resources["api/v1"], map[string]any{"name": "pods", "kind": "Pod", "verbs": []string{"list"}})
	lists["api/v1/pods"] = []any{}
	return lists, resources
}

func groupsOf(resources map[string][]any) []any {
	var groups []any
	for version := range resources {
		if name, is := strings.CutPrefix(version, "apis/"); is {
			group, v, _ := strings.Cut(name, "/")
			groups = append(groups, map[string]any{"name": group, "versions": []any{map[string]any{"groupVersion": name, "version": v}}})
		}
	}
	return groups
}

// netsim runs the command.
func netsim(args ...string) (code int, stdout, stderr string) {
	var out, err strings.Builder
	code = run(args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// TestASnapshotAnswersAsTheManifestsDo: all pairs of the example, from the manifests
// and from a dump of a server that has their objects. A kind config is in no cluster,
// and goes with both. The server has no controllers, so that netsim makes the pods
// either way; lab/apiserver asks a real one, with pods.
func TestASnapshotAnswersAsTheManifestsDo(t *testing.T) {
	config := exampleServer(t)
	dir := t.TempDir()
	_, want, _ := netsim("matrix", "-f", exampleDir, "-o", "csv")
	require.Greater(t, strings.Count(want, "\n"), 20, "a line for each source")
	for _, row := range []struct {
		name, target string
		flags        []string
	}{
		{"a file of YAML", dir + "/cluster.yaml", nil},
		{"a file of JSON", dir + "/cluster.json", []string{"-o", "json"}},
		{"a directory", dir + "/cluster/", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			code, out, told := netsim(append([]string{"snapshot", "--kubeconfig", config, row.target}, row.flags...)...)
			require.Zero(t, code, told)
			assert.Empty(t, out)
			assert.Regexp(t, `^\d+ objects\nthe cluster has no .*CronJob`, told)
			_, got, _ := netsim("matrix", "-f", row.target, "-f", exampleDir+"/kind-config.yaml", "-o", "csv")
			assert.Equal(t, want, got)
		})
	}
}

// TestAPartialSnapshotNeverOpensAnything: with policies that nobody may list, what
// the rest would let through is undetermined.
func TestAPartialSnapshotNeverOpensAnything(t *testing.T) {
	config := exampleServer(t, "ciliumclusterwidenetworkpolicies")
	file := filepath.Join(t.TempDir(), "cluster.yaml")
	code, _, told := netsim("snapshot", "--kubeconfig", config, file)
	assert.Equal(t, exitPartial, code)
	assert.Contains(t, told, "missing: every CiliumClusterwideNetworkPolicy: jane may not\n")
	assert.Contains(t, told, "netsim snapshot --rbac")
	code, answer, _ := netsim("query", "-f", file, "-f", exampleDir+"/kind-config.yaml",
		"azure-auth-gateway/deploy/azure-auth-gateway-nginx", "nginx-gateway/svc/nginx-gateway:443")
	assert.Equal(t, exitUndetermined, code)
	assert.Contains(t, strings.Join(strings.Fields(answer), " "), "every CiliumClusterwideNetworkPolicy is missing from the snapshot")
}

func TestASnapshotToStdout(t *testing.T) {
	code, out, _ := netsim("snapshot", "--kubeconfig", exampleServer(t))
	assert.Zero(t, code)
	assert.True(t, strings.HasPrefix(out, "apiVersion: v1\nkind: Namespace\n"), "%.60s", out)
}
