package kubeproxy_test

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/netsim-dev/netsim/model"
)

// listen has a host answer on an address and port with its name and the source
// address that it sees: "b1 10.244.1.5". It listens on that address alone: what
// listens for datagrams on all of them answers from any.
func (n *namespace) listen(on netip.AddrPort, protocol model.Protocol) error {
	return n.do(func() error {
		if protocol == model.UDP {
			conn, err := net.ListenPacket("udp", on.String())
			if err == nil {
				n.open = append(n.open, conn)
				go n.answerDatagrams(conn)
			}
			return err
		}
		listener, err := net.Listen("tcp", on.String())
		if err == nil {
			n.open = append(n.open, listener)
			go n.answerStreams(listener)
		}
		return err
	})
}

func (n *namespace) answerStreams(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		fmt.Fprint(conn, n.greeting(conn.RemoteAddr()))
		conn.Close()
	}
}

func (n *namespace) answerDatagrams(conn net.PacketConn) {
	var question [64]byte
	for {
		_, from, err := conn.ReadFrom(question[:])
		if err != nil {
			return
		}
		// Where the answer cannot be sent the client's time-out tells it.
		_, _ = conn.WriteTo([]byte(n.greeting(from)), from)
	}
}

func (n *namespace) greeting(from net.Addr) string {
	return fmt.Sprintf("%s %s", n.name, netip.MustParseAddrPort(from.String()).Addr().Unmap())
}
