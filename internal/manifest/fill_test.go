package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

func TestPodsMadeFromTemplates(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"a Deployment has one pod by default":  {workloadYAML("Deployment", "web", ""), []string{"dev/web-0"}},
		"replicas are honoured":                {workloadYAML("Deployment", "web", "  replicas: 3\n"), []string{"dev/web-0", "dev/web-1", "dev/web-2"}},
		"zero replicas make none":              {workloadYAML("ReplicaSet", "web", "  replicas: 0\n"), []string{}},
		"a StatefulSet starts where it says":   {workloadYAML("StatefulSet", "db", "  replicas: 2\n  ordinals: {start: 5}\n"), []string{"dev/db-5", "dev/db-6"}},
		"a DaemonSet is on every worker":       {workloadYAML("DaemonSet", "agent", ""), []string{"dev/agent-0", "dev/agent-1"}},
		"a Job has its parallelism":            {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: dev}\nspec: {parallelism: 2, template: {spec: {containers: [{name: c}]}}}\n", []string{"dev/j-0", "dev/j-1"}},
		"but no more than its completions":     {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: dev}\nspec: {parallelism: 2, completions: 1, template: {spec: {containers: [{name: c}]}}}\n", []string{"dev/j-0"}},
		"a Job that is done has none":          {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: dev}\nspec: {template: {spec: {containers: [{name: c}]}}}\nstatus: {conditions: [{type: Complete, status: 'True'}]}\n", []string{}},
		"a CronJob stands for one run":         {"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: cj, namespace: dev}\nspec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c}]}}}}}\n", []string{"dev/cj-0"}},
		"a ReplicationController has pods too": {"apiVersion: v1\nkind: ReplicationController\nmetadata: {name: rc, namespace: dev}\nspec: {replicas: 1, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c}]}}}\n", []string{"dev/rc-0"}},
		"a StatefulSet keeps its pods' names":  {workloadYAML("Deployment", "a", "") + workloadYAML("StatefulSet", "a", ""), []string{"dev/a-0", "dev/a-0-made"}},
		"generateName gets an x":               {"apiVersion: v1\nkind: Pod\nmetadata: {generateName: run-, namespace: dev}\nspec: {containers: [{name: c}]}\n", []string{"dev/run-x"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.want, podNames(loadClean(t, row.text)))
		})
	}
}

func TestAMadePodSaysWhatItIs(t *testing.T) {
	c := loadClean(t, workloadYAML("StatefulSet", "db", ""))
	p := findPod(t, c, "dev/db-0")
	assert.True(t, p.Made && p.Ready)
	assert.Equal(t, model.Assigned{"ip": true, "node": true}, p.Assigned)
	assert.Equal(t, &model.WorkloadRef{Kind: "StatefulSet", Namespace: "dev", Name: "db"}, p.Owner)
	assert.Equal(t, model.Labels{"app": "db", "statefulset.kubernetes.io/pod-name": "db-0", "apps.kubernetes.io/pod-index": "0"}, p.Labels)
	assert.Equal(t, "default", p.ServiceAccount)
	assert.Equal(t, []string{"repo/c:v1.2"}, c.Workloads[0].Images)
	assert.Equal(t, []string{"c"}, c.Workloads[0].ContainerNames)
}

