package namespacelabel_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/namespacelabel"
	"github.com/netsim-dev/netsim/model"
)

func TestArguments(t *testing.T) {
	for _, row := range []struct {
		argument string
		right    bool
	}{
		{"dev=kyverno.io/isolate=true", true},
		{"dev=empty=", true},
		{"dev=team", false},
		{"dev", false},
		{"=team=blue", false},
		{"dev==blue", false},
		{"De v=team=blue", false},
		{"dev=team=blue green", false},
	} {
		_, err := namespacelabel.Parse([]string{row.argument})
		if row.right {
			assert.NoError(t, err, row.argument)
		} else {
			assert.ErrorContains(t, err, "want NAMESPACE=KEY=VALUE", row.argument)
		}
	}
}

func TestLabels(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "apiVersion: v1\nkind: Namespace\nmetadata: {name: dev, labels: {tier: gold, team: red}}\n---\n" +
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: made}, spec: {containers: [{name: c, image: i}]}}\n"
	require.NoError(t, os.WriteFile("a.yaml", []byte(text), 0o644))
	source, err := namespacelabel.Parse([]string{"dev=team=blue", "made=x=y", "made=z=", "new=a=b"})
	require.NoError(t, err)
	cluster, issues, err := load.Read([]string{"a.yaml"}, nil, []load.Source{source})
	require.NoError(t, err)
	var got []string
	for _, ns := range cluster.Namespaces {
		delete(ns.Labels, "kubernetes.io/metadata.name")
		assert.False(t, ns.Made, "%s: its labels are known", ns.Name)
		got = append(got, ns.Name+" "+ns.Origin.Position())
	}
	assert.Equal(t, []string{"dev a.yaml:1 via --namespace-label", "made --namespace-label:1", "new --namespace-label:1"}, got)
	assert.Equal(t, model.Labels{"tier": "gold", "team": "blue"}, cluster.Namespaces[0].Labels)
	assert.Equal(t, model.Labels{"x": "y", "z": ""}, cluster.Namespaces[1].Labels)
	var messages []string
	for _, issue := range issues {
		messages = append(messages, issue.Message)
	}
	assert.Contains(t, messages, "namespace made is not among the files: its labels are taken to be x=y, z=, which --namespace-label gives")
}
