package sysdump_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/sysdump"
	"github.com/netsim-dev/netsim/model"
)

type file struct{ name, text string }

const at = "-20250101-120000"

// dump is what a sysdump of a small cluster holds. Items of typed lists have no
// kind of their own.
func dump() []file {
	return []file{
		{"k8s-namespaces" + at + ".yaml", "apiVersion: v1\nitems:\n- metadata: {name: shop, labels: {team: a}}\nkind: NamespaceList\n"},
		{"k8s-nodes" + at + ".yaml", "apiVersion: v1\nitems:\n- metadata: {name: worker}\n  status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}\nkind: NodeList\n"},
		{"k8s-pods" + at + ".yaml", "apiVersion: v1\nitems:\n- metadata: {name: web-1, namespace: shop, labels: {app: web}}\n  spec: {nodeName: worker, containers: [{name: c, image: x}]}\n  status: {podIP: 10.0.0.5, phase: Running}\nkind: PodList\n"},
		{"k8s-services" + at + ".yaml", "apiVersion: v1\nitems: []\nkind: ServiceList\n"},
		{"k8s-endpoints" + at + ".yaml", "apiVersion: v1\nitems: []\nkind: EndpointsList\n"},
		{"k8s-networkpolicies" + at + ".yaml", "apiVersion: networking.k8s.io/v1\nitems:\n- metadata: {name: closed, namespace: shop}\n  spec: {podSelector: {}}\nkind: NetworkPolicyList\n"},
		{"ciliumnetworkpolicies" + at + ".yaml", "apiVersion: cilium.io/v2\nitems: []\nkind: CiliumNetworkPolicyList\n"},
		{"ciliumclusterwidenetworkpolicies" + at + ".yaml", "apiVersion: cilium.io/v2\nitems: []\nkind: CiliumClusterwideNetworkPolicyList\n"},
		{"ciliumidentities" + at + ".yaml", "apiVersion: cilium.io/v2\nitems:\n- apiVersion: cilium.io/v2\n  kind: CiliumIdentity\n  metadata: {name: \"4711\"}\n  security-labels: {k8s:app: web}\nkind: CiliumIdentityList\n"},
		{"ciliumendpoints" + at + ".yaml", "apiVersion: cilium.io/v2\nitems:\n- apiVersion: cilium.io/v2\n  kind: CiliumEndpoint\n  metadata: {name: web-1, namespace: shop}\n  status: {identity: {id: 4711}}\nkind: CiliumEndpointList\n"},
		{"cilium-configmap" + at + ".yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata: {cluster-name: east, routing-mode: native}\n"},
		{"hubble-flows-cilium-x" + at + ".json", "{\"flow\":{}}\n"},
		{"k8s-events" + at + ".yaml", "no: [objects\n"},
		{"cilium-bugtool" + at + ".txt", "text"},
	}
}

func zipped(t *testing.T, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		m, err := w.Create("cilium-sysdump" + at + "/" + f.name)
		require.NoError(t, err)
		_, err = io.WriteString(m, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func tarred(t *testing.T, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	w := tar.NewWriter(gz)
	for _, f := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: "cilium-sysdump" + at + "/" + f.name, Size: int64(len(f.text)), Mode: 0o644, Typeflag: tar.TypeReg}))
		_, err := io.WriteString(w, f.text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, gz.Close())
	return out.Bytes()
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile(name, data, 0o600))
}

func read(t *testing.T, name string) (*model.Cluster, string) {
	t.Helper()
	c, issues, err := load.Read([]string{name}, nil, []load.Source{sysdump.Source{}})
	require.NoError(t, err)
	var text strings.Builder
	for _, issue := range issues {
		if issue.Severity != model.Info {
			text.WriteString(issue.String() + "\n")
		}
	}
	return c, text.String()
}

func TestASysdumpIsLoadedWhole(t *testing.T) {
	for name, data := range map[string][]byte{"dump.zip": zipped(t, dump()), "dump.tgz": tarred(t, dump())} {
		t.Run(name, func(t *testing.T) {
			write(t, name, data)
			c, issues := read(t, name)
			assert.Empty(t, issues)
			require.Len(t, c.Pods, 1)
			assert.Equal(t, "shop", c.Pods[0].Namespace)
			assert.Equal(t, name+"/cilium-sysdump"+at+"/k8s-pods"+at+".yaml", c.Pods[0].Origin.File)
			assert.Equal(t, 3, c.Pods[0].Origin.Line)
			assert.Equal(t, "east", c.CiliumConfig.Data["cluster-name"])
			require.Len(t, c.Policies, 1)
			require.Len(t, c.Others, 2)
			assert.Equal(t, "CiliumEndpoint shop/web-1", c.Others[1].Origin.ID())
			assert.Equal(t, "CiliumIdentity 4711", c.Others[0].Origin.ID())
			var flows []string
			require.NoError(t, sysdump.Flows(name, func(member string, r io.Reader) error {
				text, err := io.ReadAll(r)
				flows = append(flows, filepath.Base(member)+" "+string(text))
				return err
			}))
			assert.Equal(t, []string{"hubble-flows-cilium-x" + at + ".json {\"flow\":{}}\n"}, flows)
		})
	}
}

