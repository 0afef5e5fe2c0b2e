package engine_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Cilium keeps its settings process-wide. Engines with different ones, used at
// once, must each answer as if alone.
func TestEnginesWithDifferentSettingsAnswerAsIfAlone(t *testing.T) {
	policies := server(`ingress: [{toPorts: [{ports: [{port: web, protocol: TCP}]}]}]`) + client(`egress: [{toEntities: [cluster]}]`)
	packets := []string{
		toServer, toWorld, ownNode, "ingress dev/client dev/server 81", "egress dev/client dev/server 80",
		"ingress dev/server dev/client 80", "egress dev/local world 80", "ingress node/cp dev/local 80",
	}
	sets := []string{
		"", "enable-policy=always", "enable-policy=never", "allow-localhost=policy", "enable-ipv6=true",
		"version=1.19.4 policy-default-local-cluster=false", "labels=k8s:app", "enable-icmp-rules=false",
	}
	ask := func(set string) map[string]string {
		s := load(t, set, policies)
		answers := map[string]string{}
		for _, p := range packets {
			step := s.judge(p)
			answers[p] = outcome(step) + ": " + step.Why
		}
		return answers
	}
	alone := map[string]map[string]string{}
	for _, set := range sets {
		alone[set] = ask(set)
	}
	assert.NotEqual(t, alone[""], alone["enable-policy=always"], "the settings make a difference")
	together := make([]map[string]string, 3*len(sets))
	var wg sync.WaitGroup
	for i := range together {
		wg.Go(func() { together[i] = ask(sets[i%len(sets)]) })
	}
	wg.Wait()
	for i, got := range together {
		assert.Equal(t, alone[sets[i%len(sets)]], got, sets[i%len(sets)])
	}
}

func TestOneEngineServesManyAtOnce(t *testing.T) {
	s := load(t, "", written)
	packets := slices.Sorted(maps.Keys(map[string]bool{
		"ingress dev/client dev/server 80": true, "ingress dev/local dev/server 90": true, "egress dev/server 203.0.113.9 80": true,
		"egress dev/client world 80": true, "ingress uat/client dev/server 71": true,
	}))
	alone := load(t, "", written)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			packet := packets[i%len(packets)]
			assert.Equal(t, alone.judge(packet), s.judge(packet), packet)
		})
	}
	wg.Wait()
}
