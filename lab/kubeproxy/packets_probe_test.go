package kubeproxy_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netsim-dev/netsim/model"
)

// outcome is what a client notices of one attempt. Where somebody answers, it is
// who, and which source address he saw.
type outcome struct {
	sees   model.ClientSees
	name   string
	source netip.Addr
}

func (o outcome) String() string {
	switch {
	case o.sees != model.SeesOpen:
		return string(o.sees)
	case !o.source.IsValid():
		return o.name
	}
	return fmt.Sprintf("%s sees %s", o.name, o.source)
}

// attempt asks once, on a thread that is inside the client's namespace. An error
// is none of the outcomes that a client can meet.
func (q question) attempt(patience time.Duration) (outcome, error) {
	c, err := connect(q.to, q.protocol)
	if err != nil {
		return failed(err)
	}
	defer unix.Close(c.fd)
	c.deadline = time.Now().Add(patience)
	greeting, err := c.greeting()
	if err != nil {
		return failed(err)
	}
	return greeted(greeting)
}

// connection is a socket that connects, or whose peer is known. It blocks its
// thread, which has nothing else to do.
type connection struct {
	fd       int
	protocol model.Protocol
	deadline time.Time
}

func connect(to netip.AddrPort, protocol model.Protocol) (connection, error) {
	kind := map[model.Protocol]int{model.TCP: unix.SOCK_STREAM, model.UDP: unix.SOCK_DGRAM}[protocol]
	domain, sockaddr := sockaddrOf(to)
	fd, err := unix.Socket(domain, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return connection{}, err
	}
	if err := unix.Connect(fd, sockaddr); err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return connection{}, err
	}
	return connection{fd: fd, protocol: protocol}, nil
}

func sockaddrOf(addr netip.AddrPort) (domain int, sockaddr unix.Sockaddr) {
	if addr.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
}

// greeting waits for the connection to open, or asks by a datagram, and reads
// the answer.
func (c connection) greeting() (string, error) {
	// An ICMP error that came back while connect() ran does not wake the socket,
	// but it is kept: without this a client would learn of a refusal only when
	// it sends again, a second later.
	if err := c.pending(); err != nil {
		return "", err
	}
	if err := c.wait(unix.POLLOUT); err != nil {
		return "", err
	}
	if c.protocol == model.UDP {
		if _, err := unix.Write(c.fd, []byte("who are you?")); err != nil {
			return "", cmp.Or(c.pending(), err)
		}
	}
	if err := c.wait(unix.POLLIN); err != nil {
		return "", err
	}
	greeting := make([]byte, 256)
	n, err := unix.Read(c.fd, greeting)
	return string(greeting[:max(n, 0)]), err
}

// pending is the error that the socket has met.
func (c connection) pending() error {
	code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = syscall.Errno(code)
	}
	return err
}

// wait waits for an event on the socket, until the deadline.
func (c connection) wait(event int16) error {
	left := max(time.Until(c.deadline), 0)
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: event}}, int(left.Milliseconds()))
	switch {
	case err == unix.EINTR:
		return c.wait(event)
	case err != nil:
		return err
	case n == 0:
		return cmp.Or(c.pending(), os.ErrDeadlineExceeded)
	}
	return c.pending()
}

func greeted(greeting string) (outcome, error) {
	var name, source string
	if _, err := fmt.Sscan(greeting, &name, &source); err != nil {
		return outcome{}, fmt.Errorf("%q is no greeting", greeting)
	}
	addr, err := netip.ParseAddr(source)
	return outcome{model.SeesOpen, name, addr}, err
}

// failed is the outcome that an error of a socket stands for.
func failed(err error) (outcome, error) {
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		return outcome{sees: model.SeesRefused}, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return outcome{sees: model.SeesTimeout}, nil
	case errors.Is(err, unix.EPERM):
		// The kernel tells a sender of datagrams that its own OUTPUT dropped
		// one; a stream just waits.
		return outcome{sees: model.SeesTimeout}, nil
	case errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.ENETUNREACH):
		return outcome{sees: model.SeesUnreachable}, nil
	}
	return outcome{}, err
}
