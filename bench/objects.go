package bench

import "fmt"

// platform adds what is there before any workload: Cilium, nodes and
// namespaces. Most clusters replace kube-proxy and route natively.
func (g *generator) platform() {
	const file = "platform"
	g.add(file, object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("kube-system", "cilium-config"), "data": g.settings(),
	})
	g.add(file, object{
		"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("kube-system", "cilium"),
		"spec": object{
			"selector": selector("cilium"),
			"template": object{
				"metadata": object{"labels": appLabel("cilium")},
				"spec":     object{"hostNetwork": true, "containers": []object{{"name": "cilium-agent", "image": "quay.io/cilium/cilium:v1.20.2"}}},
			},
		},
	})
	g.add(file, namespace("kube-system"))
	for i := range g.shape.namespaces() {
		g.add(file, namespace(teamName(i)))
	}
	for i := range g.shape.nodes() {
		g.add(file, node(i))
	}
}

// settings are Cilium's. What only rarer policies need is on where those are.
func (g *generator) settings() object {
	s := object{"kube-proxy-replacement": "true", "routing-mode": "native", "enable-ipv4": "true", "cluster-name": "default"}
	if g.shape.Policies > 0 {
		s["enable-k8s-cluster-network-policy"] = "true"
		s["mesh-auth-enabled"], s["mesh-auth-mutual-enabled"] = "true", "true"
	}
	return s
}

func namespace(name string) object {
	return object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": name, "labels": object{"team": name}}}
}

// node is the i-th node, with addresses of its own.
func node(i int) object {
	return object{
		"apiVersion": "v1", "kind": "Node", "metadata": object{"name": fmt.Sprintf("node-%d", i)},
		"spec": object{"podCIDRs": []string{fmt.Sprintf("10.%d.%d.0/24", 128+i/256, i%256)}},
		"status": object{"addresses": []object{
			{"type": "InternalIP", "address": fmt.Sprintf("172.18.%d.%d", i/250, 2+i%250)},
		}},
	}
}

func meta(namespace, name string) object {
	return object{"namespace": namespace, "name": name}
}

func appLabel(name string) object { return object{"app.kubernetes.io/name": name} }

func selector(name string) object { return object{"matchLabels": appLabel(name)} }

// app adds the Deployment and the Service.
func (g *generator) app(a *app) {
	protocol, servicePort := "TCP", 80
	if a.namespace == dnsNamespace {
		protocol, servicePort = "UDP", 53
	}
	var target any = a.port
	if a.named {
		target = "http"
	}
	g.add(a.namespace, object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(a.namespace, a.name),
		"spec": object{
			"replicas": a.replicas, "selector": selector(a.name),
			"template": object{
				"metadata": object{"labels": appLabel(a.name)},
				"spec": object{"containers": []object{{
					"name": "main", "image": "example.com/" + a.name + ":1",
					"ports":          []object{{"name": "http", "containerPort": a.port, "protocol": protocol}},
					"readinessProbe": object{"httpGet": object{"path": "/ready", "port": 8081}},
				}}},
			},
		},
	})
	g.add(a.namespace, object{
		"apiVersion": "v1", "kind": "Service", "metadata": meta(a.namespace, a.name),
		"spec": object{
			"selector": appLabel(a.name),
			"ports":    []object{{"name": "http", "port": servicePort, "targetPort": target, "protocol": protocol}},
		},
	})
}
