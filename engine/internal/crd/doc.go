// Package crd says what a Kubernetes API server with Cilium's
// CustomResourceDefinitions, and that of ClusterNetworkPolicy, would say to a
// policy: what it refuses, and what it drops.
//
// An API server does three things to a custom resource before anything else
// sees it. It prunes: fields that the schema does not know disappear, and so do
// nulls. It validates what is left against the OpenAPI schema of the CRD. Then
// it checks lists that are sets, and rules written in CEL. Cilium only ever
// meets objects that came through that, and its own sanitization comes later,
// so a policy that fails here is not there at all.
//
// The verdict comes from the same library that an API server uses,
// k8s.io/kube-openapi/pkg/validation; the words are ours. The schemas are
// Cilium's, of the version in go.mod, taken out of its CRDs beforehand and
// embedded as schemas.json, without descriptions: Cilium's own NPValidator
// parses 400 kB of YAML for each kind at every start. A test derives the file
// anew from Cilium and compares; after a change of version, run go generate.
// ClusterNetworkPolicy is Kubernetes' own and comes in two channels; the schema
// is that of the experimental one, which has all fields of the standard one.
//
// The schema decides less than it seems to. Its pattern for ports lacks a pair
// of parentheses and lets "70000" through; it is Cilium's Rule.Sanitize
// (pkg/policy/api/rule_validation.go) that refuses that.
package crd

//go:generate go test -run ^TestEmbeddedSchemasAreThoseOfThePinnedCilium$ -update .
