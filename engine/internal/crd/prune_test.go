package crd

import (
	"encoding/json"
	"log/slog"
	"slices"
	"testing"

	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/runtime"
)

// The oracle here is the API server's own code, on the same documents that the
// comparison with Cilium uses.
func TestStoredIsWhatAnAPIServerKeeps(t *testing.T) {
	structural := structuralSchema(t)
	ours := New()
	changed := 0
	mutants(corpus(t), 200, func(_ string, d document) {
		before := runtime.DeepCopyJSON(d.object)
		stored, err := ours.Stored(d.object["kind"].(string), d.object)
		require.NoError(t, err)
		require.Equal(t, before, d.object, "the document given was changed")

		kept := runtime.DeepCopyJSON(d.object)
		unknown := pruning.PruneWithOptions(kept, structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
		defaulting.PruneNonNullableNullsWithoutDefaults(kept, structural)
		defaulting.Default(kept, structural)
		for _, judgedElsewhere := range []string{"metadata", "status"} {
			delete(kept, judgedElsewhere)
			delete(stored, judgedElsewhere)
		}
		require.Equal(t, kept, stored, d.name)
		if problems := ours.Validate(d.object["kind"].(string), d.object); onlyUnknown(problems) && !inMetadata(problems) {
			changed++
			assert.Equal(t, unknown, paths(problems), d.name)
		}
	})
	assert.Greater(t, changed, 100)
}

func onlyUnknown(problems []Problem) bool {
	return len(problems) > 0 && !slices.ContainsFunc(problems, func(p Problem) bool { return !p.Unknown })
}

func inMetadata(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return len(p.Path) > 8 && p.Path[:8] == "metadata" })
}

func paths(problems []Problem) []string {
	var found []string
	for _, p := range problems {
		found = append(found, p.Path)
	}
	return found
}

func structuralSchema(t *testing.T) *schema.Structural {
	definition := client.GetPregeneratedCRD(slog.New(slog.DiscardHandler), client.CNPCRDName)
	asJSON, err := json.Marshal(definition.Spec.Versions[0].Schema.OpenAPIV3Schema)
	require.NoError(t, err)
	var v1 apiextensionsv1.JSONSchemaProps
	require.NoError(t, json.Unmarshal(asJSON, &v1))
	var internal apiextensions.JSONSchemaProps
	require.NoError(t, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&v1, &internal, nil))
	structural, err := schema.NewStructural(&internal)
	require.NoError(t, err)
	return structural
}