func TestInADirectoryBySysdumpsOwnName(t *testing.T) {
	write(t, "cilium-sysdump-x.zip", zipped(t, dump()))
	require.NoError(t, os.WriteFile("other.zip", []byte("no zip"), 0o600))
	c, issues := read(t, ".")
	assert.Empty(t, issues)
	assert.Len(t, c.Pods, 1)
}

func TestWhatIsMissingIsTold(t *testing.T) {
	write(t, "dump.zip", zipped(t, dump()[:5]))
	c, issues := read(t, "dump.zip")
	assert.Len(t, c.Pods, 1)
	assert.Contains(t, issues, "the sysdump has no k8s-networkpolicies: NetworkPolicies are not loaded from it")
	assert.Contains(t, issues, "the sysdump has no cilium-configmap or cilium-helm-values: Cilium's settings are not loaded from it")
}

func TestWhatIsThereUnderAnotherNameIsNotMissing(t *testing.T) {
	files := dump()
	for i := range files[:9] {
		files[i].name = strings.Repeat("x", i+1) + ".yaml"
	}
	write(t, "dump.zip", zipped(t, files))
	c, issues := read(t, "dump.zip")
	assert.Len(t, c.Pods, 1)
	assert.Empty(t, issues)
}

func TestANodeOfCiliumWillDo(t *testing.T) {
	files := dump()
	files[1] = file{"ciliumnodes" + at + ".yaml", "apiVersion: cilium.io/v2\nitems:\n- apiVersion: cilium.io/v2\n  kind: CiliumNode\n  metadata: {name: worker}\n  spec: {addresses: [{type: InternalIP, ip: 172.18.0.2}]}\nkind: CiliumNodeList\nmetadata: {}\n"}
	write(t, "dump.zip", zipped(t, files))
	c, issues := read(t, "dump.zip")
	require.Len(t, c.Nodes, 1)
	assert.False(t, c.Nodes[0].Made)
	assert.Empty(t, issues)
}

func TestACutArchiveGivesWhatItHas(t *testing.T) {
	for name, data := range map[string][]byte{"dump.zip": zipped(t, dump()), "dump.tgz": tarred(t, dump())} {
		for _, part := range []int{2, 3, 5} {
			write(t, name, data[:len(data)*part/6])
			_, issues := read(t, name)
			assert.Contains(t, issues, name+":1: error: the archive is broken, and what could be read of it is loaded", "%d sixths", part)
		}
	}
	data := zipped(t, dump())
	write(t, "dump.zip", data[:len(data)-100])
	c, issues := read(t, "dump.zip")
	assert.Contains(t, issues, "its directory is missing")
	assert.NotContains(t, issues, "the sysdump has no")
	assert.Len(t, c.Pods, 1)
}

func TestNamesThatLeadOut(t *testing.T) {
	for _, name := range []string{"../../evil.yaml", "/etc/evil.yaml", "a/../../../evil.yaml", `..\evil.yaml`} {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		m, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(m, "apiVersion: v1\nkind: Namespace\nmetadata: {name: evil}\n")
		require.NoError(t, err)
		require.NoError(t, w.Close())
		write(t, "dump.zip", out.Bytes())
		c, issues := read(t, "dump.zip")
		assert.Contains(t, issues, "leads out of it: it is left out", name)
		assert.Empty(t, c.Namespaces, name)
	}
}

func TestABombIsNotUnpacked(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	m, err := w.Create("k8s-pods.yaml")
	require.NoError(t, err)
	zeros := make([]byte, 1<<20)
	for range 257 {
		_, err := m.Write(zeros)
		require.NoError(t, err)
	}
	m, err = w.Create("k8s-namespaces.yaml")
	require.NoError(t, err)
	_, err = io.WriteString(m, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, out.Len(), 1<<20)
	write(t, "dump.zip", out.Bytes())
	c, issues := read(t, "dump.zip")
	assert.Contains(t, issues, "k8s-pods.yaml:1: error: the file is larger than 256 MiB and was not read")
	assert.Len(t, c.Namespaces, 1)
}

func TestAnArchiveThatNobodyReads(t *testing.T) {
	write(t, "dump.zip", zipped(t, dump()))
	_, issues, err := load.Read([]string{"dump.zip"}, nil, nil)
	require.NoError(t, err)
	require.NotEmpty(t, issues)
	assert.Equal(t, "the file is an archive and was not read", issues[0].Message)
	write(t, "dump.zip", []byte("no zip"))
	_, told := read(t, "dump.zip")
	assert.Contains(t, told, "dump.zip:1: error: the archive is broken")
}
