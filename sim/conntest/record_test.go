package conntest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/conntest"
)

// TestCasesListSeveralEnds: each from with each to is a case, on a line of its own.
func TestCasesListSeveralEnds(t *testing.T) {
	suite := run(t, document(`manifests: [shop.yaml]
cases:
- from: [shop/web, shop/db]
  to:
  - shop/svc/api:80
  - shop/db:5432
  want: denied
- name: in
  from:
  - shop/web
  - shop/api-0
  to: shop/svc/api:80
  want: allowed
- {from: [shop/web], to: [shop/svc/empty], port: 80, want: denied}
`), conntest.Options{})
	require.Empty(t, suite.Issues)
	type told struct {
		name    string
		line    int
		outcome conntest.Outcome
	}
	var all []told
	for _, r := range suite.Results {
		all = append(all, told{r.Name, r.Line, r.Outcome})
	}
	assert.Equal(t, []told{
		{"shop/web to shop/svc/api:80", 7, conntest.Fail},
		{"shop/web to shop/db:5432", 8, conntest.Pass},
		{"shop/db to shop/svc/api:80", 7, conntest.Pass},
		{"shop/db to shop/db:5432", 8, conntest.Fail}, // a pod reaches itself
		{"in: shop/web to shop/svc/api:80", 12, conntest.Pass},
		{"in: shop/api-0 to shop/svc/api:80", 13, conntest.Fail},
		{"shop/web to shop/svc/empty port 80", 16, conntest.Pass},
	}, all)
}

func TestRecordedConnections(t *testing.T) {
	dir := directory(t, map[string]string{})
	test := &conntest.Test{
		APIVersion: sim.APIVersion, Kind: conntest.Kind, File: filepath.Join(dir, "baseline.yaml"), Manifests: []string{"shop.yaml"},
		Datapaths: []string{"kind"}, Recorded: &conntest.Recorded{From: []string{"shop"}, To: []string{"shop"}},
	}
	var steps []int
	b, err := test.Record(conntest.Options{}, func(done, all int) { steps = append(steps, done, all) })
	require.NoError(t, err)
	assert.Equal(t, []int{1, 4, 2, 4, 3, 4, 4, 4}, steps, "two destinations, and the reasons of both")
	assert.Equal(t, []conntest.Group{
		{From: conntest.References{"shop/pod/api-0", "shop/pod/api-1"}, To: conntest.References{"shop/svc/api:80"}, Want: sim.Mixed},
		{From: conntest.References{"shop/pod/api-0", "shop/pod/api-1"}, To: conntest.References{"shop/svc/empty:80"}, Want: sim.Denied},
		{From: conntest.References{"shop/pod/db"}, To: conntest.References{"shop/svc/api:80"}, Want: sim.Denied, Because: "CiliumNetworkPolicy/shop/api"},
		{From: conntest.References{"shop/pod/db"}, To: conntest.References{"shop/svc/empty:80"}, Want: sim.Denied},
		{From: conntest.References{"shop/pod/web"}, To: conntest.References{"shop/svc/api:80"}, Want: sim.Allowed},
		{From: conntest.References{"shop/pod/web"}, To: conntest.References{"shop/svc/empty:80"}, Want: sim.Denied},
	}, b.Groups)
	assert.Equal(t, "8 connections (1 allowed, 2 mixed, 5 denied)", b.Tally())

	var first, second bytes.Buffer
	require.NoError(t, render.Baseline(&first, test, b))
	b, err = test.Record(conntest.Options{}, nil)
	require.NoError(t, err)
	require.NoError(t, render.Baseline(&second, test, b))
	assert.Equal(t, first.String(), second.String())
	require.NoError(t, os.WriteFile(test.File, first.Bytes(), 0o600))
	read, err := conntest.Read([]string{test.File}, nil)
	require.NoError(t, err)
	assert.Equal(t, test.Recorded, read[0].Recorded)
	assert.Equal(t, test.Manifests, read[0].Manifests)
	assert.Equal(t, conntest.Counts{Passed: 8}, read[0].Run(conntest.Options{}).Counts())
}

// TestRecordingWhatRuns: whatever is recorded passes, and nothing is lost.
func TestRecordingWhatRuns(t *testing.T) {
	everything := conntest.Recorded{}
	for _, row := range []struct {
		manifests, datapath string
		of                  conntest.Recorded
	}{
		{"kind-argocd", "", everything},
		{"kind-argocd", "kind-kpr cilium.version=1.20", everything},
		{"kind-argocd", "gke-dpv2", everything},
		{"frontends", "", everything},
		{"frontends", "kind", conntest.Recorded{Pods: true}},
		{"frontends", "eks-eni", conntest.Recorded{Ports: []string{"443", "53/UDP", "ICMP"}}},
		{"library/manifests", "kind-kpr", everything},
		{"what-if/service-port.yaml", "", everything},
	} {
		t.Run(row.manifests+" "+row.datapath, func(t *testing.T) {
			test := &conntest.Test{APIVersion: sim.APIVersion, Kind: conntest.Kind, Manifests: []string{"../../examples/" + row.manifests}, Recorded: &row.of}
			if row.datapath != "" {
				test.Datapaths = []string{row.datapath}
			}
			b, err := test.Record(conntest.Options{}, nil)
			require.NoError(t, err)
			var text bytes.Buffer
			require.NoError(t, render.Baseline(&text, test, b))
			read, err := conntest.Read([]string{"-"}, &text)
			require.NoError(t, err)
			suite := read[0].Run(conntest.Options{})
			read[0].Recorded = nil // then each case is asked of Query
			asked := read[0].Run(conntest.Options{})
			sum := 0
			for _, count := range b.Counts {
				sum += count
			}
			assert.Positive(t, sum)
			assert.Equal(t, conntest.Counts{Passed: sum}, asked.Counts(), asked.Issues)
			assert.Equal(t, asked, suite)
		})
	}
}

func TestWhatCannotBeRecorded(t *testing.T) {
	dir := directory(t, map[string]string{})
	for _, row := range []struct {
		name, problem string
		change        func(*conntest.Test)
	}{
		{"two datapaths", "datapaths: there are several", func(t *conntest.Test) { t.Datapaths = []string{"kind", "kind-kpr"} }},
		{"a datapath that is none", `unknown datapath "knd"`, func(t *conntest.Test) { t.Datapaths = []string{"knd"} }},
		{"manifests that are not there", "cannot read " + filepath.ToSlash(dir) + "/none.yaml", func(t *conntest.Test) { t.Manifests = []string{"none.yaml"} }},
		{"no manifests", "no manifests are named", func(t *conntest.Test) { t.Manifests = nil }},
		{"a selector that means nothing", "--from shpo: there is no such namespace; did you mean shop?", func(t *conntest.Test) { t.Recorded = &conntest.Recorded{From: []string{"shpo"}} }},
		{"flags that nobody reads", "flags: this program reads manifests without any", func(t *conntest.Test) { t.Flags = map[string][]string{"subst": {"a=b"}} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			test := &conntest.Test{File: filepath.Join(dir, "baseline.yaml"), Manifests: []string{"shop.yaml"}}
			row.change(test)
			_, err := test.Record(conntest.Options{}, nil)
			assert.ErrorContains(t, err, row.problem)
		})
	}
}
