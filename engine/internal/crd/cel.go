package crd

import (
	"net/netip"
	"slices"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

// celRule is a validation rule in CEL, put into Go: evaluating CEL takes an
// interpreter.
type celRule struct {
	celCheck
	message string
}

// celCheck is what a rule says.
type celCheck struct {
	holds func(value any) bool
	// words say what is wrong and what to write instead, for rules whose own
	// message does not; a scalar stands before them.
	words string
}

// celChecks are the CEL rules of Cilium's CRDs (v1.20.2) and of
// ClusterNetworkPolicy's (network-policy-api v0.2.0). Each holds for a value of
// another type than is meant: that is the schema's business.
func celChecks() map[string]celCheck {
	return map[string]celCheck{
		"has(self.spec) || has(self.specs)": {holds: func(value any) bool {
			return !isObject(value) || has(value, "spec") || has(value, "specs")
		}},
		"isCIDR(self)": {isCIDR, "is not " + formatInWords("cidr")},
		"self.start < self.end": {func(value any) bool {
			start, hasStart := number(value, "start")
			end, hasEnd := number(value, "end")
			return !hasStart || !hasEnd || start < end
		}, "start must be less than end; a single port is a number"},
		"!(self.to.exists(peer, has(peer.networks) || has(peer.nodes) || has(peer.domainNames)) && " +
			"has(self.protocols) && self.protocols.exists(protocol, has(protocol.destinationNamedPort)))": {namedPortsHavePods,
			"destinationNamedPort stands beside networks, nodes or domainNames, which have no named ports; write the number"},
	}
}

func readRules(s *spec.Schema) []celRule {
	written, _ := s.Extensions[celRules].([]any)
	rules := make([]celRule, len(written))
	for i, rule := range written {
		rule, _ := rule.(map[string]any)
		expression, _ := rule["rule"].(string)
		rules[i].message, _ = rule["message"].(string)
		rules[i].celCheck = celChecks()[expression]
	}
	return rules
}

// brokenRules evaluates the CEL rules. One that is not known in Go counts as
// broken; a test sees to it that there is none.
func (n *node) brokenRules(value any, path string) []Problem {
	var found []Problem
	for _, rule := range n.rules {
		if rule.holds == nil || !rule.holds(value) {
			found = append(found, Problem{Path: path, Message: rule.explain(value)})
		}
	}
	return found
}

func (r celRule) explain(value any) string {
	switch {
	case r.words == "":
		return r.message
	case isObject(value):
		return r.words
	}
	return show(value) + " " + r.words
}

// isCIDR is CEL's (k8s.io/apiserver v0.36 pkg/cel/library/cidr.go, parseCIDR):
// no leading zeros, no IPv4 in IPv6.
func isCIDR(value any) bool {
	text, isText := value.(string)
	prefix, err := netip.ParsePrefix(text)
	return !isText || err == nil && !prefix.Addr().Is4In6()
}

func namedPortsHavePods(value any) bool {
	portless := slices.ContainsFunc(entries(value, "to"), func(peer any) bool {
		return has(peer, "networks") || has(peer, "nodes") || has(peer, "domainNames")
	})
	named := slices.ContainsFunc(entries(value, "protocols"), func(protocol any) bool {
		return has(protocol, "destinationNamedPort")
	})
	return !portless || !named
}

func isObject(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

func has(value any, field string) bool {
	object, _ := value.(map[string]any)
	_, ok := object[field]
	return ok
}

// entries is the list in a field, empty where there is none.
func entries(value any, field string) []any {
	object, _ := value.(map[string]any)
	list, _ := object[field].([]any)
	return list
}

func number(value any, field string) (float64, bool) {
	object, _ := value.(map[string]any)
	switch n := object[field].(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}
