package apiserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// applier applies manifests, as kubectl apply --server-side does.
type applier struct {
	objects dynamic.Interface
	groups  discovery.DiscoveryInterface
	mapper  meta.RESTMapper
}

func newApplier(t *testing.T, server *rest.Config) *applier {
	t.Helper()
	objects, err := dynamic.NewForConfig(server)
	require.NoError(t, err)
	groups, err := discovery.NewDiscoveryClientForConfig(server)
	require.NoError(t, err)
	a := &applier{objects: objects, groups: groups}
	a.discover(t)
	return a
}

// discover learns the kinds that the server has now.
func (a *applier) discover(t *testing.T) {
	t.Helper()
	resources, err := restmapper.GetAPIGroupResources(a.groups)
	require.NoError(t, err)
	a.mapper = restmapper.NewDiscoveryRESTMapper(resources)
}

// apply applies objects; namespaces first.
func (a *applier) apply(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	for _, o := range objects {
		gvk := o.GroupVersionKind()
		mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		require.NoError(t, err, o.GetName())
		var resource dynamic.ResourceInterface = a.objects.Resource(mapping.Resource)
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			resource = a.objects.Resource(mapping.Resource).Namespace(o.GetNamespace())
		}
		_, err = resource.Apply(context.Background(), o.GetName(), o, metav1.ApplyOptions{FieldManager: "lab", Force: true})
		require.NoError(t, err, "%s %s/%s", o.GetKind(), o.GetNamespace(), o.GetName())
	}
}

func rank(o *unstructured.Unstructured) int {
	if o.GetKind() == "Namespace" {
		return 0
	}
	return 1
}

// installCRDs installs those of Cilium, the Gateway API and the network policy API in
// the versions that netsim is built with.
func (a *applier) installCRDs(t *testing.T) {
	t.Helper()
	cilium := dirOf(t, "github.com/cilium/cilium") + "/pkg/k8s/apis/cilium.io/client/crds/"
	var crds []*unstructured.Unstructured
	for _, dir := range []string{
		cilium + "v2", cilium + "v2alpha1",
		dirOf(t, "sigs.k8s.io/gateway-api") + "/config/crd/standard",
		dirOf(t, "sigs.k8s.io/network-policy-api") + "/config/crd/standard",
	} {
		for _, o := range read(t, dir) {
			if o.GetKind() == "CustomResourceDefinition" {
				crds = append(crds, o)
			}
		}
	}
	require.Greater(t, len(crds), 25)
	a.apply(t, crds)
	for _, crd := range crds {
		kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
		require.Eventually(t, func() bool { return a.established(crd) }, time.Minute, 100*time.Millisecond, kind)
	}
	a.discover(t)
}

func (a *applier) established(crd *unstructured.Unstructured) bool {
	mapping, err := a.mapper.RESTMapping(crd.GroupVersionKind().GroupKind())
	if err != nil {
		return false
	}
	now, err := a.objects.Resource(mapping.Resource).Get(context.Background(), crd.GetName(), metav1.GetOptions{})
	if err != nil {
		return false
	}
	conditions, _, _ := unstructured.NestedSlice(now.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(c any) bool {
		condition := c.(map[string]any)
		return condition["type"] == "Established" && condition["status"] == "True"
	})
}

// read gives the objects in the files of a directory and below.
func read(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all = append(all, parse(t, text)...)
		return nil
	}))
	return all
}

// parse gives the objects in a text.
func parse(t *testing.T, text []byte) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 1<<16)
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		if o.GetKind() != "" {
			all = append(all, o)
		}
	}
}
