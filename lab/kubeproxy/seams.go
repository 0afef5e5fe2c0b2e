package kubeproxy

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sync"
	"unsafe"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/proxy/nftables"
	"k8s.io/kubernetes/pkg/proxy/util/nfacct"
)

// Kube-proxy's constructors choose what a proxier talks to by themselves and
// keep it in fields without a setter; its own tests replace those fields. So
// does this, by reflection: the alternative is a copy of kube-proxy's source.

// seal puts a value into a field of a proxier. It panics where the proxier has
// no such field, since that means another kube-proxy than this was written for.
func seal[T any](proxier any, field string, value T) {
	*fieldOf[T](proxier, field) = value
}

func peek[T any](proxier any, field string) T { return *fieldOf[T](proxier, field) }

func fieldOf[T any](proxier any, field string) *T {
	found := reflect.ValueOf(proxier).Elem().FieldByName(field)
	if !found.IsValid() || found.Type() != reflect.TypeFor[T]() {
		panic(fmt.Sprintf("%T has no field %s of type %v", proxier, field, reflect.TypeFor[T]()))
	}
	return (*T)(unsafe.Pointer(found.UnsafeAddr()))
}

// fixedAddresses lists given addresses as those of the machine.
type fixedAddresses []netip.Prefix

func (f fixedAddresses) InterfaceAddrs() ([]net.Addr, error) {
	var addrs []net.Addr
	for _, p := range f {
		addrs = append(addrs, &net.IPNet{IP: asIP(p.Addr()), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())})
	}
	return addrs, nil
}

// fixedSysctls are the kernel's settings where no kernel is asked.
type fixedSysctls struct{}

func (fixedSysctls) GetSysctl(string) (int, error) { return 0, nil }
func (fixedSysctls) SetSysctl(string, int) error   { return nil }

// allCounters has every counter, so that the rules that count are written.
type allCounters struct{ nfacct.Interface }

func (allCounters) Ensure(string) error { return nil }

// healthRecorder writes down which health checks a proxier would answer.
type healthRecorder struct {
	ports     map[types.NamespacedName]uint16
	endpoints map[types.NamespacedName]int
}

func (h *healthRecorder) SyncServices(ports map[types.NamespacedName]uint16) error {
	h.ports = ports
	return nil
}

func (h *healthRecorder) SyncEndpoints(endpoints map[types.NamespacedName]int) error {
	h.endpoints = endpoints
	return nil
}

// checks are the local endpoints by the port that tells their number.
func (h *healthRecorder) checks() map[uint16]int {
	found := map[uint16]int{}
	for service, port := range h.ports {
		found[port] = h.endpoints[service]
	}
	return found
}

// pathMutex guards PATH while it is changed.
var pathMutex sync.Mutex

// withoutNft runs a constructor that insists on trying the nft command, which a
// machine need not have where no rule is loaded: it gets one that does nothing.
// Source: k8s.io/kubernetes v1.37.2 pkg/proxy/nftables/supported.go.
func withoutNft(build func() (*nftables.Proxier, error)) (*nftables.Proxier, error) {
	pathMutex.Lock()
	defer pathMutex.Unlock()
	idle, err := exec.LookPath("true")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "nft")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.Symlink(idle, filepath.Join(dir, "nft")); err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"PATH": dir, "KUBE_PROXY_NFTABLES_SKIP_KERNEL_VERSION_CHECK": "1"} {
		defer os.Setenv(name, os.Getenv(name))
		os.Setenv(name, value)
	}
	return build()
}
