// Package argocd loads what Argo CD would deploy: it renders the sources of
// Applications, and those of the Applications that ApplicationSets generate, and
// puts what they come to where the destination says.
//
// Nothing is fetched. A source is rendered where its repository is at hand: the
// git work tree that -f names, or a directory that the user gives for the URL. All
// else (a chart of a registry, another repository, a plugin) is an Issue which
// names what is missing.
//
// The facts are those of argo-cd v2.14.9: reposerver/repository/repository.go
// (helmTemplate, findManifests, GetAppSourceType), util/kustomize/kustomize.go
// (Build), applicationset/generators and applicationset/utils/utils.go.
package argocd
