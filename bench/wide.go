package bench

// lists is the percentage of wide rules that hold a peer for each namespace;
// the others hold one expression that names all.
const lists = 10

// everyNamespace are Cilium's peers that name every namespace of the teams.
func (g *generator) everyNamespace() []object {
	const key = "k8s:io.kubernetes.pod.namespace"
	if !g.chance(lists) {
		return []object{{"matchExpressions": []object{g.in(key)}}}
	}
	var peers []object
	for i := range g.shape.namespaces() {
		peers = append(peers, object{"matchLabels": object{key: teamName(i)}})
	}
	return peers
}

// anyTeam selects every namespace of the teams by label, as Kubernetes'
// policies do.
func (g *generator) anyTeam() object { return object{"matchExpressions": []object{g.in("team")}} }

func (g *generator) in(key string) object {
	var names []string
	for i := range g.shape.namespaces() {
		names = append(names, teamName(i))
	}
	return object{"key": key, "operator": "In", "values": names}
}
