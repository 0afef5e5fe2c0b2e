package conntest_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/conntest"
)

// shop is a client, an API of two pods that only the client may reach, and
// a database that only the API may reach.
const shop = `
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web, labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: api-0, labels: {app: api}}, spec: {containers: [{name: c, image: i}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: api-1, labels: {app: api, odd: "true"}}, spec: {containers: [{name: c, image: i}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: api}, spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: empty}, spec: {selector: {app: nobody}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db, labels: {app: db}}, spec: {containers: [{name: c, image: i}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: shop, name: api}, spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: shop, name: db}, spec: {endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEndpoints: [{matchLabels: {app: api}}]}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: odd-one-out}, spec: {endpointSelector: {matchLabels: {odd: "true"}}, egressDeny: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": shop, app: db}}]}]}}
`

// directory writes the shop and more files, by name, and gives where.
func directory(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["shop.yaml"] = shop
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// document is a ConnectivityTest with fields below the first two.
func document(fields string) string {
	return "apiVersion: netsim.dev/v1alpha1\nkind: ConnectivityTest\n" + fields
}

// run runs the only document of a file beside the shop.
func run(t *testing.T, text string, opt conntest.Options) conntest.Suite {
	t.Helper()
	tests, err := conntest.Read([]string{filepath.Join(directory(t, map[string]string{"test.yaml": text}), "test.yaml")}, nil)
	require.NoError(t, err)
	require.Len(t, tests, 1)
	return tests[0].Run(opt)
}

func loadShop(t *testing.T) *sim.Sim {
	t.Helper()
	cluster, issues, err := sim.Load([]string{filepath.Join(directory(t, map[string]string{}), "shop.yaml")}, nil)
	require.NoError(t, err)
	s, err := sim.New(cluster, issues, sim.Options{})
	require.NoError(t, err)
	return s
}

// TestJudge: what becomes of a case, with part of its problem where it does not
// pass.
func TestJudge(t *testing.T) {
	chain := func(refs ...string) conntest.Case { return conntest.Case{Chain: refs, Want: sim.Allowed} }
	because := func(from, to string, want sim.Verdict, name string) conntest.Case {
		return conntest.Case{From: from, To: to, Want: want, Because: name}
	}
	const web, api, db, odd = "shop/web", "shop/svc/api:80", "shop/db:5432", "shop/api-1"
	for _, row := range []struct {
		name    string
		c       conntest.Case
		outcome conntest.Outcome
		problem string
	}{
		{"as wanted", because(web, api, sim.Allowed, ""), conntest.Pass, ""},
		{"the port may stand by itself", conntest.Case{From: web, To: "shop/svc/api", Port: "80", Want: sim.Allowed}, conntest.Pass, ""},
		{"another verdict", because(web, db, sim.Allowed, ""), conntest.Fail, "want allowed, got denied"},
		{"a case that says nothing of its verdict wants none", conntest.Case{From: web, To: api}, conntest.Fail, "want undetermined, got allowed"},
		{"a reference that names nothing", because("shop/wbe", api, sim.Denied, ""), conntest.Unusable, "shop/wbe names nothing"},
		{"a case without a question", conntest.Case{Want: sim.Allowed}, conntest.Unusable, "FROM"},

		{"because of a policy by its name", because(web, db, sim.Denied, "db"), conntest.Pass, ""},
		{"because of a policy by namespace and name", because(web, db, sim.Denied, "shop/db"), conntest.Pass, ""},
		{"because of a policy by its kind too", because(web, db, sim.Denied, "ciliumnetworkpolicy/shop/db"), conntest.Pass, ""},
		{"of another namespace", because(web, db, sim.Denied, "dev/db"), conntest.Fail, "decided by CiliumNetworkPolicy shop/db"},
		{"of another kind", because(web, db, sim.Denied, "NetworkPolicy/shop/db"), conntest.Fail, "not because of NetworkPolicy/shop/db"},
		{"because of a clusterwide policy", because(odd, db, sim.Denied, "odd-one-out"), conntest.Pass, ""},
		{"because of a clusterwide policy by its kind", because(odd, db, sim.Denied, "CiliumClusterwideNetworkPolicy/odd-one-out"), conntest.Pass, ""},
		{"a policy that allows decides no denial", because(odd, db, sim.Denied, "db"), conntest.Fail, "decided by CiliumClusterwideNetworkPolicy odd-one-out"},
		{"a Service is not taken for a policy of its name", because("shop/api-0", "shop/svc/empty:80", sim.Denied, "empty"), conntest.Fail, "no policy decided it"},
		{"a Service by its kind", because(web, api, sim.Allowed, "Service/shop/api"), conntest.Pass, ""},
		{"the wrong verdict comes before the wrong reason", because(web, db, sim.Allowed, "api"), conntest.Fail, "want allowed, got denied"},

		{"a chain of one connection", chain(web, api), conntest.Pass, ""},
		{"a chain goes on from each backend, and one is denied", chain(web, api, db), conntest.Fail, "want allowed, got mixed at " + api + " → " + db},
		{"the first connection that is not allowed decides", chain(web, db, api), conntest.Fail, "got denied at " + web + " → " + db},
		{"a chain may be wanted to break", conntest.Case{Chain: []string{web, api, db}, Want: sim.Mixed, Because: "odd-one-out"}, conntest.Pass, ""},
		{"a chain that leaves the cluster goes on from the address", chain(web, "203.0.113.9:80", db), conntest.Fail, "got denied at 203.0.113.9:80"},
		{"what comes behind a broken connection is read all the same", chain(web, db, "shop/nobody:80"), conntest.Unusable, "shop/nobody:80 names nothing"},
		{"nothing is behind a Service without pods, which breaks the chain already", chain(web, "shop/svc/empty:80", db), conntest.Fail, "got denied at " + web + " → shop/svc/empty:80"},
		{"a chain of one end", chain(web), conntest.Unusable, "no connection"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := row.c.Judge(loadShop(t))
			assert.Equal(t, row.outcome, r.Outcome, r.Problem)
			assert.Contains(t, r.Problem, row.problem)
			assert.Equal(t, row.outcome == conntest.Pass, r.Problem == "")
			assert.Equal(t, row.outcome == conntest.Fail, r.Answer != nil, "a failure is explained")
			if r.Connection != "" && r.Answer != nil {
				assert.NotEqual(t, sim.Allowed, r.Answer.Verdict, "the explanation is of a connection that is not allowed")
			}
		})
	}
}

