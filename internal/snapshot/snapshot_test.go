package snapshot_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/internal/snapshot"
)

func object(apiVersion, kind, namespace, name string) map[string]any {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": metadata}
}

func pods(n int) []map[string]any {
	var list []map[string]any
	for i := range n {
		list = append(list, object("v1", "Pod", "shop", fmt.Sprintf("web-%04d", i)))
	}
	return list
}

// small is a cluster with one of several kinds, Secrets and other ConfigMaps too.
func small() []map[string]any {
	return append(pods(3),
		object("v1", "Namespace", "", "shop"),
		object("v1", "Secret", "shop", "password"),
		object("v1", "ConfigMap", "kube-system", "cilium-config"),
		object("v1", "ConfigMap", "kube-system", "kube-proxy"),
		object("v1", "ConfigMap", "shop", "settings"),
		object("v1", "ConfigMap", "shop", "private"),
		object("cilium.io/v2", "CiliumNetworkPolicy", "shop", "web"),
		object("gateway.networking.k8s.io/v1", "Gateway", "shop", "front"),
	)
}

func take(t *testing.T, s *apiServer, more ...snapshot.ConfigMap) (*snapshot.Dump, error) {
	t.Helper()
	return snapshot.Read(context.Background(), snapshot.Options{
		Kubeconfig: kubeconfig(t, s.URL, clientcmdapi.AuthInfo{Token: "secret"}), Timeout: time.Minute, UserAgent: "netsim/test", ConfigMaps: more,
	}, nil)
}

func text(t *testing.T, d *snapshot.Dump, f snapshot.Format) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, d.Write(&b, f))
	return b.String()
}

// TestOnlyWhatNetsimReadsIsAskedFor: no Secret, no list of ConfigMaps, and nothing
// but GET. In HTTP, get and list both are, and a watch says so in its query.
func TestOnlyWhatNetsimReadsIsAskedFor(t *testing.T) {
	s := newServer(t, small()...)
	s.answer = func(r *http.Request) *metav1.Status {
		assert.Empty(t, r.URL.Query().Get("watch"))
		assert.Equal(t, "netsim/test", r.UserAgent())
		return nil
	}
	d, err := take(t, s, snapshot.ConfigMap{Namespace: "shop", Name: "settings"})
	require.NoError(t, err)
	assert.Empty(t, d.Missing)
	assert.Equal(t, 3+1+2+1+1+1, d.Objects())

	allowed := []string{"/api", "/apis"}
	for gv := range s.kinds() {
		allowed = append(allowed, "/apis/"+gv.String())
	}
	for _, k := range manifest.ServedKinds() {
		versions := append(slices.Clone(k.Versions), "v1alpha1")
		for _, version := range versions {
			allowed = append(allowed, "/apis/"+k.Group+"/"+version+"/"+manifest.Resource(k.Kind))
			if k.Group == "" {
				allowed = append(allowed, "/api/"+version, "/api/"+version+"/"+manifest.Resource(k.Kind))
			}
		}
	}
	for _, name := range append(manifest.SettingsMaps(), "shop/settings") {
		namespace, name, _ := strings.Cut(name, "/")
		allowed = append(allowed, "/api/v1/namespaces/"+namespace+"/configmaps/"+name)
	}
	for _, request := range s.requests {
		path, isGet := strings.CutPrefix(request, "GET ")
		assert.True(t, isGet && slices.Contains(allowed, path), request)
	}
	assert.NotContains(t, text(t, d, snapshot.YAML), "private")
	assert.NotContains(t, strings.Join(s.requests, "\n"), "secrets")
}

func TestListsAreReadInPages(t *testing.T) {
	s := newServer(t, pods(1201)...)
	d, err := take(t, s)
	require.NoError(t, err)
	assert.Equal(t, 1201, d.Objects())
	assert.Equal(t, 3, s.asked("GET /api/v1/pods"))
}

// expireFirst makes the second page expire a number of times.
func expireFirst(times int) func(*http.Request) *metav1.Status {
	return func(r *http.Request) *metav1.Status {
		if r.URL.Query().Get("continue") == "" || times == 0 {
			return nil
		}
		times--
		return status(http.StatusGone, metav1.StatusReasonExpired, "The provided continue parameter is too old")
	}
}

func TestListsThatExpireAreBegunAgain(t *testing.T) {
	for _, row := range []struct {
		name     string
		expired  int
		requests int
	}{
		{"once: two pages more", 1, 2 + 2},
		{"twice: the last try asks for all at once", 2, 2 + 2 + 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newServer(t, pods(700)...)
			s.answer = expireFirst(row.expired)
			d, err := take(t, s)
			require.NoError(t, err)
			assert.Empty(t, d.Missing)
			assert.Equal(t, 700, d.Objects(), "no pod is there twice")
			assert.Equal(t, row.requests, s.asked("GET /api/v1/pods"))
		})
	}
}

// refuse answers requests for paths that end so.
func refuse(suffix string, code int32, reason metav1.StatusReason, message string) func(*http.Request) *metav1.Status {
	return func(r *http.Request) *metav1.Status {
		if strings.HasSuffix(r.URL.Path, suffix) {
			return status(code, reason, message)
		}
		return nil
	}
}

