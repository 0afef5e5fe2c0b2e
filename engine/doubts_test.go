package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// doubted is the stage, with what may change policies and cannot be known.
func doubted(t *testing.T, d model.Doubt) *scene {
	cluster, _ := manifest.Load([]manifest.File{{Name: "stage.yaml", Data: []byte(stage)}})
	cluster.Doubts = []model.Doubt{d}
	s := &scene{t: t, index: model.NewIndex(cluster)}
	s.engine, s.issues = engine.New(s.index, datapath(hostFirewall))
	return s
}

func TestDoubtsTouchWhatTheyAreAbout(t *testing.T) {
	for _, row := range []struct {
		claim string
		doubt model.Doubt
		want  verdicts
	}{
		{"the pods of a namespace, at their own end", model.Doubt{Namespaces: []string{"uat"}}, verdicts{"egress uat/client dev/server 8080": undetermined, "ingress uat/client dev/server 8080": allowed}},
		{"the pods of any", model.Doubt{}, verdicts{"egress uat/client dev/server 8080": undetermined, "ingress uat/client dev/server 8080": undetermined, "ingress dev/client node/w2 22": allowed}},
		{"nodes, where it could", model.Doubt{Nodes: true}, verdicts{"ingress dev/client node/w2 22": undetermined}},
		{"both ends, where it could change what pods are", model.Doubt{Namespaces: []string{"uat"}, Labels: true}, verdicts{"egress uat/client dev/server 8080": undetermined, "ingress uat/client dev/server 8080": undetermined, "ingress dev/client dev/server 8080": allowed}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			row.doubt.Origin, row.doubt.Why = model.Origin{Kind: "ClusterPolicy", Name: "p", File: "p.yaml", Line: 3}, "a rule may make a policy"
			s := doubted(t, row.doubt)
			for packet, want := range row.want {
				step, q := s.judge(packet), s.question(packet)
				assert.Equal(t, want, outcome(step), packet)
				cell := s.engine.Compiled().Judge(q.Direction, q.Packet)
				assert.True(t, cell.Ask || want != undetermined && cell.Allowed, packet)
				if want == undetermined {
					assert.Contains(t, step.Why, "a rule may make a policy")
					assert.Contains(t, step.By, row.doubt.Origin)
				}
			}
		})
	}
}
