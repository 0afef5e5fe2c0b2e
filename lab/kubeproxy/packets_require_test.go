package kubeproxy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// packetsVariable says, as "required", that a machine on which no packet can be
// sent fails these tests: elsewhere they are skipped, with the reason.
const packetsVariable = "NETSIM_PACKETS"

// insideVariable marks the process that runs in a user namespace of its own.
const insideVariable = "NETSIM_PACKETS_INSIDE"

// tools are the commands that a laboratory needs, with their Debian packages.
var tools = []struct{ command, pkg string }{
	{"ip", "iproute2"}, {"iptables-restore", "iptables"}, {"ip6tables-restore", "iptables"}, {"nft", "nftables"},
}

// inNamespaces says whether the test can go on here. Where it takes a user
// namespace of its own, the test runs there a second time, and its result is
// this one's.
func inNamespaces(t *testing.T) bool {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool.command); err != nil {
			unable(t, "there is no command "+tool.command+": install the package "+tool.pkg)
		}
	}
	n, err := newNamespace("trial")
	if err == nil {
		n.close()
		return true
	}
	if os.Getenv(insideVariable) != "" {
		unable(t, err.Error())
	}
	runInUserNamespace(t)
	return false
}

// inUserNamespace says whether this process sees other user IDs than the machine
// has.
func inUserNamespace() bool {
	mapped, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && !slices.Equal(strings.Fields(string(mapped)), []string{"0", "0", "4294967295"})
}

func unable(t *testing.T, why string) {
	t.Helper()
	if os.Getenv(packetsVariable) == "required" {
		t.Fatalf("no packets can be sent here: %s", why)
	}
	t.Skipf("no packets can be sent here: %s", why)
}

func runInUserNamespace(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.v")
	// The legacy iptables wants a file to lock, and the usual one is root's.
	lock := filepath.Join(t.TempDir(), "xtables.lock")
	cmd.Env = append(os.Environ(), insideVariable+"=yes", "XTABLES_LOCKFILE="+lock)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	output, err := cmd.CombinedOutput()
	switch {
	case cmd.ProcessState == nil:
		unable(t, "the kernel makes no user namespace: "+err.Error())
	case err != nil:
		t.Errorf("in a user namespace:\n%s", output)
	case strings.Contains(string(output), "--- SKIP"):
		t.Skipf("in a user namespace:\n%s", output)
	default:
		t.Logf("in a user namespace:\n%s", output)
	}
}
