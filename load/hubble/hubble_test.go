package hubble

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/netsim-dev/netsim/model"
)

// flowWith is a line with the given fields and those that every flow has.
func flowWith(fields string) string {
	return `{"flow":{"time":"2025-01-01T00:00:01.5Z",` + fields + `,"IP":{"source":"10.0.0.1","destination":"10.0.0.2"},` +
		`"l4":{"TCP":{"source_port":40000,"destination_port":8080,"flags":{"SYN":true}}},` +
		`"source":{"identity":4711,"namespace":"shop","pod_name":"web-1","labels":["k8s:app=web","k8s:io.cilium.k8s.policy.cluster=east"],"workloads":[{"name":"web","kind":"Deployment"}]},` +
		`"destination":{"identity":2,"labels":["reserved:world"]},"node_name":"east/worker"},"node_name":"east/worker"}`
}

const (
	passed  = `"verdict":"FORWARDED","Type":"L3_L4","traffic_direction":"EGRESS","trace_observation_point":"TO_STACK","trace_reason":"NEW","is_reply":false`
	dropped = `"verdict":"DROPPED","Type":"L3_L4","traffic_direction":"INGRESS","drop_reason_desc":"POLICY_DENIED"`
)

func TestRecord(t *testing.T) {
	var r model.Record
	require.NoError(t, NewDecoder().Decode([]byte(flowWith(passed+`,"destination_names":["a.example","b.example"],"uuid":"}{\"\\"`)), &r))
	assert.Equal(t, time.Date(2025, 1, 1, 0, 0, 1, 5e8, time.UTC), r.Time)
	assert.Empty(t, r.Aside)
	assert.False(t, r.Dropped)
	assert.Equal(t, model.Egress, r.Direction)
	assert.Equal(t, model.TCP, r.Protocol)
	assert.EqualValues(t, 8080, r.Port)
	assert.Equal(t, "10.0.0.1", r.SourceIP.String())
	assert.Equal(t, "10.0.0.2", r.DestinationIP.String())
	assert.Equal(t, "a.example,b.example", r.Names)
	assert.Equal(t, "worker", r.Node)
	assert.Equal(t, &model.RecordedEnd{
		Identity: 4711, Cluster: "east", Namespace: "shop", Pod: "web-1", Labels: []string{"k8s:app=web", "k8s:io.cilium.k8s.policy.cluster=east"},
		Workload: &model.WorkloadRef{Kind: "Deployment", Namespace: "shop", Name: "web"},
	}, r.Source)
	assert.EqualValues(t, 2, r.Destination.Identity)
}

