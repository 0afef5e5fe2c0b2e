package model_test

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

const (
	undetermined = model.Undetermined
	allowed      = model.Allowed
	denied       = model.Denied
	mixed        = model.Mixed
)

func TestVerdictsFold(t *testing.T) {
	rows := []struct {
		claim        string
		verdicts     []model.Verdict
		steps, paths model.Verdict
	}{
		{"all allowed is allowed", []model.Verdict{allowed, allowed}, allowed, allowed},
		{"all denied is denied", []model.Verdict{denied, denied}, denied, denied},
		{"one denied step denies, one denied path of two is mixed", []model.Verdict{allowed, denied}, denied, mixed},
		{"a denial decides a path whatever is unknown beside it, not a set of paths", []model.Verdict{undetermined, denied}, denied, undetermined},
		{"an unknown step or path leaves it open", []model.Verdict{allowed, undetermined}, undetermined, undetermined},
		{"a mixed path stays mixed", []model.Verdict{mixed, mixed}, undetermined, mixed},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			assert.Equal(t, row.steps, model.Steps(row.verdicts...))
			assert.Equal(t, row.paths, model.Paths(row.verdicts...))
		})
	}
	assert.Equal(t, undetermined, model.Paths(), "no path at all says nothing")
	assert.Equal(t, undetermined, model.Verdict(0), "what nobody decided is never an allowed")
}

func TestVerdictsAreWrittenByName(t *testing.T) {
	for _, v := range []model.Verdict{undetermined, allowed, denied, mixed} {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		var back model.Verdict
		require.NoError(t, json.Unmarshal(data, &back))
		assert.Equal(t, v, back)
	}
	var v model.Verdict
	assert.ErrorContains(t, json.Unmarshal([]byte(`"maybe"`), &v), "want allowed, denied, mixed or undetermined")
	assert.Equal(t, "Verdict(9)", model.Verdict(9).String())
}

func TestVersions(t *testing.T) {
	rows := []struct {
		claim, text string
		want        bool
	}{
		{"the same patch is at least itself", "1.19.4", true},
		{"an earlier patch is not", "v1.19.3", false},
		{"a minor alone means its newest patch", "1.19", true},
		{"a later minor is", "1.20.0-rc.1", true},
		{"an earlier minor is not, whatever its patch", "1.18.99", false},
		{"a later major is", "2.0.0", true},
		{"what cannot be read is older than all", "latest", false},
		{"neither is a number too many", "1.19.4.1", false},
	}
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			assert.Equal(t, row.want, model.ParseVersion(row.text).AtLeast(1, 19, 4))
		})
	}
	assert.False(t, model.ParseVersion("1.-2").Known())
}

func TestOptionsAreReadAsTheAgentReadsThem(t *testing.T) {
	dp := model.Datapath{Options: map[string]string{"a": "true", "b": "0", "c": "maybe"}}
	assert.True(t, dp.On("a", false))
	assert.False(t, dp.On("b", true))
	assert.True(t, dp.On("c", true), "no boolean: the default")
	assert.True(t, dp.On("absent", true))
}

func TestALineIsFoundForEveryPath(t *testing.T) {
	o := &model.Object{
		Origin: model.Origin{Line: 3},
		Lines:  map[string]int{"spec": 7, "spec.ingress[1]": 12},
	}
	assert.Equal(t, 12, o.Line("spec.ingress[1]"))
	assert.Equal(t, 12, o.Line("spec.ingress[1].toPorts[0].ports"), "the nearest field above that is known")
	assert.Equal(t, 7, o.Line("spec.egress"))
	assert.Equal(t, 3, o.Line("metadata.name"), "the object, where no field is")
	assert.Equal(t, 3, o.Line(""))
}

func TestOriginsSortAndSpeak(t *testing.T) {
	a := model.Origin{Kind: "NetworkPolicy", Namespace: "dev", Name: "a", File: "x.yaml", Line: 2}
	b := model.Origin{Kind: "CiliumClusterwideNetworkPolicy", Name: "b"}
	assert.Equal(t, []model.Origin{b, a}, model.SortOrigins([]model.Origin{a, b, a}), "each once, clusterwide first")
	assert.Equal(t, "NetworkPolicy dev/a", a.ID())
	assert.Equal(t, "x.yaml:2", a.Position())
	assert.Equal(t, "CiliumClusterwideNetworkPolicy b", b.ID())
	assert.Empty(t, b.Position(), "what no file holds has no place")
}

func TestIssuesSortGravestFirst(t *testing.T) {
	info := model.Issue{Severity: model.Info, Message: "assumed"}
	late := model.Issue{Severity: model.Error, File: "a.yaml", Line: 9, Message: "wrong", Remedy: "mend it"}
	early := model.Issue{Severity: model.Error, File: "a.yaml", Line: 1, Message: "wrong"}
	warning := model.Issue{Severity: model.Warning, Message: "odd"}
	got := model.SortIssues([]model.Issue{info, late, warning, early, late})
	assert.Equal(t, []model.Issue{early, late, warning, info}, got)
	assert.Equal(t, "a.yaml:9: error: wrong (mend it)", late.String())
}

func TestAnIndexSaysWhoHasAnAddress(t *testing.T) {
	ip := netip.MustParseAddr
	node := &model.Node{Name: "n", InternalIPs: []netip.Addr{ip("172.18.0.2"), ip("fc00::2")}}
	pod := &model.Pod{Namespace: "dev", Name: "p", Node: "n", IPs: []netip.Addr{ip("10.244.0.5"), ip("fd00::5")}}
	host := &model.Pod{Namespace: "dev", Name: "h", Node: "n", HostNetwork: true, IPs: node.InternalIPs}
	gone := &model.Pod{Namespace: "dev", Name: "gone", Node: "n", Finished: true, IPs: []netip.Addr{ip("10.244.0.9")}}
	ix := model.NewIndex(&model.Cluster{Nodes: []*model.Node{node}, Pods: []*model.Pod{pod, host, gone}})

	assert.Equal(t, model.Party{Kind: model.PartyPod, Pod: pod, Node: node, Addr: ip("10.244.0.5")}, ix.Party(ip("10.244.0.5")))
	assert.Equal(t, model.PartyNode, ix.Party(ip("172.18.0.2")).Kind, "a hostNetwork pod's address is the node's")
	assert.True(t, ix.Party(ip("10.244.0.9")).Outside(), "a finished pod has no address any more")
	assert.Equal(t, ip("fd00::5"), ix.PodParty(pod, true).Addr)
	assert.Equal(t, model.PartyNode, ix.PodParty(host, false).Kind)
	assert.Equal(t, ip("fc00::2"), ix.NodeParty(node, true).Addr)
}
