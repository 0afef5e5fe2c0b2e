package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/kyverno"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// refusals are the changes of policies that Kyverno would not let through, by the
// rules that are there before the change.
func (c *command) refusals(before, after *model.Cluster) ([]sim.Refusal, error) {
	list := []sim.Refusal{}
	sources, err := c.sources.chosen()
	reads := slices.ContainsFunc(sources, func(s load.Source) bool { return s.Name() == kyverno.Name })
	if err != nil || !reads {
		return list, err
	}
	protections := kyverno.Protections(before.Others)
	if len(protections) == 0 {
		return list, nil
	}
	now, labels := map[string]*model.Object{}, map[string]model.Labels{}
	for _, o := range after.Policies {
		now[o.Origin.ID()] = o
	}
	for _, ns := range before.Namespaces {
		labels[ns.Name] = ns.Labels
	}
	for _, o := range before.Policies {
		operation := operationOn(o, now[o.Origin.ID()])
		if operation == "" {
			continue
		}
		for _, p := range protections {
			if refused, unless := p.Refuses(operation, o, labels[o.Origin.Namespace]); refused {
				by := p.Policy
				by.Rule = p.Rule
				list = append(list, sim.Refusal{Operation: operation, Object: o.Origin, By: by, Message: p.Message, Unless: unless})
			}
		}
	}
	return list, nil
}

// operationOn is what an API server is asked for to make a change, "" for nothing.
func operationOn(was, is *model.Object) string {
	switch {
	case is == nil:
		return "DELETE"
	case was == is || sameDocument(was.JSON, is.JSON):
		return ""
	}
	return "UPDATE"
}

func sameDocument(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
