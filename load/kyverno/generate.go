package kyverno

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// Bounds on the objects that all rules together make, and on their size in bytes.
const (
	maxGenerated = 20_000
	maxBytes     = 64 << 20
)

// made is what a rule is to generate for one trigger: a pattern, in a scope.
type made struct {
	pattern
	// path is that of the pattern in the policy.
	path  string
	scope *scope
	// trigger is who asks for it.
	trigger *object
}

// generate applies a rule that generates to all that can trigger it.
func (c *cluster) generate(r *rule) {
	g := r.Generate
	if g == nil || !slices.ContainsFunc(r.patterns(), pattern.matters) {
		return
	}
	for _, o := range c.triggers {
		if passedOver(o) || !r.existing() && c.before(r, o) {
			continue
		}
		q := c.request(o)
		found := r.matches(q)
		if found.no() {
			continue
		}
		s := newScope(r, q)
		found = all(found, r.unread(), s.hold(r.Preconditions))
		if !found.no() {
			c.tellFresh(r)
			c.generateFor(r, o, s, found)
		}
	}
}

// findTriggers is for after all objects have been changed.
func (c *cluster) findTriggers() {
	c.triggers = slices.Clone(c.objects)
	for _, o := range c.objects {
		if pods := o.pods(); pods != nil {
			c.triggers = append(c.triggers, pods)
		}
	}
}

// before says whether an object was there before a rule could see it: the
// namespace that every cluster has, and all where only what is there counts.
func (c *cluster) before(r *rule, o *object) bool {
	if admission := r.policy.Spec.Admission; admission != nil && !*admission {
		return true
	}
	return o.unlabelled && o.Origin.Name == "default"
}

// tellFresh says once what is assumed of the order of things.
func (c *cluster) tellFresh(r *rule) {
	if c.toldFresh || r.existing() {
		return
	}
	c.toldFresh = true
	at := r.origin()
	c.run.Report(model.Issue{Severity: model.Info, File: at.File, Line: at.Line,
		Message: "Kyverno's policies are taken to be older than all else: without generateExisting, a rule generates nothing for what is there before it, until that is changed",
		Remedy:  "set generateExisting: true, or pass the objects as the cluster holds them, with --source kyverno=off"})
}

func (r *rule) patterns() []pattern {
	list := []pattern{r.Generate.pattern}
	for _, each := range r.Generate.Foreach {
		list = append(list, each.pattern)
	}
	return list
}

// matters says whether what a pattern makes bears on an answer, or could.
func (p pattern) matters() bool {
	if strings.Contains(p.Kind+p.APIVersion, "{{") {
		return true
	}
	return matters(p.APIVersion, p.Kind) || slices.ContainsFunc(p.CloneList.Kinds, func(kind string) bool { return matters(splitKind(kind)) })
}

// splitKind parts "networking.k8s.io/v1/NetworkPolicy".
func splitKind(text string) (apiVersion, kind string) {
	i := strings.LastIndex(text, "/")
	return text[:max(i, 0)], text[i+1:]
}

// generateFor generates for one trigger, or says that it may.
func (c *cluster) generateFor(r *rule, o *object, s *scope, found answer) {
	for i, each := range r.Generate.Foreach {
		path := fmt.Sprintf("%s.generate.foreach[%d]", r.path, i)
		if !each.matters() {
			continue
		}
		list, err := s.elements(each)
		if err != nil {
			c.mayGenerate(r, made{each.pattern, path, s, o}, err.Error())
			continue
		}
		for at, element := range list {
			inner := s.with(element, at)
			inner.define(each.Context)
			if holds := all(found, inner.hold(each.Preconditions)); !holds.no() {
				c.make(r, made{each.pattern, path, inner, o}, holds)
			}
		}
	}
	if r.Generate.pattern.matters() {
		c.make(r, made{r.Generate.pattern, r.path + ".generate", s, o}, found)
	}
}

// elements are those of the list that a foreach goes through.
func (s *scope) elements(each foreach) ([]any, error) {
	value, err := s.expression(strings.TrimSpace(each.List))
	list, is := value.([]any)
	if err == nil && !is {
		err = fmt.Errorf("list: %s is no list", each.List)
	}
	return list, err
}

// make adds what is generated, or says that it may be.
func (c *cluster) make(r *rule, m made, found answer) {
	if found.unsure != "" {
		c.mayGenerate(r, m, found.unsure)
		return
	}
	objects, err := c.results(m)
	if err != nil {
		c.mayGenerate(r, m, err.Error())
		return
	}
	for _, value := range objects {
		c.put(r, m, value)
	}
}

