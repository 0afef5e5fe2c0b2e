package render

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// shownNames is how many names of a group are written out.
const shownNames = 6

// ends names the two ends of every path of the group: as two lists where all
// combinations are meant, else pair by pair.
func (g group) ends() (sources, backends, pairs []string) {
	sources, backends = distinct(g.paths, sourceName), distinct(g.paths, backendName)
	if len(g.paths) == max(len(sources), 1)*max(len(backends), 1) {
		return sources, backends, nil
	}
	return nil, nil, g.pairs()
}

// pairs tells paths with the same two ends apart by the node that the packet
// goes through.
func (g group) pairs() []string {
	pairs := distinct(g.paths, pairName)
	if len(pairs) == len(g.paths) {
		return pairs
	}
	return distinct(g.paths, func(path sim.Path) string {
		if path.Translation.Node == "" {
			return pairName(path)
		}
		return pairName(path) + " via " + clean(path.Translation.Node)
	})
}

func distinct(paths []sim.Path, name func(sim.Path) string) []string {
	var names []string
	for _, path := range paths {
		if n := name(path); n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

func pairName(path sim.Path) string {
	if backend := backendName(path); backend != "" {
		return sourceName(path) + " → " + backend
	}
	return sourceName(path)
}

func sourceName(path sim.Path) string {
	return clean(path.From.Ref) + alike(path.From.Pods)
}

func backendName(path sim.Path) string {
	if path.Backend == nil {
		return ""
	}
	b := path.Backend
	name := strings.TrimSpace(unless(clean(b.Ref), b.IP) + " " + address(b.IP, b.Port))
	if isAssigned(b) {
		name += "*"
	}
	return name
}

// isAssigned is true for a backend whose address no file gave.
func isAssigned(b *sim.Backend) bool {
	return b != nil && slices.Contains(b.Assigned, addressField)
}

func alike(count int) string {
	if count < 2 {
		return ""
	}
	return fmt.Sprintf(" and %d like it", count-1)
}

// listed writes out the first names and counts the rest.
func listed(names []string) []string {
	var pieces []string
	for i, name := range names {
		if i == shownNames && len(names) > shownNames+1 {
			return append(pieces, fmt.Sprintf("and %d more", len(names)-i))
		}
		if i < len(names)-1 {
			name += ","
		}
		pieces = append(pieces, name)
	}
	return pieces
}

// address is ip:port, or either alone.
func address(ip string, port uint16) string {
	switch {
	case port == 0:
		return clean(ip)
	case ip == "":
		return "port " + strconv.Itoa(int(port))
	}
	return net.JoinHostPort(clean(ip), strconv.Itoa(int(port)))
}

// endpoint is an address with its protocol: "10.96.0.20:80/TCP". The port of
// an ICMP packet is its type.
func endpoint(ip string, port uint16, protocol model.Protocol) string {
	switch {
	case protocol == "":
		return address(ip, port)
	case protocol.HasPorts() && port != 0:
		return address(ip, port) + "/" + string(protocol)
	case port == 0:
		return strings.TrimSpace(clean(ip) + " " + string(protocol))
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s type %d", clean(ip), protocol, port))
}
