package sim_test

import (
	"encoding/json"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// The questions and settings of TestSimsAnswerAsIfAlone: under each two of the
// settings, some answer differs, so that settings that got mixed up would show.
var (
	manyQuestions = []sim.Query{
		{From: "dev/client", To: "dev/svc/api:80"},
		{From: "dev/client", To: "dev/svc/edge:443@nodeport=w2"},
		{From: "dev/client", To: "dev/svc/edge:443@externalip"},
		{From: "dev/deploy/front", To: "dev/api-1:8080"},
		{From: "node/w1", To: "dev/svc/api:80"},
		{From: "node/w1", To: "dev/api-0:8080"},
		{From: "dev/client", To: "dev/api-0", Port: "ICMP"},
		{From: "203.0.113.9", To: "node/w1:30443", Via: "node/w1"},
		{From: "dev/client", To: "dev/svc/api:80", HTTP: "GET /"},
	}
	manySettings = []sim.Options{
		{},
		{Datapath: "kind"},
		{Datapath: "kind-kpr"},
		{Set: map[string]string{"cilium.version": "1.16"}},
		{Set: map[string]string{"cilium.version": "1.19", "kubeProxyReplacement": "true"}},
		{Set: map[string]string{"enable-policy": "always"}},
		{Set: map[string]string{"enable-policy": "never"}},
		{Set: map[string]string{"enable-icmp-rules": "false"}},
		{Set: map[string]string{"allow-localhost": "policy"}},
		{Set: map[string]string{"policy-cidr-match-mode": "nodes"}},
		{Set: map[string]string{"enable-host-firewall": "true"}},
	}
)

const manyPolicies = `---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: api}, spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [
  {fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{ports: [{port: http, protocol: TCP}], rules: {http: [{method: GET}]}}]},
  {fromEndpoints: [{}], icmps: [{fields: [{type: 8, family: IPv4}]}]}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: dev, name: client}, spec: {endpointSelector: {matchLabels: {app: client}}, egress: [
  {toEndpoints: [{matchLabels: {app: api}}]}, {toCIDR: [172.18.0.0/16]}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: nodes}, spec: {nodeSelector: {}, egress: [{toEntities: [world]}]}}
`

// TestSimsAnswerAsIfAlone: many Sims of one cluster with different settings are
// made and asked at once, and each answers, byte for byte, what it answers alone.
// Cilium keeps its settings process-wide, so that this is not for granted.
func TestSimsAnswerAsIfAlone(t *testing.T) {
	c, issues := cluster(t, stage, manyPolicies)
	alone := make([][]string, len(manySettings))
	for i, opt := range manySettings {
		alone[i] = askAll(t, c, issues, opt)
	}
	for i := range alone {
		for j := range alone[:i] {
			assert.NotEqual(t, alone[i], alone[j], "%v and %v", manySettings[i], manySettings[j])
		}
	}
	together := make([][]string, 3*len(manySettings))
	var wg sync.WaitGroup
	for i := range together {
		wg.Go(func() { together[i] = askAll(t, c, issues, manySettings[i%len(manySettings)]) })
	}
	wg.Wait()
	for i, got := range together {
		assert.Equal(t, alone[i%len(manySettings)], got, "%v", manySettings[i%len(manySettings)])
	}
}

// TestMakingASimChangesNoCluster: one cluster serves any number of Sims.
func TestMakingASimChangesNoCluster(t *testing.T) {
	c, issues := cluster(t, stage, manyPolicies)
	before, err := json.Marshal(c)
	require.NoError(t, err)
	for _, opt := range manySettings {
		askAll(t, c, issues, opt)
	}
	after, err := json.Marshal(c)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
}

// TestAnswerBelongsToItsCaller: whatever is written into one, the next is whole.
func TestAnswerBelongsToItsCaller(t *testing.T) {
	s := newSim(t, sim.Options{}, manyPolicies)
	for _, q := range manyQuestions {
		first, err := s.Query(q)
		require.NoError(t, err)
		before, err := json.Marshal(first)
		require.NoError(t, err)
		scribble(reflect.ValueOf(first))
		second, err := s.Query(q)
		require.NoError(t, err)
		after, err := json.Marshal(second)
		require.NoError(t, err)
		assert.Equal(t, string(before), string(after))
	}
}

// scribble overwrites every text and number that can be reached.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				scribble(field)
			}
		}
	case reflect.Map:
		v.Clear()
	case reflect.String:
		v.SetString("scribbled")
	case reflect.Int:
		v.SetInt(-1)
	}
}

// askAll makes a Sim and asks all questions: the answers as JSON, without the
// datapath, which tells the settings apart by itself.
func askAll(t *testing.T, c *model.Cluster, issues []model.Issue, opt sim.Options) []string {
	s, err := sim.New(c, issues, opt)
	if !assert.NoError(t, err) {
		return nil
	}
	var answers []string
	for _, q := range manyQuestions {
		a, err := s.Query(q)
		if !assert.NoError(t, err) {
			return nil
		}
		a.Datapath = sim.DatapathInfo{}
		text, err := json.Marshal(a)
		assert.NoError(t, err)
		answers = append(answers, string(text))
	}
	return answers
}
