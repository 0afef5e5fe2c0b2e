package kyverno

import (
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// Protection is a rule that forbids to delete or change objects of policy kinds:
// a change that removes what it protects is refused by the cluster.
type Protection struct {
	// Policy is where the rule stands, and Rule its name.
	Policy model.Origin
	Rule   string
	// Message is what the one who asks is told.
	Message string
	// Kinds are the kinds that it is about, as the rule writes them, and
	// Operations those of CREATE, UPDATE, DELETE and CONNECT; none means all.
	Kinds, Operations []string

	rule *rule
}

// Protections are the rules among a cluster's objects (model.Cluster.Others) that
// deny, and enforce it, with the policies and rules in order.
func Protections(objects []*model.Object) []Protection {
	var list []Protection
	for _, o := range objects {
		if !isPolicy(o) {
			continue
		}
		p, err := parse(o)
		if err != nil {
			continue
		}
		for i := range p.Spec.Rules {
			r := &p.Spec.Rules[i]
			if kinds := r.protects(); kinds != nil {
				list = append(list, Protection{Policy: r.origin(), Rule: r.Name, Message: r.Validate.Message, Kinds: kinds, Operations: r.operations(), rule: r})
			}
		}
	}
	return list
}

// protects are the kinds of policies that a rule denies something about, nil if
// it does not deny, or only reports.
func (r *rule) protects() []string {
	if r.Validate == nil || r.Validate.Deny == nil || !r.enforced() {
		return nil
	}
	var kinds []string
	for _, f := range r.filters() {
		for _, kind := range f.Resources.Kinds {
			_, _, name, _ := kindSelector(kind)
			if (isPolicyKind(name) || strings.ContainsAny(name, "*?")) && !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// enforced says whether a rule refuses, and does not only report.
func (r *rule) enforced() bool {
	action := r.policy.Spec.ValidationFailureAction
	if r.Validate.FailureAction != "" {
		action = r.Validate.FailureAction
	}
	overridden := len(r.policy.Spec.ActionOverrides)+len(r.Validate.ActionOverrides) > 0
	return strings.EqualFold(action, "enforce") || overridden
}

func (r *rule) filters() []filter {
	return slices.Concat(r.Match.Any, r.Match.All, []filter{r.Match.filter})
}

func (r *rule) operations() []string {
	var list []string
	for _, f := range r.filters() {
		for _, operation := range f.Resources.Operations {
			if !slices.Contains(list, operation) {
				list = append(list, operation)
			}
		}
	}
	return list
}

// Refuses says whether an operation ("UPDATE", "DELETE") on an object, as it is
// before, is refused in a namespace with these labels; unless says what that hangs
// on and files do not tell, "" for nothing.
func (p Protection) Refuses(operation string, before *model.Object, labels model.Labels) (refused bool, unless string) {
	o := newObject(before)
	if o == nil {
		return false, ""
	}
	around := map[string]any{}
	for key, value := range labels {
		around[key] = value
	}
	namespace := &object{
		Object: &model.Object{Origin: model.Origin{Kind: "Namespace", Name: o.namespaceOf()}, APIVersion: "v1"},
		value:  map[string]any{"metadata": map[string]any{"name": o.namespaceOf(), "labels": around}},
	}
	if passedOver(o) {
		return false, ""
	}
	q := request{object: o, operation: operation, namespace: namespace}
	found := p.rule.matches(q)
	if found.no() {
		return false, ""
	}
	s := newScope(p.rule, q)
	found = all(found, p.rule.unread(), s.hold(p.rule.Preconditions), s.hold(p.rule.Validate.Deny.Conditions))
	if len(p.rule.policy.Spec.ActionOverrides)+len(p.rule.Validate.ActionOverrides) > 0 {
		found = all(found, unsure("it is enforced in some namespaces only"))
	}
	return !found.no(), found.unsure
}
