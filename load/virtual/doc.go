// Package virtual infers pods that no file holds but that something in the files
// accounts for: a release of a chart that is elsewhere, a custom resource whose
// operator makes pods for it, or a Gateway whose controller does. Their labels and
// ports come from the Services in the same namespace that select no pod, and else
// from conventions.
//
// They are a help to see what else stands in the way, and nothing more: each says
// from what it was inferred, no verdict rests on one (package sim makes such a
// path undetermined), and none is a backend beside pods that are there.
package virtual
