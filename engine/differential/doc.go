// Package differential holds no code, only a test: package engine against
// Cilium's own policy repository and against its simulator, over made-up
// clusters. Its oracles are built from Cilium alone and share no line with
// engine, so that what both get wrong has to be wrong in Cilium's code, or in
// both readings of what Cilium's agents make of files.
//
// For each packet it compares the verdict with its drop reason, whether a proxy
// is in the way and whether authentication is asked for, and of policies which
// are refused. Where files leave something open, the repository is asked for
// every way in which it may turn out, and netsim must say undetermined where the
// verdicts differ and not where they agree. Three exceptions are counted by name:
// "left open for what follows", "what follows is open" and "authentication left
// to the order of maps". It does not compare what a proxy makes of a request.
package differential
