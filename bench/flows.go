package bench

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// FlowLog is a log of recorded flows between the workloads of a cluster, as
// `hubble observe -o jsonpb` writes it. The same value always gives the same
// bytes. Among its records are all that are not to be judged, too.
type FlowLog struct {
	Cluster *Cluster
	Records int
	Seed    uint64
}

// WriteTo writes the log. Its error is the writer's.
func (l FlowLog) WriteTo(w io.Writer) (int64, error) {
	g := flowGenerator{log: l, random: rand.New(rand.NewPCG(l.Seed, 1)), out: bufio.NewWriterSize(w, 1<<16), ends: map[string]string{}}
	for i := range l.Records {
		g.record(i)
	}
	return g.written, g.out.Flush()
}

type flowGenerator struct {
	log     FlowLog
	random  *rand.Rand
	out     *bufio.Writer
	written int64
	// ends are the JSON of ends by their names.
	ends map[string]string
}

// flowKinds are what a log consists of, each as often as it has shares of a
// hundred.
var flowKinds = []struct {
	share int
	// fields are those that say what happened, but for the direction.
	fields string
}{
	{55, `"verdict":"FORWARDED","Type":"L3_L4","event_type":{"type":4},"trace_observation_point":"%s","trace_reason":"ESTABLISHED","is_reply":false`},
	{10, `"verdict":"FORWARDED","Type":"L3_L4","event_type":{"type":5},"policy_match_type":2,"is_reply":false`},
	{15, `"verdict":"FORWARDED","Type":"L3_L4","event_type":{"type":4},"trace_observation_point":"%s","trace_reason":"REPLY","is_reply":true`},
	{6, `"verdict":"DROPPED","drop_reason":133,"drop_reason_desc":"POLICY_DENIED","Type":"L3_L4","event_type":{"type":1,"sub_type":133}`},
	{2, `"verdict":"DROPPED","drop_reason":151,"drop_reason_desc":"STALE_OR_UNROUTABLE_IP","Type":"L3_L4","event_type":{"type":1,"sub_type":151}`},
	{6, `"verdict":"FORWARDED","Type":"L3_L4","event_type":{"type":4,"sub_type":10},"trace_observation_point":"FROM_NETWORK","trace_reason":"TRACE_REASON_UNKNOWN"`},
	{6, `"verdict":"FORWARDED","Type":"L7","l7":{"type":"REQUEST","http":{"method":"GET","url":"http://app:80/items/17","protocol":"HTTP/1.1","headers":[{"key":"User-Agent","value":"curl \"8\""}]}},"event_type":{"type":129},"is_reply":false`},
}

func (g *flowGenerator) record(i int) {
	roll, kind := g.random.IntN(100), 0
	for roll >= flowKinds[kind].share && kind < len(flowKinds)-1 {
		roll -= flowKinds[kind].share
		kind++
	}
	n := len(g.log.Cluster.Workloads)
	from := g.random.IntN(n)
	to := (from + 1 + g.random.IntN(3)) % n
	direction, point := "EGRESS", "TO_STACK"
	if g.random.IntN(2) == 0 {
		direction, point = "INGRESS", "TO_ENDPOINT"
	}
	fields := flowKinds[kind].fields
	if strings.Contains(fields, "%s") {
		fields = fmt.Sprintf(fields, point)
	}
	source, destination := g.end(g.log.Cluster.Workloads[from]), g.end(g.log.Cluster.Workloads[to])
	switch other := g.random.IntN(100); {
	case other < 4 && direction == "INGRESS":
		source = `{"identity":2,"labels":["reserved:world"]}`
	case other < 4:
		destination = `{"identity":2,"labels":["reserved:world"]}`
	case other < 6 && direction == "INGRESS":
		source = `{"identity":1,"labels":["reserved:host"]}`
	case other == 6:
		source = g.end("team-0/deploy/gone")
	}
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 200 * time.Microsecond).Format(time.RFC3339Nano)
	node := fmt.Sprintf("default/node-%d", g.random.IntN(3))
	count, _ := fmt.Fprintf(g.out, `{"flow":{"time":"%s","uuid":"%016x-%016x",%s,"ethernet":{"source":"0a:58:0a:f4:01:%02x","destination":"0a:58:0a:f4:02:%02x"},`+
		`"IP":{"source":"10.%d.%d.%d","destination":"10.%d.%d.%d","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":%d,"destination_port":%d,"flags":{"SYN":true}}},`+
		`"source":%s,"destination":%s,"node_name":"%s","node_labels":["kubernetes.io/arch=amd64","kubernetes.io/os=linux","topology.kubernetes.io/zone=eu-1a"],`+
		`"traffic_direction":"%s","interface":{"index":%d,"name":"lxc%08x"},"Summary":"TCP Flags: SYN"},"node_name":"%s","time":"%s"}`+"\n",
		at, g.random.Uint64(), g.random.Uint64(), fields, g.random.IntN(256), g.random.IntN(256),
		g.random.IntN(256), g.random.IntN(256), g.random.IntN(256), g.random.IntN(256), g.random.IntN(256), g.random.IntN(256),
		32768+g.random.IntN(28000), appPort(g.log.Cluster.Workloads[to]), source, destination, node,
		direction, g.random.IntN(200), g.random.Uint32(), node, at)
	g.written += int64(count)
}

// end is a pod of a workload.
func (g *flowGenerator) end(workload string) string {
	replica := g.random.IntN(3)
	key := fmt.Sprint(workload, replica)
	if g.ends[key] == "" {
		namespace, rest, _ := strings.Cut(workload, "/deploy/")
		g.ends[key] = fmt.Sprintf(`{"ID":%d,"identity":%d,"cluster_name":"default","namespace":"%s","labels":["k8s:app.kubernetes.io/name=%s","k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=%s",`+
			`"k8s:io.cilium.k8s.namespace.labels.team=%s","k8s:io.cilium.k8s.policy.cluster=default","k8s:io.cilium.k8s.policy.serviceaccount=default","k8s:io.kubernetes.pod.namespace=%s"],`+
			`"pod_name":"%s-6b7d9f8c5d-x%04d","workloads":[{"name":"%s","kind":"Deployment"}]}`,
			len(g.ends)%4000, 10000+len(g.ends)%50000, namespace, rest, namespace, namespace, namespace, rest, replica, rest)
	}
	return g.ends[key]
}

// appPort is the port on which a generated workload listens.
func appPort(workload string) int {
	index := 0
	if _, err := fmt.Sscanf(workload[strings.LastIndex(workload, "/")+1:], "app-%d", &index); err != nil {
		return 8080
	}
	return 8000 + index%1000
}
