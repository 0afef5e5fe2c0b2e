package engine

import (
	"regexp"
	"strings"

	ciliumio "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"

	"github.com/netsim-dev/netsim/model"
)

// labelFilter keeps the labels that identities are made of, as the cluster's
// release does. It remembers its answers: each takes twenty regular expressions,
// and a cluster has few keys.
type labelFilter struct {
	options *options
	version model.Version
	kept    map[labelKey]bool
}

type labelKey struct{ source, key string }

func newLabelFilter(o *options, v model.Version) *labelFilter {
	return &labelFilter{o, v, map[labelKey]bool{}}
}

// identityLabels are those of the labels that are kept. Call it with Cilium's
// options set.
func (f *labelFilter) identityLabels(lbls labels.Labels) labels.Labels {
	kept := labels.Labels{}
	for key, l := range lbls {
		if f.keeps(l) {
			kept[key] = l
		}
	}
	return kept
}

// keeps goes by source and key alone, as Cilium does.
func (f *labelFilter) keeps(l labels.Label) bool {
	key := labelKey{l.Source, l.Key}
	keep, known := f.kept[key]
	if !known {
		keep = f.decide(l)
		f.kept[key] = keep
	}
	return keep
}

func (f *labelFilter) decide(l labels.Label) bool {
	kept, _ := labelsfilter.Filter(labels.Labels{l.Key: l})
	switch {
	case strings.HasPrefix(l.Key, "topology.kubernetes.io") && !dropsTopology(f.version):
		return len(kept) > 0 || f.options.listKeeps(l)
	case l.Key == ciliumio.PolicyLabelServiceAccount && !f.version.AtLeast(1, 18, 0):
		return len(kept) > 0 && f.options.listKeeps(l)
	}
	return len(kept) > 0
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
