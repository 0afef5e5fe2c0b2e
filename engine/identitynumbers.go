package engine

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// identityNumbers are the numbers that the cluster gave to identities, as a dump
// holds them.
type identityNumbers struct {
	// ofLabels are those of labels, sorted and joined by commas. There can be
	// several: agents that allocate at once make two objects, and both stay.
	ofLabels map[string][]uint32
	// ofPod is the one that a pod's endpoint has, by namespace and name.
	ofPod map[[2]string]uint32
}

// readIdentityNumbers reads the CiliumIdentity and CiliumEndpoint objects among the
// files. Source: cilium v1.20.2 pkg/k8s/apis/cilium.io/v2/types.go.
func readIdentityNumbers(c *model.Cluster) identityNumbers {
	n := identityNumbers{map[string][]uint32{}, map[[2]string]uint32{}}
	for _, o := range c.Others {
		switch o.Origin.Kind {
		case "CiliumIdentity":
			if number, labels, ok := model.CiliumIdentity(o); ok {
				n.add(labels, number)
			}
		case "CiliumEndpoint":
			n.endpoint(o)
		}
	}
	for _, list := range n.ofLabels {
		slices.Sort(list)
	}
	return n
}

func (n identityNumbers) endpoint(o *model.Object) {
	var endpoint struct {
		Status struct {
			Identity struct {
				ID     uint32   `json:"id"`
				Labels []string `json:"labels"`
			} `json:"identity"`
		} `json:"status"`
	}
	if json.Unmarshal(o.JSON, &endpoint) != nil || endpoint.Status.Identity.ID == 0 {
		return
	}
	number := endpoint.Status.Identity.ID
	n.ofPod[[2]string{o.Origin.Namespace, o.Origin.Name}] = number
	n.add(endpoint.Status.Identity.Labels, number)
}

func (n identityNumbers) add(labels []string, number uint32) {
	for i, label := range labels {
		labels[i] = strings.TrimSuffix(label, "=")
	}
	slices.Sort(labels)
	key := strings.Join(labels, ",")
	if !slices.Contains(n.ofLabels[key], number) {
		n.ofLabels[key] = append(n.ofLabels[key], number)
	}
}

// IdentityNumbers are the numbers that the cluster, by the CiliumIdentity and
// CiliumEndpoint objects among the files, gave to a pod's labels: the one that its
// endpoint has, where that is known. Nil where no file holds one, or where the
// labels have changed since.
func (e *Engine) IdentityNumbers(p model.Party) []uint32 {
	numbers := e.numbers.ofLabels[strings.Join(e.Identity(p, p.Node), ",")]
	if p.Pod != nil {
		own := e.numbers.ofPod[[2]string{p.Pod.Namespace, p.Pod.Name}]
		if slices.Contains(numbers, own) {
			return []uint32{own}
		}
	}
	return numbers
}
