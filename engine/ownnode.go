package engine

import (
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/netsim-dev/netsim/model"
)

// MayRefuseOwnNode says whether anything could keep a pod's own node from reaching
// it, the kubelet with its probes among others. False is certain, and costs no
// policy map: Cilium adds a rule that lets the node in (allow-localhost), which
// only a rule of another verdict, or one that demands authentication, outdoes
// (cilium v1.20.2 pkg/policy/repository.go, computePolicyEnforcementAndRules).
// True means that Judge must be asked.
func (e *Engine) MayRefuseOwnNode(pod *model.Pod, node *model.Node) bool {
	if !e.options.localhostAlways || e.options.policyMode == option.AlwaysEnforce || len(e.doubts) > 0 {
		return true
	}
	id := e.ids.pods[pod]
	if id == nil {
		return true
	}
	var refuses, known bool
	e.options.withOptions(func() {
		key := ownNode{id, e.ids.host(node)}
		if refuses, known = e.refused[key]; !known {
			refuses = slices.ContainsFunc(e.refusing(), key.selectedBy)
			e.refused[key] = refuses
		}
	})
	return refuses
}

// ownNode is a pod's identity and that of its node.
type ownNode struct{ pod, node *identity.Identity }

// selectedBy says whether a rule is for the pod and means the node, or may mean it.
func (n ownNode) selectedBy(r *rule) bool {
	means := r.unknownPeers != "" || r.entry.L3 != nil && (len(r.entry.L3) == 0 || r.entry.L3.Matches(n.node.LabelArray))
	return means && r.entry.Subject.Matches(n.pod.LabelArray)
}

// refusing are the rules for what enters pods that do more than allow. Call it
// with Cilium's options set.
func (e *Engine) refusing() []*rule {
	if e.refusers == nil {
		e.refusers = []*rule{}
		for _, r := range e.rules {
			plain := r.entry.Verdict == types.Allow && r.entry.Authentication == nil && r.unknownPeers == ""
			if r.entry.Ingress && !r.entry.Node && !plain {
				e.refusers = append(e.refusers, r)
			}
		}
	}
	return e.refusers
}
