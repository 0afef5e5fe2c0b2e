package kubeproxy_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/netsim-dev/netsim/model"
)

// seedVariable chooses the Services that the random test makes up.
const seedVariable = "NETSIM_PACKETS_SEED"

// Services that nobody thought of are no exception.
func TestPacketsToRandomServices(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	seed := uint64(1)
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	for i := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, i))
		setups := slices.Concat(usual, unusual)
		s := setups[r.IntN(len(setups))]
		t.Run(fmt.Sprintf("seed %d, %d, %s", seed, i, s.claim), func(t *testing.T) {
			t.Parallel()
			made := randomExhibits(r, capacityInside)
			newLaboratory(t, labCluster(made), s.settings).compareFamilies(t, made, everyClient)
		})
	}
}

// trait is one way in which a random Service may differ, and what it is called.
type trait struct {
	name    string
	service func(*model.Service)
	slice   func(*model.EndpointSlice)
}

var traits = []trait{
	{name: "externalTrafficPolicy Local", service: externalLocal},
	{name: "internalTrafficPolicy Local", service: internalLocal},
	{name: "source ranges of pods", service: ranges("10.244.0.0/16", "fd00:10:244::/48")},
	{name: "source ranges of n1's pods and of the outside", service: ranges("10.244.1.0/24", "203.0.113.0/24", "fd00:10:244:1::/64", "2001:db8::/64")},
	{name: "source range of one node", service: ranges("192.168.50.11/32", "fd00:50::11/128")},
	{name: "the address of n1 as external IP", service: externalIPsOf("n1")},
	{name: "the address of n3 as load balancer IP", service: balancerIPsOf("n3")},
	{name: "no NodePort", service: withoutNodePort},
	{name: "type ClusterIP", service: plain},
	{name: "zone hints", slice: zoneHint},
	{name: "node hints", slice: nodeHint},
	{name: "a hint on n1 only", slice: hintOnN1},
	{name: "another port on n2", slice: otherPortOnN2},
}

func randomExhibits(r *rand.Rand, n int) []exhibit {
	var made []exhibit
	for i := range n {
		e := exhibit{name: fmt.Sprintf("random-%d", i), backends: randomBackends(r)}
		var names []string
		var changes []func(*model.Service)
		for _, trait := range traits {
			switch {
			case r.IntN(4) > 0:
				continue
			case trait.slice != nil:
				e.slice = trait.slice
			default:
				changes = append(changes, trait.service)
			}
			names = append(names, trait.name)
		}
		e.service = together(changes...)
		e.claim = fmt.Sprintf("has %q as backends, %s", e.backends, strings.Join(names, ", "))
		made = append(made, e)
	}
	return made
}

func randomBackends(r *rand.Rand) string {
	var chosen []string
	for _, host := range []string{"a", "b1", "c1", "b2", "d", "n1", "n2", "outside-n1"} {
		if r.IntN(3) == 0 {
			chosen = append(chosen, host+[]string{"", "", "", ":unready", ":draining", ":gone"}[r.IntN(6)])
		}
	}
	return strings.Join(chosen, " ")
}
