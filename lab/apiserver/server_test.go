package apiserver

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app/testing"
)

// repository is where the netsim that is tested lies.
const repository = "../.."

// startServer runs etcd and kube-apiserver in this process, with RBAC, and gives the
// client of an administrator.
func startServer(t *testing.T) *rest.Config {
	t.Helper()
	storage := storagebackend.NewDefaultConfig("/registry", nil)
	storage.Transport.ServerList = []string{startEtcd(t)}
	server := apiserver.StartTestServerOrDie(t, nil, []string{
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged",
		// Nobody makes the service accounts that it asks pods for.
		"--disable-admission-plugins=ServiceAccount",
	}, storage)
	t.Cleanup(server.TearDownFn)
	return server.ClientConfig
}

// startEtcd gives the address of a new etcd.
func startEtcd(t *testing.T) string {
	t.Helper()
	config := embed.NewConfig()
	config.Dir, config.LogLevel = t.TempDir(), "error"
	anyPort := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config.ListenClientUrls, config.ListenPeerUrls = []url.URL{anyPort}, []url.URL{anyPort}
	etcd, err := embed.StartEtcd(config)
	require.NoError(t, err)
	t.Cleanup(etcd.Close)
	select {
	case <-etcd.Server.ReadyNotify():
	case <-time.After(time.Minute):
		t.Fatal("etcd does not start")
	}
	return "http://" + etcd.Clients[0].Addr().String()
}

// kubeconfig writes one for the server, as somebody, "" for the administrator.
func kubeconfig(t *testing.T, server *rest.Config, as string) string {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["lab"] = &clientcmdapi.Cluster{
		Server: server.Host, CertificateAuthority: server.CAFile, CertificateAuthorityData: server.CAData, TLSServerName: server.ServerName,
	}
	config.AuthInfos["lab"] = &clientcmdapi.AuthInfo{Token: server.BearerToken, Impersonate: as}
	config.Contexts["lab"] = &clientcmdapi.Context{Cluster: "lab", AuthInfo: "lab"}
	config.CurrentContext = "lab"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, path))
	return path
}

// program is the netsim command.
type program string

func build(t *testing.T) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "netsim")
	command := exec.Command("go", "build", "-o", path, "./cmd/netsim")
	command.Dir = repository
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	return program(path)
}

// run gives stdout, stderr and the exit code. It starts in the repository.
func (p program) run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, told strings.Builder
	command := exec.Command(string(p), args...)
	command.Dir, command.Stdout, command.Stderr = repository, &out, &told
	if err := command.Run(); command.ProcessState == nil {
		require.NoError(t, err)
	}
	return out.String(), told.String(), command.ProcessState.ExitCode()
}

// dirOf is where a module of the repository lies.
func dirOf(t *testing.T, module string) string {
	t.Helper()
	command := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	command.Dir, command.Stderr = repository, os.Stderr
	output, err := command.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(output))
}
