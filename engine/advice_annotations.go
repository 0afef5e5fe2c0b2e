package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/annotation"

	"github.com/netsim-dev/netsim/model"
)

// unreadAnnotations are the annotations on policies under Cilium's prefix for
// them that no release reads. The one that is read gives a NetworkPolicy or
// ClusterNetworkPolicy another name. Source: cilium v1.20.2
// pkg/annotation/k8s.go; pkg/k8s/network_policy.go GetPolicyLabelsv1.
func unreadAnnotations(a *adviser) []model.Issue {
	var issues []model.Issue
	for _, o := range a.index.Cluster.Policies {
		for _, key := range slices.Sorted(maps.Keys(annotations(o))) {
			if strings.HasPrefix(key, annotation.PolicyPrefix+"/") && key != annotation.PolicyName {
				issues = append(issues, issue(o, "metadata.annotations", model.Warning,
					fmt.Sprintf("%s: nothing reads annotation %s on a policy", o.Origin.ID(), key), unreadRemedy(key)))
			}
		}
	}
	return issues
}

func unreadRemedy(key string) string {
	if key == annotation.PolicyPrefix+"/audit-mode" {
		return "remove it: audit mode is the agent's option policy-audit-mode, and the policy is enforced as it stands"
	}
	return "remove it"
}

func annotations(o *model.Object) map[string]string {
	var doc struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	// An object whose metadata cannot be read was reported when it was loaded.
	_ = json.Unmarshal(o.JSON, &doc)
	return doc.Metadata.Annotations
}
