package sim_test

import (
	"fmt"

	"github.com/netsim-dev/netsim/sim"
)

// The library answers what the command answers.
func Example() {
	cluster, issues, err := sim.Load([]string{"../examples/kind-argocd"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := sim.New(cluster, issues, sim.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := s.Query(sim.Query{From: "dev/deploy/frontend-react", To: "uat/svc/apim-simulator:80"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Verdict, answer.ClientSees, answer.DropReason.Name)
	for _, step := range answer.Paths[0].Steps {
		for _, by := range step.By {
			fmt.Printf("%s %s: %s %s\n", step.Stage, step.Verdict, by.Rule, by.ID())
		}
	}
	// Output:
	// denied timeout POLICY_DENY
	// service allowed: ports[0] Service uat/apim-simulator
	// egress denied: egressDeny[0] CiliumClusterwideNetworkPolicy deny-dev-to-uat
	// ingress denied:  CiliumNetworkPolicy uat/azure-apim-simulator
	// ingress denied:  NetworkPolicy uat/default-deny
}
