package kyverno

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// selects asks a label selector, in whose matchLabels wildcards may stand.
func selects(s *metav1.LabelSelector, o *object) answer {
	actual := o.texts("labels")
	if o.unlabelled && !namesOnly(s) {
		return unsure("it hangs on labels that no file holds: --namespace-label gives them")
	}
	selector, err := metav1.LabelSelectorAsSelector(filled(s, actual))
	if err != nil {
		return unsure("its label selector is not valid")
	}
	return known(selector.Matches(labels.Set(actual)))
}

// namesOnly says whether a selector reads no label but the one that every
// namespace has.
func namesOnly(s *metav1.LabelSelector) bool {
	keys := slices.Collect(maps.Keys(s.MatchLabels))
	for _, e := range s.MatchExpressions {
		keys = append(keys, e.Key)
	}
	return !slices.ContainsFunc(keys, func(key string) bool { return key != "kubernetes.io/metadata.name" })
}

// filled puts the first label, by name, that a wildcard means in its place. One
// that means none stands for a label that is not there.
// Source: Kyverno 1.19.1 pkg/engine/wildcards, ReplaceInSelector.
func filled(s *metav1.LabelSelector, actual map[string]string) *metav1.LabelSelector {
	replaced := metav1.LabelSelector{MatchLabels: map[string]string{}, MatchExpressions: s.MatchExpressions}
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		k, v := key, s.MatchLabels[key]
		if strings.ContainsAny(k+v, "*?") {
			k, v = meant(k, v, actual)
		}
		replaced.MatchLabels[k] = v
	}
	return &replaced
}

func meant(key, value string, actual map[string]string) (string, string) {
	for _, k := range slices.Sorted(maps.Keys(actual)) {
		if wildcard(key, k) && wildcard(value, actual[k]) {
			return k, actual[k]
		}
	}
	none := strings.NewReplacer("*", "0", "?", "0")
	return none.Replace(key), none.Replace(value)
}
