package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/sim/conntest"
)

// TestHeldFlagsComeBack: what a document in another directory holds is what was
// given.
func TestHeldFlagsComeBack(t *testing.T) {
	given := sourceFlags{
		off:      []string{"kustomize=off"},
		values:   []string{"prod.yaml", "web=values/web.yaml", "charts/web=prod.yaml"},
		releases: []string{"shop/web", "web=shop/web", "charts/web=shop/web"},
		repos:    []string{"https://git.example.com/a.git?x=y=../apps"},
		subst:    []string{"CLUSTER=a=b"},
		varFiles: []string{"/etc/dev.tfvars", "dev.tfvars"},
		labels:   []string{"dev=team=a"},
	}
	test := &conntest.Test{File: "tests/deep/baseline.yaml"}
	given.hold(test, func(path string) string { return pathIn(test, path) })
	assert.Equal(t, map[string][]string{
		"source":          {"kustomize=off"},
		"helm-values":     {"../../prod.yaml", "web=../../values/web.yaml", "../../charts/web=../../prod.yaml"},
		"helm-release":    {"shop/web", "web=shop/web", "../../charts/web=shop/web"},
		"repo":            {"https://git.example.com/a.git?x=y=../../../apps"},
		"subst":           {"CLUSTER=a=b"},
		"tfvars":          {"/etc/dev.tfvars", "../../dev.tfvars"},
		"namespace-label": {"dev=team=a"},
	}, test.Flags)
	read, err := (&sourceFlags{}).after(test)
	require.NoError(t, err)
	assert.Equal(t, given, read)

	(&sourceFlags{noVirtual: true}).hold(test, func(path string) string { return path })
	assert.Equal(t, []string{"virtual=off"}, test.Flags["source"], "a flag that is given takes the place of the document's")
	assert.Len(t, test.Flags["helm-values"], 3, "and leaves the others")

	added, err := (&sourceFlags{labels: []string{"dev=tier=b"}}).after(test)
	require.NoError(t, err)
	assert.Equal(t, []string{"dev=team=a", "dev=tier=b"}, added.labels, "what is given to run a document adds to its own")

	test.Flags["set"] = []string{"a=b"}
	_, err = given.after(test)
	assert.ErrorContains(t, err, "set is none that a test can hold")
}
