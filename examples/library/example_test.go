package shop

import (
	"fmt"
	"log"

	"github.com/netsim-dev/netsim/sim"
)

// A platform team asks what changes when Cilium takes over from kube-proxy: the
// cluster is read once, and a Sim made of it for each datapath.
func Example() {
	cluster, issues, err := sim.Load([]string{"manifests"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, profile := range []string{"kind", "kind-kpr"} {
		s, err := sim.New(cluster, issues, sim.Options{Datapath: profile})
		if err != nil {
			log.Fatal(err)
		}
		for _, to := range []string{"dev/svc/api:80", "dev/svc/api:80@loadbalancer"} {
			answer, err := s.Query(sim.Query{From: "dev/deploy/frontend", To: to})
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s, %s: %s, translated by %s\n", profile, to, answer.Verdict, answer.Paths[0].Translation.By)
		}
	}
	// Output:
	// kind, dev/svc/api:80: allowed, translated by cilium-bpf
	// kind, dev/svc/api:80@loadbalancer: denied, translated by kube-proxy
	// kind-kpr, dev/svc/api:80: allowed, translated by socket-lb
	// kind-kpr, dev/svc/api:80@loadbalancer: allowed, translated by socket-lb
}
