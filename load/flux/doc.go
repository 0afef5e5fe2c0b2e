// Package flux loads what Flux would deploy: it builds the paths of
// Kustomizations, with what those set and substitute, and renders the charts of
// HelmReleases.
//
// Nothing is fetched, and nothing decrypted. A path is built where its repository
// is at hand: the git work tree that -f names, or a directory that the user gives
// for the URL. A chart of a registry and the values of a Secret are Issues which
// name what is missing.
//
// The facts are those of Flux 2.6: fluxcd/pkg/kustomize v1.18.0
// (kustomize_generator.go, kustomize_varsub.go), kustomize-controller v1.6.0 and
// helm-controller v1.3.0.
package flux
