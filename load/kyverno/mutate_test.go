package kyverno_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// labels are those of the pods and namespaces of dev: "web app=web,x=v".
func labels(c *model.Cluster) map[string]string {
	found := map[string]string{}
	write := func(name string, labels model.Labels) {
		var words []string
		for _, key := range []string{"app", "isolate", "tier", "x"} {
			if value, there := labels[key]; there {
				words = append(words, key+"="+value)
			}
		}
		found[name] = strings.Join(words, ",")
	}
	for _, p := range c.Pods {
		if p.Namespace == "dev" {
			write(strings.TrimRight(p.Name, "-0123456789"), p.Labels)
		}
	}
	for _, ns := range c.Namespaces {
		if ns.Name == "dev" {
			write("dev", ns.Labels)
		}
	}
	return found
}

func TestWhatARuleChanges(t *testing.T) {
	mutate := func(kind, patch string) string {
		return policyOf(`match: {any: [{resources: {kinds: [` + kind + `], namespaces: [dev]}}]}, mutate: ` + patch)
	}
	plain := map[string]string{"web": "app=web", "api": "app=api", "dev": "isolate=yes,tier=gold"}
	changed := func(pairs ...string) map[string]string {
		m := map[string]string{"web": plain["web"], "api": plain["api"], "dev": plain["dev"]}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for _, row := range []struct {
		claim, policy string
		want          map[string]string
		doubts        string
	}{
		{"a label on pods, those of workloads too", mutate("Pod", `{patchStrategicMerge: {metadata: {labels: {x: v}}}}`), changed("web", "app=web,x=v", "api", "app=api,x=v"), ""},
		{"a label with a variable", mutate("Pod", `{patchStrategicMerge: {metadata: {labels: {x: "{{request.namespace}}"}}}}`), changed("web", "app=web,x=dev", "api", "app=api,x=dev"), ""},
		{"a label only where there is none", mutate("Namespace", `{patchStrategicMerge: {metadata: {labels: {+(tier): base, +(x): v}}}}`), changed("dev", "isolate=yes,tier=gold,x=v"), ""},
		{"a condition that holds", mutate("Namespace", `{patchStrategicMerge: {metadata: {labels: {(tier): go*, x: v}}}}`), changed("dev", "isolate=yes,tier=gold,x=v"), ""},
		{"a condition that does not", mutate("Namespace", `{patchStrategicMerge: {metadata: {labels: {(tier): silver, x: v}}}}`), plain, ""},
		{"a label that goes", mutate("Namespace", `{patchStrategicMerge: {metadata: {labels: {tier: null}}}}`), changed("dev", "isolate=yes"), ""},
		{"operations on labels", mutate("Namespace", `{patchesJson6902: "[{op: add, path: /metadata/labels/x, value: v}, {op: remove, path: /metadata/labels/tier}]"}`), changed("dev", "isolate=yes,x=v"), ""},
		{"operations on what does not matter", mutate("Pod", `{patchesJson6902: "[{op: add, path: /spec/containers/0/env, value: []}]"}`), plain, ""},
		{"containers that get no ports", mutate("Pod", `{patchStrategicMerge: {spec: {containers: [{(name): "*", imagePullPolicy: Always}]}}}`), plain, ""},
		{"the template by name of its workload", mutate("Deployment", `{patchStrategicMerge: {spec: {template: {metadata: {labels: {x: v}}}}}}`), changed("api", "app=api,x=v"), ""},
		{"a value that is not read", mutate("Pod", `{patchStrategicMerge: {metadata: {labels: {x: "{{ random('a') }}"}}}}`), plain, "?dev"},
		{"an anchor that is not read", mutate("Pod", `{patchStrategicMerge: {metadata: {labels: {=(x): v}}}}`), plain, "?dev"},
		{"an operation that is not read", mutate("Pod", `{patchesJson6902: "[{op: move, from: /metadata/labels/app, path: /metadata/labels/x}]"}`), plain, "?dev"},
		{"a loop that is not read", mutate("Pod", `{foreach: [{list: request.object.spec.containers, patchStrategicMerge: {metadata: {labels: {x: v}}}}]}`), plain, "?dev"},
		{"a loop about what does not matter", mutate("Pod", `{foreach: [{list: request.object.spec.containers, patchStrategicMerge: {spec: {priority: 1}}}]}`), plain, ""},
		{"ports that are not read", mutate("Pod", `{patchStrategicMerge: {spec: {containers: [{name: c, ports: [{containerPort: 1}]}]}}}`), plain, "?dev"},
		{"a change of what is there already", mutate("ConfigMap", `{targets: [{apiVersion: v1, kind: Pod, namespace: dev}], patchStrategicMerge: {metadata: {labels: {x: v}}}}`), plain, "?dev"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, issues := read(t, row.policy)
			assert.Equal(t, row.want, labels(cluster), issues)
			assert.Equal(t, row.doubts, outcome(cluster), issues)
			for _, d := range cluster.Doubts {
				assert.True(t, d.Labels)
			}
			assert.NotContains(t, issues, "twice")
		})
	}
}

func TestALabelFromOneRuleTriggersAnother(t *testing.T) {
	label := strings.Replace(policyOf(`match: {any: [{resources: {kinds: [Namespace], names: [open]}}]}, mutate: {patchStrategicMerge: {metadata: {labels: {isolate: "yes"}}}}`), "name: p", "name: z", 1)
	cluster, issues := read(t, deny(`{any: [{resources: {kinds: [Namespace], names: [dev, open], selector: {matchLabels: {isolate: "yes"}}}}]}`, ""), label)
	assert.Equal(t, "dev open", outcome(cluster), issues)
	for _, ns := range cluster.Namespaces {
		if ns.Name == "open" {
			assert.Equal(t, "stage.yaml:6 via Kyverno, changed by ClusterPolicy z", ns.Origin.Position())
		}
	}
}

func TestWhatAClusterGaveOutIsNotChanged(t *testing.T) {
	pod := `{apiVersion: v1, kind: Pod, metadata: {name: old, namespace: dev, uid: "1", labels: {app: old}}, spec: {containers: [{name: c, image: i}]}}`
	cluster, _ := read(t, pod, policyOf(`match: {any: [{resources: {kinds: [Pod]}}]}, mutate: {patchStrategicMerge: {metadata: {labels: {x: v}}}}`))
	require.Equal(t, "app=old", labels(cluster)["old"])
	assert.Equal(t, "app=web,x=v", labels(cluster)["web"])
}