func TestRealPodsOfAWorkloadLeaveNoneToMake(t *testing.T) {
	owned := func(kind, name, labels string) string {
		return "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: dev, name: real, labels: {" + labels + "}, ownerReferences: [{apiVersion: x, uid: u, controller: true, kind: " + kind + ", name: " + name + "}]}\nspec: {containers: [{name: c}]}\n"
	}
	replicaSet := "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {namespace: dev, name: web-abc, ownerReferences: [{apiVersion: x, uid: u, controller: true, kind: Deployment, name: web}]}\n" +
		"spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c}]}}}\n"
	cron := "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: cj, namespace: dev}\nspec: {schedule: x, jobTemplate: {spec: {template: {spec: {containers: [{name: c}]}}}}}\n"
	for name, row := range map[string]struct {
		text string
		want *model.WorkloadRef
	}{
		"by a loaded ReplicaSet":        {workloadYAML("Deployment", "web", "") + replicaSet + owned("ReplicaSet", "web-abc", ""), &model.WorkloadRef{Kind: "Deployment", Namespace: "dev", Name: "web"}},
		"by the pod-template-hash":      {workloadYAML("Deployment", "web", "") + owned("ReplicaSet", "web-abc", "pod-template-hash: abc"), &model.WorkloadRef{Kind: "Deployment", Namespace: "dev", Name: "web"}},
		"with nothing else loaded":      {owned("ReplicaSet", "web-abc", "pod-template-hash: abc"), &model.WorkloadRef{Kind: "Deployment", Namespace: "dev", Name: "web"}},
		"by the name of a CronJob":      {cron + owned("Job", "cj-29001", ""), &model.WorkloadRef{Kind: "CronJob", Namespace: "dev", Name: "cj"}},
		"of a DaemonSet":                {workloadYAML("DaemonSet", "agent", "") + owned("DaemonSet", "agent", ""), &model.WorkloadRef{Kind: "DaemonSet", Namespace: "dev", Name: "agent"}},
		"but a static pod has no owner": {owned("Node", "worker", ""), nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := loadClean(t, row.text)
			require.Equal(t, []string{"dev/real"}, podNames(c))
			assert.Equal(t, row.want, c.Pods[0].Owner)
			assert.LessOrEqual(t, len(c.Workloads), 1, "an owned workload is left out")
		})
	}
}

const twoNodes = `---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {disk: ssd, topology.kubernetes.io/zone: z1}}
spec: {podCIDRs: [10.1.0.0/24, "fd00:1::/64"]}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}, {type: ExternalIP, address: 1.2.3.4}, {type: Hostname, address: n1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
spec: {podCIDRs: [10.1.1.0/24, "fd00:2::/64"], taints: [{key: special, effect: NoSchedule}]}
status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}
`

func TestWherePodsGo(t *testing.T) {
	for name, row := range map[string]struct{ spec, node, ips string }{
		"the node that is named":        {"nodeName: n2, containers: [{name: c}]", "n2", "10.1.1.2 fd00:2::2"},
		"not where a taint keeps it":    {"containers: [{name: c}]", "n1", "10.1.0.2 fd00:1::2"},
		"where its nodeSelector says":   {"nodeSelector: {disk: ssd}, containers: [{name: c}]", "n1", "10.1.0.2 fd00:1::2"},
		"hostNetwork: its node's IPs":   {"hostNetwork: true, nodeName: n1, containers: [{name: c}]", "n1", "192.168.0.1"},
		"a toleration without operator": {"nodeSelector: {disk: ssd}, tolerations: [{key: special}], containers: [{name: c}]", "n1", "10.1.0.2 fd00:1::2"},
	} {
		t.Run(name, func(t *testing.T) {
			p := loadClean(t, twoNodes+podYAML("dev", "a", "", row.spec)).Pods[0]
			assert.Equal(t, row.node, p.Node)
			assert.Equal(t, row.ips, texts(p.IPs))
			assert.True(t, p.Assigned["ip"])
			assert.Equal(t, !strings.Contains(row.spec, "nodeName"), p.Assigned["node"])
		})
	}
}

func TestAPodThatNoNodeTakesIsNotScheduled(t *testing.T) {
	c, issues := load(twoNodes + podYAML("dev", "a", "", "nodeSelector: {disk: tape}, containers: [{name: c}]"))
	assert.Empty(t, c.Pods[0].Node)
	assert.Empty(t, c.Pods[0].IPs)
	require.Len(t, grave(issues), 1)
	assert.Contains(t, grave(issues)[0], "Pod dev/a: spec: no node takes the pod")
}

func TestTolerationsOpenTaintedNodes(t *testing.T) {
	c := loadClean(t, twoNodes+strings.Replace(workloadYAML("DaemonSet", "agent", ""), "spec: {containers", "spec: {tolerations: [{operator: Exists}], containers", 1))
	assert.Equal(t, "n1", findPod(t, c, "dev/agent-0").Node)
	assert.Equal(t, "n2", findPod(t, c, "dev/agent-1").Node)
	assert.Equal(t, 2, c.Workloads[0].Replicas)
}

