// Package kyverno does to the objects of a cluster what Kyverno's policies would
// do when they are created: it adds those that rules generate (a default deny in
// each namespace with a label), and changes what rules mutate (labels).
//
// Kyverno's own engine is not used: with it come clients of clusters, registries
// and signatures, and it builds only with other modules than netsim's. Rules that
// bear on a connection are simple, so this package reads them itself, and knows
// what it does not know. Every question has three answers (answer): yes, no, and
// that files cannot tell. What is not read (functions of JMESPath, CEL, what an
// API server is asked for) is the third, and so is what hangs on labels that no
// file holds, or on who asks. A rule that may then generate a policy, or change
// what policies select, becomes a model.Doubt: verdicts that it could touch are
// undetermined. It is never left out in silence.
//
// The cluster is taken to be a fresh one: Kyverno was there first, and then came
// what the files hold. What Kyverno never looks at by its chart's defaults
// (kube-system and its like, and its own namespace) stays as it is, and so does
// what a cluster has given out already, for it has been through Kyverno.
//
// Protections tells which policies forbid to delete or change others.
//
// Facts are from Kyverno 1.19.1: pkg/engine/utils/match.go, pkg/utils/match,
// pkg/engine/variables, pkg/engine/mutate/patch, pkg/background/generate,
// pkg/config/config.go (ToFilter) and charts/kyverno/values.yaml.
package kyverno
