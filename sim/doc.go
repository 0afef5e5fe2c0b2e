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
// A Sim is frozen once made and safe for concurrent use; several with
// different settings answer each as if alone.
package sim
