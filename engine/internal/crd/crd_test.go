package crd

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// policy is a policy whose one rule is written in YAML.
func policy(t *testing.T, rule string) map[string]any {
	return parse(t, "{metadata: {name: p}}\n", "spec", rule)
}

func parse(t *testing.T, base, field, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	var inner any
	require.NoError(t, yaml.Unmarshal([]byte(base), &doc))
	require.NoError(t, yaml.Unmarshal([]byte(text), &inner))
	doc[field] = inner
	return doc
}

func TestWhatIsWrongWithARuleIsSaidWhereAndHow(t *testing.T) {
	tests := []struct {
		name string
		rule string
		want []string // "path: message"
	}{
		{"a valid rule", `{endpointSelector: {}, ingress: [{}]}`, nil},
		{"a port without quotes",
			`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 80}]}]}]}`,
			[]string{`spec.ingress[0].toPorts[0].ports[0].port: must be a string, not 80; put it in quotes: "80"`}},
		{"a port that is neither number nor name",
			`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "http-"}]}]}]}`,
			[]string{`spec.ingress[0].toPorts[0].ports[0].port: "http-" is not a port: a number from 0 to 65535, or a port name such as "http"`}},
		{"a port beyond 65535 passes, since the pattern is not anchored",
			`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "70000"}]}]}]}`, nil},
		{"an end of the range beyond 65535",
			`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "1", endPort: 70000}]}]}]}`,
			[]string{`spec.ingress[0].toPorts[0].ports[0].endPort: 70000 is more than 65535`}},
		{"a protocol in lower case",
			`{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: tcp}]}]}]}`,
			[]string{`spec.ingress[0].toPorts[0].ports[0].protocol: "tcp" is not one of TCP, UDP, SCTP, VRRP, IGMP, GRE, IPIP, IPV6, ESP, AH, ANY; did you mean "TCP"?`}},
		{"a CIDR without its length",
			`{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 10.0.0.0}]}]}`,
			[]string{`spec.egress[0].toCIDRSet[0].cidr: "10.0.0.0" is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32`}},
		{"a list written as a mapping",
			`{endpointSelector: {}, ingress: [{fromEndpoints: {matchLabels: {app: a}}}]}`,
			[]string{`spec.ingress[0].fromEndpoints: must be a list, not a mapping; begin each entry with "- "`}},
		{"a mapping written as a list",
			`{endpointSelector: [{matchLabels: {app: a}}], ingress: [{}]}`,
			[]string{`spec.endpointSelector: must be a mapping, not a list; leave out the "- "`}},
		{"an entry of a list that is empty",
			`{endpointSelector: {}, ingress: [null]}`,
			[]string{`spec.ingress[0]: is empty; it must be a mapping`}},
		{"a field that is misspelt",
			`{endpointSelector: {}, ingress: [{fromEndpoint: [{}]}]}`,
			[]string{`spec.ingress[0].fromEndpoint: unknown field "fromEndpoint": an API server drops it; did you mean "fromEndpoints"?`}},
		{"a field in the wrong case, which Go's JSON decoder would take",
			`{endpointSelector: {}, ingress: [{toports: []}]}`,
			[]string{`spec.ingress[0].toports: unknown field "toports": an API server drops it; did you mean "toPorts"?`}},
		{"the fields of a Kubernetes NetworkPolicy",
			`{podSelector: {}, ingress: [{from: [], ports: []}]}`,
			[]string{
				`spec: needs exactly one of endpointSelector, nodeSelector; it has none`,
				`spec.ingress[0].from: unknown field "from": an API server drops it; did you mean "fromEndpoints"?`,
				`spec.ingress[0].ports: unknown field "ports": an API server drops it; did you mean "toPorts"?`,
				`spec.podSelector: unknown field "podSelector": an API server drops it; did you mean "endpointSelector"?`,
			}},
		{"an unknown field like none that is known",
			`{endpointSelector: {}, ingress: [{}], zzz: 1}`,
			[]string{`spec.zzz: unknown field "zzz": an API server drops it`}},
		{"unknown fields in a selector's expressions",
			`{endpointSelector: {matchExpressions: [{key: a, operator: Exists, vals: [b]}]}, ingress: [{}]}`,
			[]string{`spec.endpointSelector.matchExpressions[0].vals: unknown field "vals": an API server drops it; did you mean "values"?`}},
		{"both selectors",
			`{endpointSelector: {}, nodeSelector: {}, ingress: [{}]}`,
			[]string{`spec: takes only one of endpointSelector, nodeSelector; split it into several`}},
		{"no section",
			`{endpointSelector: {}}`,
			[]string{`spec: needs at least one of ingress, ingressDeny, egress, egressDeny`}},
		{"two sorts of L7 rules at one port",
			`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "53"}], rules: {http: [{}], dns: [{matchName: a.b}]}}]}]}`,
			[]string{`spec.egress[0].toPorts[0].rules: takes only one of http, dns; split it into several`}},
		{"a required field that is missing",
			`{endpointSelector: {matchExpressions: [{operator: Exists}]}, ingress: [{}]}`,
			[]string{`spec.endpointSelector.matchExpressions[0].key: is required`}},
		{"a label value with a space, and a key with dots",
			`{endpointSelector: {matchLabels: {app.kubernetes.io/name: "a b"}}, ingress: [{}]}`,
			[]string{`spec.endpointSelector.matchLabels.app.kubernetes.io/name: "a b" is not a label value: letters, digits, "-", "_" and ".", beginning and ending with a letter or digit`}},
		{"a wildcard in matchName",
			`{endpointSelector: {}, egress: [{toFQDNs: [{matchName: "*.example.com"}]}]}`,
			[]string{`spec.egress[0].toFQDNs[0].matchName: "*.example.com" is not a DNS name: letters, digits, "-" and "_", parted by single dots (wildcards go in matchPattern)`}},
		{"a server name twice",
			`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "443"}], serverNames: [a, b, a]}]}]}`,
			[]string{`spec.egress[0].toPorts[0].serverNames[2]: "a" is there already; each entry must differ from the others`}},
		{"fields that Cilium gave up",
			`{endpointSelector: {}, ingress: [{fromRequires: [x]}]}`,
			[]string{`spec.ingress[0].fromRequires: is no longer supported and must be empty; leave it out`}},
		{"more than forty ports",
			`{endpointSelector: {}, ingress: [{toPorts: [{ports: [` + strings.Repeat(`{port: "1"},`, 41) + `]}]}]}`,
			[]string{`spec.ingress[0].toPorts[0].ports: has more than 40 entries; split it into several`}},
		{"a null, which is as good as leaving the field out",
			`{endpointSelector: {}, ingress: [{fromEndpoints: null}]}`, nil},
		{"a rule that is not even a mapping", `[]`, []string{`spec: must be a mapping, not a list; leave out the "- "`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := policy(t, tt.rule)
			assert.Equal(t, tt.want, inWords(New().Validate("CiliumNetworkPolicy", doc)))
			assert.Equal(t, tt.want, inWords(New().Validate("CiliumClusterwideNetworkPolicy", doc)))
		})
	}
}

