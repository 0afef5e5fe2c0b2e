package snapshot_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// apiServer answers as an API server does, as far as a client sees it that lists
// and gets; lab/apiserver asks a real one. It serves all kinds that netsim reads,
// Secrets and ConfigMaps, and remembers what was asked.
type apiServer struct {
	*httptest.Server
	// objects are by resource and version ("pods/v1", "deployments.apps/v1").
	objects map[string][]map[string]any
	// without are resources that the server does not have, such as
	// "clusternetworkpolicies".
	without []string
	// answer, if set, may answer in the server's stead, with a status; nil leaves it
	// to the server.
	answer func(r *http.Request) *metav1.Status
	// pageSize bounds pages, whatever is asked for.
	pageSize int

	mutex    sync.Mutex
	requests []string
}

func newServer(t *testing.T, objects ...map[string]any) *apiServer {
	t.Helper()
	s := &apiServer{objects: map[string][]map[string]any{}, pageSize: 500}
	for _, o := range objects {
		gv, err := schema.ParseGroupVersion(o["apiVersion"].(string))
		require.NoError(t, err)
		key := resourceKey(gv.WithResource(manifest.Resource(o["kind"].(string))))
		s.objects[key] = append(s.objects[key], o)
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func newTLSServer(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func resourceKey(r schema.GroupVersionResource) string {
	return r.GroupResource().String() + "/" + r.Version
}

// kinds are those that the server has, by version.
func (s *apiServer) kinds() map[schema.GroupVersion][]string {
	core := schema.GroupVersion{Version: "v1"}
	found := map[schema.GroupVersion][]string{core: {"Secret", "ConfigMap", "Endpoints", "Event"}}
	for _, k := range manifest.ServedKinds() {
		versions := k.Versions
		if versions == nil {
			versions = []string{"v1alpha1"}
		}
		for _, version := range versions {
			if !slices.Contains(s.without, manifest.Resource(k.Kind)) {
				gv := schema.GroupVersion{Group: k.Group, Version: version}
				found[gv] = append(found[gv], k.Kind)
			}
		}
	}
	return found
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	s.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if s.answer != nil {
		if status := s.answer(r); status != nil {
			writeStatus(w, status)
			return
		}
	}
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	gv, rest := schema.GroupVersion{}, path
	switch {
	case r.URL.Path == "/api":
		encode(w, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
		return
	case r.URL.Path == "/apis":
		encode(w, s.groups())
		return
	case path[0] == "api":
		gv, rest = schema.GroupVersion{Version: path[1]}, path[2:]
	default:
		gv, rest = schema.GroupVersion{Group: path[1], Version: path[2]}, path[3:]
	}
	switch {
	case len(rest) == 0:
		encode(w, s.resources(gv))
	case len(rest) == 1:
		s.list(w, r, gv.WithResource(rest[0]))
	case len(rest) == 4 && rest[0] == "namespaces":
		s.get(w, gv.WithResource(rest[2]), rest[1], rest[3])
	default:
		writeStatus(w, status(http.StatusNotFound, metav1.StatusReasonNotFound, "no such path"))
	}
}

func (s *apiServer) groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for gv := range s.kinds() {
		if gv.Group == "" {
			continue
		}
		version := metav1.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: gv.Version}
		i := slices.IndexFunc(list.Groups, func(g metav1.APIGroup) bool { return g.Name == gv.Group })
		if i < 0 {
			i = len(list.Groups)
			list.Groups = append(list.Groups, metav1.APIGroup{Name: gv.Group, PreferredVersion: version})
		}
		list.Groups[i].Versions = append(list.Groups[i].Versions, version)
	}
	return list
}

func (s *apiServer) resources(gv schema.GroupVersion) metav1.APIResourceList {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList"}, GroupVersion: gv.String()}
	for _, kind := range s.kinds()[gv] {
		name := manifest.Resource(kind)
		list.APIResources = append(list.APIResources,
			metav1.APIResource{Name: name, Kind: kind, Verbs: metav1.Verbs{"get", "list", "watch", "create"}},
			metav1.APIResource{Name: name + "/status", Kind: kind, Verbs: metav1.Verbs{"get"}})
	}
	return list
}

// list gives a page; the token is where it ends. Items have no kind of their own, as
// those of Kubernetes' own kinds have none.
func (s *apiServer) list(w http.ResponseWriter, r *http.Request, resource schema.GroupVersionResource) {
	items := s.objects[resourceKey(resource)]
	from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	size, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if size == 0 {
		size = len(items)
	}
	to := min(from+min(size, max(s.pageSize, 1)), len(items))
	if r.URL.Query().Get("limit") == "" {
		to = len(items)
	}
	metadata := map[string]any{"resourceVersion": "7"}
	if to < len(items) {
		metadata["continue"] = strconv.Itoa(to)
	}
	var page []map[string]any
	kind := "Unknown"
	for _, item := range items[from:to] {
		kind = item["kind"].(string)
		bare := map[string]any{}
		for key, value := range item {
			if key != "kind" && key != "apiVersion" {
				bare[key] = value
			}
		}
		page = append(page, bare)
	}
	encode(w, map[string]any{"apiVersion": resource.GroupVersion().String(), "kind": kind + "List", "metadata": metadata, "items": page})
}

func (s *apiServer) get(w http.ResponseWriter, resource schema.GroupVersionResource, namespace, name string) {
	for _, o := range s.objects[resourceKey(resource)] {
		metadata := o["metadata"].(map[string]any)
		if metadata["namespace"] == namespace && metadata["name"] == name {
			encode(w, o)
			return
		}
	}
	writeStatus(w, status(http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("%s %q not found", resource.Resource, name)))
}

func status(code int32, reason metav1.StatusReason, message string) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
		Code: code, Reason: reason, Message: message,
	}
}

func writeStatus(w http.ResponseWriter, status *metav1.Status) {
	w.WriteHeader(int(status.Code))
	encode(w, status)
}

func encode(w http.ResponseWriter, value any) { _ = json.NewEncoder(w).Encode(value) }

// asked counts the requests that begin so.
func (s *apiServer) asked(prefix string) int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	n := 0
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// kubeconfig writes one that points to an address.
func kubeconfig(t *testing.T, url string, user clientcmdapi.AuthInfo) string {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["fake"] = &clientcmdapi.Cluster{Server: url}
	config.AuthInfos["user"] = &user
	config.Contexts["fake"] = &clientcmdapi.Context{Cluster: "fake", AuthInfo: "user"}
	config.CurrentContext = "fake"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, path))
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	require.NoFileExists(t, os.Getenv("KUBECONFIG"))
	return path
}
