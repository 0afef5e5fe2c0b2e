package engine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/netsim-dev/netsim/model"
)

// Each row is a policy with one mistake, at the line marked "here". Were it
// taken, it would let everybody in.
func TestRefusedPoliciesAreAbsentAndTheOthersHold(t *testing.T) {
	const (
		cilium = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: bad}
`
		plain = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: dev, name: bad}
spec:
  podSelector: {matchLabels: {app: server}}
`
	)
	for _, r := range []struct {
		claim, text string
		says        string
	}{
		{"a field of the wrong type", cilium + `spec:
  endpointSelector: {}
  ingress:
  - fromEntities: [all]
    toPorts: # here
      ports: [{port: "8080"}]
`, "counts as absent"},
		{"an entity that does not exist", cilium + `spec:
  endpointSelector: {}
  ingress:
  - fromEntities:
    - all
    - everyone # here
`, "everyone"},
		{"a protocol in lower case", cilium + `spec:
  endpointSelector: {}
  ingress:
  - fromEntities: [all]
    toPorts:
    - ports:
      - port: "8080"
        protocol: tcp # here
`, "TCP"},
		{"two kinds of peers in one rule, which the agent refuses", cilium + `spec: # the agent names no line
  endpointSelector: {}
  ingress:
  - fromEntities: [all]
    fromEndpoints: [{}]
    toPorts: [{ports: [{port: "8080", protocol: ICMP}]}]
`, ""},
		{"a selector operator that does not exist", plain + `  ingress:
  - from:
    - podSelector:
        matchExpressions:
        - key: app
          operator: Like # here
`, "not a valid selector operator"},
		{"a selector operator without its values", plain + `  ingress:
  - from:
    - namespaceSelector:
        matchExpressions:
        - key: app # here
          operator: In
`, "must be specified"},
		{"a bad subject selector", `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: dev, name: bad}
spec:
  podSelector:
    matchExpressions:
    - {key: app, operator: Like} # here
  ingress: [{}]
`, "not a valid selector operator"},
		{"a range that ends before it starts", plain + `  ingress:
  - ports:
    - port: 8080
      endPort: 8079 # here
`, "8079 does not end a range that starts at 8080"},
		{"a range that ends beyond the last port", plain + `  ingress:
  - ports:
    - port: 8080
      endPort: 65536 # here
`, "65536 does not end a range"},
		{"a range that starts nowhere", plain + `  ingress:
  - ports:
    - endPort: 8080 # here
`, "endPort without port"},
		{"a range of a named port", plain + `  ingress:
  - ports:
    - port: web
      endPort: 8080 # here
`, "endPort with a named port"},
		{"port 0", plain + `  ingress:
  - ports:
    - port: 0 # here
`, "0 is not a port"},
		{"a port beyond the last", plain + `  ingress:
  - ports:
    - port: 65536 # here
`, "65536 is not a port"},
		{"a port name that is none", plain + `  ingress:
  - ports:
    - port: Web_Port # here
`, "Web_Port"},
		{"a protocol that is none", plain + `  ingress:
  - ports:
    - protocol: ICMP # here
`, `"ICMP" is not a protocol`},
		{"a CIDR that is none", plain + `  ingress:
  - from:
    - ipBlock:
        cidr: 10.0.0.0 # here
`, `"10.0.0.0" is not a CIDR`},
		{"an exception that is no CIDR", plain + `  ingress:
  - from:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
        - nowhere # here
`, `"nowhere" is not a CIDR`},
		{"an exception outside", plain + `  ingress:
  - from:
    - ipBlock:
        cidr: 10.0.0.0/8
        except: [10.1.0.0/16, 11.0.0.0/16] # here
`, "11.0.0.0/16 is not inside 10.0.0.0/8"},
		{"an exception as wide as the block", plain + `  ingress:
  - from:
    - ipBlock:
        cidr: 10.0.0.0/8
        except: [10.0.0.0/8] # here
`, "is not inside"},
		{"an ipBlock beside a pod selector", plain + `  ingress:
  - from:
    - ipBlock: {cidr: 0.0.0.0/0} # here
      podSelector: {}
`, "ipBlock stands beside a selector"},
		{"an ipBlock beside a namespace selector", plain + `  ingress:
  - from:
    - ipBlock: {cidr: 0.0.0.0/0} # here
      namespaceSelector: {}
`, "ipBlock stands beside a selector"},
		{"an empty peer", plain + `  ingress:
  - from:
    - podSelector: {}
    - {} # here
`, "an empty peer"},
		{"a policy type that is none", plain + `  ingress: [{}]
  policyTypes:
  - Ingress
  - Both # here
`, `"Both" is neither Ingress nor Egress`},
		{"three policy types", plain + `  ingress: [{}]
  policyTypes: [Ingress, Egress, Ingress] # here
`, "at most two entries"},
		{"a mistake in an egress port", plain + `  ingress: [{}]
  egress:
  - ports: [{port: 80, endPort: 79}] # here
`, "spec.egress[0].ports[0].endPort"},
		{"a mistake in an egress peer", plain + `  ingress: [{}]
  egress:
  - to: [{}] # here
`, "spec.egress[0].to[0]"},
		{"a NetworkPolicy field of the wrong type", plain + `  ingress: {}
`, "cannot unmarshal"},
	} {
		t.Run(r.claim, func(t *testing.T) {
			s := load(t, "", r.text, server(`ingress: [{fromEndpoints: [{matchLabels: {app: local}}]}]`))
			assert.Equal(t, denied, outcome(s.judge(toServer)), "the bad policy would have allowed it, and is absent")
			assert.Equal(t, allowed, outcome(s.judge("ingress dev/local dev/server 80")), "the other policy still holds")
			issue := s.said(model.Error, "dev/bad", r.says)
			assert.Equal(t, "policies0.yaml", issue.File)
			if strings.Contains(r.text, "# here") {
				assert.Equal(t, marked(t, r.text, "here"), issue.Line)
			}
		})
	}
}

