package sim_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// outcome is the part of an answer that does not tell how it was asked for.
func outcome(a *sim.Answer) []any {
	return []any{a.Verdict, a.ClientSees, a.Paths}
}

// compare says what an answer has otherwise than the cluster, "" if nothing.
func compare(c *model.Cluster, p probe, a *sim.Answer) string {
	if wrong := compareVerdict(p, a); wrong != "" {
		return wrong
	}
	if wrong := compareClientSees(p, a); wrong != "" {
		return wrong
	}
	if wrong := compareDropReason(p, a); wrong != "" {
		return wrong
	}
	for backend := range p.ReachedBackends {
		paths := allowedTo(a, backend)
		if len(paths) == 0 {
			return "reached " + backend
		}
	}
	for _, seen := range p.SourceSeen {
		if !slices.ContainsFunc(a.Paths, func(path sim.Path) bool { return sees(c, path, seen) }) {
			return "the backend saw " + seen
		}
	}
	return ""
}

// compareVerdict takes it that where backends disagree, a cluster with session
// affinity chooses one of them for all attempts.
func compareVerdict(p probe, a *sim.Answer) string {
	oneBackend := strings.HasSuffix(p.To["service"], "/aff") && a.Verdict == model.Mixed
	if want := p.verdict(); a.Verdict != want && !oneBackend {
		return "the cluster " + want.String()
	}
	return ""
}

func compareClientSees(p probe, a *sim.Answer) string {
	if a.Verdict != model.Denied {
		return ""
	}
	saw := map[string]model.ClientSees{"TIMEOUT": model.SeesTimeout, "REFUSED": model.SeesRefused, "UNREACH": model.SeesUnreachable}
	for kind := range p.Outcomes {
		// Whether a router's answer comes depends on its rate limit.
		rateLimited := kind == "UNREACH" && a.ClientSees == model.SeesTimeout
		if saw[kind] != a.ClientSees && !rateLimited {
			return "the client saw " + kind
		}
	}
	return ""
}

// compareDropReason holds the drop reasons of an answer's paths against the
// monitor's. Events of a probe to a Service were told apart by time and node,
// so that some of its neighbours' are among them.
func compareDropReason(p probe, a *sim.Answer) string {
	said := map[string]bool{}
	for _, path := range a.Paths {
		if path.DropReason != nil {
			said[path.DropReason.Text] = true
		}
	}
	saw := p.drops()
	if p.To["service"] != "" {
		saw = slices.DeleteFunc(saw, func(reason string) bool { return !said[reason] })
	}
	if got := slices.Sorted(maps.Keys(said)); !slices.Equal(got, saw) {
		return fmt.Sprintf("the cluster's reason is %q, netsim's %q", p.DropReasons, got)
	}
	return ""
}

// allowedTo are the allowed paths to a listener, by its name in the recordings.
func allowedTo(a *sim.Answer, listener string) []sim.Path {
	namespace, name, isPod := strings.Cut(listener, "/")
	var paths []sim.Path
	for _, path := range a.Paths {
		if path.Verdict != model.Allowed || path.Backend == nil {
			continue
		}
		ref := path.Backend.Ref
		isHostNetwork := strings.HasPrefix(ref, "node/")
		if isHostNetwork || isPod && ref == namespace+"/pod/"+name || !isPod && ref == path.Backend.IP {
			paths = append(paths, path)
		}
	}
	return paths
}

// sees says whether a path's backend would see a source address. What netsim
// leaves open is an address of Cilium's own, which no file holds.
func sees(c *model.Cluster, path sim.Path, addr string) bool {
	if path.Verdict != model.Allowed {
		return false
	}
	if path.Translation.SourceSeen != "" {
		return path.Translation.SourceSeen == addr
	}
	isPod := slices.ContainsFunc(c.Pods, func(p *model.Pod) bool {
		return slices.ContainsFunc(p.IPs, func(ip netip.Addr) bool { return ip.String() == addr })
	})
	return strings.HasPrefix(addr, "10.244.") && !isPod
}
