package hubble

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// endpoint is the part of a flow's end that matters (cilium v1.20.2
// api/v1/flow/flow.proto, Endpoint), by its names in protobuf and in its JSON.
type endpoint struct {
	Identity  uint32   `json:"identity"`
	Cluster   string   `json:"cluster_name"`
	Namespace string   `json:"namespace"`
	Pod       string   `json:"pod_name"`
	Labels    []string `json:"labels"`
	Workloads []struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	} `json:"workloads"`
	ClusterJSON string `json:"clusterName"`
	PodJSON     string `json:"podName"`
}

// clusterLabel is the label that names an identity's cluster.
const clusterLabel = "k8s:io.cilium.k8s.policy.cluster="

// end decodes an end of a flow, or remembers it.
func (d *Decoder) end(raw []byte) (*model.RecordedEnd, error) {
	if known := d.ends[string(raw)]; known != nil {
		return known, nil
	}
	end := &model.RecordedEnd{}
	if len(raw) > 0 {
		var e endpoint
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fmt.Errorf("an end of the flow cannot be read: %w", err)
		}
		*end = e.recorded()
	}
	if len(d.ends) >= maxEnds {
		clear(d.ends)
	}
	d.ends[string(raw)] = end
	return end, nil
}

func (e endpoint) recorded() model.RecordedEnd {
	end := model.RecordedEnd{
		Identity: e.Identity, Cluster: e.Cluster + e.ClusterJSON, Namespace: e.Namespace, Pod: e.Pod + e.PodJSON, Labels: e.Labels,
	}
	for _, label := range e.Labels {
		if name, is := strings.CutPrefix(label, clusterLabel); is && end.Cluster == "" {
			end.Cluster = name
		}
	}
	if len(e.Workloads) > 0 && e.Workloads[0].Name != "" {
		end.Workload = &model.WorkloadRef{Kind: e.Workloads[0].Kind, Namespace: e.Namespace, Name: e.Workloads[0].Name}
	}
	return end
}
