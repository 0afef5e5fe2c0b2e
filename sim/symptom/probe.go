package symptom

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// probeFailure is the kubelet's event, or how people put it. Source: k8s.io/kubernetes
// v1.36 pkg/kubelet/prober/prober.go probe, "%s probe failed: %s".
var probeFailure = regexp.MustCompile(`(?is)\b(readiness|startup|liveness) probes? (?:is |are )?fail(?:ed|ing|s)?\b(.*)`)

// readProbe reads of a probe that fails, and what the kubelet met, if it says.
func readProbe(text string) (Sighting, bool) {
	m := probeFailure.FindStringSubmatch(text)
	if m == nil {
		return Sighting{}, false
	}
	met, _ := readClient(m[2])
	return Sighting{Probe: strings.ToLower(m[1]), ClientSees: met.ClientSees}, true
}

func probeMeaning(probe string) Meaning {
	then := "no Service sends the pod connections"
	if probe == "liveness" {
		then = "the container is restarted again and again"
	}
	return Meaning{
		"the kubelet does not get the answer from the pod that it waits for: " + then,
		"between the pod's own node and the pod, or in the program itself",
		[]string{
			"the program reports ready only once it has reached something else, and a policy keeps it from that: the data plane of NGINX Gateway Fabric (port 8081) its control plane, on the targetPort 8443",
			"a deny rule, or one that demands authentication, means the node too; or allow-localhost is policy, and no rule lets the node in",
			"the program listens on another port, or is not up yet",
		},
	}
}

// askProbe asks whether the loaded files keep a pod from becoming ready.
func (e *Explanation) askProbe(s *sim.Sim, to string) error {
	if to == "" {
		e.Here = "the text does not say whose probe this is: name the pod or its workload with --to to ask the loaded files"
		return nil
	}
	readiness, err := s.Readiness(to)
	if err != nil {
		return err
	}
	e.Unready = readiness.Unready
	switch {
	case len(e.Unready) > 0:
		e.Agrees, e.Here = true, "the loaded files keep it from becoming ready"
	case len(readiness.Unknown) > 0:
		e.Here = "netsim cannot tell: " + strings.Join(readiness.Unknown, "; ")
	default:
		e.Here = fmt.Sprintf("the loaded files let the kubelet's probes through, and the pod to what netsim knows that it needs; the annotation %s tells of more", model.ReadyNeeds)
	}
	return nil
}
