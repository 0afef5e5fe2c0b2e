package manifest

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// kind is how netsim reads one kind of object.
type kind struct {
	group string
	// versions are those that an API server of Kubernetes 1.36 or Cilium 1.20
	// serves; none means any.
	versions      []string
	clusterScoped bool
	// singleton is a file format rather than an object: it has no metadata,
	// and the last one counts.
	singleton bool
	// whole is true where the document is kept as it was written, too.
	whole     bool
	validName func(string) []string
	// read gives one of the types that assemble knows, nil if the document is
	// no good.
	read func(*document) any
}

// kinds is the table of the kinds that netsim reads, by kind. Sources of scope
// and names: k8s.io/api v0.36 and its validation; cilium v1.20.2
// pkg/k8s/apis/cilium.io; network-policy-api v0.2.0; gateway-api v1.6.1
// config/crd.
func kinds() map[string]kind {
	name, label := validation.IsDNS1123Subdomain, validation.IsDNS1123Label
	v1 := []string{"v1"}
	return map[string]kind{
		"Pod":                   {versions: v1, validName: name, read: readPod},
		"ReplicationController": {versions: v1, validName: name, read: readReplicationController},
		"Namespace":             {versions: v1, validName: label, read: readNamespace, clusterScoped: true},
		"Node":                  {versions: v1, validName: name, read: readNode, clusterScoped: true},
		"Service":               {versions: v1, validName: label, read: readService},
		"Endpoints":             {versions: v1, validName: name, read: readEndpoints},
		"ConfigMap":             {versions: v1, validName: name, read: readConfigMap},

		"Deployment":  {group: "apps", versions: v1, validName: name, read: readDeployment},
		"StatefulSet": {group: "apps", versions: v1, validName: name, read: readStatefulSet},
		"DaemonSet":   {group: "apps", versions: v1, validName: name, read: readDaemonSet},
		"ReplicaSet":  {group: "apps", versions: v1, validName: name, read: readReplicaSet},
		"Job":         {group: "batch", versions: v1, validName: name, read: readJob},
		"CronJob":     {group: "batch", versions: v1, validName: name, read: readCronJob},

		"EndpointSlice": {group: "discovery.k8s.io", versions: v1, validName: name, read: readEndpointSlice},

		"NetworkPolicy":                  {group: "networking.k8s.io", versions: v1, validName: name, read: readPolicy},
		"ClusterNetworkPolicy":           {group: "policy.networking.k8s.io", versions: []string{"v1alpha2"}, validName: name, read: readPolicy, clusterScoped: true},
		"AdminNetworkPolicy":             {group: "policy.networking.k8s.io", validName: name, read: readUncheckedPolicy, clusterScoped: true},
		"BaselineAdminNetworkPolicy":     {group: "policy.networking.k8s.io", validName: name, read: readUncheckedPolicy, clusterScoped: true},
		"CiliumNetworkPolicy":            {group: "cilium.io", versions: []string{"v2"}, validName: name, read: readPolicy},
		"CiliumClusterwideNetworkPolicy": {group: "cilium.io", versions: []string{"v2"}, validName: name, read: readPolicy, clusterScoped: true},
		"CiliumNode":                     {group: "cilium.io", versions: []string{"v2"}, validName: name, read: readCiliumNode, clusterScoped: true, whole: true},
		"CiliumCIDRGroup":                {group: "cilium.io", versions: []string{"v2", "v2alpha1"}, validName: name, read: readUncheckedPolicy, clusterScoped: true},
		"CiliumLocalRedirectPolicy":      {group: "cilium.io", versions: []string{"v2"}, validName: name, read: readUncheckedPolicy},

		"GatewayClass":   {group: "gateway.networking.k8s.io", versions: []string{"v1", "v1beta1"}, validName: name, read: readRaw, clusterScoped: true},
		"Gateway":        {group: "gateway.networking.k8s.io", versions: []string{"v1", "v1beta1"}, validName: name, read: readRaw},
		"HTTPRoute":      {group: "gateway.networking.k8s.io", versions: []string{"v1", "v1beta1"}, validName: name, read: readRaw},
		"GRPCRoute":      {group: "gateway.networking.k8s.io", versions: []string{"v1", "v1alpha2"}, validName: name, read: readRaw},
		"TLSRoute":       {group: "gateway.networking.k8s.io", versions: []string{"v1", "v1alpha2", "v1alpha3"}, validName: name, read: readRaw},
		"TCPRoute":       {group: "gateway.networking.k8s.io", versions: []string{"v1", "v1alpha2"}, validName: name, read: readRaw},
		"ReferenceGrant": {group: "gateway.networking.k8s.io", versions: []string{"v1", "v1beta1", "v1alpha2"}, validName: name, read: readRaw},

		"Ingress":      {group: "networking.k8s.io", versions: v1, validName: name, read: readRaw},
		"IngressClass": {group: "networking.k8s.io", versions: v1, validName: name, read: readRaw, clusterScoped: true},

		"Cluster": {group: "kind.x-k8s.io", versions: []string{"v1alpha4"}, read: readKindConfig, clusterScoped: true, singleton: true},

		"CloudFirewall": {group: netsimGroup, versions: []string{"v1alpha1"}, validName: name, read: readCloudFirewall, clusterScoped: true, whole: true},

		"Snapshot": {group: netsimGroup, versions: []string{"v1alpha1"}, read: readSnapshot, clusterScoped: true, singleton: true},

		"KubeProxyConfiguration": {group: "kubeproxy.config.k8s.io", versions: []string{"v1alpha1"}, read: readKubeProxyDocument, clusterScoped: true, singleton: true},
	}
}

// Kind says of a kind of object whether netsim reads it at all, and whether its
// objects belong to no namespace.
func Kind(apiVersion, name string) (read, clusterScoped bool) {
	k, known := kinds()[name]
	return known && k.serves(apiVersion), k.clusterScoped
}

// serves says whether the apiVersion is right for the kind.
func (k kind) serves(apiVersion string) bool {
	group, version := groupVersion(apiVersion)
	return group == k.group && (len(k.versions) == 0 || slices.Contains(k.versions, version))
}

// foreign says whether the apiVersion belongs to another kind of the same name
// (a Calico NetworkPolicy, a Knative Service). The groups without a dot are
// Kubernetes' own, today's and yesterday's.
func (k kind) foreign(apiVersion string) bool {
	group, _ := groupVersion(apiVersion)
	if group == k.group {
		return false
	}
	if k.singleton {
		return true
	}
	_, ours := otherKinds()[group]
	return strings.Contains(group, ".") && !ours
}

// apiVersion is the one to write.
func (k kind) apiVersion() string {
	version := "v1alpha2"
	if len(k.versions) > 0 {
		version = k.versions[0]
	}
	if k.group == "" {
		return version
	}
	return k.group + "/" + version
}

func groupVersion(apiVersion string) (group, version string) {
	if group, version, found := strings.Cut(apiVersion, "/"); found {
		return group, version
	}
	return "", apiVersion
}
