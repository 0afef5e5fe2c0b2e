// Package sim answers "would A reach B on port P, and why?" for a Kubernetes
// cluster with Cilium, from files alone.
//
// Load reads manifests into a cluster, New decides how that cluster carries
// packets, and Query follows one packet: the frontend is translated (package
// dnat), each backend is judged by the policies of both ends (package engine),
// and the steps are folded into a verdict. Nothing short-circuits, so an
// Answer names everything that decided.
//
//	cluster, issues, err := sim.Load([]string{"manifests/"}, nil)
//	s, err := sim.New(cluster, issues, sim.Options{})
//	answer, err := s.Query(sim.Query{From: "dev/deploy/frontend", To: "dev/svc/api:80"})
//
// A test that says which connections must work is shorter with package simtest,
// and as a file with package conntest.
//
// # What can be relied on
//
// Concurrency: a Sim is frozen once made, and any number of goroutines may ask it
// at once. Any number of Sims may exist and be asked at once, over one cluster or
// several; each answers as if alone, whatever the settings of the others, although
// Cilium's code keeps its settings process-wide. New changes nothing in the
// cluster, and nobody else may once a Sim was made of it. An Answer belongs to its
// caller.
//
// Determinism: the same files, options and question give the same Answer, down to
// the order of its lists and the bytes of its JSON. No clock, environment
// variable, network or log takes part.
//
// Errors: what is wrong inside a file is an Issue, with the file and the line, and
// never loses the rest; what is thereby left out, or assumed, is in each Answer's
// Issues. An error is for what leaves nothing to answer: a path that cannot be
// read (Load), a profile or setting that is not known (New), a reference that
// names nothing (Query: a *RefError). A connection that cannot be judged is no
// error but the verdict Undetermined, with the reason. Nothing panics on bad
// input.
package sim
