//go:build conformance

package gateway_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/gateway"
	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// conformanceModule is where the Gateway API keeps its conformance tests: the
// manifests, and beside them the requests and expected answers as Go literals.
const conformanceModule = "sigs.k8s.io/gateway-api/conformance@v1.6.2"

const infra = "gateway-conformance-infra"

// entry is where a group of a test's requests goes. Its zero value is port 80 of
// the Gateway that the test names.
type entry struct {
	gateway string
	port    uint16
	scheme  string
	// without is the kind of the objects that the test has deleted by then.
	without string
}

// suites are the tests that are about routing. A test has one entry for all its
// groups of requests, or one for each.
var suites = []struct {
	test    string
	entries []entry
	// also are manifests besides the test's own.
	also []string
}{
	{test: "httproute-simple-same-namespace"},
	{test: "httproute-matching"},
	{test: "httproute-matching-across-routes"},
	{test: "httproute-exact-path-matching"},
	{test: "httproute-path-match-order"},
	{test: "httproute-header-matching"},
	{test: "httproute-method-matching"},
	{test: "httproute-query-param-matching"},
	{test: "httproute-named-rule"},
	{test: "httproute-weight"},
	{test: "httproute-omitted-backendrefs"},
	{test: "httproute-cross-namespace"},
	{test: "httproute-hostname-intersection"},
	{test: "httproute-listener-hostname-matching"},
	{test: "httproute-invalid-backendref-unknown-kind"},
	{test: "httproute-invalid-nonexistent-backendref"},
	{test: "httproute-invalid-cross-namespace-backend-ref"},
	{test: "httproute-invalid-reference-grant"},
	{test: "httproute-partially-invalid-via-invalid-reference-grant"},
	{test: "httproute-reference-grant", entries: []entry{{}, {without: "ReferenceGrant"}}},
	{test: "httproute-redirect-host-and-status"},
	{test: "httproute-redirect-path"},
	{test: "httproute-redirect-port"},
	{test: "httproute-redirect-scheme"},
	{test: "httproute-303-redirect"},
	{test: "httproute-307-redirect"},
	{test: "httproute-308-redirect"},
	{test: "httproute-redirect-port-and-scheme", entries: []entry{
		{gateway: "same-namespace"}, {gateway: "same-namespace-with-http-listener-on-8080", port: 8080}, {gateway: "same-namespace-with-https-listener", port: 443, scheme: gateway.HTTPS},
	}},
	{test: "httproute-rewrite-host"},
	{test: "httproute-rewrite-path"},
	{test: "httproute-request-header-modifier"},
	{test: "httproute-response-header-modifier"},
	{test: "httproute-request-mirror"},
	{test: "httproute-multiple-gateways"},
	{test: "gateway-http-listener-isolation", entries: []entry{{gateway: "http-listener-isolation"}}},
	{test: "gateway-http-listener-isolation", entries: []entry{{gateway: "http-listener-isolation-with-hostname-intersection"}}, also: []string{"gateway-http-listener-isolation-with-hostname-intersection"}},
	{test: "grpcroute-exact-method-matching"},
	{test: "grpcroute-header-matching"},
	{test: "grpcroute-listener-hostname-matching"},
	{test: "grpcroute-named-rule"},
	{test: "grpcroute-weight"},
}

// TestConformance asks the questions of the Gateway API's own conformance tests.
func TestConformance(t *testing.T) {
	dir := moduleDir(t)
	total, skipped := 0, 0
	for _, suite := range suites {
		t.Run(suite.test, func(t *testing.T) {
			files := []string{"base/manifests.yaml", "tests/" + suite.test + ".yaml"}
			for _, also := range suite.also {
				files[1] = "tests/" + also + ".yaml"
			}
			cases, unread := readCases(t, filepath.Join(dir, "tests", suite.test+".go"))
			skipped += unread
			require.NotEmpty(t, cases)
			for _, c := range cases {
				total++
				e := entry{}
				if len(suite.entries) == 1 {
					e = suite.entries[0]
				} else if c.group < len(suite.entries) {
					e = suite.entries[c.group]
				}
				c.check(t, loadTable(t, dir, files, e.without), e)
			}
		})
	}
	t.Logf("%d requests of %d tests were asked; %d literals hold variables and were left out", total, len(suites), skipped)
	assert.Greater(t, total, 200, "the cases are still found")
}

// moduleDir downloads the module with the Go client, or finds it where that has
// put it.
func moduleDir(t *testing.T) string {
	t.Helper()
	command := exec.Command("go", "mod", "download", "-json", conformanceModule)
	command.Dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(command.Dir, "go.mod"), []byte("module scratch\n"), 0o600))
	out, err := command.Output()
	require.NoError(t, err, "%s", out)
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(out, &module))
	return module.Dir
}

