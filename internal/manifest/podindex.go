package manifest

// podIndex finds the pods of a namespace that have a label, in their order.
type podIndex map[podLabel][]*pod

// podLabel is a label in a namespace; without a key it stands for all pods.
type podLabel struct{ namespace, key, value string }

func newPodIndex(pods []*pod) podIndex {
	index := podIndex{}
	for _, p := range pods {
		all := podLabel{namespace: p.Namespace}
		index[all] = append(index[all], p)
		for key, value := range p.Labels {
			one := podLabel{p.Namespace, key, value}
			index[one] = append(index[one], p)
		}
	}
	return index
}

// candidates are the pods that a Service could select: those with the rarest of
// the labels that it asks for.
func (index podIndex) candidates(s *service) []*pod {
	fewest := index[podLabel{namespace: s.Namespace}]
	for key, value := range s.Selector {
		if pods := index[podLabel{s.Namespace, key, value}]; len(pods) < len(fewest) {
			fewest = pods
		}
	}
	return fewest
}
