// Package apiserver holds `netsim snapshot` against a real kube-apiserver, whose
// tests are all there is in it.
package apiserver
