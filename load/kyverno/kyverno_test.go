package kyverno_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/kyverno"
	"github.com/netsim-dev/netsim/model"
)

// stage is the cluster that the tables play on: a namespace with the label, one
// without, and one that no file holds.
const stage = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: dev, labels: {isolate: "yes", tier: gold}, annotations: {owner: blue}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: open}}
- {apiVersion: v1, kind: Namespace, metadata: {name: kube-system, labels: {isolate: "yes"}}}
- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: dev, labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: open}, spec: {containers: [{name: c, image: i}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: nofile}, spec: {containers: [{name: c, image: i}]}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: api, namespace: dev}
  spec:
    selector: {matchLabels: {app: api}}
    template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: i}]}}
`

// read loads the stage and documents beside it.
func read(t *testing.T, documents ...string) (*model.Cluster, string) {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("stage.yaml", []byte(stage), 0o644))
	require.NoError(t, os.WriteFile("kyverno.yaml", []byte(strings.Join(documents, "\n---\n")), 0o644))
	cluster, issues, err := load.Read([]string{"kyverno.yaml", "stage.yaml"}, nil, []load.Source{kyverno.Source{}})
	require.NoError(t, err)
	var text []string
	for _, issue := range issues {
		text = append(text, issue.String())
	}
	return cluster, strings.Join(text, "\n")
}

// policyOf is a ClusterPolicy with one rule.
func policyOf(rule string) string {
	return "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: p}, spec: {rules: [{name: r, " + rule + "}]}}"
}

// deny generates a default deny, with a match and more beside.
func deny(match, more string) string {
	return policyOf(`match: ` + match + `, ` + more + ` generate: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: deny, namespace: "{{request.object.metadata.name}}", synchronize: true, data: {spec: {podSelector: {}, policyTypes: [Ingress]}}}`)
}

const namespaces = `{any: [{resources: {kinds: [Namespace]}}]}`

// outcome says in which namespaces policies are, and in which they may be:
// "dev ?nofile".
func outcome(c *model.Cluster) string {
	var words []string
	for _, p := range c.Policies {
		words = append(words, p.Origin.Namespace)
	}
	for _, d := range c.Doubts {
		if d.Namespaces == nil {
			words = append(words, "?anywhere")
		}
		for _, name := range d.Namespaces {
			words = append(words, "?"+name)
		}
	}
	return strings.Join(words, " ")
}

func TestWhatARuleMatches(t *testing.T) {
	for _, row := range []struct{ claim, match, more, want string }{
		{"every namespace that Kyverno looks at, held or not", namespaces, "", "dev nofile open"},
		{"the old form without any and all", `{resources: {kinds: [Namespace]}}`, "", "dev nofile open"},
		{"a kind with its version", `{any: [{resources: {kinds: [v1/Namespace]}}]}`, "", "dev nofile open"},
		{"a kind of another group is another kind", `{any: [{resources: {kinds: [apps/v1/Namespace]}}]}`, "", ""},
		{"a subresource is not the object", `{any: [{resources: {kinds: [Namespace/status]}}]}`, "", ""},
		{"a label that must be there", `{any: [{resources: {kinds: [Namespace], selector: {matchLabels: {isolate: "yes"}}}}]}`, "", "dev ?nofile"},
		{"a label by wildcards", `{any: [{resources: {kinds: [Namespace], selector: {matchLabels: {"iso*": "?*"}}}}]}`, "", "dev ?nofile"},
		{"a label that must not be there", `{any: [{resources: {kinds: [Namespace], selector: {matchExpressions: [{key: isolate, operator: DoesNotExist}]}}}]}`, "", "open ?nofile"},
		{"the label that every namespace has is known", `{any: [{resources: {kinds: [Namespace], selector: {matchLabels: {kubernetes.io/metadata.name: nofile}}}}]}`, "", "nofile"},
		{"names", `{any: [{resources: {kinds: [Namespace], names: [dev, "no*"]}}]}`, "", "dev nofile"},
		{"namespaces mean the name of a Namespace", `{any: [{resources: {kinds: [Namespace], namespaces: [open]}}]}`, "", "open"},
		{"a namespaceSelector never means a Namespace", `{any: [{resources: {kinds: [Namespace], namespaceSelector: {matchLabels: {isolate: "yes"}}}}]}`, "", ""},
		{"annotations", `{any: [{resources: {kinds: [Namespace], annotations: {own*: blue}}}]}`, "", "dev ?nofile"},
		{"another operation", `{any: [{resources: {kinds: [Namespace], operations: [UPDATE]}}]}`, "", ""},
		{"all must hold", `{all: [{resources: {kinds: [Namespace]}}, {resources: {names: [dev]}}]}`, "", "dev"},
		{"what is excluded is not meant", namespaces, `exclude: {any: [{resources: {names: [dev]}}]},`, "nofile open"},
		{"an exclusion by label of a namespace that no file holds", namespaces, `exclude: {any: [{resources: {selector: {matchLabels: {isolate: "yes"}}}}]},`, "open ?nofile"},
		{"who asks is not known", `{any: [{resources: {kinds: [Namespace], names: [dev]}, clusterRoles: [admin]}]}`, "", "?dev"},
		{"and whom an exclusion spares is not either", `{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`, `exclude: {any: [{subjects: [{kind: User, name: bot}]}]},`, "?dev"},
		{"a precondition that holds", namespaces, `preconditions: {all: [{key: "{{request.object.metadata.name}}", operator: Equals, value: "d*"}]},`, "dev"},
		{"one with a value for what is absent", `{any: [{resources: {kinds: [Namespace], names: [dev, open]}}]}`, `preconditions: {any: [{key: "{{ request.object.metadata.labels.tier || 'none' }}", operator: AnyIn, value: [none, silver]}]},`, "open"},
		{"the old list of preconditions", namespaces, `preconditions: [{key: "{{request.object.metadata.name}}", operator: NotIn, value: [dev, nofile]}],`, "open"},
		{"one on a label that no file holds", namespaces, `preconditions: {all: [{key: "{{ request.object.metadata.labels.isolate || 'no' }}", operator: Equals, value: "yes"}]},`, "dev ?nofile"},
		{"a function of JMESPath is not read", `{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`, `preconditions: {all: [{key: "{{ length(request.object.metadata.name) }}", operator: Equals, value: 3}]},`, "?dev"},
		{"nor an operator on numbers", `{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`, `preconditions: {all: [{key: 3, operator: GreaterThan, value: 2}]},`, "?dev"},
		{"a condition in CEL is not read", `{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`, `celPreconditions: [{name: a, expression: "true"}],`, "?dev"},
		{"one no decides, whatever is not known", `{any: [{resources: {kinds: [Namespace], names: [gone]}, clusterRoles: [admin]}]}`, "", ""},
		{"a value from the context", `{any: [{resources: {kinds: [Namespace]}}]}`, `context: [{name: wanted, variable: {value: open}}], preconditions: {all: [{key: "{{request.object.metadata.name}}", operator: Equals, value: "{{wanted}}"}]},`, "open"},
		{"one that an API server is asked for", `{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`, `context: [{name: wanted, apiCall: {urlPath: /api}}], preconditions: {all: [{key: "{{wanted}}", operator: Equals, value: x}]},`, "?dev"},
		{"one that nobody reads does not matter", `{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`, `context: [{name: wanted, apiCall: {urlPath: /api}}],`, "dev"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, issues := read(t, deny(row.match, row.more))
			assert.Equal(t, row.want, outcome(cluster), issues)
			assert.Equal(t, strings.Contains(row.want, "?"), strings.Contains(issues, "rule r of ClusterPolicy p may generate NetworkPolicy deny in namespace"), issues)
		})
	}
}

func TestWhatARuleGenerates(t *testing.T) {
	source := "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: template, namespace: open, labels: {copy: me}}, spec: {podSelector: {}, policyTypes: [Egress]}}"
	generate := func(what string) string {
		return policyOf(`match: {any: [{resources: {kinds: [Namespace], names: [dev]}}]}, generate: ` + what)
	}
	for _, row := range []struct{ claim, policy, want string }{
		{"a CiliumNetworkPolicy", generate(`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, name: a, namespace: dev, data: {spec: {endpointSelector: {}, ingress: [{}]}}}`), "dev open"},
		{"a clusterwide one is in no namespace", generate(`{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, name: "a-{{request.object.metadata.name}}", data: {spec: {endpointSelector: {}, ingress: [{}]}}}`), " open"},
		{"a clone", generate(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: a, namespace: dev, clone: {namespace: open, name: template}}`), "dev open"},
		{"a clone of what no file holds", generate(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: a, namespace: dev, clone: {namespace: open, name: gone}}`), "open ?dev"},
		{"clones by kind and label", generate(`{namespace: dev, cloneList: {namespace: open, kinds: [networking.k8s.io/v1/NetworkPolicy], selector: {matchLabels: {copy: me}}}}`), "dev open"},
		{"clones of nothing", generate(`{namespace: dev, cloneList: {namespace: nofile, kinds: [networking.k8s.io/v1/NetworkPolicy]}}`), "open ?dev"},
		{"one for each of a list", generate(`{foreach: [{list: "request.object.metadata.annotations.names || ['x']"}]}`), "open"},
		{"elements of a list that is not read", generate(`{foreach: [{list: "request.object.spec.finalizers[]", apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: "{{element}}", namespace: dev, data: {spec: {podSelector: {}}}}]}`), "open ?dev"},
		{"what says nothing of what is allowed", generate(`{apiVersion: v1, kind: ResourceQuota, name: "{{ random('x') }}", namespace: dev, data: {}}`), "open"},
		{"a namespace that is not read could be any", generate(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: a, namespace: "{{ to_lower('DEV') }}", data: {spec: {podSelector: {}}}}`), "open ?anywhere"},
		{"data that is not read", generate(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: a, namespace: dev, data: {spec: {podSelector: {matchLabels: {app: "{{ random('x') }}"}}}}}`), "open ?dev"},
		{"a kind that is not read could be a policy", generate(`{apiVersion: networking.k8s.io/v1, kind: "{{ kind('x') }}", name: a, namespace: dev, data: {spec: {}}}`), "open ?anywhere"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, issues := read(t, row.policy, source)
			assert.Equal(t, row.want, outcome(cluster), issues)
		})
	}
}

func TestAPolicyOfANamespaceSeesNothingElse(t *testing.T) {
	rule := strings.NewReplacer("ClusterPolicy, metadata: {name: p}", "Policy, metadata: {name: p, namespace: dev}", "{{request.object.metadata.name}}", "{{request.namespace}}")
	cluster, issues := read(t, rule.Replace(deny(`{any: [{resources: {kinds: [Pod, Namespace]}}]}`, "")))
	assert.Equal(t, "dev", outcome(cluster), issues)
	cluster, _ = read(t, strings.Replace(rule.Replace(deny(namespaces, "")), ", namespace: dev", "", 1))
	assert.Empty(t, outcome(cluster), "not even its own Namespace, which is in none")
}

func TestForeachGeneratesForEachElement(t *testing.T) {
	ports := "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: dev}, spec: {selector: {app: web}, ports: [{name: one, port: 1}, {name: two, port: 2}]}}"
	cluster, issues := read(t, ports, policyOf(`match: {any: [{resources: {kinds: [Service]}}]}, generate: {foreach: [{list: request.object.spec.ports, preconditions: {all: [{key: "{{element.name}}", operator: NotEquals, value: one}]}, apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: "{{element.name}}-{{elementIndex}}", namespace: "{{request.namespace}}", data: {spec: {podSelector: {}, ingress: [{ports: [{port: "{{element.port}}"}]}]}}}]}`))
	require.Len(t, cluster.Policies, 1, issues)
	assert.Equal(t, "NetworkPolicy dev/two-1", cluster.Policies[0].Origin.ID())
	assert.Contains(t, string(cluster.Policies[0].JSON), `"port":2`, "a variable by itself keeps its type")
}

func TestWhatIsGeneratedIsWhereTheRuleStands(t *testing.T) {
	policy := `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p}
spec:
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Namespace], names: [dev]}}]}
      generate:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        name: deny
        namespace: dev
        data:
          spec:
            podSelector: {}
            ingress:
              - from: [{podSelector: {}}]`
	cluster, _ := read(t, policy)
	require.Len(t, cluster.Policies, 1)
	got := cluster.Policies[0]
	assert.Equal(t, "kyverno.yaml:6 via Kyverno, generated for namespace dev", got.Origin.Position())
	assert.Equal(t, 17, got.Line("spec.ingress[0].from[0]"))
}

func TestWhatIsThereAlready(t *testing.T) {
	there := func(types string) string {
		return "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: dev}, spec: {podSelector: {}, policyTypes: " + types + "}}"
	}
	match := `{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`
	for _, row := range []struct{ claim, policy, there, want string }{
		{"the same is taken once", deny(match, ""), there("[Ingress]"), "Ingress"},
		{"another is overwritten where it is kept in step", deny(match, ""), there("[Egress]"), "Ingress"},
		{"and stays where it is not", strings.ReplaceAll(deny(match, ""), "synchronize: true", "synchronize: false"), there("[Egress]"), "Egress"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, issues := read(t, row.policy, row.there)
			require.Len(t, cluster.Policies, 1)
			assert.Contains(t, string(cluster.Policies[0].JSON), row.want)
			assert.NotContains(t, issues, "twice")
		})
	}
}

func TestNamespacesThatWereThereFirst(t *testing.T) {
	pod := "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {containers: [{name: c, image: i}]}}"
	cluster, issues := read(t, deny(namespaces, ""), pod)
	assert.Equal(t, "dev nofile open", outcome(cluster))
	assert.Equal(t, 1, strings.Count(issues, "are taken to be older than all else"))
	cluster, issues = read(t, strings.Replace(deny(namespaces, ""), "synchronize", "generateExisting: true, synchronize", 1), pod)
	assert.Equal(t, "default dev nofile open", outcome(cluster))
	assert.NotContains(t, issues, "older than all else")
}

func TestPoliciesInCEL(t *testing.T) {
	policy := func(kind, rest string) string {
		return "{apiVersion: policies.kyverno.io/v1, kind: " + kind + ", metadata: {name: p}, spec: " + rest + "}"
	}
	constraints := `matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [namespaces]}], namespaceSelector: {matchLabels: {isolate: "yes"}}}`
	for _, row := range []struct{ claim, policy, want, issue string }{
		{"one that may generate a policy, where it may", policy("GeneratingPolicy", `{`+constraints+`, variables: [{name: ns, expression: object.metadata.name}, {name: made, expression: '[{"kind": dyn("NetworkPolicy")}]'}], generate: [{expression: "generator.Apply(variables.ns, variables.made)"}]}`), "?dev ?nofile", "GeneratingPolicy p may generate a policy in namespace dev, nofile"},
		{"one that generates something else", policy("GeneratingPolicy", `{`+constraints+`, generate: [{expression: 'generator.Apply("x", [{"kind": dyn("Secret")}])'}]}`), "", ""},
		{"one that may change labels", policy("MutatingPolicy", `{matchConstraints: {resourceRules: [{apiGroups: [""], resources: [pods]}]}, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}'}}]}`), "?dev ?nofile ?open", "MutatingPolicy p may change a Pod in namespace dev, nofile, open"},
		{"one that changes what does not matter", policy("MutatingPolicy", `{matchConstraints: {resourceRules: [{apiGroups: [""], resources: [pods]}]}, mutations: [{applyConfiguration: {expression: 'Object{spec: Object.spec{priority: 1}}'}}]}`), "", ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, issues := read(t, row.policy)
			assert.Equal(t, row.want, outcome(cluster), issues)
			assert.Contains(t, issues, row.issue)
		})
	}
}