// TestDocumentsAreReadStrictly: a good document with one thing changed, and what
// is said of it.
func TestDocumentsAreReadStrictly(t *testing.T) {
	const good = `manifests: [shop.yaml]
datapaths: [kind, kind-kpr cilium.version=1.20]
dns: {www.example.com: [203.0.113.9]}
cases:
- {from: shop/web, to: "shop/svc/api:80", want: allowed, because: shop/api}
- {from: shop/web, to: shop/svc/api, port: 80, want: allowed}
- {chain: [shop/web, "shop/svc/api:80"], want: allowed}
`
	assert.Empty(t, run(t, document(good), conntest.Options{}).Issues)
	for _, row := range []struct {
		name, from, to string
		line           int
		says, do       string
	}{
		{"a field that is none", "want: allowed, because", "wanted: allowed, because", 7, "cases[0].wanted: the field is not known", "did you mean want?"},
		{"a field that is none at the top", "manifests:", "manifest:", 3, "manifest: the field is not known", "did you mean manifests?"},
		{"a verdict that is none", "want: allowed}\n- {chain", "want: allow}\n- {chain", 8, `cases[1].want: "allow" is no verdict`, "did you mean allowed?"},
		{"a verdict that YAML reads as a boolean", "want: allowed}\n- {chain", "want: true}\n- {chain", 8, "cases[1].want: must be a string", "quotes"},
		{"no verdict", ", want: allowed}\n- {chain", "}\n- {chain", 8, "cases[1].want: is missing", "write allowed"},
		{"no source", "from: shop/web, to: shop/svc/api,", "to: shop/svc/api,", 8, "cases[1].from: is missing", "from and to, or chain"},
		{"a port that is a list", "port: 80", "port: [80]", 8, "cases[1].port: is neither", "443 or 53/UDP"},
		{"a port that is a fraction", "port: 80", "port: 80.5", 8, "cases[1].port: is neither", "443 or 53/UDP"},
		{"a policy that is none", "because: shop/api", "because: shop/", 7, `cases[0].because: "shop/" names no policy`, "write NAME"},
		{"a chain beside from", "{chain:", "{from: a, chain:", 9, "cases[2].from: does not go with chain", "remove it"},
		{"a chain of one end", `[shop/web, "shop/svc/api:80"]`, "[shop/web]", 9, "cases[2].chain: has not two ends", "two references"},
		{"a chain that is no list", `[shop/web, "shop/svc/api:80"]`, "shop/web", 9, "cases[2].chain: must be a list", "after a dash"},
		{"two profiles in one", "kind, kind-kpr", "kind eks-eni, kind-kpr", 4, "datapaths[0]: kind and eks-eni are two profiles", "kind-kpr cilium.version=1.20"},
		{"a profile that is none", "[kind, ", "[kin, ", 4, `datapaths[0]: unknown datapath "kin"`, "the name of a profile"},
		{"a setting without a key", "cilium.version=1.20", "=1.20", 4, `datapaths[1]: "=1.20" has no key`, "kind-kpr cilium.version=1.20"},
		{"a datapath twice", "[kind, ", "[kind, kind, ", 4, `datapaths[1]: "kind" is there twice`, "keep one"},
		{"an address that is none", "203.0.113.9", "203.0.113", 5, "dns: www.example.com: \"203.0.113\" is no IP address", "list addresses"},
		{"DNS files that nobody reads", "dns: {", "dnsFiles: [zone]\ndns: {", 5, "dnsFiles[0]: ", "zone"},
		{"manifests that are not there", "shop.yaml]", "shop.yaml, gone.yaml]", 3, "manifests[1]: cannot read ", "relative to the test file"},
		{"no manifests", "manifests: [shop.yaml]\n", "", 1, "no manifests are named", "list files"},
		{"a key twice", "manifests:", "manifests: []\nmanifests:", 4, "key manifests is there a second time", "keep one"},
		{"another version", "netsim.dev/v1alpha1", "netsim.dev/v2", 1, `"netsim.dev/v2" has no ConnectivityTest`, "write apiVersion: netsim.dev/v1alpha1"},
		{"another group", "netsim.dev/v1alpha1", "v1", 1, `"v1" has no ConnectivityTest`, "write apiVersion: netsim.dev/v1alpha1"},
		{"a kind that is none", "kind: ConnectivityTest", "kind: ConectivityTests", 2, "ConectivityTests is no kind", "did you mean ConnectivityTest?"},
		{"YAML that is none", "cases:", "cases: [", 7, "cannot be parsed", "correct"},
		{"an empty case", "- {chain", "-\n- {chain", 9, "cases[2].from: is missing", "from and to"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(document(good), row.from, row.to, 1)
			require.NotEqual(t, document(good), text)
			suite := run(t, text, conntest.Options{})
			assert.False(t, suite.Counts().Good())
			for _, issue := range suite.Issues {
				if strings.Contains(issue.Message, row.says) && strings.Contains(issue.Remedy, row.do) && issue.Line == row.line {
					return
				}
			}
			assert.Fail(t, "not said", "want line %d: %s (%s)\namong %v", row.line, row.says, row.do, suite.Issues)
		})
	}
}