func TestWhatARecordTells(t *testing.T) {
	for _, row := range []struct{ name, line, aside string }{
		{"let through on its way out", flowWith(passed), ""},
		{"dropped by policy on its way in", flowWith(dropped), ""},
		{"a policy verdict has no observation point", flowWith(`"verdict":"FORWARDED","traffic_direction":"INGRESS","is_reply":false`), ""},
		{"a policy verdict that hands on to the proxy", flowWith(`"verdict":"REDIRECTED","traffic_direction":"EGRESS","is_reply":false`), ""},
		{"let through in audit mode", flowWith(`"verdict":"AUDIT","traffic_direction":"EGRESS","is_reply":false`), ""},
		{"enumerations by number", flowWith(`"verdict":2,"traffic_direction":1,"drop_reason":133`), ""},
		{"a flow without its envelope", strings.TrimSuffix(strings.TrimPrefix(flowWith(passed), `{"flow":`), `,"node_name":"east/worker"}`), ""},
		{"names as protobuf's JSON has them", flowWith(`"verdict":"DROPPED","trafficDirection":"INGRESS","dropReasonDesc":"POLICY_DENY"`), ""},
		{"a wrapped false, as encoding/json writes it", flowWith(strings.Replace(passed, `"is_reply":false`, `"is_reply":{}`, 1)), ""},
		{"a wrapped true", flowWith(strings.Replace(passed, `"is_reply":false`, `"is_reply":{"value":true}`, 1)), asideReply},
		{"a reply", flowWith(strings.Replace(passed, "false", "true", 1)), asideReply},
		{"a reply by its reason", flowWith(strings.Replace(passed, "NEW", "REPLY", 1)), asideReply},
		{"a related message", flowWith(strings.Replace(passed, "NEW", "RELATED", 1)), asideRelated},
		{"a request at a proxy", flowWith(passed + `,"l7":{"type":"REQUEST"}`), asideL7},
		{"to the proxy", flowWith(strings.Replace(passed, "TO_STACK", "TO_PROXY", 1)), asideProxy},
		{"at a socket", flowWith(strings.Replace(passed, "L3_L4", "SOCK", 1)), asideSocket},
		{"coming in from the network", flowWith(strings.Replace(passed, "TO_STACK", "FROM_NETWORK", 1)), asideOnItsWay},
		{"at the network, and called ingress", flowWith(strings.Replace(strings.Replace(passed, "TO_STACK", "TO_NETWORK", 1), "EGRESS", "INGRESS", 1)), asideOnItsWay},
		{"without a direction", flowWith(strings.Replace(passed, "EGRESS", "TRAFFIC_DIRECTION_UNKNOWN", 1)), asideDirection},
		{"perhaps a reply", flowWith(strings.Replace(passed, `,"is_reply":false`, "", 1)), asideNoReply},
		{"only traced", flowWith(strings.Replace(passed, "FORWARDED", "TRACED", 1)), asideVerdict},
		{"dropped for another reason", flowWith(strings.Replace(dropped, "POLICY_DENIED", "STALE_OR_UNROUTABLE_IP", 1)), asideReason + "STALE_OR_UNROUTABLE_IP"},
		{"dropped until authenticated", flowWith(strings.Replace(dropped, "POLICY_DENIED", "AUTH_REQUIRED", 1)), asideAuth},
		{"a dropped reply", strings.Replace(flowWith(dropped), `"SYN":true`, `"SYN":true,"ACK":true`, 1), asideReply},
		{"dropped in the middle", strings.Replace(flowWith(dropped), `"SYN":true`, `"ACK":true`, 1), asideMidway},
		{"without a protocol of policies", strings.Replace(flowWith(dropped), "TCP", "VRRP", 1), asideProtocol},
		{"events lost", `{"lost_events":{"num_events_lost":"12"}}`, asideLost},
		{"the state of nodes", `{"node_status":{"state_change":"NODE_CONNECTED"}}`, asideNoFlow},
	} {
		t.Run(row.name, func(t *testing.T) {
			var r model.Record
			require.NoError(t, NewDecoder().Decode([]byte(row.line), &r))
			assert.Equal(t, row.aside, r.Aside)
		})
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	whole := flowWith(passed)
	for _, row := range []struct {
		name, line string
		want       error
	}{
		{"a word", "hello", errNoJSON},
		{"an array", "[1]", errNoJSON},
		{"a line that was cut", whole[:len(whole)/2], errCut},
		{"two objects on a line", whole + whole, errCut},
		{"another object", `{"kind":"Pod"}`, errNotAFlow},
		{"an empty flow", `{"flow":{}}`, errNotAFlow},
		{"no flow in it", `{"flow":null}`, errNotAFlow},
		{"UTF-16 in the middle of a file", "\x00{\x00}", errUTF16},
	} {
		t.Run(row.name, func(t *testing.T) {
			var r model.Record
			assert.ErrorIs(t, NewDecoder().Decode([]byte(row.line), &r), row.want)
		})
	}
	for cut := range len(whole) - 1 {
		var r model.Record
		assert.Error(t, NewDecoder().Decode([]byte(whole[:cut]), &r), "cut after %d bytes", cut)
	}
}

// taken collects what one taker is given.
type taken struct {
	records int
	unread  map[int64]string
}

func (k *taken) Take(*model.Record) { k.records++ }
func (k *taken) Unread(line int64, why error) {
	if k.unread == nil {
		k.unread = map[int64]string{}
	}
	k.unread[line] = why.Error()
}

func read(t *testing.T, r io.Reader, opt Options) (*taken, error) {
	t.Helper()
	k := &taken{}
	err := Read(r, []Taker{k}, opt)
	return k, err
}

func TestEncodings(t *testing.T) {
	text := strings.Repeat(flowWith(passed)+"\n", 3000) + "hello\n" + flowWith(dropped)
	var zipped, packed bytes.Buffer
	gz := gzip.NewWriter(&zipped)
	_, err := gz.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, gz.Close())
	zs, err := zstd.NewWriter(&packed)
	require.NoError(t, err)
	_, err = zs.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, zs.Close())
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	require.NoError(t, err)
	for _, row := range []struct{ name, data string }{
		{"plain", text},
		{"with Windows' ends of lines", strings.ReplaceAll(text, "\n", "\r\n")},
		{"with a byte order mark", "\xef\xbb\xbf" + text},
		{"gzip", zipped.String()},
		{"two gzip streams in a row", gzipped(t, text[:len(text)/2]) + gzipped(t, text[len(text)/2:])},
		{"zstd", packed.String()},
		{"UTF-16", utf16},
	} {
		t.Run(row.name, func(t *testing.T) {
			k, err := read(t, strings.NewReader(row.data), Options{})
			require.NoError(t, err)
			assert.Equal(t, 3001, k.records)
			assert.Equal(t, map[int64]string{3001: errNoJSON.Error()}, k.unread)
		})
	}
	t.Run("a gzip stream that was cut keeps what came before", func(t *testing.T) {
		k, err := read(t, strings.NewReader(zipped.String()[:zipped.Len()/2]), Options{})
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.ErrorContains(t, err, "the log breaks off after line")
		assert.Positive(t, k.records)
	})
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	_, err := gz.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, gz.Close())
	return out.String()
}

func TestALineOf50MBIsPassedOver(t *testing.T) {
	text := io.MultiReader(
		strings.NewReader(flowWith(passed)+"\n"+`{"flow":{"uuid":"`),
		io.LimitReader(endless('x'), 50<<20),
		strings.NewReader("\"}}\n"+flowWith(passed)+"\nhello\n"),
	)
	k, err := read(t, text, Options{})
	require.NoError(t, err)
	assert.Equal(t, 2, k.records)
	assert.Equal(t, map[int64]string{2: errLong.Error(), 4: errNoJSON.Error()}, k.unread)
}

type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

func TestWantedLines(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintln(&text, i)
	}
	k, err := read(t, strings.NewReader(text.String()), Options{Wanted: func(line int64) bool { return line%1000 == 0 }})
	require.NoError(t, err)
	assert.Len(t, k.unread, 5)
	assert.Contains(t, k.unread, int64(5000))
}

func TestABrokenStreamIsAnError(t *testing.T) {
	broken := errors.New("broken")
	_, err := read(t, io.MultiReader(strings.NewReader(flowWith(passed)), failing{broken}), Options{})
	assert.ErrorIs(t, err, broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzDecode(f *testing.F) {
	f.Add([]byte(flowWith(passed)))
	f.Add([]byte(flowWith(dropped)))
	f.Add([]byte(`{"lost_events":{"num_events_lost":"12"}}`))
	f.Fuzz(func(_ *testing.T, line []byte) {
		var r model.Record
		_ = NewDecoder().Decode(line, &r)
	})
}