func loadTable(t *testing.T, dir string, names []string, without string) *gateway.Table {
	t.Helper()
	var files []manifest.File
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		data = []byte(strings.ReplaceAll(string(data), "{GATEWAY_CLASS_NAME}", "any"))
		files = append(files, manifest.File{Name: name, Data: data})
	}
	cluster, _ := manifest.Load(files)
	cluster.Others = slices.DeleteFunc(cluster.Others, func(o *model.Object) bool { return o.Origin.Kind == without })
	table, issues := gateway.New(model.NewIndex(cluster), gateway.Settings{})
	require.Empty(t, issues)
	return table
}

// expected is one literal of a test.
type expected struct {
	// group counts the lists of literals in the file.
	group int
	// gateway is the Gateway that the test last named before it.
	gateway string
	fields  map[string]any
}

func (e expected) text(path ...string) string {
	value := any(e.fields)
	for _, key := range path {
		fields, _ := value.(map[string]any)
		value = fields[key]
	}
	text, _ := value.(string)
	return text
}

func (e expected) number(path ...string) int {
	n, _ := strconv.Atoi(e.text(path...))
	return n
}

func (e expected) headers(path ...string) (list []gateway.Header) {
	value := any(e.fields)
	for _, key := range path {
		fields, _ := value.(map[string]any)
		value = fields[key]
	}
	fields, _ := value.(map[string]any)
	for name, v := range fields {
		list = append(list, gateway.Header{Name: name, Value: fmt.Sprint(v)})
	}
	return list
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// check asks for one literal's request and holds the decision against it.
func (e expected) check(t *testing.T, table *gateway.Table, to entry) {
	t.Helper()
	request := gateway.Request{
		Scheme: or(to.scheme, gateway.HTTP), Port: to.port, Host: or(e.text("Request", "Host"), "192.0.2.1"),
		Method: or(e.text("Request", "Method"), "GET"), Path: or(e.text("Request", "Path"), "/"), Headers: e.headers("Request", "Headers"),
	}
	if to.port == 0 {
		request.Port = 80
	}
	if to.scheme == gateway.HTTPS {
		request.Host = "example.org"
	}
	status := e.number("Response", "StatusCode")
	for _, call := range []string{"EchoRequest", "EchoTwoRequest", "EchoThreeRequest"} {
		if _, called := e.fields[call]; called {
			request.Method, request.Path = "POST", "/gateway_api_conformance.echo_basic.grpcecho.GrpcEcho/"+strings.TrimSuffix(call, "Request")
			request.Host = or(e.text("RequestMetadata", "Authority"), request.Host)
			request.Headers = e.headers("RequestMetadata", "Metadata")
			if e.text("Response", "Code") == "Unimplemented" {
				status = 404
			}
		}
	}
	ref := or(to.gateway, e.gateway)
	name := fmt.Sprintf("%s to %s", request, ref)
	g := find(table, ref)
	if !assert.NotNil(t, g, name) {
		return
	}
	d := table.Decide(g, request)
	assert.Empty(t, d.Unknown, name)
	switch backend := e.text("Backend"); {
	case e.fields["RedirectRequest"] != nil:
		e.checkRedirect(t, request, d, name)
	case status < 400 && backend == "":
		assert.Zero(t, d.Status, "%s: %s", name, d.Why)
	case status >= 400:
		served := d.Status
		for _, b := range d.Backends {
			if b.Status != 0 {
				served = b.Status
			}
		}
		assert.Equal(t, status, served, "%s: %s", name, d.Why)
	default:
		var names []string
		for _, b := range d.Backends {
			if b.Status == 0 {
				names = append(names, b.Namespace+"/"+b.Service)
			}
		}
		assert.Contains(t, names, e.text("Namespace")+"/"+backend, "%s: %s", name, d.Why)
		e.checkForwarded(t, request, d, name)
	}
}

func find(table *gateway.Table, name string) *gateway.Gateway {
	for _, g := range table.Gateways() {
		if g.Ref() == infra+"/"+name {
			return g
		}
	}
	return nil
}

// checkRedirect leaves out a port that the scheme implies, as the tests do.
func (e expected) checkRedirect(t *testing.T, r gateway.Request, d gateway.Decision, name string) {
	t.Helper()
	got, err := url.Parse(d.Location)
	require.NoError(t, err)
	if want := e.number("Response", "StatusCode"); want != 0 {
		assert.Equal(t, want, d.Status, name)
	}
	assert.Equal(t, or(e.text("RedirectRequest", "Scheme"), r.Scheme), got.Scheme, name)
	if host := e.text("RedirectRequest", "Host"); host != "" {
		assert.Equal(t, host, got.Hostname(), name)
	}
	wellKnown := map[string]string{"http": "80", "https": "443"}[got.Scheme]
	assert.Equal(t, or(e.text("RedirectRequest", "Port"), wellKnown), or(got.Port(), wellKnown), name)
	if path := e.text("RedirectRequest", "Path"); path != "" {
		assert.Equal(t, path, got.Path, name)
	}
}

func (e expected) checkForwarded(t *testing.T, r gateway.Request, d gateway.Decision, name string) {
	t.Helper()
	if e.fields["ExpectedRequest"] == nil {
		return
	}
	assert.Equal(t, or(e.text("ExpectedRequest", "Request", "Path"), or(e.text("ExpectedRequest", "Path"), r.Path)), d.Backends[0].Forward.Path, name)
	if host := e.text("ExpectedRequest", "Request", "Host"); host != "" {
		assert.Equal(t, host, d.Backends[0].Forward.Host, name)
	}
	var names []string
	for _, h := range d.Backends[0].Forward.Headers {
		names = append(names, strings.ToLower(h.Name)+": "+h.Value)
	}
	sent := strings.Join(names, "\n") + "\n"
	for _, h := range e.headers("ExpectedRequest", "Request", "Headers") {
		for _, value := range strings.Split(h.Value, ",") {
			assert.Contains(t, sent, strings.ToLower(h.Name)+": "+value+"\n", name)
		}
	}
}

// readCases finds the literals of ExpectedResponse in a test's source. Those that
// hold what only running the test would tell are counted.
func readCases(t *testing.T, file string) (cases []expected, unread int) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	r := caseReader{gateway: "same-namespace", names: map[string]string{
		"InfrastructureNamespace": infra, "AppBackendNamespace": "gateway-conformance-app-backend", "WebBackendNamespace": "gateway-conformance-web-backend",
		"InfraBackendServiceNameV1": "infra-backend-v1", "InfraBackendServiceNameV2": "infra-backend-v2", "InfraBackendServiceNameV3": "infra-backend-v3",
		"MethodOptions": "OPTIONS", "StatusOK": "200", "StatusNotFound": "404", "StatusInternalServerError": "500", "StatusTemporaryRedirect": "307",
		"StatusPermanentRedirect": "308", "StatusSeeOther": "303",
	}}
	ast.Inspect(parsed, r.visit)
	return r.cases, r.unread
}

