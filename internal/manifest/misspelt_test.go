package manifest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func objectOf(apiVersion, kind string) string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: a, namespace: dev}\nspec: {}\n", apiVersion, kind)
}

func TestAMisspeltKindIsAnErrorAndNotSomebodyElses(t *testing.T) {
	for _, row := range []struct{ claim, apiVersion, kind, remedy string }{
		{"a plural", "cilium.io/v2", "CiliumNetworkPolicys", "did you mean CiliumNetworkPolicy?"},
		{"a letter left out", "networking.k8s.io/v1", "NetworkPolcy", "did you mean NetworkPolicy?"},
		{"small letters", "cilium.io/v2", "ciliumnetworkpolicy", "did you mean CiliumNetworkPolicy?"},
		{"a clusterwide policy", "cilium.io/v2", "CiliumClusterWideNetworkPolicy", "did you mean CiliumClusterwideNetworkPolicy?"},
		{"a CIDR group", "cilium.io/v2", "CiliumCidrGroup", "did you mean CiliumCIDRGroup?"},
		{"an admin policy", "policy.networking.k8s.io/v1alpha1", "AdminNetworkPolice", "did you mean AdminNetworkPolicy?"},
		{"a kind of another group", "networking.k8s.io/v1", "CiliumNetworkPolcy", "did you mean CiliumNetworkPolicy?"},
		{"in the core group", "v1", "NetworkPolicys", "did you mean NetworkPolicy?"},
		{"with the group misspelt too", "cilum.io/v2", "CiliumNetworkPolcy", "did you mean CiliumNetworkPolicy?"},
		{"a kind of Cilium's in a group of its owner", "policies.example.com/v2", "CiliumNetworkPolcy", "did you mean CiliumNetworkPolicy?"},
		{"a group misspelt", "cilium.oi/v2", "CiliumNetworkPolicy", "did you mean cilium.io/v2?"},
		{"a group in capitals", "Cilium.io/v2", "CiliumNetworkPolicy", "did you mean cilium.io/v2?"},
		{"a group that Cilium does not have", "policy.example.com/v2", "CiliumNetworkPolicy", "did you mean cilium.io/v2?"},
		{"Kubernetes' group misspelt", "networking.k8s.oi/v1", "NetworkPolicy", "did you mean networking.k8s.io/v1?"},
		{"a slice's group misspelt", "discovery.k8s.oi/v1", "EndpointSlice", "did you mean discovery.k8s.io/v1?"},
		{"a workload", "apps/v1", "Deploymnt", "did you mean Deployment?"},
		{"a pod in small letters", "v1", "pod", "did you mean Pod?"},
		{"a Service", "v1", "Servce", "did you mean Service?"},
		{"a slice", "discovery.k8s.io/v1", "EndpointSlce", "did you mean EndpointSlice?"},
		{"a List", "v1", "list", "did you mean List?"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c, issues := load(objectOf(row.apiVersion, row.kind))
			assert.Empty(t, c.Others)
			assert.Empty(t, c.Policies)
			require.Len(t, grave(issues), 1)
			assert.Contains(t, grave(issues)[0], "error: "+row.kind+" dev/a: ")
			assert.Contains(t, grave(issues)[0], "that netsim or Cilium knows")
			assert.Contains(t, grave(issues)[0], row.remedy)
		})
	}
}

func TestKindsThatDoNothingHereAreKeptWithAWarning(t *testing.T) {
	for _, row := range []struct{ claim, apiVersion, kind, says string }{
		{"Calico's policy", "projectcalico.org/v3", "NetworkPolicy", "no effect on Cilium"},
		{"Calico's policy as it is stored", "crd.projectcalico.org/v1", "GlobalNetworkPolicy", "no effect on Cilium"},
		{"GKE's policy by name", "networking.gke.io/v1alpha1", "FQDNNetworkPolicy", "no effect on Cilium"},
		{"Antrea's policy", "crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "no effect on Cilium"},
		{"options of some nodes", "cilium.io/v2", "CiliumNodeConfig", "it changes the agent's options on some nodes, which netsim does not read"},
		{"a short name in place of a kind", "cilium.io/v2", "CNP", "CNP is not a kind of cilium.io that netsim or Cilium knows"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c, issues := load(objectOf(row.apiVersion, row.kind))
			assert.Len(t, c.Others, 1)
			require.Len(t, grave(issues), 1)
			assert.Contains(t, grave(issues)[0], "warning: "+row.kind+" dev/a: ")
			assert.Contains(t, grave(issues)[0], row.says)
		})
	}
}

func TestUnknownFieldsOfPoliciesAreLeftToTheEngine(t *testing.T) {
	for _, kind := range []string{"cilium.io/v2\nkind: CiliumNetworkPolicy", "cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy", "networking.k8s.io/v1\nkind: NetworkPolicy"} {
		t.Run(kind, func(t *testing.T) {
			c := loadClean(t, "apiVersion: "+kind+"\nmetadata: {name: a, namespace: dev, label: {a: b}}\nspce: {}\nspec: {x: y}\n")
			assert.Len(t, c.Policies, 1)
		})
	}
}
