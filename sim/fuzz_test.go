package sim_test

import (
	"testing"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// FuzzQuery: whatever is asked, there is an error with words in it, or an
// answer whose every path has a step and a verdict that follows from them.
func FuzzQuery(f *testing.F) {
	for _, to := range []string{
		"dev/svc/api:80", "dev/svc/edge:443@nodeport=w1", "api.dev.svc:80", "[fd00::1]:80", "10.96.0.20:80/UDP",
		"node/w2:30443", "world:443", "dev/deploy/api", "a/b/c/d", ":", "@", "[", "dev/svc/api:99999", "203.0.113.9",
	} {
		f.Add("dev/client", to, "")
		f.Add(to, "dev/client:80", "ICMP/8")
	}
	c, issues := cluster(f, stage, firewall("a", "stateful: false, ingress: [{from: [self], ports: [{port: 8080, endPort: 9000}]}, {from: [203.0.113.0/24]}], egress: [{}]"))
	s, err := sim.New(c, issues, sim.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, from, to, port string) {
		a, err := s.Query(sim.Query{From: from, To: to, Port: port})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		if len(a.Paths) == 0 {
			t.Error("an answer without a path")
		}
		for _, p := range a.Paths {
			verdicts := make([]model.Verdict, len(p.Steps))
			for i, step := range p.Steps {
				verdicts[i] = step.Verdict
			}
			if len(p.Steps) == 0 || model.Steps(verdicts...) != p.Verdict {
				t.Errorf("path is %s by steps %v", p.Verdict, verdicts)
			}
		}
	})
}