func TestWhatSparesAndWhatDeletes(t *testing.T) {
	held := "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: open}, spec: {podSelector: {}}}"
	one := `{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`
	for _, row := range []struct{ claim, document, want string }{
		{"an exception for the policy", "{apiVersion: kyverno.io/v2, kind: PolicyException, metadata: {name: e, namespace: open}, spec: {exceptions: [{policyName: p, ruleNames: [r]}]}}", "open ?dev"},
		{"one for another", "{apiVersion: kyverno.io/v2, kind: PolicyException, metadata: {name: e, namespace: open}, spec: {exceptions: [{policyName: q, ruleNames: [r]}]}}", "dev open"},
		{"who deletes policies", `{apiVersion: kyverno.io/v2, kind: ClusterCleanupPolicy, metadata: {name: c}, spec: {schedule: "* * * * *", match: {any: [{resources: {kinds: [NetworkPolicy]}}]}}}`, "dev open ?open ?dev"},
		{"who deletes those of another namespace", `{apiVersion: kyverno.io/v2, kind: CleanupPolicy, metadata: {name: c, namespace: dev}, spec: {match: {any: [{resources: {kinds: [NetworkPolicy]}}]}}}`, "dev open ?dev"},
		{"who deletes other things", `{apiVersion: kyverno.io/v2, kind: ClusterCleanupPolicy, metadata: {name: c}, spec: {match: {any: [{resources: {kinds: [Pod]}}]}}}`, "dev open"},
		{"who deletes them by CEL", `{apiVersion: policies.kyverno.io/v1, kind: DeletingPolicy, metadata: {name: c}, spec: {matchConstraints: {resourceRules: [{apiGroups: [networking.k8s.io], resources: [networkpolicies]}]}}}`, "dev open ?open ?dev"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, issues := read(t, deny(one, ""), held, row.document)
			assert.Equal(t, row.want, outcome(cluster), issues)
		})
	}
}

