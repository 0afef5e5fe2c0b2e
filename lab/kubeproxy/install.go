package kubeproxy

import (
	"context"
	"time"

	utilsysctl "k8s.io/component-helpers/node/util/sysctl"
	"k8s.io/kubernetes/pkg/proxy"
	utiliptables "k8s.io/kubernetes/pkg/util/iptables"
)

// Install has the real kube-proxy write its rules with iptables-restore or nft,
// in the network namespace of the calling thread, which must be locked to its
// goroutine. Kube-proxy's other doings come along: the health checks' listeners,
// and in mode iptables the sysctl route_localnet.
func Install(w Where) error {
	var proxier proxy.Provider
	var err error
	if w.Settings.nftables() {
		proxier, err = w.newNFTables(context.Background())
	} else {
		proxier, err = w.newIPTables(context.Background(), unmonitored{utiliptables.New(w.iptProtocol())}, utilsysctl.New())
	}
	if err != nil {
		return err
	}
	w.feed(proxier)
	return w.written(proxier)
}

// unmonitored is the machine's own iptables without the goroutine that watches
// it: that would run in another network namespace than its proxier.
type unmonitored struct{ utiliptables.Interface }

func (unmonitored) Monitor(utiliptables.Chain, []utiliptables.Table, func(), time.Duration, <-chan struct{}) {
}
