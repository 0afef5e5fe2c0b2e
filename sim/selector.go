package sim

import (
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/netsim-dev/netsim/model"
)

// selectors narrow the sources or destinations of a Matrix: what any of them
// means is in. None means everything.
type selectors []selector

// selector is one of them, taken apart: a namespace, a reference or labels of
// pods, or both a namespace and labels.
type selector struct {
	namespace string
	ref       string
	labels    labels.Selector
}

// selectors reads what a flag says. The error is a *RefError.
func (s *Sim) selectors(flag string, texts []string) (selectors, error) {
	var out selectors
	for _, text := range texts {
		parsed, err := s.selector(text)
		if err != nil {
			return nil, refErrorf("%s %s: %v", flag, text, err)
		}
		out = append(out, parsed)
	}
	return out, nil
}

func (s *Sim) selector(text string) (selector, error) {
	namespace, rest, both := strings.Cut(text, "/")
	switch {
	case strings.ContainsAny(text, "=!(") && both && s.index.Namespace(namespace) != nil:
		byLabels, err := labels.Parse(rest)
		return selector{namespace: namespace, labels: byLabels}, err
	case strings.ContainsAny(text, "=!("):
		byLabels, err := labels.Parse(text)
		return selector{labels: byLabels}, err
	case text == "node" || text == "world":
		return selector{ref: text}, nil
	case !both:
		if s.index.Namespace(text) == nil {
			return selector{}, refErrorf("there is no such namespace; a selector is a namespace, a reference (dev/deploy/frontend), labels (app=web), node or world")
		}
		return selector{namespace: text}, nil
	}
	r, err := parseReference(text, "")
	if err != nil {
		return selector{}, err
	}
	if r.node != "" {
		return selector{ref: "node/" + r.node}, nil
	}
	return selector{ref: objectRef(r.kind, r.name)}, nil
}

// objectRef is a reference as a Matrix writes it.
func objectRef(kind string, name objectName) string {
	short := shortKinds()[kind]
	switch kind {
	case podKind:
		short = "pod"
	case "Service":
		short = "svc"
	}
	return name.namespace + "/" + short + "/" + name.name
}

func (all selectors) mean(p participant) bool {
	if len(all) == 0 {
		return true
	}
	for _, one := range all {
		if one.means(p.ref, p.namespace, podsOf(p.parties)) {
			return true
		}
	}
	return false
}

// meanDestination goes by the pods behind a destination.
func (all selectors) meanDestination(d participant, c *column) bool {
	if len(all) == 0 {
		return true
	}
	var pods []*model.Pod
	for p := range c.apart {
		pods = append(pods, p)
	}
	ref, _, _ := strings.Cut(d.ref, ":")
	for _, one := range all {
		if one.means(ref, d.namespace, pods) {
			return true
		}
	}
	return false
}

func (one selector) means(ref, namespace string, pods []*model.Pod) bool {
	kind, _, _ := strings.Cut(ref, "/")
	switch {
	case one.ref != "":
		return one.ref == ref || one.ref == kind
	case one.namespace != "" && one.namespace != namespace:
		return false
	case one.labels == nil:
		return true
	}
	for _, p := range pods {
		if one.labels.Matches(labels.Set(p.Labels)) {
			return true
		}
	}
	return false
}

func podsOf(parties []model.Party) []*model.Pod {
	var out []*model.Pod
	for _, p := range parties {
		if p.Pod != nil {
			out = append(out, p.Pod)
		}
	}
	return out
}