func TestAWorkloadsPodsAreSpread(t *testing.T) {
	c := loadClean(t, workloadYAML("Deployment", "web", "  replicas: 4\n"))
	count := map[string]int{}
	for _, p := range c.Pods {
		count[p.Node]++
	}
	assert.Equal(t, map[string]int{"worker": 2, "worker2": 2}, count)
}

// TestADaemonSetIsOnEveryNode, however many there are.
func TestADaemonSetIsOnEveryNode(t *testing.T) {
	var nodes strings.Builder
	for i := range maxMade + 1 {
		fmt.Fprintf(&nodes, "---\n{apiVersion: v1, kind: Node, metadata: {name: n%d}}\n", i)
	}
	cluster, issues := load(nodes.String() + `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: a}
spec:
  selector: {matchLabels: {app: agent}}
  template: {metadata: {labels: {app: agent}}, spec: {hostNetwork: true, containers: [{name: c, image: i}]}}
`)
	assert.Len(t, cluster.Pods, maxMade+1)
	assert.NotContains(t, fmt.Sprint(issues), "too many")
}

func TestNodesThatNoFileHolds(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"the default set":                   {"", []string{"control-plane", "worker", "worker2"}},
		"the default set, where pods fit":   {podYAML("dev", "a", "", "nodeName: worker2, containers: [{name: c}]"), []string{"control-plane", "worker", "worker2"}},
		"those that pods are on":            {podYAML("dev", "a", "", "nodeName: x1, containers: [{name: c}]"), []string{"x1"}},
		"those besides given ones":          {twoNodes + podYAML("dev", "a", "", "nodeName: x1, containers: [{name: c}]"), []string{"n1", "n2", "x1"}},
		"a kind config's, and what is more": {"kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n" + podYAML("dev", "a", "", "nodeName: x1, containers: [{name: c}]"), []string{"kind-control-plane", "x1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for _, n := range loadClean(t, row.text).Nodes {
				names = append(names, n.Name)
			}
			assert.Equal(t, row.want, names)
		})
	}
}

func TestGivenNodes(t *testing.T) {
	c := loadClean(t, twoNodes+"---\napiVersion: v1\nkind: Node\nmetadata: {name: n3, labels: {node-role.kubernetes.io/control-plane: ''}}\nspec: {providerID: kind://x}\n")
	n1, n3 := findNode(t, c, "n1"), findNode(t, c, "n3")
	assert.Equal(t, "192.168.0.1 1.2.3.4", texts(n1.InternalIPs)+" "+texts(n1.ExternalIPs))
	assert.Empty(t, n1.Assigned)
	assert.True(t, n3.ControlPlane)
	assert.Equal(t, "kind://x", n3.ProviderID)
	assert.Equal(t, "10.244.0.0/24 fd00:10:244::/64", texts(n3.PodCIDRs))
	assert.Equal(t, model.Assigned{"ip": true, "podCIDR": true}, n3.Assigned)
}

func TestANodeHasTheAddressThatItsPodsReport(t *testing.T) {
	c := loadClean(t, podYAML("dev", "a", "", "nodeName: x1, containers: [{name: c}]")+"status: {hostIP: 10.9.9.9, podIP: 10.0.0.5}\n")
	assert.Equal(t, "10.9.9.9", texts(c.Nodes[0].InternalIPs))
	assert.Equal(t, "10.0.0.5", texts(c.Pods[0].IPs))
	assert.False(t, c.Nodes[0].Assigned["ip"] || c.Pods[0].Assigned["ip"])
}

