// Package kustomize renders kustomizations as `kustomize build` does, with
// kustomize's own code, and finds out where each object was written.
//
// Before anything is built, the package walks from a kustomization to all that it
// names, and copies what it finds into a file system in memory. Kustomize sees
// nothing else: it can follow no link, clone no repository and run no program.
// What cannot be had that way (a remote base, a chart that is not there) is an
// Issue.
//
// What is deployed is a kustomization that no other one builds on: an overlay,
// and not its base. A file that none uses, in a directory that a kustomization
// takes files from, is not deployed at all, and a patch least of all.
package kustomize
