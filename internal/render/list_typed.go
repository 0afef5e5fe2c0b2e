package render

import (
	"github.com/netsim-dev/netsim/model"
)

func nodeObject(n *model.Node) fields {
	addresses := []fields{}
	for _, ip := range n.InternalIPs {
		addresses = append(addresses, fields{"type": "InternalIP", "address": ip.String()})
	}
	for _, ip := range n.ExternalIPs {
		addresses = append(addresses, fields{"type": "ExternalIP", "address": ip.String()})
	}
	cidrs := texts(n.PodCIDRs)
	return compact(fields{
		"apiVersion": "v1", "kind": "Node",
		"metadata": metadata{"", n.Name, n.Labels, n.Origin, n.Made, n.Assigned}.fields(),
		"spec":     compact(fields{"podCIDR": first(cidrs), "podCIDRs": cidrs, "providerID": n.ProviderID}),
		"status":   compact(fields{"addresses": addresses}),
	})
}

func namespaceObject(ns *model.Namespace) fields {
	return fields{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": metadata{"", ns.Name, ns.Labels, ns.Origin, ns.Made, nil}.fields(),
	}
}

// workloadVersions are the API versions of the built-in controllers.
var workloadVersions = map[string]string{
	"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1",
	"Job": "batch/v1", "CronJob": "batch/v1", "ReplicationController": "v1",
}

func workloadObject(wl *model.Workload) fields {
	var containers []fields
	for i, image := range wl.Images {
		container := fields{"image": image}
		if i < len(wl.ContainerNames) {
			container["name"] = wl.ContainerNames[i]
		}
		containers = append(containers, container)
	}
	template := compact(fields{"spec": compact(fields{"containers": containers})})
	return compact(fields{
		"apiVersion": workloadVersions[wl.Ref.Kind], "kind": wl.Ref.Kind,
		"metadata": metadata{wl.Ref.Namespace, wl.Ref.Name, nil, wl.Origin, false, nil}.fields(),
		"spec":     compact(fields{"replicas": wl.Replicas, "template": template}),
	})
}

func podObject(p *model.Pod) fields {
	meta := metadata{p.Namespace, p.Name, p.Labels, p.Origin, p.Made, p.Assigned}.fields()
	if notes, ok := meta["annotations"].(map[string]string); ok && p.Inferred != "" {
		notes[inferredAnnotation] = p.Inferred
	}
	if p.Owner != nil {
		meta["ownerReferences"] = []fields{{"kind": p.Owner.Kind, "name": p.Owner.Name}}
	}
	var ips []fields
	for _, ip := range p.IPs {
		ips = append(ips, fields{"ip": ip.String()})
	}
	return fields{
		"apiVersion": "v1", "kind": "Pod", "metadata": meta,
		"spec": compact(fields{
			"nodeName": p.Node, "hostNetwork": p.HostNetwork, "serviceAccountName": p.ServiceAccount,
			"containers": containerFields(p.Ports),
		}),
		"status": compact(fields{
			"podIP": first(texts(p.IPs)), "podIPs": ips,
			"phase": phase(p), "conditions": []fields{{"type": "Ready", "status": conditionStatus(p.Ready)}},
		}),
	}
}

// containerFields groups ports by the container that declares them, in order.
func containerFields(ports []model.ContainerPort) []fields {
	var containers []fields
	at := map[string]int{}
	for _, port := range ports {
		i, known := at[port.Container]
		if !known {
			i = len(containers)
			at[port.Container] = i
			containers = append(containers, fields{"name": port.Container, "ports": []fields{}})
		}
		containers[i]["ports"] = append(containers[i]["ports"].([]fields), compact(fields{
			"name": port.Name, "containerPort": port.Port, "protocol": string(port.Protocol),
			"hostPort": port.HostPort, "hostIP": addrText(port.HostIP),
		}))
	}
	return containers
}

// phase is Succeeded for any finished pod: the model does not say which of the
// two final phases it was in.
func phase(p *model.Pod) string {
	if p.Finished {
		return "Succeeded"
	}
	return "Running"
}

