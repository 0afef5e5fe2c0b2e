package kyverno

import (
	"slices"
	"strings"

	kjson "sigs.k8s.io/json"
)

// doubtCleanup notes the policies that something may delete, on a schedule:
// CleanupPolicy and DeletingPolicy, clusterwide and of a namespace. Source: Kyverno
// 1.19.1 api/kyverno/v2 cleanup_policy_types.go.
func (c *cluster) doubtCleanup() {
	for _, o := range c.objects {
		of, _ := groupVersion(o.APIVersion)
		name := strings.TrimPrefix(strings.TrimPrefix(o.Origin.Kind, "Cluster"), "Namespaced")
		if name != "CleanupPolicy" && name != "DeletingPolicy" || !strings.HasSuffix(of, group) {
			continue
		}
		var p struct {
			Spec rule `json:"spec"`
		}
		in := &celPolicy{}
		if kjson.UnmarshalCaseSensitivePreserveInts(o.JSON, &p) != nil || kjson.UnmarshalCaseSensitivePreserveInts(o.JSON, in) != nil {
			continue // no schedule holds for what an API server refuses
		}
		p.Spec.policy = &policy{object: o.Object}
		for _, t := range c.objects {
			if !isPolicyKind(t.Origin.Kind) || o.Origin.Namespace != "" && o.Origin.Namespace != t.namespaceOf() {
				continue
			}
			found := in.matches(t, c.namespaces[t.about()])
			if name == "CleanupPolicy" {
				found = p.Spec.matches(c.request(t))
			}
			if !found.no() {
				c.concerns.add(concern{origin: o.Origin, title: o.Origin.ID(), may: "delete " + t.Origin.ID(), why: "it hangs on when it runs", nodes: t.Origin.Kind == clusterwide}, t.about())
			}
		}
	}
}

// excepted are the names of the policies that a PolicyException is about, that of
// a Policy with its namespace before it. Source: Kyverno 1.19.1
// api/kyverno/v2 policy_exception_types.go.
func (c *cluster) excepted() []string {
	var names []string
	for _, o := range c.objects {
		if of, _ := groupVersion(o.APIVersion); of != group || o.Origin.Kind != "PolicyException" {
			continue
		}
		exceptions, _ := dig(o.value, "spec", "exceptions").([]any)
		for _, e := range exceptions {
			name, _ := dig(e, "policyName").(string)
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
