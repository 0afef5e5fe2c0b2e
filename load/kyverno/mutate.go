package kyverno

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/load"
)

// mutable are the objects that rules may change as they come: namespaces first,
// since others are asked for the labels of theirs.
func (c *cluster) mutable() []*object {
	var namespaces, others []*object
	for _, o := range c.objects {
		switch {
		case o.unlabelled || !matters(o.APIVersion, o.Origin.Kind):
		case o.isNamespace():
			namespaces = append(namespaces, o)
		default:
			others = append(others, o)
		}
	}
	return append(namespaces, others...)
}

// mutate applies all rules to an object, and to the pods of a workload: Kyverno
// sees each of those as it is created, with rules that it derives for the workload
// or without.
func (c *cluster) mutate(o *object) {
	var by []string
	change := func(r *rule, o *object) bool {
		changed := c.change(r, o)
		if changed && !slices.Contains(by, r.policy.object.Origin.ID()) {
			by = append(by, r.policy.object.Origin.ID())
		}
		return changed
	}
	for _, p := range c.policies {
		for i := range p.Spec.Rules {
			r := &p.Spec.Rules[i]
			if r.Mutate == nil || len(r.Mutate.Targets) > 0 || p.Spec.Admission != nil && !*p.Spec.Admission {
				continue
			}
			if !o.given() {
				change(r, o)
			}
			if pods := o.pods(); pods != nil && change(r, pods) {
				o.setPods(pods)
			}
		}
	}
	if by != nil {
		c.run.Add(load.Output{Files: []load.File{load.Over(o.Object, o.value, "Kyverno, changed by "+strings.Join(by, " and "))}})
	}
}

// change applies a rule to an object, or says that it may be applied.
func (c *cluster) change(r *rule, o *object) bool {
	if passedOver(o) || !r.Mutate.bears(o) {
		return false
	}
	q := c.request(o)
	found := r.matches(q)
	if found.no() {
		return false
	}
	s := newScope(r, q)
	found = all(found, r.unread(), s.hold(r.Preconditions))
	if found.no() {
		return false
	}
	changed, err := r.Mutate.applied(o, s)
	switch {
	case errors.Is(err, errPassed):
		return false
	case found.unsure != "":
		err = errors.New(found.unsure)
	case err == nil && !o.template && dig(o.value, "metadata", "name") == nil:
		err = errors.New("its name is generated, and netsim changes only what has one")
	}
	if err != nil {
		c.mayChange(r, o.Origin.Kind, o.about(), err.Error())
		return false
	}
	if reflect.DeepEqual(changed, o.value) {
		return false
	}
	o.value = changed
	return true
}

// mayChange notes that a rule may change objects of a kind in a namespace.
func (c *cluster) mayChange(r *rule, kind, namespace, why string) {
	c.concerns.add(concern{origin: r.origin(), title: r.title(), may: "change a " + kind, why: why, labels: true, nodes: kind == clusterwide}, namespace)
}

// changeTargets says of a rule that changes others than what triggers it that it
// may: whether it runs hangs on what happens later.
func (c *cluster) changeTargets(r *rule) {
	if r.Mutate == nil {
		return
	}
	for _, t := range r.Mutate.Targets {
		if !r.Mutate.mentions(t.Kind) {
			continue
		}
		namespace := t.Namespace
		if strings.ContainsAny(namespace, "{*?") {
			namespace = ""
		}
		c.mayChange(r, t.Kind, namespace, "it changes what is there already (targets), whenever something triggers it")
	}
}

// bears says whether a rule could change what matters of an object.
func (m *mutation) bears(o *object) bool {
	if len(m.Foreach) > 0 {
		return m.mentions(o.Origin.Kind)
	}
	if patch, is := m.StrategicMerge.(map[string]any); is {
		return len(prune(patch, fieldsOf(o.Origin.Kind), nil)) > 0
	}
	operations, err := readOperations(m.JSON6902)
	return m.StrategicMerge != nil || err != nil || slices.ContainsFunc(operations, func(op operation) bool { return op.bears(o.Origin.Kind) })
}

// mentions says whether a rule that is not read could change what matters of a
// kind, by the words in it.
func (m *mutation) mentions(kind string) bool {
	text, _ := json.Marshal(m)
	return mentions(string(text), kind)
}

func mentions(text, kind string) bool {
	if !holdsPods(kind) && kind != "Namespace" {
		return matters("v1", kind) || isPolicyKind(kind) || strings.ContainsAny(kind, "{*")
	}
	return slices.ContainsFunc([]string{"labels", "hostNetwork", "serviceAccount", "nodeName", "ports", "/metadata"}, func(word string) bool { return strings.Contains(text, word) })
}

// applied is an object as a rule changes it.
func (m *mutation) applied(o *object, s *scope) (map[string]any, error) {
	changed := copyOf(o.value).(map[string]any)
	switch {
	case len(m.Foreach) > 0:
		return nil, errors.New("netsim does not read foreach in mutate")
	case m.StrategicMerge != nil:
		value, err := s.substitute(m.StrategicMerge)
		patch, is := value.(map[string]any)
		if err == nil && !is {
			err = errors.New("patchStrategicMerge is no object")
		}
		if err != nil {
			return nil, err
		}
		return changed, mergePatch(changed, patch, o.Origin.Kind)
	}
	text, err := s.word(m.JSON6902)
	if err != nil {
		return nil, err
	}
	return changed, patchJSON(changed, text, o.Origin.Kind)
}
