package bench

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/engine"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

var (
	cells  = flag.Int("cells", 1000, "how many random cells TestTheCompiledPathAgreesAtEverySize asks about")
	shapes = flag.Int("shapes", 1, "how many of the shapes, the smallest first")
)

// TestTheCompiledPathAgreesAtEverySize draws packets between any two pods and
// asks both paths about them. The ports are those that the cluster's own
// workloads and policies use, so that rules mean many of them.
func TestTheCompiledPathAgreesAtEverySize(t *testing.T) {
	for _, shape := range Shapes()[:*shapes] {
		t.Run(shape.String(), func(t *testing.T) {
			cluster, issues := manifest.Load(manifests(generated(t, shape)))
			s, err := sim.New(cluster, issues, sim.Options{AssumeReady: true})
			require.NoError(t, err)
			ix := model.NewIndex(cluster)
			e, _ := engine.New(ix, s.Datapath())
			random := rand.New(rand.NewPCG(shape.Seed, 1))
			seen := map[string]int{}
			for range *cells {
				agrees(t, e, drawn(ix, random), seen)
			}
			t.Log(seen)
			assert.NotZero(t, seen["allowed"])
			assert.NotZero(t, seen["denied"])
		})
	}
}

// mostSubjects bounds how many pods' policies the exact path computes.
const mostSubjects = 2000

func drawn(ix *model.Index, random *rand.Rand) engine.Question {
	pods, direction := ix.Cluster.Pods, []model.Direction{model.Egress, model.Ingress}[random.IntN(2)]
	step := 1 + len(pods)/mostSubjects
	subject, peer := pods[random.IntN(len(pods))/step*step], pods[random.IntN(len(pods))]
	from, to := subject, peer
	if direction == model.Ingress {
		from, to = peer, subject
	}
	ports := []engine.PortNumber{{Number: 53, Protocol: model.UDP}, {Number: 8081, Protocol: model.TCP}}
	for _, p := range to.Ports {
		ports = append(ports, engine.PortNumber{Number: p.Port, Protocol: p.Protocol})
	}
	port := ports[random.IntN(len(ports))]
	return engine.Question{
		Direction: direction,
		Packet: model.Packet{
			Source: ix.PodParty(from, false), Destination: ix.PodParty(to, false), Protocol: port.Protocol, Port: port.Number,
		},
		AskedPort: port.Number,
	}
}

// agrees compares the verdict on the packet itself; what only the exact path can
// tell is counted.
func agrees(t *testing.T, e *engine.Engine, q engine.Question, seen map[string]int) {
	cell := e.Compiled().Judge(q.Direction, q.Packet)
	if cell.Ask {
		seen["asked"]++
		return
	}
	want := model.Denied
	if cell.Allowed {
		want = model.Allowed
	}
	got := e.Judge(q)[0].Verdict
	seen[got.String()]++
	if got != want {
		seen["differ"]++
		assert.Equal(t, got, want, "%v", q)
	}
}
