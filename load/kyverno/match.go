package kyverno

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// request is what is asked of an API server: an operation on an object, in a
// namespace with labels.
type request struct {
	object    *object
	operation string
	// namespace is the one that the object is in, nil for none.
	namespace *object
}

// matches says whether a rule is about a request, but for its preconditions.
func (r *rule) matches(q request) answer {
	if p := r.policy.object.Origin; p.Kind == "Policy" && p.Namespace != q.object.namespaceOf() {
		return known(false)
	}
	found := r.Match.matches(q)
	if found.no() || r.Exclude == nil || reflect.DeepEqual(*r.Exclude, match{}) {
		return found
	}
	return all(found, r.Exclude.matches(q).not())
}

func (m *match) matches(q request) answer {
	var answers []answer
	switch {
	case len(m.Any) > 0:
		for _, f := range m.Any {
			answers = append(answers, f.matches(q))
		}
		return some(answers...)
	case len(m.All) > 0:
		for _, f := range m.All {
			answers = append(answers, f.matches(q))
		}
		return all(answers...)
	}
	return m.filter.matches(q)
}

func (f filter) matches(q request) answer {
	if reflect.DeepEqual(f, filter{}) {
		return known(false) // Kyverno refuses a match that says nothing
	}
	asker := known(true)
	if len(f.Subjects)+len(f.Roles)+len(f.ClusterRoles) > 0 {
		asker = unsure("it hangs on who asks (subjects, roles or clusterRoles)")
	}
	return all(f.Resources.matches(q), asker)
}

func (d resources) matches(q request) answer {
	o := q.object
	operation := len(d.Operations) == 0 || slices.Contains(d.Operations, q.operation)
	if kind := len(d.Kinds) == 0 || slices.ContainsFunc(d.Kinds, o.isOfKind); !kind || !operation {
		return known(false)
	}
	name, names := known(true), known(true)
	if d.Name != "" {
		name = o.isNamed(d.Name)
	}
	if len(d.Names) > 0 {
		var answers []answer
		for _, pattern := range d.Names {
			answers = append(answers, o.isNamed(pattern))
		}
		names = some(answers...)
	}
	in := known(len(d.Namespaces) == 0 || slices.ContainsFunc(d.Namespaces, func(pattern string) bool { return wildcard(pattern, o.about()) }))
	return all(name, names, in, d.annotated(o), d.selects(q))
}

func (d resources) annotated(o *object) answer {
	actual := o.texts("annotations")
	for key, value := range d.Annotations {
		if o.unlabelled {
			return unsure("it hangs on annotations that no file holds")
		}
		found := false
		for k, v := range actual {
			found = found || wildcard(key, k) && wildcard(value, v)
		}
		if !found {
			return known(false)
		}
	}
	return known(true)
}

// selects asks the selectors for the object's labels and for its namespace's. A
// namespaceSelector never means a Namespace.
func (d resources) selects(q request) answer {
	own, around := known(true), known(true)
	if d.Selector != nil {
		own = selects(d.Selector, q.object)
	}
	if d.NamespaceSelector != nil {
		around = known(false)
		if !q.object.isNamespace() && q.namespace != nil {
			around = selects(d.NamespaceSelector, q.namespace)
		}
	}
	return all(own, around)
}

// isNamed compares with a pattern. The names of a workload's pods begin with its
// own, and how they end is not known.
func (o *object) isNamed(pattern string) answer {
	if !o.template {
		return known(wildcard(pattern, o.Origin.Name))
	}
	prefix, rest, open := strings.Cut(pattern, "*")
	switch stem := o.Origin.Name + "-"; {
	case open && strings.Trim(rest, "*") == "" && !strings.Contains(prefix, "?") && strings.HasPrefix(stem, prefix):
		return known(true)
	case !strings.HasPrefix(prefix, stem) && !strings.HasPrefix(stem, prefix) && !strings.Contains(prefix, "?"):
		return known(false)
	}
	return unsure("it hangs on names of pods that no file gives")
}

// isOfKind compares with a kind as rules write it: Pod, v1/Pod,
// networking.k8s.io/v1/NetworkPolicy, each with a subresource after a slash or dot
// at most. Source: Kyverno 1.19.1 pkg/utils/kube/kind.go, ParseKindSelector.
func (o *object) isOfKind(selector string) bool {
	group, version, kind, sub := kindSelector(selector)
	g, v := groupVersion(o.APIVersion)
	return wildcard(group, g) && wildcard(version, v) && wildcard(kind, o.Origin.Kind) && wildcard(sub, "")
}

var kindVersion = regexp.MustCompile(`^(v\d((alpha|beta)\d)?|\*)$`)

func kindSelector(text string) (group, version, kind, sub string) {
	parts := strings.Split(text, "/")
	parts = append(parts[:len(parts)-1], strings.Split(parts[len(parts)-1], ".")...)
	versioned := kindVersion.MatchString(parts[0])
	switch {
	case len(parts) == 1:
		return "*", "*", parts[0], ""
	case text == "*/*":
		return "*", "*", "*", "*"
	case len(parts) == 2 && parts[0] == "*" && strings.ToLower(parts[1]) == parts[1]:
		return "*", "*", "*", parts[1]
	case len(parts) == 2 && versioned:
		return "*", parts[0], parts[1], ""
	case len(parts) == 2:
		return "*", "*", parts[0], parts[1]
	case len(parts) == 3 && versioned:
		return "*", parts[0], parts[1], parts[2]
	case len(parts) == 3:
		return parts[0], parts[1], parts[2], ""
	case len(parts) == 4:
		return parts[0], parts[1], parts[2], parts[3]
	}
	return "", "", "", ""
}
