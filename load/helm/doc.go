// Package helm renders charts that lie in a repository, with Helm's own engine,
// as `helm template` does: offline, without a cluster to look things up in, and
// without running anything.
//
// A chart is released under its own name to the namespace "default", on the
// newest Kubernetes that netsim knows, with Cilium's CRDs served; Options say
// otherwise. What lies in crds/ is read as plain manifests. Hooks and tests are left
// out, and so are dependencies that are neither in charts/ nor at a file:// path,
// with an Issue.
//
// A line of rendered text has no line of its own in a template: it came of a loop,
// or of another file. The package compares each rendered document with the
// template line by line, and what cannot be found there is shown at the line
// found before it. The file is always the right one, the line mostly.
package helm