func TestPodStatus(t *testing.T) {
	for name, row := range map[string]struct {
		status                        string
		ready, finished, node, hasIPs bool
	}{
		"no status: ready":                {"{}", true, false, true, true},
		"Ready is true":                   {"{conditions: [{type: Ready, status: 'True'}]}", true, false, true, true},
		"Ready is false":                  {"{conditions: [{type: Ready, status: 'False'}]}", false, false, true, true},
		"conditions without Ready":        {"{conditions: [{type: Initialized, status: 'True'}]}", false, false, true, true},
		"Succeeded: no address":           {"{phase: Succeeded, podIP: 10.244.1.9}", true, true, false, false},
		"Failed: no address":              {"{phase: Failed}", true, true, false, false},
		"the scheduler found no place":    {"{phase: Pending, conditions: [{type: PodScheduled, status: 'False'}]}", false, false, false, false},
		"an address of its own":           {"{podIPs: [{ip: 10.244.1.9}]}", true, false, true, true},
		"a status that was just written ": {"{phase: Running}", true, false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := loadClean(t, podYAML("dev", "a", "", "")+"status: "+row.status+"\n").Pods[0]
			assert.Equal(t, row.ready, p.Ready, "ready")
			assert.Equal(t, row.finished, p.Finished, "finished")
			assert.Equal(t, row.node, p.Node != "", "scheduled")
			assert.Equal(t, row.hasIPs, len(p.IPs) > 0, "has an address")
		})
	}
}

func TestContainerPorts(t *testing.T) {
	p := loadClean(t, podYAML("dev", "a", "", "initContainers: [{name: once, ports: [{containerPort: 1}]}, {name: sidecar, restartPolicy: Always, ports: [{name: x, containerPort: 2, protocol: UDP}]}], "+
		"containers: [{name: c, ports: [{name: http, containerPort: 80, hostPort: 8080, hostIP: 10.0.0.1}]}]")).Pods[0]
	require.Len(t, p.Ports, 2)
	assert.Equal(t, "c", p.Ports[0].Container)
	assert.Equal(t, "10.0.0.1", p.Ports[0].HostIP.String())
	assert.EqualValues(t, 8080, p.Ports[0].HostPort)
	assert.Equal(t, model.ContainerPort{Name: "x", Port: 2, Protocol: model.UDP, Container: "sidecar", Init: true}, p.Ports[1])
}

func TestClusterIPs(t *testing.T) {
	port := "ports: [{port: 80}]"
	for name, row := range map[string]struct{ text, service, want string }{
		"the first free one":             {serviceYAML("dev", "a", port), "dev/a", "10.96.0.11 [IPv4]"},
		"the next one":                   {serviceYAML("dev", "a", port) + serviceYAML("dev", "b", port), "dev/b", "10.96.0.12 [IPv4]"},
		"not one that is given":          {serviceYAML("dev", "a", port) + serviceYAML("dev", "b", "clusterIP: 10.96.0.11, "+port), "dev/a", "10.96.0.12 [IPv4]"},
		"the API server's own":           {serviceYAML("default", "kubernetes", port), "default/kubernetes", "10.96.0.1 [IPv4]"},
		"DNS's own":                      {serviceYAML("kube-system", "kube-dns", port), "kube-system/kube-dns", "10.96.0.10 [IPv4]"},
		"what a file gives":              {serviceYAML("dev", "a", "clusterIP: fd00::5, "+port), "dev/a", "fd00::5 [IPv6]"},
		"IPv6 on request":                {serviceYAML("dev", "a", "ipFamilies: [IPv6], "+port), "dev/a", "fd00:10:96::b [IPv6]"},
		"both where both are required":   {serviceYAML("dev", "a", "ipFamilyPolicy: RequireDualStack, "+port), "dev/a", "10.96.0.11 fd00:10:96::b [IPv4 IPv6]"},
		"one where there is one to have": {serviceYAML("dev", "a", "ipFamilyPolicy: PreferDualStack, "+port), "dev/a", "10.96.0.11 [IPv4]"},
		"both where there are both":      {twoNodes + serviceYAML("dev", "a", "ipFamilyPolicy: PreferDualStack, "+port), "dev/a", "10.96.0.11 fd00:10:96::b [IPv4 IPv6]"},
		"headless: none":                 {serviceYAML("dev", "a", "clusterIP: None"), "dev/a", " [IPv4]"},
		"ExternalName: none":             {serviceYAML("dev", "a", "type: ExternalName, externalName: a.b"), "dev/a", " []"},
		"a kind config's subnet":         {"kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: {serviceSubnet: 10.7.0.0/16}\n" + serviceYAML("dev", "a", port), "dev/a", "10.7.0.11 [IPv4]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := findService(t, loadClean(t, row.text), row.service)
			assert.Equal(t, row.want, fmt.Sprintf("%s %v", texts(s.ClusterIPs), s.IPFamilies))
			given := strings.Contains(row.text, "clusterIP: f") || len(s.ClusterIPs) == 0
			assert.Equal(t, !given, s.Assigned["clusterIP"])
		})
	}
}