type caseReader struct {
	names   map[string]string
	groups  int
	gateway string
	cases   []expected
	unread  int
}

func (r *caseReader) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if name, ok := left.(*ast.Ident); ok && i < len(n.Rhs) {
				r.assign(name.Name, n.Rhs[i])
			}
		}
	case *ast.CompositeLit:
		if list, ok := n.Type.(*ast.ArrayType); ok && isExpected(list.Elt) {
			for _, e := range n.Elts {
				r.add(e)
			}
			r.groups++
			return false
		}
		if isExpected(n.Type) {
			r.add(n)
			r.groups++
			return false
		}
	}
	return true
}

func (r *caseReader) assign(name string, e ast.Expr) {
	value, _ := r.value(e)
	switch v := value.(type) {
	case string:
		r.names[name] = v
	case map[string]any:
		if gateway, ok := v["Name"].(string); ok && name == "gwNN" {
			r.gateway = gateway
		}
	}
}

func isExpected(e ast.Expr) bool {
	selector, ok := e.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == "ExpectedResponse"
}

func (r *caseReader) add(e ast.Expr) {
	value, ok := r.value(e)
	fields, isStruct := value.(map[string]any)
	if !ok || !isStruct {
		r.unread++
		return
	}
	r.cases = append(r.cases, expected{r.groups, r.gateway, fields})
}

// value is a literal as a string or a map; false for anything else.
func (r *caseReader) value(e ast.Expr) (any, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
		return e.Value, true
	case *ast.SelectorExpr:
		if known, ok := r.names[e.Sel.Name]; ok {
			return known, true
		}
		return e.Sel.Name, true
	case *ast.Ident:
		if e.Name == "true" || e.Name == "false" {
			return e.Name, true
		}
		known, ok := r.names[e.Name]
		return known, ok
	case *ast.UnaryExpr:
		return r.value(e.X)
	case *ast.CompositeLit:
		fields := map[string]any{}
		for i, element := range e.Elts {
			key, valueExpr := strconv.Itoa(i), element
			if kv, ok := element.(*ast.KeyValueExpr); ok {
				valueExpr = kv.Value
				switch k := kv.Key.(type) {
				case *ast.Ident:
					key = k.Name
				default:
					text, ok := r.value(k)
					if !ok {
						return nil, false
					}
					key = fmt.Sprint(text)
				}
			}
			value, ok := r.value(valueExpr)
			if !ok {
				return nil, false
			}
			fields[key] = value
		}
		return fields, true
	}
	return nil, false
}
