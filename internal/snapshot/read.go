package snapshot

import (
	"cmp"
	"context"
	"errors"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// Dump is what was read of a cluster.
type Dump struct {
	// Missing is what the server has, or may have, and did not give.
	Missing []manifest.Missing
	// Absent are the kinds that the server does not have.
	Absent []string

	parts []part
}

// part is the objects of a kind, by namespace and name. Its own name is that of the
// resource in full ("deployments.apps"), and of the file in a directory.
type part struct {
	name    string
	objects []map[string]any
}

// Objects counts what was read.
func (d *Dump) Objects() int {
	n := 0
	for _, p := range d.parts {
		n += len(p.objects)
	}
	return n
}

// Read takes a dump. progress, which may be nil, is told how many of all kinds are
// done.
func Read(ctx context.Context, o Options, progress func(done, all int)) (*Dump, error) {
	tell := func(done, all int) {
		if progress != nil {
			progress(done, all)
		}
	}
	c, err := connect(o)
	if err != nil {
		return nil, err
	}
	found, err := c.discover()
	if err != nil {
		return nil, err
	}
	d := &Dump{}
	kinds := manifest.ServedKinds()
	all := len(kinds) + 1
	for i, k := range kinds {
		if err := c.readKind(ctx, d, k, found[schema.GroupKind{Group: k.Group, Kind: k.Kind}]); err != nil {
			return nil, err
		}
		tell(i+1, all)
	}
	if err := c.readConfigMaps(ctx, d); err != nil {
		return nil, err
	}
	tell(all, all)
	return d, nil
}

// readKind adds the objects of a kind. The error is one that ends the run.
func (c *client) readKind(ctx context.Context, d *Dump, k manifest.ServedKind, s served) error {
	if s.err == nil && len(s.resources) == 0 {
		d.Absent = append(d.Absent, k.Kind)
		return nil
	}
	missing := manifest.Missing{APIVersion: apiVersion(k), Kind: k.Kind}
	resource, err := s.choose(k)
	if err != nil {
		d.miss(missing, err)
		return nil
	}
	missing.APIVersion = resource.GroupVersion().String()
	items, err := c.list(ctx, resource)
	switch {
	case apierrors.IsNotFound(err): // it went away since discovery
		d.Absent = append(d.Absent, k.Kind)
	case err == nil:
		d.add(resource.GroupResource(), items)
	case !answered(err):
		return c.explain(err)
	default:
		d.miss(missing, err)
	}
	return nil
}

// readConfigMaps gets them one by one: to list them would be to read all. One that
// does not exist is no loss, since each cluster has some of them only.
func (c *client) readConfigMaps(ctx context.Context, d *Dump) error {
	resource := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	var items []unstructured.Unstructured
	for _, m := range c.configMaps {
		item, err := c.objects.Resource(resource).Namespace(m.Namespace).Get(ctx, m.Name, metav1.GetOptions{})
		switch {
		case err == nil:
			items = append(items, *item)
		case apierrors.IsNotFound(err):
		case !answered(err):
			return c.explain(err)
		default:
			d.miss(manifest.Missing{APIVersion: "v1", Kind: "ConfigMap", Namespace: m.Namespace, Name: m.Name}, err)
		}
	}
	d.add(resource.GroupResource(), items)
	return nil
}

func (d *Dump) miss(m manifest.Missing, err error) {
	m.Why = oneLine(err)
	d.Missing = append(d.Missing, m)
}

func (d *Dump) add(resource schema.GroupResource, items []unstructured.Unstructured) {
	if len(items) == 0 {
		return
	}
	slices.SortFunc(items, func(a, b unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	p := part{name: resource.String()}
	for _, item := range items {
		prune(item.Object)
		p.objects = append(p.objects, item.Object)
	}
	d.parts = append(d.parts, p)
}

// answered says whether an error is the server's answer about what was asked for,
// and not that nobody can be asked.
func answered(err error) bool {
	status := apierrors.APIStatus(nil)
	return errors.As(err, &status) && !apierrors.IsUnauthorized(err)
}

func apiVersion(k manifest.ServedKind) string {
	gv := schema.GroupVersion{Group: k.Group}
	if len(k.Versions) > 0 {
		gv.Version = k.Versions[0]
	}
	return gv.String()
}