func conditionStatus(yes bool) string {
	if yes {
		return "True"
	}
	return "False"
}

func serviceObject(s *model.Service) fields {
	var ingress []fields
	for _, ip := range s.LoadBalancerIPs {
		mode := ""
		if ip.Proxy {
			mode = "Proxy"
		}
		ingress = append(ingress, compact(fields{"ip": ip.Addr.String(), "ipMode": mode}))
	}
	return compact(fields{
		"apiVersion": "v1", "kind": "Service",
		"metadata": metadata{s.Namespace, s.Name, s.Labels, s.Origin, false, s.Assigned}.fields(),
		"spec":     serviceSpec(s),
		"status":   compact(fields{"loadBalancer": compact(fields{"ingress": ingress})}),
	})
}

func serviceSpec(s *model.Service) fields {
	clusterIPs := texts(s.ClusterIPs)
	if s.Headless {
		clusterIPs = []string{"None"}
	}
	var ports []fields
	for _, port := range s.Ports {
		ports = append(ports, compact(fields{
			"name": port.Name, "protocol": string(port.Protocol), "port": port.Port,
			"targetPort": targetPortValue(port.TargetPort), "nodePort": port.NodePort, "appProtocol": port.AppProtocol,
		}))
	}
	return compact(fields{
		"type": s.Type, "clusterIP": first(clusterIPs), "clusterIPs": clusterIPs, "externalName": s.ExternalName,
		"selector": s.Selector, "ports": ports, "externalIPs": texts(s.ExternalIPs), "ipFamilies": s.IPFamilies,
		"internalTrafficPolicy": local(s.InternalTrafficLocal), "externalTrafficPolicy": local(s.ExternalTrafficLocal),
		"loadBalancerSourceRanges": texts(s.SourceRanges), "publishNotReadyAddresses": s.PublishNotReady,
		"sessionAffinity": affinity(s.SessionAffinity), "healthCheckNodePort": s.HealthCheckNodePort,
		"trafficDistribution": s.TrafficDistribution,
	})
}

func targetPortValue(port model.TargetPort) any {
	if port.Name != "" {
		return port.Name
	}
	return port.Number
}

// local names a traffic policy; Cluster is the default and is left out.
func local(is bool) string {
	if is {
		return "Local"
	}
	return ""
}

func affinity(clientIP bool) string {
	if clientIP {
		return "ClientIP"
	}
	return ""
}

func sliceObject(s *model.EndpointSlice) fields {
	meta := metadata{s.Namespace, s.Name, model.Labels{"kubernetes.io/service-name": s.Service}, s.Origin, s.Made, nil}
	ports := []fields{}
	for _, port := range s.Ports {
		ports = append(ports, compact(fields{"name": port.Name, "port": port.Port, "protocol": string(port.Protocol)}))
	}
	endpoints := []fields{}
	family := "IPv4"
	for _, e := range s.Endpoints {
		if e.Addr.Is6() {
			family = "IPv6"
		}
		endpoints = append(endpoints, endpointFields(e))
	}
	return fields{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta.fields(),
		"addressType": family, "ports": ports, "endpoints": endpoints,
	}
}

func endpointFields(e model.Endpoint) fields {
	target := fields{}
	if e.PodName != "" {
		target = fields{"kind": "Pod", "namespace": e.PodNamespace, "name": e.PodName}
	}
	return compact(fields{
		"addresses":  []string{e.Addr.String()},
		"conditions": fields{"ready": e.Ready, "serving": e.Serving, "terminating": e.Terminating},
		"nodeName":   e.Node, "zone": e.Zone, "targetRef": target,
		"hints": compact(fields{"forZones": hints(e.HintZones), "forNodes": hints(e.HintNodes)}),
	})
}

func hints(names []string) []fields {
	var out []fields
	for _, name := range names {
		out = append(out, fields{"name": name})
	}
	return out
}