func TestPolicyRefusedByTheAgentIsAbsent(t *testing.T) {
	for claim, rules := range map[string]string{
		"two kinds of peers in one rule": `ingress: [{fromEntities: [all], fromEndpoints: [{}]}]`,
		"HTTP rules on UDP":              `ingress: [{toPorts: [{ports: [{port: "8080", protocol: UDP}], rules: {http: [{}]}}]}]`,
		"DNS rules on ingress":           `ingress: [{toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]`,
		"HTTP rules on ANY":              `ingress: [{toPorts: [{ports: [{port: "8080", protocol: ANY}], rules: {http: [{}]}}]}]`,
		"HTTP rules on port 0":           `ingress: [{toPorts: [{ports: [{port: "0", protocol: TCP}], rules: {http: [{}]}}]}]`,
		"DNS rules without ports":        `ingress: [{fromEntities: [world]}], egress: [{toPorts: [{rules: {dns: [{matchPattern: "*"}]}}]}]`,
		"DNS rules on a range":           `ingress: [{fromEntities: [world]}], egress: [{toPorts: [{ports: [{port: "53", endPort: 54, protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]`,
		"server names beside HTTP rules": `ingress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [a.example], rules: {http: [{}]}}]}]`,
		"a listener on ingress":          `ingress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], listener: {envoyConfig: {name: e}, name: l}}]}]`,
		"a listener beside HTTP rules":   `ingress: [{fromEntities: [world]}], egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], listener: {envoyConfig: {name: e}, name: l}, rules: {http: [{}]}}]}]`,
		"ICMP beside ports":              `ingress: [{icmps: [{fields: [{type: 8}]}], toPorts: [{ports: [{port: "80"}]}]}]`,
	} {
		t.Run(claim, func(t *testing.T) {
			s := load(t, "", server(rules))
			s.said(model.Error, "CiliumNetworkPolicy dev/server is refused by Cilium's agent", "no effect")
			assert.Equal(t, allowed, outcome(s.judge("ingress dev/client dev/server 9999")))
		})
	}
}

func TestGoodNetworkPoliciesAreNotRefused(t *testing.T) {
	for claim, rules := range map[string]string{
		"the whole range of ports":           `ingress: [{ports: [{port: 1, endPort: 65535}]}]`,
		"a range of one port":                `ingress: [{ports: [{port: 80, endPort: 80, protocol: SCTP}]}]`,
		"an exception inside":                `ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9]}}]}]`,
		"an IPv6 block":                      `ingress: [{from: [{ipBlock: {cidr: "2001:db8::/32", except: ["2001:db8:1::/48"]}}]}]`,
		"both selectors in one peer":         `ingress: [{from: [{podSelector: {}, namespaceSelector: {}}]}]`,
		"expressions with and without value": `ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: Exists}, {key: b, operator: NotIn, values: [c]}]}}]}]`,
		"both policy types":                  `policyTypes: [Ingress, Egress]`,
	} {
		t.Run(claim, func(t *testing.T) {
			assert.Empty(t, load(t, "", npServer(rules)).issues)
		})
	}
}

