package kyverno

import (
	"fmt"
)

// clone copies one object.
func (c *cluster) clone(m made, t reference) ([]map[string]any, error) {
	source := t
	var err error
	if source.namespace, err = m.scope.word(m.Clone.Namespace); err != nil {
		return nil, err
	}
	if source.name, err = m.scope.word(m.Clone.Name); err != nil {
		return nil, err
	}
	if source.id() == t.id() {
		return nil, nil
	}
	found := c.byID[source.id()]
	if found == nil {
		return nil, fmt.Errorf("%s %s/%s, which it copies, is not among the files", source.kind, source.namespace, source.name)
	}
	return []map[string]any{t.named(bare(found.value))}, nil
}

// cloneList copies all objects of some kinds in a namespace, with labels.
func (c *cluster) cloneList(m made, t reference) ([]map[string]any, error) {
	from, err := m.scope.word(m.CloneList.Namespace)
	if err != nil || from == t.namespace {
		return nil, err
	}
	var copies []map[string]any
	for _, o := range c.objects {
		if o.namespaceOf() != from || !m.clones(o) {
			continue
		}
		source := referenceTo(o.value)
		copies = append(copies, reference{source.apiVersion, source.kind, t.namespace, o.Origin.Name}.named(bare(o.value)))
	}
	if copies == nil {
		return nil, fmt.Errorf("no object of namespace %s that it copies is among the files", from)
	}
	return copies, nil
}

func (m made) clones(o *object) bool {
	if m.CloneList.Selector != nil && !selects(m.CloneList.Selector, o).yes {
		return false
	}
	for _, kind := range m.CloneList.Kinds {
		if o.isOfKind(kind) {
			return true
		}
	}
	return false
}

// bare is an object without what a cluster adds.
func bare(value map[string]any) map[string]any {
	value = copyOf(value).(map[string]any)
	metadata, _ := value["metadata"].(map[string]any)
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "ownerReferences", "selfLink"} {
		delete(metadata, field)
	}
	delete(value, "status")
	return value
}