func TestServiceFields(t *testing.T) {
	s := loadClean(t, serviceYAML("dev", "a", "type: LoadBalancer, selector: {app: a}, externalIPs: [9.9.9.9], internalTrafficPolicy: Local, externalTrafficPolicy: Local, "+
		"healthCheckNodePort: 30001, sessionAffinity: ClientIP, publishNotReadyAddresses: true, loadBalancerSourceRanges: ['10.1.2.3/8'], "+
		"ports: [{name: a, port: 80, nodePort: 30080, appProtocol: http}, {name: b, port: 53, protocol: UDP, targetPort: dns}, {name: c, port: 1, targetPort: 2}]")+
		"status: {loadBalancer: {ingress: [{ip: 5.5.5.5}, {ip: 6.6.6.6, ipMode: Proxy}, {hostname: x}]}}\n").Services[0]
	assert.Equal(t, []model.ServicePort{
		{Name: "a", Protocol: model.TCP, Port: 80, NodePort: 30080, TargetPort: model.TargetPort{Number: 80}, AppProtocol: "http"},
		{Name: "b", Protocol: model.UDP, Port: 53, TargetPort: model.TargetPort{Name: "dns"}},
		{Name: "c", Protocol: model.TCP, Port: 1, TargetPort: model.TargetPort{Number: 2}},
	}, s.Ports)
	assert.True(t, s.InternalTrafficLocal && s.ExternalTrafficLocal && s.SessionAffinity && s.PublishNotReady)
	assert.Equal(t, "9.9.9.9 10.0.0.0/8", texts(s.ExternalIPs)+" "+texts(s.SourceRanges))
	assert.EqualValues(t, 30001, s.HealthCheckNodePort)
	require.Len(t, s.LoadBalancerIPs, 2)
	assert.Equal(t, "5.5.5.5 false 6.6.6.6 true", fmt.Sprint(s.LoadBalancerIPs[0].Addr, s.LoadBalancerIPs[0].Proxy, " ", s.LoadBalancerIPs[1].Addr, s.LoadBalancerIPs[1].Proxy))
}

// slicesText is each slice as "name ports: endpoints".
func slicesText(c *model.Cluster) []string {
	list := []string{}
	for _, s := range c.EndpointSlices {
		text := s.Name + " " + fmt.Sprint(s.Ports) + ":"
		for _, e := range s.Endpoints {
			text += fmt.Sprintf(" %s(%s", e.Addr, e.PodName)
			for _, flag := range []struct {
				on   bool
				name string
			}{{e.Ready, "ready"}, {e.Serving, "serving"}, {e.Terminating, "terminating"}} {
				if flag.on {
					text += "," + flag.name
				}
			}
			text += ")"
		}
		list = append(list, text)
	}
	return list
}

