package apiserver

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
)

// The example cluster, as netsim finds it from the repository, and the one file of it
// that is in no cluster.
const (
	example    = "examples/kind-argocd"
	kindConfig = example + "/kind-config.yaml"
)

// user is who gets the rights that --rbac prints.
const user = "system:serviceaccount:kube-system:netsim-snapshot"

// TestSnapshotOfARealServer takes the example cluster through a real API server: with
// the rights that `netsim snapshot --rbac` prints and no others, and then all that
// netsim answers from the dump must be what it answers from the manifests.
func TestSnapshotOfARealServer(t *testing.T) {
	netsim := build(t)
	server := startServer(t)
	cluster := newApplier(t, server)
	cluster.installCRDs(t)
	client := runControllers(t, server)
	makeNodes(t, client)
	var objects []*unstructured.Unstructured
	for _, o := range read(t, filepath.Join(repository, example)) {
		if o.GetKind() != "Cluster" {
			objects = append(objects, o)
		}
	}
	cluster.apply(t, objects)
	(&kubelet{client: client, places: placesOf(t, netsim)}).runAll(t)
	waitForEndpoints(t, client)
	publish(t, client)
	makeSecrets(t, client)

	rights, _, code := netsim.run(t, "snapshot", "--rbac")
	require.Zero(t, code)
	config := kubeconfig(t, server, user)
	t.Run("without rights", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "cluster.yaml")
		_, told, code := netsim.run(t, "snapshot", "--kubeconfig", config, file)
		assert.Equal(t, 1, code)
		assert.Regexp(t, `missing: every Pod: pods is forbidden: User "`+user+`" cannot list resource "pods"`, told)
		assert.Regexp(t, `missing: ConfigMap kube-system/cilium-config: `, told)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), "apiVersion: netsim.dev/v1alpha1\nkind: Snapshot\n"))
	})

	cluster.apply(t, parse(t, []byte(rights)))
	dump := filepath.Join(t.TempDir(), "cluster.yaml")
	_, told, code := netsim.run(t, "snapshot", "--kubeconfig", config, dump)
	require.Zero(t, code, told)
	t.Log(told)
	t.Run("the rights are enough, and no more is there", func(t *testing.T) {
		assert.NotContains(t, told, "missing")
		text, err := os.ReadFile(dump)
		require.NoError(t, err)
		for _, secret := range []string{"hunter2", "\nkind: Secret\n", "kube-root-ca", "managedFields", "last-applied"} {
			assert.False(t, strings.Contains(string(text), secret), secret)
		}
	})
	t.Run("once more, the same bytes", func(t *testing.T) {
		first, err := os.ReadFile(dump)
		require.NoError(t, err)
		again, _, _ := netsim.run(t, "snapshot", "--kubeconfig", config)
		assert.Equal(t, string(first), again)
	})
	t.Run("the matrix", func(t *testing.T) {
		want := matrix(t, netsim, "-f", example)
		got := matrix(t, netsim, "-f", dump, "-f", kindConfig)
		// Only the server makes the Service by which it is known; without that,
		// netsim asks for what is behind it.
		for pair, verdict := range got {
			if pair[1] == "default/svc/kubernetes:443" {
				delete(got, pair)
				got[[2]string{pair[0], "node/" + nodeNames[0] + ":6443"}] = verdict
			}
		}
		assert.Equal(t, want, got)
		require.Greater(t, len(want), 300)
		t.Log(len(want), "pairs")
	})
	t.Run("the questions of the example", func(t *testing.T) {
		text, err := os.ReadFile(filepath.Join(repository, example, "README.md"))
		require.NoError(t, err)
		questions := regexp.MustCompile(`(?m)^netsim query -f examples/kind-argocd (.*)$`).FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, questions)
		for _, q := range questions {
			ends := strings.Fields(q[1])
			want, _, wantCode := netsim.run(t, append([]string{"query", "-f", example}, ends...)...)
			got, _, gotCode := netsim.run(t, append([]string{"query", "-f", dump, "-f", kindConfig}, ends...)...)
			assert.Equal(t, verdict(want), verdict(got), q[1])
			assert.Equal(t, wantCode, gotCode, q[1])
		}
	})
}

// placesOf gives the nodes of the pods that netsim makes of each workload, by namespace
// and name.
func placesOf(t *testing.T, netsim program) map[string][]string {
	t.Helper()
	text, told, code := netsim.run(t, "list", "pods", "-o", "json", "-f", example)
	require.Zero(t, code, told)
	var list corev1.PodList
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	places := map[string][]string{}
	for _, pod := range list.Items {
		workload := pod.Namespace + "/" + pod.OwnerReferences[0].Name
		places[workload] = append(places[workload], pod.Spec.NodeName)
	}
	return places
}

// makeSecrets makes what must never be in a dump.
func makeSecrets(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "password", Namespace: "dev"}
	_, err := client.CoreV1().Secrets("dev").Create(context.Background(), &corev1.Secret{ObjectMeta: meta, StringData: map[string]string{"p": "hunter2"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = client.CoreV1().ConfigMaps("dev").Create(context.Background(), &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"p": "hunter2"}}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// matrix gives the verdicts of all pairs.
func matrix(t *testing.T, netsim program, files ...string) map[[2]string]string {
	t.Helper()
	text, told, _ := netsim.run(t, append([]string{"matrix", "-o", "csv"}, files...)...)
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err, told)
	verdicts := map[[2]string]string{}
	for _, row := range rows[1:] {
		for i, to := range rows[0][1:] {
			verdicts[[2]string{row[0], to}] = row[i+1]
		}
	}
	return verdicts
}

// verdict is the first word of an answer.
func verdict(answer string) string {
	first, _, _ := strings.Cut(answer, " ")
	return first
}
