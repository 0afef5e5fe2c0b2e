// Package differential holds no code, only a test: package engine against
// Cilium's own policy repository and against its simulator, over made-up
// clusters. Its oracles are built from Cilium alone and share no line with
// engine, so that what both get wrong has to be wrong in Cilium's code.
package differential
