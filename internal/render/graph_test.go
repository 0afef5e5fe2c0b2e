package render_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

func edgeOf(from, to, sign string, ports ...string) sim.Edge {
	return sim.Edge{From: from, To: to, Outcome: cell(sign), Ports: ports}
}

func TestReachText(t *testing.T) {
	r := &sim.Reach{
		Ref: "dev/deploy/web", Datapath: sim.DatapathInfo{Name: "kind"},
		Reaches: []sim.Reached{
			{Ref: "dev/deploy/api", Hops: 1, By: edgeOf("dev/deploy/web", "dev/deploy/api", "✓ L7", "dev/svc/api:80", "dev/svc/api:81")},
			{Ref: "world", Hops: 1, By: edgeOf("dev/deploy/web", "world", "?", "world:443")},
			{Ref: "dev/sts/a-database-with-a-name-that-is-too-long", Hops: 2, By: edgeOf("dev/deploy/api", "dev/sts/a-database-with-a-name-that-is-too-long", "±", "dev/svc/db:5432")},
		},
		ReachedBy: []sim.Reached{},
	}
	var out strings.Builder
	require.NoError(t, render.Reach(&out, r, render.TextOptions{}))
	assert.Equal(t, `dev/deploy/web

reaches 3
  1 hop    ✓ L7 dev/deploy/api  by dev/svc/api:80 and 1 more
           ? world  by world:443
  2 hops   ± dev/sts/a-database-with-a-name-that-is-too-long
               by dev/svc/db:5432  from dev/deploy/api

is reached by 0

datapath   kind, kube-proxy
`, out.String())
}

func TestChainText(t *testing.T) {
	for _, row := range []struct {
		name  string
		chain sim.Chain
		want  string
	}{
		{"a chain", sim.Chain{From: "dev/deploy/web", To: "dev/deploy/db", Verdict: model.Allowed, Edges: []sim.Edge{
			edgeOf("dev/deploy/web", "dev/deploy/api", "✓", "dev/svc/api:80"), edgeOf("dev/deploy/api", "dev/deploy/db", "±", "dev/deploy/db:5432"),
		}}, "a chain of 2 hops   dev/deploy/web → dev/deploy/db\n\n  hop 1    ✓ dev/deploy/api  by dev/svc/api:80\n  hop 2    ± dev/deploy/db  by dev/deploy/db:5432\n"},
		{"one that is not sure", sim.Chain{From: "world", To: "dev/deploy/db", Edges: []sim.Edge{
			edgeOf("world", "dev/deploy/db", "?", "dev/svc/db:5432@loadbalancer"),
		}}, "a chain of 1 hop, which the files cannot tell for certain   world → dev/deploy/db\n"},
		{"none", sim.Chain{From: "dev/deploy/web", To: "world", Verdict: model.Denied}, "no chain   dev/deploy/web → world\n\ndatapath"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out strings.Builder
			require.NoError(t, render.Chain(&out, &row.chain, render.TextOptions{}))
			assert.True(t, strings.HasPrefix(out.String(), row.want), out.String())
		})
	}
}

func TestGraphsForGraphviz(t *testing.T) {
	g := &sim.Graph{
		Workloads: []sim.GraphNode{{Ref: "dev/deploy/web", Namespace: "dev", Pods: 1}, {Ref: "dev/deploy/api", Namespace: "dev", Pods: 1}, {Ref: "world"}},
		Edges:     []sim.Edge{edgeOf("dev/deploy/web", "dev/deploy/api", "±", "dev/svc/api:80", "dev/svc/api:80@nodeport=a", "dev/svc/api:81")},
		Groups:    [][]string{{"dev/deploy/api"}},
	}
	var out strings.Builder
	require.NoError(t, render.GraphDOT(&out, g))
	assert.Equal(t, `digraph reach {
  rankdir=LR;
  subgraph cluster_0 {
    label="dev";
    "dev/deploy/web" [label="deploy/web", shape=box];
    "dev/deploy/api" [label="deploy/api", shape=box, peripheries=2];
  }
  "world" [label="world", shape=box];
  "dev/deploy/web" -> "dev/deploy/api" [label="80,81", style=dashed];
}
`, out.String())
}
