package terraform

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// kindCluster reads a cluster of kind, whose blocks are the fields of kind's own
// configuration in other letters. Source: terraform-provider-kind v0.9.0
// kind/schema_kind_config.go.
func (r *resource) kindCluster() {
	for _, config := range blocks(r.block.Body, "kind_config") {
		w := &written{}
		w.add("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n", r.at, 0)
		r.fields(w, r.block.Body, 0, "name")
		for _, network := range blocks(config.Body, "networking") {
			w.add("networking:\n", startOf(network.TypeRange), 0)
			r.fields(w, network.Body, 1, "disable_default_cni", "ip_family", "kube_proxy_mode", "pod_subnet", "service_subnet")
		}
		if nodes := blocks(config.Body, "node"); len(nodes) > 0 {
			w.add("nodes:\n", startOf(nodes[0].TypeRange), 0)
			for _, node := range nodes {
				r.kindNode(w, node)
			}
		}
		r.add(w)
	}
}

func (r *resource) kindNode(w *written, node *hclsyntax.Block) {
	w.add("- image: \"\"\n", startOf(node.TypeRange), 0)
	r.fields(w, node.Body, 1, "role", "labels")
	ports := blocks(node.Body, "extra_port_mappings")
	if len(ports) > 0 {
		w.add("  extraPortMappings:\n", startOf(ports[0].TypeRange), 0)
	}
	for _, port := range ports {
		w.add("  -", startOf(port.TypeRange), 0)
		w.add("\n", startOf(port.TypeRange), 0)
		r.fields(w, port.Body, 2, "container_port", "host_port", "listen_address", "protocol")
	}
}

// field writes one field of a map.
func (r *resource) field(w *written, depth int, name string, at place) {
	w.add(strings.Repeat("  ", depth)+name+":", at.at, 0)
	w.encode(at, depth+1)
}

// camel is a name of Terraform's as Kubernetes writes it.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.ReplaceAll(strings.Join(words, ""), "Cni", "CNI")
}