// TestWhatIsMissingIsInTheDump, and the rest is read all the same.
func TestWhatIsMissingIsInTheDump(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer func(*http.Request) *metav1.Status
		want   manifest.Missing
	}{
		{"a kind that nobody may list",
			refuse("/ciliumnetworkpolicies", http.StatusForbidden, metav1.StatusReasonForbidden, "jane cannot list"),
			manifest.Missing{APIVersion: "cilium.io/v2", Kind: "CiliumNetworkPolicy", Why: "jane cannot list"}},
		{"a kind at which the server fails",
			refuse("/networkpolicies", http.StatusInternalServerError, metav1.StatusReasonInternalError, "no\nanswer of etcd"),
			manifest.Missing{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Why: "no answer of etcd"}},
		{"a ConfigMap",
			refuse("/configmaps/cilium-config", http.StatusForbidden, metav1.StatusReasonForbidden, "jane cannot get"),
			manifest.Missing{APIVersion: "v1", Kind: "ConfigMap", Namespace: "kube-system", Name: "cilium-config", Why: "jane cannot get"}},
		{"a list that always expires",
			refuse("/pods", http.StatusGone, metav1.StatusReasonExpired, "too old"),
			manifest.Missing{APIVersion: "v1", Kind: "Pod", Why: "too old"}},
		{"a group whose kinds the server cannot name",
			refuse("/apis/batch/v1", http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "down"),
			manifest.Missing{APIVersion: "batch/v1", Kind: "CronJob", Why: "the server could not say which kinds batch/v1 has: down"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newServer(t, small()...)
			s.answer = row.answer
			d, err := take(t, s)
			require.NoError(t, err)
			assert.Contains(t, d.Missing, row.want)
			cluster, issues := manifest.Load([]manifest.File{{Name: "dump.yaml", Data: []byte(text(t, d, snapshot.YAML))}})
			assert.NotNil(t, cluster)
			var messages []string
			for _, issue := range issues {
				messages = append(messages, issue.Message)
			}
			assert.Contains(t, strings.Join(messages, "\n"), "the snapshot lacks "+row.want.What()+": "+row.want.Why)
		})
	}
}

func TestKindsThatTheServerLacksAreNotMissing(t *testing.T) {
	s := newServer(t, small()...)
	s.without = []string{"clusternetworkpolicies", "adminnetworkpolicies", "ingresses"}
	// Deleted between discovery and list.
	s.answer = refuse("/gateways", http.StatusNotFound, metav1.StatusReasonNotFound, "gone")
	d, err := take(t, s)
	require.NoError(t, err)
	assert.Empty(t, d.Missing)
	assert.Equal(t, []string{"Gateway", "Ingress", "AdminNetworkPolicy", "ClusterNetworkPolicy"}, d.Absent)
}

// TestWhoCannotBeAskedGivesNoDump, and the error says what to do.
func TestWhoCannotBeAskedGivesNoDump(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer func(*http.Request) *metav1.Status
		want   string
	}{
		{"expired credentials", refuse("", http.StatusUnauthorized, metav1.StatusReasonUnauthorized, "Unauthorized"), "401 Unauthorized.*log in again"},
		{"credentials that expire on the way", refuse("/nodes", http.StatusUnauthorized, metav1.StatusReasonUnauthorized, "Unauthorized"), "log in again"},
		{"discovery forbidden", refuse("/apis", http.StatusForbidden, metav1.StatusReasonForbidden, "no"), "system:discovery"},
		{"no API server", refuse("", http.StatusNotFound, metav1.StatusReasonNotFound, "what?"), "not as Kubernetes does"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newServer(t, small()...)
			s.answer = row.answer
			d, err := take(t, s)
			require.Error(t, err)
			assert.Nil(t, d)
			assert.Regexp(t, row.want, err.Error())
		})
	}
}

func TestWaysToTheServerThatFail(t *testing.T) {
	quiet := newServer(t)
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	quiet.answer = func(*http.Request) *metav1.Status { <-done; return nil }
	encrypted := newTLSServer(t)
	gone := newServer(t)
	gone.Close()
	for _, row := range []struct {
		name, url string
		timeout   time.Duration
		user      clientcmdapi.AuthInfo
		want      string
	}{
		{"nobody listens", gone.URL, time.Minute, clientcmdapi.AuthInfo{}, "refused"},
		{"no answer in time", quiet.URL, 100 * time.Millisecond, clientcmdapi.AuthInfo{}, "does not answer.*--timeout"},
		{"a certificate of somebody else", encrypted.URL, time.Minute, clientcmdapi.AuthInfo{}, "did not sign.*right cluster"},
		{"a plugin for credentials that is not there", encrypted.URL, time.Minute, clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
			Command: "no-such-plugin", APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
		}}, "plugin that the kubeconfig names.*no-such-plugin"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := snapshot.Read(context.Background(), snapshot.Options{Kubeconfig: kubeconfig(t, row.url, row.user), Timeout: row.timeout}, nil)
			require.Error(t, err)
			assert.Regexp(t, regexp.MustCompile(row.want), err.Error())
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestKubeconfigsThatNameNoCluster(t *testing.T) {
	path := kubeconfig(t, "http://127.0.0.1:1", clientcmdapi.AuthInfo{})
	for _, row := range []struct {
		name    string
		options snapshot.Options
		want    string
	}{
		{"none", snapshot.Options{}, "no kubeconfig was found"},
		{"a file that is not there", snapshot.Options{Kubeconfig: path + "-not"}, "kubeconfig-not"},
		{"a context that is not there", snapshot.Options{Kubeconfig: path, Context: "production"}, `context "production" does not exist`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := snapshot.Read(context.Background(), row.options, nil)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

func TestProgressEndsWithAll(t *testing.T) {
	s := newServer(t, small()...)
	var steps [][2]int
	_, err := snapshot.Read(context.Background(), snapshot.Options{Kubeconfig: kubeconfig(t, s.URL, clientcmdapi.AuthInfo{})},
		func(done, all int) { steps = append(steps, [2]int{done, all}) })
	require.NoError(t, err)
	n := len(manifest.ServedKinds()) + 1
	require.Len(t, steps, n)
	assert.Equal(t, [2]int{1, n}, steps[0])
	assert.Equal(t, [2]int{n, n}, steps[n-1])
}
