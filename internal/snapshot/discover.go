package snapshot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// served is what a server says of a kind: its resources by version, the one that
// the server prefers first, and the error where it could not say.
type served struct {
	resources []schema.GroupVersionResource
	err       error
}

// discover asks the server for the kinds that it has.
func (c *client) discover() (map[schema.GroupKind]served, error) {
	groups, lists, err := c.groups.ServerGroupsAndResources()
	failed, partial := discovery.GroupDiscoveryFailedErrorGroups(err)
	if err != nil && !partial {
		return nil, c.explain(err)
	}
	found := map[schema.GroupKind]served{}
	for _, group := range groups {
		for _, version := range group.Versions {
			gv := schema.GroupVersion{Group: group.Name, Version: version.Version}
			for _, r := range resourcesOf(lists, gv) {
				gk := gv.WithKind(r.Kind).GroupKind()
				all := found[gk]
				all.resources = append(all.resources, gv.WithResource(r.Name))
				found[gk] = all
			}
		}
	}
	if len(found[schema.GroupKind{Kind: "Pod"}].resources) == 0 {
		return nil, cmp.Or(err, fmt.Errorf("%s answers, and knows no pods: is it the address of something else?", c.host))
	}
	markUnknown(found, failed)
	return found, nil
}

// markUnknown notes of kinds that were not found why that may be the server's
// trouble: they could be there.
func markUnknown(found map[schema.GroupKind]served, failed map[schema.GroupVersion]error) {
	for _, k := range manifest.ServedKinds() {
		gk := schema.GroupKind{Group: k.Group, Kind: k.Kind}
		if len(found[gk].resources) > 0 {
			continue
		}
		for gv, err := range failed {
			if gv.Group == k.Group {
				found[gk] = served{err: fmt.Errorf("the server could not say which kinds %s has: %w", gv, err)}
			}
		}
	}
}

// resourcesOf are the listable resources of a version, without subresources.
func resourcesOf(lists []*metav1.APIResourceList, gv schema.GroupVersion) []metav1.APIResource {
	i := slices.IndexFunc(lists, func(l *metav1.APIResourceList) bool { return l.GroupVersion == gv.String() })
	if i < 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(lists[i].APIResources), func(r metav1.APIResource) bool {
		return strings.Contains(r.Name, "/") || !slices.Contains(r.Verbs, "list")
	})
}

// choose takes the version of a kind to ask for: the first that netsim reads and
// the server has.
func (s served) choose(k manifest.ServedKind) (schema.GroupVersionResource, error) {
	if s.err != nil {
		return schema.GroupVersionResource{}, s.err
	}
	if len(k.Versions) == 0 {
		return s.resources[0], nil
	}
	for _, version := range k.Versions {
		for _, r := range s.resources {
			if r.Version == version {
				return r, nil
			}
		}
	}
	var versions []string
	for _, r := range s.resources {
		versions = append(versions, r.Version)
	}
	return schema.GroupVersionResource{}, fmt.Errorf("the server has %s only in version %s, which netsim does not read", k.Kind, strings.Join(versions, ", "))
}
