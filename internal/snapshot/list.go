package snapshot

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// pageSizes are those of the tries to list a kind. A list whose pages take longer
// than the server keeps old versions (five minutes) expires and is begun again; the
// last try asks for all at once, which cannot.
var pageSizes = []int64{500, 500, 0}

// list gives all objects of a kind, of one version of the cluster.
func (c *client) list(ctx context.Context, resource schema.GroupVersionResource) (items []unstructured.Unstructured, err error) {
	for _, size := range pageSizes {
		if items, err = c.pages(ctx, resource, size); !expired(err) {
			break
		}
	}
	return items, err
}

func (c *client) pages(ctx context.Context, resource schema.GroupVersionResource, size int64) ([]unstructured.Unstructured, error) {
	var items []unstructured.Unstructured
	options := metav1.ListOptions{Limit: size}
	for {
		page, err := c.objects.Resource(resource).List(ctx, options)
		if err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return items, nil
		}
	}
}

func expired(err error) bool { return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) }
