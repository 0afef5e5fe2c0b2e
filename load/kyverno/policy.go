package kyverno

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/model"
)

// policy is a ClusterPolicy or Policy, as far as it is read here.
// Source: Kyverno 1.19.1 api/kyverno/v1 spec_types.go, rule_types.go,
// common_types.go.
type policy struct {
	object *model.Object
	// excepted is true where a PolicyException is about it.
	excepted bool

	Spec struct {
		Rules                          []rule          `json:"rules"`
		ApplyRules                     string          `json:"applyRules"`
		Admission                      *bool           `json:"admission"`
		GenerateExisting               bool            `json:"generateExisting"`
		GenerateExistingOnPolicyUpdate bool            `json:"generateExistingOnPolicyUpdate"`
		ValidationFailureAction        string          `json:"validationFailureAction"`
		ActionOverrides                []any           `json:"validationFailureActionOverrides"`
		Webhook                        json.RawMessage `json:"webhookConfiguration"`
	} `json:"spec"`
}

type rule struct {
	policy *policy
	// path is that of the rule in its policy.
	path string

	Name             string          `json:"name"`
	Context          []variable      `json:"context"`
	Match            match           `json:"match"`
	Exclude          *match          `json:"exclude"`
	Preconditions    json.RawMessage `json:"preconditions"`
	CELPreconditions []any           `json:"celPreconditions"`
	Generate         *generation     `json:"generate"`
	Mutate           *mutation       `json:"mutate"`
	Validate         *validation     `json:"validate"`
}

// variable is an entry of a rule's context.
type variable struct {
	Name     string `json:"name"`
	Variable *struct {
		Value    any    `json:"value"`
		JMESPath string `json:"jmesPath"`
	} `json:"variable"`
}

type match struct {
	Any []filter `json:"any"`
	All []filter `json:"all"`
	filter
}

// filter says which objects are meant, and by whom they are brought.
type filter struct {
	Resources    resources `json:"resources"`
	Subjects     []any     `json:"subjects"`
	Roles        []string  `json:"roles"`
	ClusterRoles []string  `json:"clusterRoles"`
}

type resources struct {
	Kinds             []string              `json:"kinds"`
	Name              string                `json:"name"`
	Names             []string              `json:"names"`
	Namespaces        []string              `json:"namespaces"`
	Annotations       map[string]string     `json:"annotations"`
	Selector          *metav1.LabelSelector `json:"selector"`
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector"`
	Operations        []string              `json:"operations"`
}

type generation struct {
	GenerateExisting *bool `json:"generateExisting"`
	Synchronize      bool  `json:"synchronize"`
	pattern
	Foreach []foreach `json:"foreach"`
}

type foreach struct {
	List          string          `json:"list"`
	Context       []variable      `json:"context"`
	Preconditions json.RawMessage `json:"preconditions"`
	pattern
}

// pattern is what is generated.
type pattern struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Data       any    `json:"data"`
	Clone      struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"clone"`
	CloneList struct {
		Namespace string                `json:"namespace"`
		Kinds     []string              `json:"kinds"`
		Selector  *metav1.LabelSelector `json:"selector"`
	} `json:"cloneList"`
}

type mutation struct {
	Targets        []target `json:"targets"`
	StrategicMerge any      `json:"patchStrategicMerge"`
	JSON6902       string   `json:"patchesJson6902"`
	Foreach        []any    `json:"foreach"`
}

// target is what a rule changes where that is not what triggers it.
type target struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
}

type validation struct {
	FailureAction   string `json:"failureAction"`
	ActionOverrides []any  `json:"failureActionOverrides"`
	Message         string `json:"message"`
	Deny            *struct {
		Conditions json.RawMessage `json:"conditions"`
	} `json:"deny"`
}

const group = "kyverno.io"

// isPolicy says whether an object is one of those whose rules are read here.
func isPolicy(o *model.Object) bool {
	of, _ := groupVersion(o.APIVersion)
	return of == group && (o.Origin.Kind == "ClusterPolicy" || o.Origin.Kind == "Policy")
}

// refusal is why a policy is none: at which line, what, and what to write instead.
type refusal struct {
	line     int
	says, do string
}

// parse reads a policy, or says why Kyverno or an API server would refuse it.
func parse(o *model.Object) (*policy, *refusal) {
	p := &policy{object: o}
	_, version := groupVersion(o.APIVersion)
	if !slices.Contains([]string{"v1", "v2beta1"}, version) {
		return nil, &refusal{o.Origin.Line, o.APIVersion + " has no such kind", "write apiVersion: kyverno.io/v1"}
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(o.JSON, p); err != nil {
		return nil, &refusal{o.Line("spec"), err.Error(), "correct the value"}
	}
	for i := range p.Spec.Rules {
		r := &p.Spec.Rules[i]
		r.policy, r.path = p, fmt.Sprintf("spec.rules[%d]", i)
		if reflect.DeepEqual(r.Match, match{}) {
			return nil, &refusal{o.Line(r.path), "rule " + r.Name + " matches nothing", "write match: any: with resources: kinds:"}
		}
	}
	return p, nil
}

// origin is the place of a rule.
func (r *rule) origin() model.Origin {
	o := r.policy.object.Origin
	o.Line, o.Rule = r.policy.object.Line(r.path), strings.TrimPrefix(r.path, "spec.")
	return o
}

// title names a rule in messages.
func (r *rule) title() string {
	return fmt.Sprintf("rule %s of %s", r.Name, r.policy.object.Origin.ID())
}

// existing says whether a rule generates for what was there before it, too.
func (r *rule) existing() bool {
	if r.Generate.GenerateExisting != nil {
		return *r.Generate.GenerateExisting
	}
	return r.policy.Spec.GenerateExisting || r.policy.Spec.GenerateExistingOnPolicyUpdate
}

// unread is what of a policy could keep a rule from being applied and is not read.
func (r *rule) unread() answer {
	spec := r.policy.Spec
	switch {
	case spec.ApplyRules == "One" && len(spec.Rules) > 1:
		return unsure("applyRules: One lets only one of its rules act")
	case bytes.Contains(spec.Webhook, []byte("matchConditions")):
		return unsure("webhookConfiguration has matchConditions in CEL")
	case r.policy.excepted:
		return unsure("a PolicyException is about it, which netsim does not read")
	case len(r.CELPreconditions) > 0:
		return unsure("it has celPreconditions")
	}
	return known(true)
}
