package kyverno

import (
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// celPolicy is one of policies.kyverno.io, in CEL, which is not run here: only
// what such a policy could be about is read. Source: kyverno/api
// policies.kyverno.io/v1 GeneratingPolicy, MutatingPolicy.
type celPolicy struct {
	Spec struct {
		MatchConstraints struct {
			ResourceRules     []resourceRule        `json:"resourceRules"`
			NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector"`
			ObjectSelector    *metav1.LabelSelector `json:"objectSelector"`
		} `json:"matchConstraints"`
		Variables any `json:"variables"`
		Generate  any `json:"generate"`
		Mutations any `json:"mutations"`
	} `json:"spec"`
}

type resourceRule struct {
	APIGroups  []string `json:"apiGroups"`
	Operations []string `json:"operations"`
	Resources  []string `json:"resources"`
}

// doubtCEL notes what policies in CEL may do.
func (c *cluster) doubtCEL() {
	for _, o := range c.objects {
		if of, _ := groupVersion(o.APIVersion); of != "policies."+group {
			continue
		}
		p := &celPolicy{}
		unread := kjson.UnmarshalCaseSensitivePreserveInts(o.JSON, p) != nil
		text, _ := json.Marshal([]any{p.Spec.Variables, p.Spec.Generate, p.Spec.Mutations})
		switch strings.TrimPrefix(o.Origin.Kind, "Namespaced") {
		case "GeneratingPolicy":
			if unread || couldGenerate(string(text)) {
				c.doubtTriggers(o.Object, p, string(text), c.mayGenerateByCEL)
			}
		case "MutatingPolicy":
			c.doubtTriggers(o.Object, p, string(text), c.mayChangeByCEL)
		}
	}
}

// couldGenerate says whether expressions could make a policy: they name its kind,
// or take what they make from elsewhere.
func couldGenerate(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"networkpolic", "cidrgroup", "localredirect", "globalcontext", "http.", "configmap"}, func(word string) bool { return strings.Contains(text, word) })
}

// doubtTriggers hands on each object that a policy could be about.
func (c *cluster) doubtTriggers(at *model.Object, p *celPolicy, text string, note func(*model.Object, *object, string)) {
	for _, o := range c.triggers {
		outside := at.Origin.Namespace != "" && at.Origin.Namespace != o.namespaceOf()
		if !outside && !passedOver(o) && !p.matches(o, c.namespaces[o.about()]).no() {
			note(at, o, text)
		}
	}
}

// matches asks the constraints. A namespaceSelector is about the namespace itself
// where that is the object.
func (p *celPolicy) matches(o, namespace *object) answer {
	m := p.Spec.MatchConstraints
	kind := known(len(m.ResourceRules) == 0 || slices.ContainsFunc(m.ResourceRules, func(r resourceRule) bool { return r.matches(o) }))
	around, own := known(true), known(true)
	if m.NamespaceSelector != nil && namespace != nil {
		around = selects(m.NamespaceSelector, namespace)
	}
	if m.ObjectSelector != nil {
		own = selects(m.ObjectSelector, o)
	}
	return all(kind, around, own)
}

func (r resourceRule) matches(o *object) bool {
	group, _ := groupVersion(o.APIVersion)
	return slices.ContainsFunc(r.Resources, func(name string) bool {
		return name == "*" || name == "*/*" || name == manifest.Resource(o.Origin.Kind)
	}) &&
		(len(r.APIGroups) == 0 || slices.Contains(r.APIGroups, "*") || slices.Contains(r.APIGroups, group))
}

const inCEL = "it is written in CEL, which netsim does not run"

func (c *cluster) mayGenerateByCEL(at *model.Object, o *object, text string) {
	namespace := o.about()
	if !strings.Contains(text, "object.metadata.name") && !strings.Contains(text, "namespaceObject") {
		namespace = ""
	}
	c.concerns.add(concern{origin: at.Origin, title: at.Origin.ID(), may: "generate a policy", why: inCEL, nodes: true}, namespace)
}

func (c *cluster) mayChangeByCEL(at *model.Object, o *object, text string) {
	if matters(o.APIVersion, o.Origin.Kind) && mentions(text, o.Origin.Kind) {
		c.concerns.add(concern{origin: at.Origin, title: at.Origin.ID(), may: "change a " + o.Origin.Kind, why: inCEL, labels: true, nodes: o.Origin.Kind == clusterwide}, o.about())
	}
}