func TestEndpointsMadeFromSelectors(t *testing.T) {
	at := func(name, number, extra string) string {
		return podYAML("dev", name, "app: web", "nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: "+number+"}]}]"+extra)
	}
	web := "selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}]"
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"a named port is each pod's own":      {at("a", "8080", "") + at("b", "8080", "") + at("c", "9090", "") + serviceYAML("dev", "s", web), []string{"s-ipv4 [{web 8080 TCP}]: 10.1.0.2(a,ready,serving) 10.1.0.3(b,ready,serving)", "s-ipv4-1 [{web 9090 TCP}]: 10.1.0.4(c,ready,serving)"}},
		"a pod without it drops out of it":    {podYAML("dev", "a", "app: web", "nodeName: n1, containers: [{name: c}]") + serviceYAML("dev", "s", "selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}, {name: raw, port: 81}]"), []string{"s-ipv4 [{raw 81 TCP}]: 10.1.0.2(a,ready,serving)"}},
		"the protocol must match too":         {at("a", "8080", "") + serviceYAML("dev", "s", "selector: {app: web}, ports: [{name: web, port: 80, protocol: UDP, targetPort: http}]"), []string{"s-ipv4 []: 10.1.0.2(a,ready,serving)"}},
		"other namespaces do not count":       {strings.Replace(at("a", "8080", ""), "dev", "uat", 1) + serviceYAML("dev", "s", web), []string{"s-ipv4 []:"}},
		"a pod that is not ready":             {at("a", "8080", "") + "status: {conditions: [{type: Ready, status: 'False'}]}\n" + serviceYAML("dev", "s", web), []string{"s-ipv4 [{web 8080 TCP}]: 10.1.0.2(a)"}},
		"published before it is ready":        {at("a", "8080", "") + "status: {conditions: [{type: Ready, status: 'False'}]}\n" + serviceYAML("dev", "s", "publishNotReadyAddresses: true, "+web), []string{"s-ipv4 [{web 8080 TCP}]: 10.1.0.2(a,ready)"}},
		"a pod that is terminating":           {strings.Replace(at("a", "8080", ""), "labels:", "deletionTimestamp: '2026-01-01T00:00:00Z', labels:", 1) + serviceYAML("dev", "s", web), []string{"s-ipv4 [{web 8080 TCP}]: 10.1.0.2(a,serving,terminating)"}},
		"a pod that is done has no address":   {at("a", "8080", "") + "status: {phase: Succeeded}\n" + serviceYAML("dev", "s", web), []string{"s-ipv4 []:"}},
		"hostNetwork pods have their node's":  {at("a", "8080", ", hostNetwork: true") + serviceYAML("dev", "s", web), []string{"s-ipv4 [{web 8080 TCP}]: 192.168.0.1(a,ready,serving)"}},
		"headless without ports":              {at("a", "8080", "") + serviceYAML("dev", "s", "clusterIP: None, selector: {app: web}"), []string{"s-ipv4 []: 10.1.0.2(a,ready,serving)"}},
		"one slice a family":                  {at("a", "8080", "") + serviceYAML("dev", "s", "ipFamilyPolicy: PreferDualStack, "+web), []string{"s-ipv4 [{web 8080 TCP}]: 10.1.0.2(a,ready,serving)", "s-ipv6 [{web 8080 TCP}]: fd00:1::2(a,ready,serving)"}},
		"no selector, no slice":               {serviceYAML("dev", "s", "ports: [{port: 80}]"), []string{}},
		"ExternalName, no slice":              {serviceYAML("dev", "s", "type: ExternalName, externalName: a.b, selector: {app: web}"), []string{}},
		"a sidecar's port is found":           {podYAML("dev", "a", "app: web", "nodeName: n1, containers: [{name: c}], initContainers: [{name: i, restartPolicy: Always, ports: [{name: http, containerPort: 15001}]}]") + serviceYAML("dev", "s", web), []string{"s-ipv4 [{web 15001 TCP}]: 10.1.0.2(a,ready,serving)"}},
		"Endpoints win over the selector":     {at("a", "8080", "") + serviceYAML("dev", "s", web) + "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s, namespace: dev}\nsubsets: [{addresses: [{ip: 10.9.0.1}], notReadyAddresses: [{ip: 10.9.0.2}], ports: [{name: web, port: 7}]}]\n", []string{"s [{web 7 TCP}]: 10.9.0.1(,ready,serving) 10.9.0.2()"}},
		"empty Endpoints win too":             {at("a", "8080", "") + serviceYAML("dev", "s", web) + "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s, namespace: dev}\n", []string{"s []:"}},
		"slices win over Endpoints":           {serviceYAML("dev", "s", web) + "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s, namespace: dev}\nsubsets: [{addresses: [{ip: 10.9.0.1}]}]\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s-x, namespace: dev, labels: {kubernetes.io/service-name: s, endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}}\naddressType: IPv4\nports: [{port: 5}]\nendpoints: [{addresses: [10.9.0.3, 10.9.0.4]}, {addresses: [10.9.0.5], conditions: {ready: false, serving: true, terminating: true}}]\n", []string{"s-x [{ 5 TCP}]: 10.9.0.3(,ready,serving) 10.9.0.5(,serving,terminating)"}},
		"Endpoints of two families are split": {"---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s, namespace: dev}\nsubsets: [{addresses: [{ip: 'fd00::1'}, {ip: 10.9.0.1}]}]\n", []string{"s []: 10.9.0.1(,ready,serving)", "s-1 []: fd00::1(,ready,serving)"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.want, slicesText(loadClean(t, twoNodes+row.text)))
		})
	}
}

