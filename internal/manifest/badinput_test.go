package manifest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// good is the document that must survive beside every bad one.
const good = "apiVersion: v1\nkind: Namespace\nmetadata: {name: survivor}\n"

// nasty is a bad document and the issue that it must give. line counts in the
// bad document; 0 means that only the text matters.
type nasty struct {
	name  string
	text  string
	issue string
	do    string
	line  int
}

func nasties() []nasty {
	service := func(spec string) string {
		return "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: dev\nspec:\n" + spec
	}
	return []nasty{
		{"a syntax error", "apiVersion: v1\nkind: Pod\nmetadata: {name: a\nspec: x\n", "cannot be parsed", "correct the YAML", 0},
		{"a colon too many", "a: b\nc: d: e\n", "mapping values are not allowed", "correct", 2},
		{"bad indentation", "a:\n  - b\n c: d\n", "did not find expected", "correct", 0},
		{"a tab", "kind: Pod\nmetadata:\n\tname: a\n", "cannot start any token", "indent with spaces", 3},
		{"a Helm template", "kind: Pod\nmetadata:\n{{- if .Values.x }}\n  name: a\n{{- end }}\n", "cannot be parsed", "helm template", 0},
		{"a Helm template that parses", "apiVersion: v1\nkind: Service\nmetadata: {name: '{{ .Release.Name }}'}\nspec: {ports: [{port: 80}]}\n", `"{{ .Release.Name }}" is not valid`, "helm template", 3},
		{"a Flux substitution", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${NAME}\n", "${NAME}", "flux", 4},
		{"a Flux substitution in a policy", "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a, namespace: dev}\nspec:\n  endpointSelector:\n    matchLabels:\n      app: ${APP}\n", "spec.endpointSelector.matchLabels.app: holds a place holder", "flux", 7},
		{"a Flux substitution for a number", service("  ports:\n  - port: ${PORT}\n"), "must be a whole number", "flux", 8},
		{"a shell script's variable beside a mistake", podYAML("dev", "a", "", "containers: [{name: c, args: ['${X}'], ports: [{containerPort: 0}]}]"), "0 is no port", "1 to 65535", 5},
		{"a document encrypted with SOPS", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: dev}\ndata: {a: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: x}\n", "encrypted", "sops --decrypt", 1},
		{"no kind", "apiVersion: v1\nmetadata: {name: a}\n", "kind is missing", "add it", 1},
		{"no apiVersion", "kind: Pod\nmetadata: {name: a}\n", "apiVersion is missing", "add it", 1},
		{"kind in capitals", "apiVersion: v1\nKind: Pod\nmetadata: {name: a}\n", "kind is missing", "did you mean kind? It is written Kind", 1},
		{"apiVersion in small letters", "apiversion: v1\nkind: Pod\nmetadata: {name: a}\n", "Pod a: apiVersion is missing", "did you mean apiVersion? It is written apiversion", 1},
		{"every key in capitals", "ApiVersion: v1\nKind: Pod\nMetadata: {name: a}\n", "apiVersion and kind is missing", "did you mean apiVersion? It is written ApiVersion", 1},
		{"a kind without a value", "apiVersion: v1\nkind:\nmetadata: {name: a}\n", "kind is missing", "add it", 1},
		{"a List of a map", "apiVersion: v1\nkind: List\nitems:\n  a: {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n", "List: items must be a list, and is a map", "after a dash", 4},
		{"a List of a word", "apiVersion: v1\nkind: List\nitems: a\n", "List: items must be a list, and is a single value", "after a dash", 3},
		{"a list of a kind, of a map", "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicyList\nitems: {}\n", "CiliumNetworkPolicyList: items must be a list, and is a map", "after a dash", 3},
		{"a List of nothing", "apiVersion: v1\nkind: List\n", "List: items is missing", "add items:", 1},
		{"a List with its items misspelt", "apiVersion: v1\nkind: List\nItems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n", "List: items is missing", "did you mean items? It is written Items", 1},
		{"a List of words", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: survivor2}}\n- a\n", "items[1] of the List must be an object, and is a single value", "remove the item", 5},
		{"a List with a gap", "apiVersion: v1\nkind: PodList\nitems:\n-\n", "items[0] of the PodList must be an object, and is null", "remove the item", 4},
		{"a bare list of objects", "- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n", "a bare list of objects is no Kubernetes object", "kind: List", 1},
		{"a bare list of objects in JSON", `[{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}]` + "\n", "a bare list of objects is no Kubernetes object", "kind: List", 1},
		{"two documents in one", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n", "two documents without --- between them?", "write ---", 4},
		{"two documents in one item", "apiVersion: v1\nkind: List\nitems:\n- kind: Namespace\n  apiVersion: v1\n  kind: Namespace\n  apiVersion: v1\n", "two documents without --- between them?", "write ---", 6},
		{"a slice of no Service", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: a\n  namespace: dev\n  labels: {app: a}\naddressType: IPv4\nendpoints: []\n", "EndpointSlice dev/a: metadata.labels: it has no label kubernetes.io/service-name", "set that label", 6},
		{"neither, but a spec", "spec: {}\n", "apiVersion and kind is missing", "add it", 1},
		{"an old apiVersion", "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}\n", "no such kind", "networking.k8s.io/v1", 1},
		{"a version that never was", "apiVersion: cilium.io/v1\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\n", "no such kind", "cilium.io/v2", 1},
		{"no name", "apiVersion: v1\nkind: Service\nmetadata:\n  namespace: dev\n", "the name is missing", "metadata.name", 3},
		{"metadata in capitals", "apiVersion: v1\nkind: Service\nMetadata: {name: a, namespace: dev}\n", "the name is missing", "did you mean metadata? It is written Metadata", 1},
		{"a name in capitals", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: Dev\n", `"Dev" is not valid`, "valid name", 4},
		{"a name that is a number", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: 12\n", "Namespace 12: metadata.name: must be a string", "quotes", 4},
		{"a label that is a boolean", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    on-call: yes\n", "Namespace a: metadata.labels.on-call: must be a string", "quotes", 6},
		{"a label with a space", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    x: a b\n", "Namespace a: metadata.labels.x", "valid label", 6},
		{"an unknown field", service("  ports: [{port: 80}]\n  selectr: {a: b}\n"), "spec.selectr: the field is not known", "did you mean selector?", 8},
		{"an unknown field in a list", service("  ports:\n  - port: 80\n    targetport: 1\n"), "spec.ports[0].targetport", "did you mean targetPort?", 9},
		{"an unknown field of a policy", "apiVersion: cilium.io/v2\nkind: CiliumLocalRedirectPolicy\nmetadata:\n  name: a\n  namepsace: dev\nspec: {}\n", "metadata.namepsace", "did you mean namespace?", 5},
		{"a list where a map belongs", service("- ports\n"), "spec: must be a map, and is a array", "", 6},
		{"text where a number belongs", service("  ports:\n  - port: 80\n  - port: http\n"), "spec.ports[1].port: must be a whole number", "", 9},
		{"a port out of range", service("  ports:\n  - port: 70000\n"), "spec.ports[0].port: 70000 is no port", "1 to 65535", 8},
		{"a port below the range", service("  ports:\n  - port: 80\n    nodePort: -1\n"), "spec.ports[0].nodePort: -1", "1 to 65535", 9},
		{"two ports of one name", service("  ports:\n  - {name: a, port: 80}\n  - {name: a, port: 81}\n"), "spec.ports[1].name", "name of its own", 9},
		{"two ports and no names", service("  ports:\n  - port: 80\n  - port: 81\n"), "needs one", "set spec.ports[0].name", 8},
		{"one port twice", service("  ports:\n  - {name: a, port: 80}\n  - {name: b, port: 80}\n"), "80/TCP is there a second time", "remove", 9},
		{"a protocol that is none", service("  ports:\n  - port: 80\n    protocol: HTTP\n"), `"HTTP" is no protocol`, "TCP, UDP or SCTP", 9},
		{"a Service without ports", service("  selector: {a: b}\n"), "needs a port", "add one", 6},
		{"an address that is none", service("  clusterIP: 10.0.0.256\n  ports: [{port: 80}]\n"), `"10.0.0.256" is no IP address`, "10.0.0.1", 7},
		{"a CIDR that is none", service("  loadBalancerSourceRanges:\n  - 10.0.0.0/33\n  ports: [{port: 80}]\n"), `"10.0.0.0/33" is no CIDR`, "10.0.0.0/16", 8},
		{"a target port name too long", service("  ports:\n  - port: 80\n    targetPort: a-very-long-port-name\n"), "spec.ports[0].targetPort", "container port's name", 9},
		{"a headless load balancer", service("  type: LoadBalancer\n  clusterIP: None\n  ports: [{port: 80}]\n"), "cannot be headless", "remove", 8},
		{"a Service type that is none", service("  type: Loadbalancer\n  ports: [{port: 80}]\n"), `"Loadbalancer" is not known`, "LoadBalancer", 7},
		{"a selector operator that is none", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: dev}\nspec:\n  selector:\n    matchExpressions:\n    - {key: a, operator: Is, values: [b]}\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}\n", "not a valid selector operator", "selector", 7},
		{"In without values", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: dev}\nspec:\n  selector:\n    matchExpressions:\n    - {key: a, operator: In}\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}\n", "must be specified when `operator` is 'In'", "selector", 7},
		{"a selector that misses its template", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: dev}\nspec:\n  selector: {matchLabels: {a: c}}\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}\n", "does not match the template", "spec.template.metadata.labels", 5},
		{"a workload without a selector", "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a, namespace: dev}\nspec:\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}\n", "the selector is missing", "spec.selector.matchLabels", 4},
		{"negative replicas", workloadYAML("Deployment", "a", "  replicas: -1\n"), "-1 is negative", "0 or more", 7},
		{"a container port out of range", podYAML("dev", "a", "", "containers: [{name: c, ports: [{containerPort: 0}]}]"), "spec.containers[0].ports[0].containerPort: 0 is no port", "1 to 65535", 5},
		{"two container ports of one name", podYAML("dev", "a", "", "containers: [{name: c, ports: [{name: x, containerPort: 1}, {name: x, containerPort: 2}]}]"), "spec.containers[0].ports[1].name", "name of its own", 5},
		{"a pod without containers", podYAML("dev", "a", "", "nodeName: node"), "needs a container", "add one", 5},
		{"two containers of one name", podYAML("dev", "a", "", "containers: [{name: c}, {name: c}]"), "spec.containers[1].name", "name of its own", 5},
		{"a key twice", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  name: b\n", "Namespace b: key name is there a second time", "keep one", 5},
		{"a slice without an address type", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a, namespace: dev}\nendpoints: []\n", "the address type is missing", "IPv4", 1},
		{"a slice with a bad address", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a, namespace: dev}\naddressType: IPv4\nendpoints:\n- addresses: [x]\n", "endpoints[0].addresses[0]", "10.0.0.1", 6},
		{"a kind config with a mode that is none", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking:\n  kubeProxyMode: ebpf\n", `"ebpf" is not known`, "iptables", 4},
		{"an alias bomb", aliasBomb(), "aliases expand to more than 10 MB", "", 0},
		{"an alias of itself", "apiVersion: v1\nkind: &a [*a]\n", "cannot be read", "", 0},
		{"a bomb of merges", mergeBomb(), "aliases expand to more than 10 MB", "", 0},
		{"5,000 lists in lists", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspec: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n", "spec: must be a map", "", 4},
		{"20,000 lists in lists", strings.Repeat("[", 20000) + "\n", "exceeded max depth", "", 1},
		{"an unknown alias", "a: *nowhere\n", "unknown anchor", "correct", 0},
		{"a Quantity that is none", podYAML("dev", "a", "", "containers: [{name: c, resources: {limits: {cpu: lots}}}]"), "quantities must match", "correct", 0},
		{"replicas beyond reason", workloadYAML("Deployment", "a", "  replicas: 2000000000\n"), "only 1000 are made", "fewer", 5},
	}
}

func aliasBomb() string {
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 20; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	return text
}

func mergeBomb() string {
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\na0: &a0 {x: y}\n"
	for i := 1; i < 30; i++ {
		text += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i-1, i-1)
	}
	return text
}

func TestABadDocumentIsAnIssueAndLosesNothingElse(t *testing.T) {
	for _, row := range nasties() {
		t.Run(row.name, func(t *testing.T) {
			cluster, issues := load(good + "---\n" + row.text + "---\n" + strings.Replace(good, "survivor", "survivor2", 1))
			names := []string{}
			for _, ns := range cluster.Namespaces {
				names = append(names, ns.Name)
			}
			assert.Subset(t, names, []string{"survivor", "survivor2"})
			before := strings.Count(good, "\n") + 1
			if strings.HasPrefix(row.text, "---\n") {
				before++
				row.line--
			}
			for _, issue := range issues {
				if !strings.Contains(issue.Message, row.issue) || !strings.Contains(issue.Remedy, row.do) {
					continue
				}
				assert.Equal(t, "in.yaml", issue.File)
				if row.line > 0 && issue.Line != before+row.line {
					continue
				}
				return
			}
			require.Failf(t, "no such issue", "line %d: %s (%s)\namong %v", before+row.line, row.issue, row.do, issues)
		})
	}
}

func TestWhatIsNoObjectIsANote(t *testing.T) {
	for name, row := range map[string]struct{ file, text, says string }{
		"a chart":               {"c/Chart.yaml", "apiVersion: v2\nname: c\n", "Helm chart"},
		"values":                {"c/values.yaml", "replicas: 1\n", "Helm chart"},
		"a kustomization":       {"k/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n", "kustomization is not rendered"},
		"a kustomization bare":  {"k/kustomization.yml", "resources: [a.yaml]\n", "kustomization is not rendered"},
		"a list of patches":     {"p.yaml", "- op: add\n  path: /x\n", "no Kubernetes object"},
		"a sentence":            {"p.yaml", "hello\n", "no Kubernetes object"},
		"another tool's config": {"p.yaml", "site_name: x\n", "no Kubernetes object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, issues := Load([]File{{Name: row.file, Data: []byte(row.text)}})
			assert.Empty(t, grave(issues))
			require.Len(t, issues, 2, "and the default nodes")
			assert.Contains(t, issues[1].String(), row.says)
			assert.Equal(t, row.file, issues[1].File)
		})
	}
}

func TestFilesThatHoldNothing(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "spaces": " \n\n", "comments": "# a\n---\n# b\n", "markers": "---\n---\n...\n", "a BOM": "\ufeff", "null": "null\n", "a directive": "%YAML 1.2\n---\n",
	} {
		t.Run(name, func(t *testing.T) {
			cluster, issues := load(text)
			require.NotNil(t, cluster)
			for _, issue := range issues {
				assert.Empty(t, issue.File, issue)
			}
		})
	}
}

func TestABinaryFileIsAnIssue(t *testing.T) {
	_, issues := load("PK\x03\x04\x00\x00")
	require.Len(t, grave(issues), 1)
	assert.Contains(t, grave(issues)[0], "binary")
}

func TestDocumentsAreFoundWhereverTheyStand(t *testing.T) {
	ns := func(name string) string { return "{apiVersion: v1, kind: Namespace, metadata: {name: " + name + "}}" }
	for name, text := range map[string]string{
		"BOM and CRLF":         "\ufeff" + strings.ReplaceAll(good+"---\n"+ns("b"), "\n", "\r\n"),
		"a comment on a mark":  ns("survivor") + "\n--- # next\n" + ns("b"),
		"a document on a mark": "--- " + ns("survivor") + "\n--- " + ns("b"),
		"dots end a document":  ns("survivor") + "\n...\n" + ns("b"),
		"JSON after JSON":      `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"survivor"}}` + "\n" + `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}`,
		"a List":               "apiVersion: v1\nkind: List\nitems:\n- " + ns("survivor") + "\n- " + ns("b"),
		"a NamespaceList":      "apiVersion: v1\nkind: NamespaceList\nitems:\n- {metadata: {name: survivor}}\n- {metadata: {name: b}}",
		"a List in a List":     "apiVersion: v1\nkind: List\nitems:\n- " + ns("survivor") + "\n- {apiVersion: v1, kind: List, items: [" + ns("b") + "]}",
		"a directive":          "%YAML 1.1\n---\n" + ns("survivor") + "\n---\n" + ns("b"),
		"an anchor":            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: &k Namespace\n  metadata: {name: survivor}\n- {apiVersion: v1, kind: *k, metadata: {name: b}}",
	} {
		t.Run(name, func(t *testing.T) {
			cluster := loadClean(t, text)
			require.Len(t, cluster.Namespaces, 2)
			assert.Equal(t, "b", cluster.Namespaces[0].Name)
			assert.Equal(t, "survivor", cluster.Namespaces[1].Name)
		})
	}
}

func TestItemsOfAListKeepTheirOwnLines(t *testing.T) {
	cluster := loadClean(t, "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: a\n- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: b\n")
	assert.Equal(t, "in.yaml:4", cluster.Namespaces[0].Origin.Position())
	assert.Equal(t, "in.yaml:8", cluster.Namespaces[1].Origin.Position())
}

func TestTheIssuesOfOneDocumentAreBounded(t *testing.T) {
	_, issues := load("apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: dev}\n" + strings.Repeat("a: b\n", 1000))
	require.Len(t, grave(issues), maxTold)
	assert.Contains(t, grave(issues)[maxTold-1], "what else is wrong with the document is not listed")
}

func TestHostileFilesEndSoon(t *testing.T) {
	for name, text := range map[string]string{
		"10 MB of opening brackets":      strings.Repeat("[", 10<<20),
		"10 MB of brackets as JSON":      `{"a":` + strings.Repeat("[", 10<<20),
		"10 MB of dashes":                strings.Repeat("- ", 5<<20),
		"10 MB of braces":                strings.Repeat("{", 10<<20),
		"an alias bomb":                  aliasBomb(),
		"a bomb of merges":               mergeBomb(),
		"a List of itself":               "apiVersion: v1\nkind: List\nitems: &a [" + strings.Repeat("{kind: List, items: *a},", 100) + "]\n",
		"a List of one large alias":      "apiVersion: v1\nkind: List\nx: &a [" + strings.Repeat("1,", 10000) + "]\nitems: [" + strings.Repeat("*a,", 10000) + "]\n",
		"a file of more values than fit": "a: [" + strings.Repeat("1,", 2_000_000) + "1]",
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan []string, 1)
			go func() {
				_, issues := load(text)
				done <- grave(issues)
			}()
			select {
			case issues := <-done:
				assert.NotEmpty(t, issues)
			case <-time.After(20 * time.Second):
				t.Fatal("still loading after 20 s")
			}
		})
	}
}

func TestOfTwoDocumentsInOneNothingIsTaken(t *testing.T) {
	c, issues := load("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n")
	assert.Empty(t, c.Namespaces)
	assert.Len(t, grave(issues), 1)
}

func TestABadItemOfAListLosesNoOther(t *testing.T) {
	c, issues := load("apiVersion: v1\nkind: List\nitems:\n- a\n- {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n- null\n")
	require.Len(t, c.Namespaces, 1)
	assert.Len(t, grave(issues), 2)
}

func TestAListWithoutItemsOfItsOwnIsEmpty(t *testing.T) {
	for _, items := range []string{"[]", "null", ""} {
		loadClean(t, "apiVersion: v1\nkind: List\nitems: "+items+"\n")
	}
}
