package render

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

func nodeRows(c *model.Cluster) []row {
	var rows []row
	for _, n := range c.Nodes {
		role := "worker"
		if n.ControlPlane {
			role = "control-plane"
		}
		rows = append(rows, row{
			cells: []string{
				clean(n.Name), role,
				starred(joined(n.InternalIPs, netip.Addr.String), n.Assigned, "ip"),
				starred(joined(n.PodCIDRs, netip.Prefix.String), n.Assigned, "podCIDR"),
			},
			origin: n.Origin, made: n.Made,
			object: func() map[string]any { return nodeObject(n) },
		})
	}
	return rows
}

func namespaceRows(c *model.Cluster) []row {
	var rows []row
	for _, ns := range c.Namespaces {
		rows = append(rows, row{
			cells:  []string{clean(ns.Name), orDash(labelsText(ns.Labels, "kubernetes.io/metadata.name"))},
			origin: ns.Origin, made: ns.Made,
			object: func() map[string]any { return namespaceObject(ns) },
		})
	}
	return rows
}

func workloadRows(c *model.Cluster) []row {
	var rows []row
	for _, wl := range c.Workloads {
		origin := wl.Origin
		origin.Kind = wl.Ref.Kind
		rows = append(rows, row{
			cells: []string{
				clean(wl.Ref.Namespace), clean(wl.Ref.Name), clean(wl.Ref.Kind), strconv.Itoa(wl.Replicas),
				orDash(strings.Join(wl.Images, ",")),
			},
			origin: origin,
			object: func() map[string]any { return workloadObject(wl) },
		})
	}
	return rows
}

func podRows(c *model.Cluster) []row {
	var rows []row
	for _, p := range c.Pods {
		rows = append(rows, row{
			cells: []string{
				clean(p.Namespace), clean(p.Name), podState(p),
				starred(p.Node, p.Assigned, "node"),
				starred(joined(p.IPs, netip.Addr.String), p.Assigned, "ip"),
				orDash(ownerName(p.Owner)),
			},
			origin: p.Origin, made: p.Made, inferred: p.Inferred,
			object: func() map[string]any { return podObject(p) },
		})
	}
	return rows
}

func podState(p *model.Pod) string {
	switch {
	case p.Finished:
		return "finished"
	case p.Terminating:
		return "terminating"
	case p.Ready:
		return "yes"
	}
	return "no"
}

func ownerName(owner *model.WorkloadRef) string {
	if owner == nil {
		return ""
	}
	return owner.Kind + "/" + owner.Name
}

func serviceRows(c *model.Cluster) []row {
	var rows []row
	for _, s := range c.Services {
		rows = append(rows, row{
			cells: []string{
				clean(s.Namespace), clean(s.Name), orDash(s.Type), clusterIPCell(s), starred(externalAddresses(s), s.Assigned, "loadBalancerIP"),
				orDash(portsText(s.Ports)),
			},
			origin: s.Origin,
			object: func() map[string]any { return serviceObject(s) },
		})
	}
	return rows
}

func clusterIPCell(s *model.Service) string {
	if s.Headless {
		return "None"
	}
	return starred(joined(s.ClusterIPs, netip.Addr.String), s.Assigned, "clusterIP")
}

func externalAddresses(s *model.Service) string {
	if s.Type == model.ExternalNameService {
		return s.ExternalName
	}
	all := append([]netip.Addr{}, s.ExternalIPs...)
	for _, ip := range s.LoadBalancerIPs {
		all = append(all, ip.Addr)
	}
	return joined(all, netip.Addr.String)
}

// portsText shows what a Service's port becomes at a pod: "80→http TCP".
func portsText(ports []model.ServicePort) string {
	parts := make([]string, len(ports))
	for i, port := range ports {
		parts[i] = fmt.Sprintf("%d→%s %s", port.Port, targetPort(port), port.Protocol)
		if port.NodePort != 0 {
			parts[i] += fmt.Sprintf(" (nodePort %d)", port.NodePort)
		}
	}
	return strings.Join(parts, ", ")
}

func targetPort(port model.ServicePort) string {
	if port.TargetPort.Name != "" {
		return port.TargetPort.Name
	}
	return strconv.Itoa(int(port.TargetPort.Number))
}

// shownEndpoints is how many endpoints a table names, as kubectl does.
const shownEndpoints = 3

func sliceRows(c *model.Cluster) []row {
	var rows []row
	for _, s := range c.EndpointSlices {
		ports := joined(s.Ports, func(p model.EndpointPort) string { return fmt.Sprintf("%d/%s", p.Port, p.Protocol) })
		rows = append(rows, row{
			cells:  []string{clean(s.Namespace), clean(s.Name), orDash(s.Service), orDash(ports), orDash(endpointsText(s.Endpoints))},
			origin: s.Origin, made: s.Made,
			object: func() map[string]any { return sliceObject(s) },
		})
	}
	return rows
}

func endpointsText(endpoints []model.Endpoint) string {
	shown := endpoints[:min(len(endpoints), shownEndpoints)]
	text := joined(shown, func(e model.Endpoint) string {
		if !e.Ready {
			return e.Addr.String() + " (not ready)"
		}
		return e.Addr.String()
	})
	if more := len(endpoints) - len(shown); more > 0 {
		text += fmt.Sprintf(" + %d more", more)
	}
	return text
}