func TestAServiceSelectsThePodsOfItsNamespaceWithAllItsLabels(t *testing.T) {
	const pod = "---\n{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: %s, labels: {%s}}, spec: {containers: [{name: c, image: i}]}}\n"
	text := "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {selector: {app: web, tier: front}, ports: [{port: 80}]}}\n"
	for _, p := range [][3]string{
		{"both", "a", "app: web, tier: front"}, {"more", "a", "app: web, tier: front, x: z"},
		{"one", "a", "app: web"}, {"other", "a", "app: db, tier: front"}, {"elsewhere", "b", "app: web, tier: front"},
	} {
		text += fmt.Sprintf(pod, p[0], p[1], p[2])
	}
	cluster, _ := load(text)
	require.Len(t, cluster.EndpointSlices, 1)
	var names []string
	for _, e := range cluster.EndpointSlices[0].Endpoints {
		names = append(names, e.PodName)
	}
	assert.Equal(t, []string{"both", "more"}, names)
}

func TestMadeEndpointsKnowTheirNodeAndZone(t *testing.T) {
	c := loadClean(t, twoNodes+podYAML("dev", "a", "app: web", "nodeName: n1, containers: [{name: c}]")+serviceYAML("dev", "s", "selector: {app: web}, ports: [{port: 80}]"))
	slice := c.EndpointSlices[0]
	assert.True(t, slice.Made)
	assert.Equal(t, "s", slice.Service)
	assert.Equal(t, model.Endpoint{
		Addr: c.Pods[0].IPs[0], Ready: true, Serving: true, Node: "n1", Zone: "z1", PodNamespace: "dev", PodName: "a",
	}, slice.Endpoints[0])
}

func TestMadeEndpointsHaveTheHintsOfTheirServicesDistribution(t *testing.T) {
	for _, row := range []struct {
		claim, annotation, spec string
		zones, nodes            []string
	}{
		{"none", "", "", nil, nil},
		{"the zone", "", ", trafficDistribution: PreferClose", []string{"z1"}, nil},
		{"the zone by its new name", "", ", trafficDistribution: PreferSameZone", []string{"z1"}, nil},
		{"the zone and the node", "", ", trafficDistribution: PreferSameNode", []string{"z1"}, []string{"n1"}},
		{"none of it where the annotation asks for others", ", annotations: {service.kubernetes.io/topology-mode: Auto}", ", trafficDistribution: PreferClose", nil, nil},
		{"but not where it is off", ", annotations: {service.kubernetes.io/topology-mode: Disabled}", ", trafficDistribution: PreferClose", []string{"z1"}, nil},
	} {
		t.Run(row.claim, func(t *testing.T) {
			service := "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: dev" + row.annotation + "}\nspec: {selector: {app: web}, ports: [{port: 80}]" + row.spec + "}\n"
			e := loadClean(t, twoNodes+podYAML("dev", "a", "app: web", "nodeName: n1, containers: [{name: c}]")+service).EndpointSlices[0].Endpoints[0]
			assert.Equal(t, row.zones, e.HintZones)
			assert.Equal(t, row.nodes, e.HintNodes)
		})
	}
}

