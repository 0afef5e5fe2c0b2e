package kubeproxy_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace. Its file keeps it alive, and is the name by
// which other commands find it.
type namespace struct {
	name string
	file *os.File
	// open are the sockets that listen in it.
	open []io.Closer
}

// quiet are the kernel's settings under which a packet has one outcome, at once:
// no waiting for duplicates of an address, no limit on ICMP errors (or a refusal
// would look like a time-out), and no redirects around a node.
var quiet = map[string]string{
	"ipv4/icmp_ratemask":                 "0",
	"ipv4/icmp_ratelimit":                "0",
	"ipv6/icmp/ratemask":                 "",
	"ipv6/icmp/ratelimit":                "0",
	"ipv4/conf/all/send_redirects":       "0",
	"ipv4/conf/default/send_redirects":   "0",
	"ipv4/conf/all/accept_redirects":     "0",
	"ipv4/conf/default/accept_redirects": "0",
	"ipv6/conf/all/accept_redirects":     "0",
	"ipv6/conf/default/accept_redirects": "0",
	"ipv6/conf/all/accept_ra":            "0",
	"ipv6/conf/default/accept_ra":        "0",
	"ipv6/conf/all/accept_dad":           "0",
	"ipv6/conf/default/accept_dad":       "0",
}

// forwarding makes a namespace a router, as every node is.
var forwarding = map[string]string{"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1"}

// newNamespace makes an empty network namespace with loopback up.
func newNamespace(name string) (*namespace, error) {
	n := &namespace{name: name}
	err := onOwnThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			n.file, err = os.Open("/proc/thread-self/ns/net")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make network namespace %s: %w", name, err)
	}
	if err := n.set(quiet); err != nil {
		return nil, err
	}
	return n, n.ip("link set lo up")
}

// onOwnThread runs f on a thread that no other goroutine ever gets: Go ends a
// thread whose goroutine ends while locked to it.
func onOwnThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

// do runs f on a thread inside the namespace. The sockets and commands that f
// itself makes belong there, wherever they are used later.
func (n *namespace) do(f func() error) error {
	return onOwnThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace %s: %w", n.name, err)
		}
		return f()
	})
}

// path is what "ip link ... netns" takes for the namespace's name.
func (n *namespace) path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.file.Fd())
}

// ip runs commands of the command ip inside the namespace.
func (n *namespace) ip(commands ...string) error {
	return n.do(func() error {
		cmd := exec.Command("ip", "-batch", "-")
		cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("ip in %s: %w: %s", n.name, err, stderr.String())
		}
		return nil
	})
}

// set writes settings below /proc/sys/net.
func (n *namespace) set(settings map[string]string) error {
	return n.do(func() error {
		for name, value := range settings {
			if err := os.WriteFile(filepath.Join("/proc/sys/net", name), []byte(value+"\n"), 0o644); err != nil {
				return fmt.Errorf("in %s: %w", n.name, err)
			}
		}
		return nil
	})
}

func (n *namespace) close() {
	for _, socket := range n.open {
		socket.Close()
	}
	n.file.Close()
}