func TestReadFindsTestsAmongOtherFiles(t *testing.T) {
	const one = "manifests: [shop.yaml]\ncases: [{from: shop/web, to: shop/db:1, want: denied}]\n"
	dir := directory(t, map[string]string{
		"b/two.yaml":     document(one) + "---\n" + document("metadata: {name: second}\n"+one),
		"a.yaml":         "# nothing but a comment\n---\n" + shop + "---\n" + document(one),
		"template.yaml":  "{{ if }}: [",
		"firewall.yaml":  "apiVersion: netsim.dev/v1alpha1\nkind: CloudFirewall\nmetadata: {name: a}\n",
		"broken.yaml":    document("manifests: ["),
		"notes.txt":      document(one),
		"empty.yaml":     "",
		"one.json":       `{"apiVersion": "netsim.dev/v1alpha1", "kind": "ConnectivityTest", "manifests": ["shop.yaml"], "cases": [{"from": "shop/web", "to": "shop/db", "port": 1, "want": "denied"}]}`,
		"misspelt.yaml":  "apiVersion: netsim.dev/v1alpha1\nkind: ConnectivtyTest\n",
		"somebody's.yml": "apiVersion: example.com/v1\nkind: ConnectivityTests\n",
	})
	tests, err := conntest.Read([]string{dir}, nil)
	require.NoError(t, err)
	var found []string
	for _, test := range tests {
		name, err := filepath.Rel(dir, filepath.FromSlash(test.File))
		require.NoError(t, err)
		state := " good"
		if len(test.Issues) > 0 {
			state = " unusable"
		}
		found = append(found, filepath.ToSlash(name)+" "+test.Metadata.Name+state)
	}
	assert.Equal(t, []string{"a.yaml  good", "b/two.yaml  good", "b/two.yaml second good", "broken.yaml  unusable", "misspelt.yaml  unusable", "one.json  good"}, found)

	for _, path := range []string{"shop.yaml", "empty.yaml", "template.yaml/none"} {
		_, err := conntest.Read([]string{filepath.Join(dir, path)}, nil)
		assert.Error(t, err, path)
	}
	tests, err = conntest.Read([]string{filepath.Join(dir, "template.yaml")}, nil)
	require.NoError(t, err)
	assert.NotEmpty(t, tests[0].Issues, "a file that is named is not passed over")
	tests, err = conntest.Read([]string{"-"}, strings.NewReader(document(one)))
	require.NoError(t, err)
	assert.Equal(t, "<stdin>", tests[0].File)
}

