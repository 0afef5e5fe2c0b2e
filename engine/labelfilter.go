package engine

import (
	"regexp"
	"strings"

	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"

	"github.com/netsim-dev/netsim/model"
)

// identityLabels keeps the labels that identities are made of, as the cluster's
// release does. Call it with Cilium's options set.
func (o *options) identityLabels(lbls labels.Labels, v model.Version) labels.Labels {
	kept, _ := labelsfilter.Filter(lbls)
	if kept == nil {
		kept = labels.Labels{}
	}
	for key, l := range lbls {
		switch {
		case strings.HasPrefix(key, "topology.kubernetes.io") && !dropsTopology(v):
			if o.listKeeps(l) {
				kept[key] = l
			}
		case key == ciliumio.PolicyLabelServiceAccount && !v.AtLeast(1, 18, 0) && !o.listKeeps(l):
			delete(kept, key)
		}
	}
	return kept
}

// dropsTopology: topology.kubernetes.io is on the list of labels to leave out
// since 1.18.7 and 1.19.0, the service account on that of labels to keep since
// 1.18.0 (pkg/labelsfilter/filter.go, defaultLabelPrefixCfg, in 1.17.14, 1.18.0,
// 1.18.6, 1.18.8 and 1.19.0; 1.18.7 itself was not to be had).
func dropsTopology(v model.Version) bool { return v.AtLeast(1, 18, 7) }

// listKeeps says what the agent's own list of labels ("labels" in cilium-config)
// makes of a label that the default list does not name (filterLabels).
func (o *options) listKeeps(l labels.Label) bool {
	included, ignored, inclusive := 0, 0, false
	for _, word := range strings.Fields(o.labelPrefixes) {
		source, pattern, hasSource := strings.Cut(word, ":")
		if !hasSource {
			source, pattern = "", word
		}
		pattern, ignores := strings.CutPrefix(pattern, "!")
		inclusive = inclusive || !ignores
		expr, err := regexp.Compile(pattern)
		if err != nil || source != "" && source != l.Source {
			continue
		}
		match := expr.FindStringIndex(l.Key)
		switch {
		case match == nil || match[0] != 0:
		case !ignores:
			included = max(included, match[1])
		case ignored == 0 || match[1] < ignored:
			ignored = match[1]
		}
	}
	return !inclusive && ignored == 0 || included > ignored
}
