// Package engine judges a packet as Cilium's policy engine would, at one point
// of the packet's way, and says which rules decided.
//
// The judgement is not a model of Cilium: it is Cilium. Policies go through
// Cilium's own parsers into its own repository, pods become security
// identities from the labels that Cilium would keep, and the verdict is read
// from the very map entries that the agent would load into the kernel, with
// the kernel's rule for choosing among them (bpf/lib/policy.h,
// __policy_can_access). What netsim adds is around it: strict validation in
// place of the API server's, the file and rule behind each entry, and an
// honest Undetermined for whatever cannot be known from files.
//
// This is the only package that imports github.com/cilium/cilium. Cilium keeps
// some settings process-wide; they are set and used under one lock here
// (options.go), so that several Engines with different settings can live side
// by side.
package engine