func TestSlicesFromFilesKeepTheirHints(t *testing.T) {
	c := loadClean(t, "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s-x, namespace: dev, labels: {kubernetes.io/service-name: s}}\naddressType: IPv6\n"+
		"endpoints: [{addresses: ['fd00::1'], nodeName: n1, zone: z1, hints: {forZones: [{name: z1}], forNodes: [{name: n1}]}, targetRef: {kind: Pod, name: p}}]\n")
	e := c.EndpointSlices[0].Endpoints[0]
	assert.Equal(t, []string{"z1"}, e.HintZones)
	assert.Equal(t, []string{"n1"}, e.HintNodes)
	assert.Equal(t, "dev/p n1 z1", e.PodNamespace+"/"+e.PodName+" "+e.Node+" "+e.Zone)
}

func TestANodeWhoseCIDRIsFullSaysSo(t *testing.T) {
	c, issues := load("apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nspec: {podCIDR: 10.1.0.0/30}\n" + workloadYAML("Deployment", "web", "  replicas: 3\n"))
	assert.Len(t, c.Pods, 3)
	assert.Equal(t, "10.1.0.2", texts(c.Pods[0].IPs))
	assert.Empty(t, c.Pods[1].IPs)
	require.Len(t, grave(issues), 1)
	assert.Contains(t, grave(issues)[0], "no address left")
}

func TestASliceThatSomebodyWroteAddsToTheControllers(t *testing.T) {
	slice := func(labels string) string {
		return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: extra, namespace: dev, labels: {kubernetes.io/service-name: s" + labels + "}}\naddressType: IPv4\nports: [{name: web, port: 8080}]\nendpoints: [{addresses: [10.9.0.9]}]\n"
	}
	const (
		selected = "selector: {app: web}, ports: [{name: web, port: 80, targetPort: 8080}]"
		written  = "extra [{web 8080 TCP}]: 10.9.0.9(,ready,serving)"
		made     = "s-ipv4 [{web 8080 TCP}]: 10.1.0.2(a,ready,serving)"
	)
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"by hand, beside a selector":       {serviceYAML("dev", "s", selected) + slice(""), []string{written, made}},
		"by another controller, the same":  {serviceYAML("dev", "s", selected) + slice(", endpointslice.kubernetes.io/managed-by: me"), []string{written, made}},
		"by Kubernetes' own: nothing else": {serviceYAML("dev", "s", selected) + slice(", endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io"), []string{written}},
		"without a selector: nothing else": {serviceYAML("dev", "s", "ports: [{name: web, port: 80}]") + slice(""), []string{written}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := podYAML("dev", "a", "app: web", "nodeName: n1, containers: [{name: c}]")
			assert.Equal(t, row.want, slicesText(loadClean(t, twoNodes+pod+row.text)))
		})
	}
}

func TestNamespacesThatNoFileHoldsAreToldOnce(t *testing.T) {
	const given = "apiVersion: v1\nkind: Namespace\nmetadata: {name: n2}\n"
	for name, row := range map[string]struct {
		namespaces []string
		want       string
	}{
		"one":                         {[]string{"n1"}, "namespace n1 is not among the files: its labels are not known"},
		"several, sorted":             {[]string{"n3", "n2", "n1", "n3"}, "namespaces n1, n3 are not among the files: their labels are not known"},
		"many: five are listed":       {[]string{"n1", "n3", "n4", "n5", "n6", "n7", "n8"}, "namespaces n1, n3, n4, n5, n6 and 2 more are not among"},
		"none that every cluster has": {[]string{"default", "kube-system"}, ""},
		"none where all are given":    {[]string{"n2"}, ""},
		"none where none is needed":   {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := given
			for i, namespace := range row.namespaces {
				text += podYAML(namespace, fmt.Sprintf("p%d", i), "", "")
			}
			_, issues := load(text)
			var told []string
			for _, issue := range issues {
				if strings.Contains(issue.Message, "not among the files") {
					assert.Equal(t, model.Info, issue.Severity)
					told = append(told, issue.Message)
				}
			}
			if row.want == "" {
				assert.Empty(t, told)
				return
			}
			require.Len(t, told, 1)
			assert.Contains(t, told[0], row.want)
		})
	}
}
