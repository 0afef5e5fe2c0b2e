// Package fuzz asks dnat and the real kube-proxy the same questions about
// clusters that a seed makes up, and fails where they differ.
//
// The oracle is kube-proxy's own code: it writes the rules of each node, and
// package kubeproxy reads them as the kernel would. What Cilium does with a
// packet before it reaches those rules is no matter of this package: the
// datapaths that it asks about are those in which kube-proxy owns the frontend.
//
// All of it is in the tests.
package fuzz