// TestAContextThatDoubles: each entry stands for the one before it twice, in a text
// or in a list.
func TestAContextThatDoubles(t *testing.T) {
	for _, row := range []struct{ claim, first, next string }{
		{"texts", "xxxxxxxxxxxxxxxx", `"{{a%d}}{{a%d}}"`},
		{"lists", "[x, x]", `["{{a%d}}", "{{a%d}}"]`},
		{"maps", "{a: x}", `{a: "{{a%d}}", b: "{{a%d}}"}`},
	} {
		t.Run(row.claim, func(t *testing.T) {
			context := "{name: a0, variable: {value: " + row.first + "}}"
			for i := range 60 {
				context += fmt.Sprintf(", {name: a%d, variable: {value: "+row.next+"}}", i+1, i, i)
			}
			cluster, issues := read(t, deny(`{any: [{resources: {kinds: [Namespace], names: [dev]}}]}`, `context: [`+context+`], preconditions: {all: [{key: "{{a60}}", operator: Equals, value: x}]},`))
			assert.Equal(t, "?dev", outcome(cluster), issues)
		})
	}
}

// TestAPatternWithManyStars: each may stand for anything, and they are not tried in
// all combinations.
func TestAPatternWithManyStars(t *testing.T) {
	cluster, issues := read(t, deny(`{any: [{resources: {kinds: [Namespace], names: ["`+strings.Repeat("*e", 5000)+`x"]}}]}`, ""))
	assert.Empty(t, outcome(cluster), issues)
}