func inWords(problems []Problem) []string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("%s: %s", p.Path, p.Message))
	}
	return lines
}

func TestTheDocumentAroundTheRules(t *testing.T) {
	tests := []struct {
		name, kind, doc string
		want            []string
	}{
		{"neither spec nor specs", "CiliumNetworkPolicy", `{metadata: {name: p}}`,
			[]string{": spec or specs must be provided"}},
		{"a spec with nothing in it", "CiliumNetworkPolicy", `{metadata: {name: p}, spec: null}`,
			[]string{": spec or specs must be provided"}},
		{"no metadata", "CiliumNetworkPolicy", `{specs: []}`,
			[]string{"metadata: is required"}},
		{"a description beside spec", "CiliumNetworkPolicy", `{metadata: {}, specs: [], description: x}`,
			[]string{`description: unknown field "description": an API server drops it`}},
		{"all that an export holds", "CiliumNetworkPolicy",
			`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, specs: [], status: {conditions: 7, anything: {}},
			  metadata: {name: p, uid: u, generation: 3, creationTimestamp: null, labels: {a: b}, finalizers: [f],
			             ownerReferences: [{name: o, controller: true}], managedFields: [{fieldsV1: {"f:spec": {}}}]}}`, nil},
		{"an annotation without quotes", "CiliumNetworkPolicy", `{metadata: {annotations: {audit: true}}, specs: []}`,
			[]string{`metadata.annotations.audit: must be a string, not true; put it in quotes: "true"`}},
		{"an unknown field of metadata", "CiliumNetworkPolicy", `{metadata: {label: {a: b}}, specs: []}`,
			[]string{`metadata.label: unknown field "label": an API server drops it; did you mean "labels"?`}},
		{"a CIDR group", "CiliumCIDRGroup", `{metadata: {name: g}, spec: {externalCIDRs: [10.0.0.0/8]}}`, nil},
		{"a CIDR group with a host", "CiliumCIDRGroup", `{metadata: {name: g}, spec: {externalCIDRs: [10.0.0.1]}}`,
			[]string{`spec.externalCIDRs[0]: "10.0.0.1" is not a CIDR such as 10.0.0.0/8 or 2001:db8::/32`}},
		{"a kind without a schema", "NetworkPolicy", `{}`,
			[]string{`: no schema is known for the kind "NetworkPolicy"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var doc map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(tt.doc), &doc))
			assert.Equal(t, tt.want, inWords(New().Validate(tt.kind, doc)))
		})
	}
}

func TestProblemsSayWhetherTheFieldIsUnknownAndWhatWasMeant(t *testing.T) {
	problems := New().Validate("CiliumNetworkPolicy",
		policy(t, `{endpointSelector: {}, ingress: [{fromEntity: [], fromEntities: [World]}]}`))
	require.Len(t, problems, 2)
	assert.False(t, problems[0].Unknown)
	assert.Equal(t, "world", problems[0].Suggestion)
	assert.True(t, problems[1].Unknown)
	assert.Equal(t, "fromEntities", problems[1].Suggestion)
}

func TestStoredHasDefaultsAndNeitherUnknownFieldsNorNulls(t *testing.T) {
	doc := policy(t, `{endpointSelector: {matchLabels: {a: null}}, ingress: [{fromendpoints: [], icmps: [{fields: [{type: 8}]}]}]}`)
	stored, err := New().Stored("CiliumNetworkPolicy", doc)
	require.NoError(t, err)
	assert.Equal(t, parse(t, "{metadata: {name: p}}", "spec",
		`{endpointSelector: {matchLabels: {}}, ingress: [{icmps: [{fields: [{family: IPv4, type: 8}]}]}]}`), stored)

	_, err = New().Stored("Pod", doc)
	assert.ErrorContains(t, err, `"Pod"`)
}

func TestNumbersMayComeFromEitherDecoder(t *testing.T) {
	doc := policy(t, `{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "1", endPort: 2}]}]}]}`)
	ports := doc["spec"].(map[string]any)["ingress"].([]any)[0].(map[string]any)["toPorts"].([]any)[0].(map[string]any)["ports"].([]any)[0].(map[string]any)
	for _, number := range []any{int64(2), float64(2)} {
		ports["endPort"] = number
		assert.Empty(t, New().Validate("CiliumNetworkPolicy", doc))
	}
	ports["endPort"] = 2.5
	assert.Equal(t, []string{"spec.ingress[0].toPorts[0].ports[0].endPort: must be a whole number, not 2.5"},
		inWords(New().Validate("CiliumNetworkPolicy", doc)))
}

func TestOneValidatorServesManyAtOnceAndAlwaysSaysTheSame(t *testing.T) {
	doc := policy(t, `{endpointSelector: 1, nodeSelector: 2, ingress: [{a: 1, b: 2, fromEntities: [x, y], toPorts: 3}]}`)
	validator := New()
	results := make([]string, 16)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() {
			text, _ := json.Marshal(validator.Validate("CiliumNetworkPolicy", doc))
			results[i] = string(text)
		})
	}
	group.Wait()
	for _, result := range results {
		assert.Equal(t, results[0], result)
		assert.Greater(t, len(result), 100)
	}
}
