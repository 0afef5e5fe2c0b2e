package kyverno

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