func TestPoliciesThatAreNone(t *testing.T) {
	for _, row := range []struct{ claim, policy, want string }{
		{"a version that is not served", strings.Replace(deny(namespaces, ""), "kyverno.io/v1", "kyverno.io/v3", 1), "kyverno.io/v3 has no such kind"},
		{"rules that are no list", "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: p}, spec: {rules: x}}", "is refused by Kyverno or an API server"},
		{"a rule that matches nothing", strings.Replace(deny(namespaces, ""), "match", "matches", 1), "rule r matches nothing"},
		{"what is generated is misspelt", strings.Replace(deny(namespaces, ""), "kind: NetworkPolicy", "kind: NetworkPolcy", 1), "did you mean NetworkPolicy?"},
		{"no rules", "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: p}}", ""},
		{"null everywhere", "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: p}, spec: {rules: [null, {match: null, generate: null, mutate: {foreach: [null]}}]}}", "matches nothing"},
		{"data that is a text", policyOf(`match: ` + namespaces + `, generate: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: a, namespace: dev, data: text}`), "data is no object"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			cluster, issues := read(t, row.policy)
			assert.Contains(t, issues, row.want)
			assert.Len(t, cluster.Pods, 4, "the rest is there")
			assert.Empty(t, cluster.Policies)
		})
	}
}
