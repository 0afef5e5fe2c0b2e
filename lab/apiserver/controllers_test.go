package apiserver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/endpointslice"
	"k8s.io/kubernetes/pkg/controller/replicaset"
)

// runControllers runs Kubernetes' own controllers that make pods of Deployments and
// DaemonSets, and endpoints of Services.
func runControllers(t *testing.T, server *rest.Config) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(server)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	all := informers.NewSharedInformerFactory(client, 0)
	apps, core := all.Apps().V1(), all.Core().V1()

	deployments, err := deployment.NewDeploymentController(ctx, apps.Deployments(), apps.ReplicaSets(), core.Pods(), client)
	require.NoError(t, err)
	daemons, err := daemon.NewDaemonSetsController(ctx, apps.DaemonSets(), apps.ControllerRevisions(), core.Pods(), core.Nodes(), client, flowcontrol.NewBackOff(time.Second, time.Minute))
	require.NoError(t, err)
	replicas := replicaset.NewReplicaSetController(ctx, apps.ReplicaSets(), core.Pods(), client, replicaset.BurstReplicas)
	endpoints := endpointslice.NewController(ctx, core.Pods(), core.Services(), core.Nodes(), all.Discovery().V1().EndpointSlices(), 100, client, 0)

	all.Start(ctx.Done())
	for _, run := range []func(context.Context, int){deployments.Run, daemons.Run, replicas.Run, endpoints.Run} {
		go run(ctx, 2)
	}
	return client
}

// nodeNames are those that kind gives the machines of the example's kind config.
var nodeNames = []string{"argocd-control-plane", "argocd-worker", "argocd-worker2", "argocd-worker3"}

// makeNodes stands in for kind and kubeadm.
func makeNodes(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	for i, name := range nodeNames {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}}}
		node.Spec.PodCIDR = fmt.Sprintf("10.244.%d.0/24", i)
		node.Spec.PodCIDRs = []string{node.Spec.PodCIDR}
		node.Spec.ProviderID = "kind://docker/argocd/" + name
		if i == 0 {
			node.Labels["node-role.kubernetes.io/control-plane"] = ""
			node.Spec.Taints = []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}}
		}
		made, err := client.CoreV1().Nodes().Create(context.Background(), node, metav1.CreateOptions{})
		require.NoError(t, err)
		made.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: nodeIP(i)}, {Type: corev1.NodeHostName, Address: name}}
		made.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
		_, err = client.CoreV1().Nodes().UpdateStatus(context.Background(), made, metav1.UpdateOptions{})
		require.NoError(t, err)
	}
}

func nodeIP(i int) string { return fmt.Sprintf("172.18.0.%d", i+2) }

// kubelet stands in for the scheduler, the kubelets and the CNI: it binds pods to
// nodes and says that they run.
type kubelet struct {
	client kubernetes.Interface
	// places are the nodes for the pods of each workload, those that netsim takes: a
	// node always reaches its own pods, so that verdicts hang on the place.
	places map[string][]string
	// pods counts those of each node.
	pods [4]int
}

// runAll runs pods until there is one in every place.
func (k *kubelet) runAll(t *testing.T) {
	t.Helper()
	wanted := 0
	for _, nodes := range k.places {
		wanted += len(nodes)
	}
	running := map[string]bool{}
	require.Eventually(t, func() bool {
		list, err := k.client.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{})
		require.NoError(t, err)
		for i := range list.Items {
			pod := &list.Items[i]
			if name := pod.Namespace + "/" + pod.Name; !running[name] {
				k.start(t, pod)
				running[name] = true
			}
		}
		return len(running) == wanted
	}, time.Minute, 200*time.Millisecond, "pods that controllers make")
}

func (k *kubelet) start(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	node := k.nodeFor(pod)
	pods := k.client.CoreV1().Pods(pod.Namespace)
	require.NoError(t, pods.Bind(context.Background(), &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
		Target:     corev1.ObjectReference{Kind: "Node", Name: nodeNames[node]},
	}, metav1.CreateOptions{}))
	bound, err := pods.Get(context.Background(), pod.Name, metav1.GetOptions{})
	require.NoError(t, err)
	ip := nodeIP(node)
	if !pod.Spec.HostNetwork {
		k.pods[node]++
		ip = fmt.Sprintf("10.244.%d.%d", node, k.pods[node]+1)
	}
	bound.Status.Phase = corev1.PodRunning
	bound.Status.PodIP, bound.Status.PodIPs = ip, []corev1.PodIP{{IP: ip}}
	bound.Status.HostIP, bound.Status.HostIPs = nodeIP(node), []corev1.HostIP{{IP: nodeIP(node)}}
	bound.Status.Conditions = append(bound.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
	_, err = pods.UpdateStatus(context.Background(), bound, metav1.UpdateOptions{})
	require.NoError(t, err)
}

// nodeFor is the next place of the pod's workload. For a DaemonSet, its controller asks
// for one of them.
func (k *kubelet) nodeFor(pod *corev1.Pod) int {
	owner := strings.TrimSuffix(pod.OwnerReferences[0].Name, "-"+pod.Labels["pod-template-hash"])
	workload := pod.Namespace + "/" + owner
	node := k.places[workload][0]
	k.places[workload] = k.places[workload][1:]
	if a := pod.Spec.Affinity; a != nil {
		node = a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchFields[0].Values[0]
	}
	return slices.Index(nodeNames, node)
}

// publish writes where the API server listens, as one on kind's control plane does
// itself. This one listens on another port, and its tests' server does not say so.
func publish(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	name, port := "https", int32(6443)
	_, err := client.DiscoveryV1().EndpointSlices("default").Create(context.Background(), &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "kubernetes", Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{nodeIP(0)}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// waitForEndpoints waits until each Service with a selector has an endpoint.
func waitForEndpoints(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	services, err := client.CoreV1().Services("").List(context.Background(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		found, err := client.DiscoveryV1().EndpointSlices("").List(context.Background(), metav1.ListOptions{})
		require.NoError(t, err)
		ready := map[string]bool{}
		for _, slice := range found.Items {
			for _, e := range slice.Endpoints {
				if e.Conditions.Ready != nil && *e.Conditions.Ready {
					ready[slice.Namespace+"/"+slice.Labels["kubernetes.io/service-name"]] = true
				}
			}
		}
		for _, service := range services.Items {
			if service.Spec.Selector != nil && !ready[service.Namespace+"/"+service.Name] {
				return false
			}
		}
		return true
	}, time.Minute, 200*time.Millisecond, "endpoints of Services")
}