// results are the objects that a pattern comes to.
func (c *cluster) results(m made) ([]map[string]any, error) {
	target, err := m.target()
	switch {
	case err != nil:
		return nil, err
	case len(m.CloneList.Kinds) > 0:
		return c.cloneList(m, target)
	case m.Clone.Name != "":
		return c.clone(m, target)
	case m.Data == nil:
		return nil, nil
	}
	data, err := m.scope.substitute(m.Data)
	value, is := data.(map[string]any)
	if err == nil && !is {
		err = errors.New("data is no object")
	}
	if err != nil {
		return nil, err
	}
	return []map[string]any{target.named(value)}, nil
}

// target substitutes in what names the object to be made.
func (m made) target() (reference, error) {
	var t reference
	for _, field := range []struct {
		into *string
		from string
	}{{&t.apiVersion, m.APIVersion}, {&t.kind, m.Kind}, {&t.namespace, m.Namespace}, {&t.name, m.Name}} {
		var err error
		if *field.into, err = m.scope.word(field.from); err != nil {
			return t, err
		}
	}
	if _, clusterScoped := manifest.Kind(t.apiVersion, t.kind); clusterScoped {
		t.namespace = ""
	}
	return t, nil
}

// reference names an object.
type reference struct{ apiVersion, kind, namespace, name string }

func (t reference) id() id {
	return idOf(t.apiVersion, model.Origin{Kind: t.kind, Namespace: t.namespace, Name: t.name})
}

// named is an object with the name of the target, in a copy.
func (t reference) named(value map[string]any) map[string]any {
	value = copyOf(value).(map[string]any)
	metadata, _ := value["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		value["metadata"] = metadata
	}
	value["apiVersion"], value["kind"], metadata["name"] = t.apiVersion, t.kind, t.name
	delete(metadata, "namespace")
	if t.namespace != "" {
		metadata["namespace"] = t.namespace
	}
	return value
}

// referenceTo names an object by what it says.
func referenceTo(value map[string]any) reference {
	text := func(keys ...string) string { s, _ := dig(value, keys...).(string); return s }
	return reference{text("apiVersion"), text("kind"), text("metadata", "namespace"), text("metadata", "name")}
}

// put adds an object that a rule generates. One that is there is left as it is,
// unless Kyverno keeps it in step: a clone always, data where synchronize is set.
func (c *cluster) put(r *rule, m made, value map[string]any) {
	t := referenceTo(value)
	if !matters(t.apiVersion, t.kind) {
		return
	}
	before, there := c.byID[t.id()]
	if there && (m.Data != nil && !r.Generate.Synchronize || sameBody(before.value, value)) {
		return
	}
	at := r.origin()
	text, lines := load.Written(value, func(path string) int {
		if path == "" || m.Data == nil {
			return at.Line
		}
		return r.policy.object.Line(m.path + ".data." + path)
	})
	c.generated++
	if c.bytes += len(text); c.generated > maxGenerated || c.bytes > maxBytes {
		c.mayGenerate(r, m, "netsim makes no more objects than it has")
		return
	}
	via := strings.TrimPrefix(at.Via+", Kyverno, generated for "+m.trigger.words(), ", ")
	c.run.Add(load.Output{Files: []load.File{{Name: at.File, Data: text, Rendered: &load.Rendered{Via: via, Lines: lines, Over: there}}}})
	origin := model.Origin{File: at.File, Line: at.Line, Kind: t.kind, Namespace: t.namespace, Name: t.name, Via: via}
	c.byID[t.id()] = &object{Object: &model.Object{Origin: origin, APIVersion: t.apiVersion}, value: value}
}

// words name an object in a sentence.
func (o *object) words() string {
	if o.isNamespace() {
		return "namespace " + o.Origin.Name
	}
	return o.Origin.ID()
}

// sameBody says whether two objects say the same, whatever their metadata.
func sameBody(a, b map[string]any) bool {
	body := func(value map[string]any) any {
		value = copyOf(value).(map[string]any)
		delete(value, "metadata")
		delete(value, "status")
		text, _ := json.Marshal(value)
		return string(text)
	}
	return reflect.DeepEqual(body(a), body(b))
}

// mayGenerate notes that a rule may make something, and in which namespace. No
// verdict hangs on what says nothing of what is allowed.
func (c *cluster) mayGenerate(r *rule, m made, why string) {
	t, err := m.target()
	if err == nil && !r.Generate.Synchronize {
		if _, there := c.byID[t.id()]; there && t.name != "" {
			return
		}
	}
	kinds := []string{m.Kind}
	for _, text := range m.CloneList.Kinds {
		_, kind := splitKind(text)
		kinds = append(kinds, kind)
	}
	kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "" })
	open := slices.ContainsFunc(kinds, func(kind string) bool { return strings.Contains(kind, "{{") })
	quiet := !open && !slices.ContainsFunc(kinds, isPolicyKind)
	nodes := open || slices.Contains(kinds, clusterwide)
	may := "generate " + strings.TrimSpace(strings.Join(kinds, ", ")+" "+m.Name)
	c.concerns.add(concern{origin: r.origin(), title: r.title(), may: may, why: why, nodes: nodes, quiet: quiet}, t.namespace)
}
