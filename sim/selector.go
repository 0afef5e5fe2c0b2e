package sim

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/netsim-dev/netsim/internal/nearest"
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
	// service is true where ref is a Service.
	service bool
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
		byLabels, err := parseLabels(rest)
		return selector{namespace: namespace, labels: byLabels}, err
	case strings.ContainsAny(text, "=!("):
		byLabels, err := parseLabels(text)
		return selector{labels: byLabels}, err
	case text == "node" || text == "world":
		return selector{ref: text}, nil
	case !both:
		return s.namespaceSelector(text)
	}
	return s.objectSelector(text)
}

func parseLabels(text string) (labels.Selector, error) {
	byLabels, err := labels.Parse(text)
	if err != nil {
		return nil, refErrorf("write labels as kubectl's -l takes them, as in app=web or 'app in (web, api)': %v", err)
	}
	return byLabels, nil
}

func (s *Sim) namespaceSelector(text string) (selector, error) {
	if s.index.Namespace(text) != nil {
		return selector{namespace: text}, nil
	}
	var names []string
	for _, n := range s.index.Cluster.Namespaces {
		names = append(names, n.Name)
	}
	const few = 3
	if near := nearest.Words(text, names, few); len(near) > 0 {
		return selector{}, refErrorf("there is no such namespace; did you mean %s?", listFew(near))
	}
	return selector{}, refErrorf("there is no such namespace; a selector is a namespace, a reference (dev/deploy/frontend), labels (app=web), node or world")
}

// objectSelector reads a reference, which must name something.
func (s *Sim) objectSelector(text string) (selector, error) {
	r, err := parseReference(text, "")
	switch {
	case err != nil:
		return selector{}, err
	case r.port.given() || r.frontend != "":
		return selector{}, refErrorf("a selector has no port and no frontend: leave it out, or name ports with --ports")
	case r.node != "" && s.index.Node(r.node) == nil:
		return selector{}, s.unknownNode(r)
	case r.node != "":
		return selector{ref: "node/" + r.node}, nil
	case r.name.name == "":
		return selector{}, refErrorf("a selector is a namespace, a reference (dev/deploy/frontend), labels (app=web), node or world")
	case r.kind == "Service" && s.index.Service(r.name.namespace, r.name.name) == nil:
		return selector{}, s.unknownObject(r)
	case r.kind != "Service":
		_, err = s.pods(r)
	}
	return selector{ref: objectRef(r.kind, r.name), service: r.kind == "Service"}, err
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
func (all selectors) meanDestination(d MatrixDestination) bool {
	if len(all) == 0 {
		return true
	}
	var pods []*model.Pod
	for p := range d.column.apart {
		pods = append(pods, p)
	}
	ref, _, _ := strings.Cut(d.Ref, ":")
	for _, one := range all {
		if one.means(ref, d.Namespace, pods) {
			return true
		}
	}
	return false
}

func (one selector) means(ref, namespace string, pods []*model.Pod) bool {
	kind, _, _ := strings.Cut(ref, "/")
	switch {
	case one.ref != "":
		return one.ref == ref || one.ref == kind || slices.ContainsFunc(pods, func(p *model.Pod) bool {
			return one.ref == podRef(p) || one.ref == ownerRef(p)
		})
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
