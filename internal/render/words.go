package render

import (
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// clientWords is what each outcome looks like from the client's program.
var clientWords = map[model.ClientSees]string{
	model.SeesOpen:        "the connection opens",
	model.SeesTimeout:     "the connection times out",
	model.SeesRefused:     "the connection is refused",
	model.SeesUnreachable: "the client gets \"host unreachable\"",
	model.SeesReset:       "the connection is reset",
	model.SeesHTTP403:     "the client gets HTTP 403",
	model.SeesDNSRefused:  "the name lookup is refused",
	model.SeesDNSTimeout:  "the name lookup times out",
}

// datagramWords replace clientWords where there is no connection to speak of.
var datagramWords = map[model.ClientSees]string{
	model.SeesOpen:    "the packet arrives and a reply comes back",
	model.SeesTimeout: "no reply comes",
	model.SeesRefused: "the client gets \"port unreachable\"",
}

// seen says what the client notices; "" where there is nothing to say.
func seen(sees model.ClientSees, protocol model.Protocol) string {
	if protocol != model.TCP && protocol != model.SCTP && protocol != "" {
		if words := datagramWords[sees]; words != "" {
			return words
		}
	}
	if words := clientWords[sees]; words != "" {
		return words
	}
	if status, found := strings.CutPrefix(string(sees), "http-"); found {
		return "the client gets HTTP " + clean(status)
	}
	return clean(string(sees))
}

// outcome is the end of the first line.
func outcome(a *sim.Answer) string {
	switch {
	case a.ClientSees != "":
		return seen(a.ClientSees, a.To.Protocol)
	case a.Verdict == model.Mixed && len(a.Hops) > 0:
		return "it depends on the path or backend"
	case a.Verdict == model.Mixed:
		allowed, all := countPaths(a.Paths)
		return fmt.Sprintf("%d of %s allowed", allowed, plural(all, "path"))
	case a.Verdict == model.Undetermined:
		return "these files cannot tell"
	case a.Verdict == model.Denied && len(a.Hops) > 0:
		return "it fails"
	case a.Verdict == model.Denied:
		return "it fails, not on every path alike"
	}
	return seen(model.SeesOpen, a.To.Protocol)
}

// countPaths counts the paths that groups of like pods stand for.
func countPaths(paths []sim.Path) (allowed, all int) {
	for _, path := range paths {
		count := max(path.From.Pods, 1)
		all += count
		if path.Verdict == model.Allowed {
			allowed += count
		}
	}
	return allowed, all
}
