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

// What in policies would not move from one datapath to another.
func ExampleSim_Portability() {
	cluster, issues, err := sim.Load([]string{"../examples/kind-argocd"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	here, err := sim.New(cluster, issues, sim.Options{Datapath: "kind"})
	if err != nil {
		fmt.Println(err)
		return
	}
	there, err := sim.New(cluster, issues, sim.Options{Datapath: "eks-eni"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, u := range here.Portability(there) {
		if u.Written == "toEntities: kube-apiserver" {
			fmt.Println(u.Policy.ID(), u.Policy.Rule)
			fmt.Println("here:", u.Here)
			fmt.Println("there:", u.There)
			fmt.Println("instead:", u.Instead)
		}
	}
	// Output:
	// CiliumNetworkPolicy nginx-gateway/nginx-gateway-egress egress[0].toEntities[0]
	// here: the nodes that run the API server, on the port that it has there
	// there: the provider's addresses, which the Endpoints of default/kubernetes hold with their port
	// instead: keep the entity, and compare ports with the EndpointSlice of default/kubernetes
}
