package manifest

import (
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/netsim-dev/netsim/model"
)

func readNamespace(d *document) any {
	if !d.decode(&corev1.Namespace{}) {
		return nil
	}
	return &model.Namespace{
		Origin: d.origin, Name: d.meta.Name, Labels: namespaceLabels(d.meta.Name, d.meta.Labels),
	}
}

// namespaceLabels adds the label that an API server sets on every namespace.
// Source: k8s.io/api/core/v1 LabelMetadataName.
func namespaceLabels(name string, labels map[string]string) model.Labels {
	all := maps.Clone(labels)
	if all == nil {
		all = map[string]string{}
	}
	all[corev1.LabelMetadataName] = name
	return model.Labels(all)
}
