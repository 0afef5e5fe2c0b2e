package dnat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// For which frontends Cilium holds loadBalancerSourceRanges against the outside.
func TestSourceRangesOfCilium(t *testing.T) {
	const lb, ext, np, allTypes = "load balancer", "external IP", "NodePort", "bpf-lb-source-range-all-types"
	ask := map[string]func(f *fixture){
		lb:  func(f *fixture) { f.frontend(model.FrontendLoadBalancer, vip) },
		ext: func(f *fixture) { f.frontend(model.FrontendExternalIP, external) },
		np:  func(f *fixture) { f.nodePort("worker") },
	}
	for _, row := range []struct {
		version, frontend, option string
		holds                     bool
	}{
		{"1.16.19", lb, "", true}, {"1.16.19", ext, "", false}, {"1.16.19", np, "", false}, {"1.16.19", np, allTypes, false},
		{"1.17.14", lb, "", true}, {"1.17.14", ext, "", false}, {"1.17.14", np, "", false}, {"1.17.14", np, allTypes, true}, {"1.17.14", ext, allTypes, false},
		{"1.18.5", lb, "", true}, {"1.18.5", ext, "", true}, {"1.18.5", np, "", true},
		{"1.18.6", lb, "", true}, {"1.18.6", ext, "", false}, {"1.18.6", np, "", false}, {"1.18.6", np, allTypes, true},
		{"1.19.4", lb, "", true}, {"1.19.4", ext, "", false}, {"1.19.4", ext, allTypes, true}, {"1.19.4", np, "", false},
		{"1.20.2", lb, "", true}, {"1.20.2", ext, "", true}, {"1.20.2", np, "", false}, {"1.20.2", np, allTypes, true},
	} {
		f := newFixture(version(socketLB120, row.version))
		f.only(b1)
		ask[row.frontend](f)
		f.fromOutside("worker")
		f.service.SourceRanges = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		if row.option != "" {
			f.set(row.option, "true")
		}
		assert.Equal(t, row.holds, f.resolve()[0].Service.Verdict == model.Denied, "%+v", row)
	}
}

func TestSourceRangesThatCiliumTurnsRound(t *testing.T) {
	const own, other, everybody, v6 = "203.0.113.0/24", "198.51.100.0/24", "0.0.0.0/0", "2001:db8::/32"
	for _, row := range []struct {
		claim, annotation, version string
		ranges                     []string
		denied                     bool
	}{
		{"in the range", "", "1.20.2", []string{other, own}, false},
		{"outside it", "", "1.20.2", []string{other}, true},
		{"everybody", "", "1.20.2", []string{everybody}, false},
		{"ranges of the other family alone let nobody in", "", "1.20.2", []string{v6}, true},
		{"in a range that is denied", "deny", "1.20.2", []string{own}, true},
		{"outside it", "Deny", "1.20.2", []string{other}, false},
		{"no range", "deny", "1.20.2", nil, false},
		{"the annotation is not known yet", "deny", "1.16.19", []string{own}, false},
	} {
		t.Run(row.claim, func(t *testing.T) {
			f := newFixture(version(socketLB120, row.version))
			f.only(b1)
			f.frontend(model.FrontendLoadBalancer, vip)
			f.fromOutside("worker")
			f.service.CiliumAnnotations = map[string]string{"src-ranges-policy": row.annotation}
			for _, text := range row.ranges {
				f.service.SourceRanges = append(f.service.SourceRanges, netip.MustParsePrefix(text))
			}
			path := f.resolve()[0]
			assert.Equal(t, row.denied, path.Service.Verdict == model.Denied)
			if row.denied {
				assert.Equal(t, 177, path.Service.DropReason.Code)
			}
		})
	}
}