func TestRunUnderDatapaths(t *testing.T) {
	text := document(`manifests: [shop.yaml]
datapaths: ["", kind, cilium.version=1.18 kubeProxyReplacement=true]
cases:
- {name: works, from: shop/web, to: "shop/svc/api:80", want: denied}
- {name: other, from: shop/web, to: "shop/svc/api:80", want: allowed}
`)
	suite := run(t, text, conntest.Options{})
	require.Empty(t, suite.Issues)
	var names, used []string
	for _, r := range suite.Results {
		names = append(names, r.Name)
		if r.Answer != nil {
			d := r.Answer.Datapath
			used = append(used, strings.TrimSpace(d.Name+" "+d.CiliumVersion))
			assert.Equal(t, strings.HasPrefix(d.CiliumVersion, "1.18"), d.KubeProxyReplacement)
		}
	}
	assert.Equal(t, []string{
		"works", "other", "kind/works", "kind/other",
		"cilium.version=1.18 kubeProxyReplacement=true/works", "cilium.version=1.18 kubeProxyReplacement=true/other",
	}, names)
	require.Len(t, used, 3)
	assert.True(t, strings.HasPrefix(used[0], "generic"), used)
	assert.True(t, strings.HasPrefix(used[1], "kind"), used)
	assert.Contains(t, used[2], "1.18")

	only := run(t, text, conntest.Options{Only: regexp.MustCompile("^kind/o")})
	require.Len(t, only.Results, 1)
	assert.Equal(t, "kind/other", only.Results[0].Name)

	chosen := run(t, text, conntest.Options{Sim: sim.Options{Datapath: "kind-kpr"}})
	require.Len(t, chosen.Results, 2, "a datapath that is chosen takes the place of the document's")
	assert.Equal(t, "kind-kpr", chosen.Results[0].Answer.Datapath.Name)

	wrong := run(t, text, conntest.Options{Sim: sim.Options{Datapath: "knd"}})
	require.Len(t, wrong.Issues, 1)
	assert.Contains(t, wrong.Issues[0].Message, `unknown datapath "knd"`)
}

func TestRunReadsWhatTheOptionsSay(t *testing.T) {
	const oneCase = "cases: [{from: shop/web, to: \"203.0.113.9:443\", want: allowed}]\n"
	dir := directory(t, map[string]string{})
	with := conntest.Options{Manifests: []string{filepath.Join(dir, "shop.yaml")}}
	assert.True(t, run(t, document(oneCase), with).Counts().Good(), "manifests may all come from the options")

	made := conntest.Test{Datapaths: []string{"kind kind-kpr", "kind"}, Cases: []conntest.Case{{From: "shop/web", To: "shop/svc/api:80", Want: sim.Allowed}}}
	suite := made.Run(with)
	assert.Equal(t, conntest.Counts{Passed: 1, Errors: 1}, suite.Counts(), "a Test that no file holds is checked too")
	assert.Equal(t, "datapaths[0]: kind and kind-kpr are two profiles", suite.Issues[0].Message)

	failing := conntest.Options{Load: func(*conntest.Test, []string) (*model.Cluster, []model.Issue, error) {
		return nil, nil, errors.New("no such chart")
	}}
	suite = run(t, document("manifests: [shop.yaml]\n"+oneCase), failing)
	require.Len(t, suite.Issues, 1)
	assert.Equal(t, "manifests: no such chart", suite.Issues[0].Message)

	lost := "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {namespace: shop, name: lost}, spec: {endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: \"70000\"}]}]}]}}"
	with.Manifests = append(with.Manifests, filepath.Join(directory(t, map[string]string{"lost.yaml": lost}), "lost.yaml"))
	suite = run(t, document(oneCase), with)
	assert.Len(t, suite.LeftOut, 1)
	assert.True(t, suite.Counts().Good())
	with.Strict = true
	suite = run(t, document(oneCase), with)
	assert.NotEmpty(t, suite.Issues)
	assert.Empty(t, suite.Results)
}

