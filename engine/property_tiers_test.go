package engine_test

import (
	"encoding/json"
	"log/slog"
	"slices"
	"testing"

	ciliumk8s "github.com/cilium/cilium/pkg/k8s"
	"github.com/cilium/cilium/pkg/labels"
	policytest "github.com/cilium/cilium/pkg/policy/testutils"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/stretchr/testify/require"
	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// clusterNetworkPolicy draws the spec of a ClusterNetworkPolicy. Few
// priorities, so that rules of equal rank meet.
func (w *world) clusterNetworkPolicy() object {
	tier := pickOne(w, []string{"Admin", "Baseline"})
	w.count("tier " + tier)
	spec := object{"tier": tier, "priority": w.rnd.IntN(3), "subject": object{"namespaces": object{}}}
	if w.chance(50) {
		spec["subject"] = object{"pods": w.namespacedPod()}
	}
	for _, list := range []struct{ name, peer string }{{"ingress", "from"}, {"egress", "to"}} {
		var rules []object
		for range 1 + w.rnd.IntN(3) {
			rules = append(rules, w.tierRule(list.name, list.peer))
		}
		if w.chance(70) {
			spec[list.name] = rules
		}
	}
	return spec
}

func (w *world) tierRule(list, peer string) object {
	action := pickOne(w, []string{"Accept", "Deny", "Pass"})
	w.count("action " + action)
	r := object{"action": action, peer: []object{w.tierPeer(list)}}
	if w.chance(30) {
		r[peer] = append(r[peer].([]object), w.tierPeer(list))
	}
	if w.chance(60) {
		r["protocols"] = []object{pickOne(w, []object{
			{"tcp": object{"destinationPort": object{"number": pickOne(w, portNumbers)}}},
			{"udp": object{"destinationPort": object{"number": pickOne(w, portNumbers)}}},
			{"tcp": object{"destinationPort": object{"range": object{"start": 8000, "end": 8443}}}},
		})}
	}
	return r
}

func (w *world) tierPeer(list string) object {
	switch draw := w.rnd.IntN(10); {
	case draw < 3 && list == "egress":
		w.count("peers networks")
		return object{"networks": []string{pickOne(w, cidrs)}}
	case draw < 5:
		return object{"namespaces": object{}}
	case draw < 6:
		return object{"namespaces": object{"matchLabels": object{"team": "t1"}}}
	default:
		return object{"pods": w.namespacedPod()}
	}
}

func (w *world) namespacedPod() object {
	return object{"namespaceSelector": object{}, "podSelector": w.plainSelector()}
}

func (w *world) parseClusterNetworkPolicy(t *testing.T, data []byte) {
	t.Helper()
	var p policyv1alpha2.ClusterNetworkPolicy
	require.NoError(t, json.Unmarshal(data, &p))
	entries, err := ciliumk8s.ParseClusterNetworkPolicy(slog.New(slog.DiscardHandler), "default", &p)
	require.NoError(t, err)
	w.entries = append(w.entries, entries...)
}

// addDefaults adds the allow that Cilium puts behind the rules of a pod that
// nothing isolates: the simulator knows it only where no rule matches at all.
func (w *world) addDefaults() {
	written := w.entries
	for _, p := range w.pods {
		ls := podLabels(p)
		for _, ingress := range []bool{true, false} {
			isolated := slices.ContainsFunc(written, func(e *types.PolicyEntry) bool {
				return e.Ingress == ingress && e.DefaultDeny && e.Subject.Matches(ls)
			})
			if !isolated {
				w.entries = append(w.entries, &types.PolicyEntry{
					Tier: types.DefaultPolicy, Ingress: ingress, Subject: types.NewLabelSelectorFromLabels(ls...), L3: types.WildcardSelectors,
				})
			}
		}
	}
}

// compareReasons holds what netsim says of both sides against the rules by
// which the simulator decides.
func (w *world) compareReasons(t *testing.T, from *testPod, e end, a *sim.Answer) {
	t.Helper()
	_, egress, ingress := policytest.IteratePolicy(w.entries, flowOf(from, e))
	explained(t, a, model.StageEgress, egress)
	explained(t, a, model.StageIngress, ingress)
}

// explained: the policy whose rule decides in the simulator is among those that
// netsim names, and where none does netsim names no rule that allows or denies.
func explained(t *testing.T, a *sim.Answer, stage model.Stage, decided labels.LabelArray) {
	t.Helper()
	name := decided.Get("k8s:io.cilium.k8s.policy.name")
	for _, path := range a.Paths {
		for _, step := range path.Steps {
			if step.Stage != stage {
				continue
			}
			names := []string{}
			for _, o := range step.By {
				names = append(names, o.Name)
			}
			switch {
			case name != "":
				require.Contains(t, names, name, "%s: %s", stage, step.Why)
			case step.Verdict == model.Denied:
				require.Contains(t, step.Why, "default deny", stage)
			default:
				require.NotContains(t, step.Why, " lets ", "%s: no rule does", stage)
			}
		}
	}
}
