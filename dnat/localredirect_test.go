package dnat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// A redirect policy sends dev/a's packets to dev/b-1, on the same node.
func TestLocalRedirectPolicy(t *testing.T) {
	const (
		service  = `{"spec":{"redirectFrontend":{"serviceMatcher":{"serviceName":"b","namespace":"dev"}},"redirectBackend":{"localEndpointSelector":{"matchLabels":{"role":"cache"}},"toPorts":[{"port":"9053","protocol":"TCP"}]}}}`
		onePort  = `{"spec":{"redirectFrontend":{"serviceMatcher":{"serviceName":"b","namespace":"dev","toPorts":[{"port":"53","protocol":"UDP"}]}},"redirectBackend":{"localEndpointSelector":{"matchLabels":{"role":"cache"}},"toPorts":[{"port":"9053","protocol":"UDP"}]}}}`
		byName   = `{"spec":{"redirectFrontend":{"serviceMatcher":{"serviceName":"b","namespace":"dev"}},"redirectBackend":{"localEndpointSelector":{"matchExpressions":[{"key":"role","operator":"In","values":["cache"]}]},"toPorts":[{"port":"9053","name":"dns","protocol":"UDP"},{"port":"9080","name":"web","protocol":"TCP"}]}}}`
		address  = `{"spec":{"redirectFrontend":{"addressMatcher":{"ip":"169.254.20.10","toPorts":[{"port":"53","protocol":"UDP"}]}},"redirectBackend":{"localEndpointSelector":{"matchLabels":{"role":"cache"}},"toPorts":[{"port":"9053","protocol":"UDP"}]}}}`
		ordinary = "allowed by cilium-bpf, to b-0:8080, egress sees b-0:8080, ingress sees a"
	)
	cache := func(f *fixture) { f.cluster.Pods[2].Labels = model.Labels{"role": "cache"} }
	for _, row := range []struct {
		claim, policy string
		given         func(f *fixture)
		want          string
	}{
		{"all ports of a Service go to the one backend port", service, cache, "allowed by cilium-bpf, to b-1:9053, egress sees b-1:9053, ingress sees a"},
		{"at the socket too", service, func(f *fixture) { cache(f); f.datapath.KubeProxyReplacement = true }, "allowed by socket-lb, to b-1:9053, egress sees b-1:9053, ingress sees a"},
		{"a port that the policy does not name takes its ordinary way", onePort, cache, ordinary},
		{"several backend ports are told apart by name", byName, cache, "allowed by cilium-bpf, to b-1:9080, egress sees b-1:9080, ingress sees a"},
		{"without a local pod traffic takes its ordinary way", service, func(f *fixture) { cache(f); f.cluster.Pods[2].Node = "worker2" }, ordinary},
		{"a pod that is not ready is none", service, func(f *fixture) { cache(f); f.cluster.Pods[2].Ready = false }, ordinary},
		{"a pod that the selector does not mean is none", service, func(f *fixture) {}, ordinary},
		{"a pod that declares other ports only is none", service, func(f *fixture) {
			cache(f)
			f.cluster.Pods[2].Ports = []model.ContainerPort{{Port: 8080, Protocol: model.TCP}}
		}, ordinary},
		{"an address of nobody's becomes a frontend", address, func(f *fixture) { cache(f); f.send("169.254.20.10", 53, model.UDP) },
			"allowed by cilium-bpf, to b-1:9053, egress sees b-1:9053, ingress sees a"},
		{"which 1.17 does otherwise, or not", service, func(f *fixture) { cache(f); f.datapath.CiliumVersion = "1.17.4" }, "undetermined by none"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(kubeProxy120)
			f.only(b0)
			f.cluster.Others = []*model.Object{{Origin: model.Origin{Kind: "CiliumLocalRedirectPolicy", Namespace: "dev", Name: "x"}, JSON: []byte(row.policy)}}
			row.given(f)
			assert.Equal(t, []string{row.want}, summary(f.resolve()))
		})
	}
}
