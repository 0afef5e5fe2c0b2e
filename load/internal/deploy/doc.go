// Package deploy is what the sources have in common whose objects say how
// directories are deployed: Applications of Argo CD, Kustomizations and
// HelmReleases of Flux.
//
// Such objects deploy each other. One that another one renders is taken as it was
// rendered, with the patches and values that it got on the way, and never as its
// file has it; and each only once, so that one which deploys itself comes to an
// end. Walk does that. Repos finds the directory that stands for a repository.
package deploy