func TestUnknownFieldsAreDroppedAndTheRestHolds(t *testing.T) {
	text := `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: dev, name: typo}
spec:
  endpointSelector: {matchLabels: {app: server}}
  ingress:
  - fromEndpoints: [{matchLabels: {app: client}}]
    toports: [{ports: [{port: "9"}]}] # typo
`
	s := load(t, "", text)
	issue := s.said(model.Warning, "spec.ingress[0].toports", "not known", "did you mean")
	assert.Contains(t, issue.Remedy, "toPorts")
	assert.Equal(t, marked(t, text, "typo"), issue.Line)
	assert.Equal(t, allowed, outcome(s.judge(toServer)), "without the misspelt field the rule means every port")
	assert.Equal(t, denied, outcome(s.judge("ingress dev/local dev/server 8080")))

	s = load(t, "", strings.Replace(text, "toports", "qqqqqqqqqq", 1))
	assert.Equal(t, "remove the field", s.said(model.Warning, "qqqqqqqqqq").Remedy)
}

// Names can only be allowed: a deny rule has no such field, and means more without.
func TestNamesInADenyRuleAreDropped(t *testing.T) {
	s := load(t, "", client(`egress: [{toEntities: [all]}], egressDeny: [{toFQDNs: [{matchName: api.example}], toPorts: [{ports: [{port: "443"}]}]}]`))
	s.said(model.Warning, "spec.egressDeny[0].toFQDNs is not known", "an API server drops it")
	assert.Equal(t, denyRule, outcome(s.judge(toWorld)), "what is left denies the port to everybody")
	assert.Equal(t, allowed, outcome(s.judge("egress dev/client 203.0.113.9 80")))
}

func TestUnknownFieldsOfANetworkPolicy(t *testing.T) {
	text := `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: dev, name: typo}
spec:
  podSelector: {matchLabels: {app: server}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: client}}}]
    Ports: [{port: 9}] # typo
`
	s := load(t, "", text)
	issue := s.said(model.Warning, "NetworkPolicy dev/typo", `spec.ingress[0].Ports`)
	assert.Equal(t, marked(t, text, "typo"), issue.Line)
	assert.NotEmpty(t, issue.Remedy)
	assert.Equal(t, allowed, outcome(s.judge(toServer)))
	assert.Equal(t, denied, outcome(s.judge("ingress dev/local dev/server 8080")))
}

// What of these the CRD forbids, an API server refuses; the rest, the agent.
func TestPoliciesRefusedByEitherIsolateNobody(t *testing.T) {
	ports := func(n int) string {
		return strings.TrimSuffix(strings.Repeat(`{port: "80", protocol: TCP}, `, n), ", ")
	}
	for claim, document := range map[string]string{
		"ICMP as a protocol of ports":       server(`ingress: [{toPorts: [{ports: [{port: "8", protocol: ICMP}]}]}]`),
		"more than 40 ports":                server(`ingress: [{toPorts: [{ports: [` + ports(41) + `]}]}]`),
		"a namespaced policy for nodes":     cnp("hosts", `nodeSelector: {}, ingress: [{}]`),
		"a policy for pods and nodes":       ccnp("both", `endpointSelector: {}, nodeSelector: {}, ingress: [{}]`),
		"HTTP and DNS rules in one":         server(`ingress: [{fromEntities: [world]}], egress: [{toPorts: [{ports: [{port: "53", protocol: TCP}], rules: {http: [{}], dns: [{matchPattern: "*"}]}}]}]`),
		"nodes by label without the option": server(`ingress: [{fromNodes: [{matchLabels: {disk: ssd}}]}]`) + config,
	} {
		t.Run(claim, func(t *testing.T) {
			s := load(t, hostFirewall, document)
			s.said(model.Error, "NetworkPolicy")
			assert.Equal(t, allowed, outcome(s.judge("ingress dev/client dev/server 9999")))
			assert.Equal(t, allowed, outcome(s.judge("ingress dev/client node/w2 22")))
		})
	}
	assert.Equal(t, denied, outcome(load(t, "", server(`ingress: [{toPorts: [{ports: [`+ports(40)+`]}]}]`)).judge("ingress dev/client dev/server 9999")), "40 ports are taken")
}