func TestDNSOfTheDocument(t *testing.T) {
	const kubeDNS = `
{apiVersion: v1, kind: Service, metadata: {namespace: kube-system, name: kube-dns}, spec: {selector: {k8s-app: kube-dns}, ports: [{port: 53, protocol: UDP}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: kube-system, name: coredns, labels: {k8s-app: kube-dns}}, spec: {containers: [{name: c, image: i}]}}
`
	dir := directory(t, map[string]string{"dns.yaml": kubeDNS, "zone": "files.example.com", "test.yaml": document(`manifests: [shop.yaml, dns.yaml]
dns: {www.example.com: [203.0.113.9]}
dnsFiles: [zone]
cases:
- {from: shop/web, to: "www.example.com:443", want: denied}
- {from: shop/web, to: "files.example.com:443", want: denied}
- {from: shop/web, to: "more.example.com:443", want: denied}
`)})
	tests, err := conntest.Read([]string{filepath.Join(dir, "test.yaml")}, nil)
	require.NoError(t, err)
	answer := func(name, addr string) model.DNSAnswers {
		answers := model.DNSAnswers{}
		answers.Add(name, netip.MustParseAddr(addr))
		return answers
	}
	suite := tests[0].Run(conntest.Options{
		ReadDNS: func(path string, data []byte) (model.DNSAnswers, error) {
			assert.Equal(t, "zone", filepath.Base(path))
			return answer(string(data), "203.0.113.10"), nil
		},
		Sim: sim.Options{DNS: answer("more.example.com", "203.0.113.11")},
	})
	require.Empty(t, suite.Issues)
	var asked []string
	for _, r := range suite.Results {
		asked = append(asked, r.Answer.To.IP)
	}
	assert.Equal(t, []string{"203.0.113.9", "203.0.113.10", "203.0.113.11"}, asked)
}

func TestSummarizeCounts(t *testing.T) {
	of := func(outcomes ...conntest.Outcome) []conntest.Result {
		var all []conntest.Result
		for _, o := range outcomes {
			all = append(all, conntest.Result{Outcome: o})
		}
		return all
	}
	report := conntest.Summarize([]conntest.Suite{
		{Results: of(conntest.Pass, conntest.Fail)},
		{Results: of(conntest.Unusable)},
		{Issues: []model.Issue{{}, {}}},
	})
	assert.Equal(t, conntest.Counts{Passed: 1, Failed: 1, Errors: 2}, report.Counts)
	assert.False(t, report.Good())
	assert.Equal(t, 4, report.Cases())
}

// TestTestsCanBeWritten: what a Test says as JSON is a document that reads back.
func TestTestsCanBeWritten(t *testing.T) {
	written := conntest.Test{APIVersion: sim.APIVersion, Kind: conntest.Kind, Manifests: []string{"shop.yaml"}, Cases: []conntest.Case{
		{From: "shop/web", To: "shop/svc/api", Port: "80", Want: sim.Allowed},
		{From: "shop/web", To: "shop/db:5432", Want: sim.Denied, Because: "shop/db"},
		{Chain: []string{"shop/web", "shop/svc/api:80", "shop/db:5432"}, Want: sim.Mixed},
	}}
	text, err := json.Marshal(written)
	require.NoError(t, err)
	suite := run(t, string(text), conntest.Options{})
	assert.Empty(t, suite.Issues)
	assert.Equal(t, conntest.Counts{Passed: 3}, suite.Counts())
}

// FuzzRead: nothing that a file can hold makes Read or Run panic.
func FuzzRead(f *testing.F) {
	f.Add(document("manifests: [shop.yaml]\ncases:\n- {from: shop/web, to: shop/db:1, want: denied, because: a/b}\n- {chain: [a, b, c], want: mixed}\n"))
	f.Add(document("datapaths: ['kind a=b', '']\ndns: {a: [1.2.3.4]}\ncases: [null, 1]\n"))
	f.Add(document("cases: &a [*a]"))
	dir := directory(f, map[string]string{})
	path := filepath.Join(dir, "test.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		tests, err := conntest.Read([]string{path}, nil)
		if err != nil {
			return
		}
		for _, test := range tests {
			test.Run(conntest.Options{Load: func(*conntest.Test, []string) (*model.Cluster, []model.Issue, error) {
				return &model.Cluster{}, nil, nil
			}})
		}
	})
}
