package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// goodFile is what must survive whatever lies beside it: a policy lets the
// client in, and so keeps the stranger out.
const goodFile = `apiVersion: v1
kind: Pod
metadata: {name: client, namespace: good, labels: {app: client}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: stranger, namespace: good, labels: {app: stranger}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: good, labels: {app: server}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: server, namespace: good}
spec: {selector: {app: server}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: server, namespace: good}
spec:
  endpointSelector: {matchLabels: {app: server}}
  ingress:
  - fromEndpoints: [{matchLabels: {app: client}}]
`

// nasty is a bad.yaml beside the good file, and what is said about it.
type nasty struct {
	name, text string
	// make writes something else than a bad.yaml into the directory.
	make func(t *testing.T, dir string)

	// severity, file (bad.yaml if empty) and line (0 for any in the file) are
	// those of the Issue, and says and do parts of its message and remedy. No
	// severity: there is nothing worse than a note to say.
	severity model.Severity
	file     string
	line     int
	says, do string
	// loads is a pod that was taken from it all the same.
	loads string
}

// TestBadInputIsToldAndLosesNothingElse: whatever is wrong, the rest is
// loaded and answers as if alone, and nothing panics or fills the memory.
func TestBadInputIsToldAndLosesNothingElse(t *testing.T) {
	for _, row := range nasties() {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "good.yaml"), goodFile)
			if row.make != nil {
				row.make(t, dir)
			} else {
				write(t, filepath.Join(dir, "bad.yaml"), row.text)
			}
			assertQuery(t, dir, "good/client", exitAllowed)
			assertQuery(t, dir, "good/stranger", exitDenied)
			if row.loads != "" {
				assertQuery(t, dir, row.loads, exitDenied)
			}
			assertIssue(t, row, listedIssues(t, dir))
			strict, _, stderr := runBounded(t, "list", "-f", dir, "--strict")
			if row.severity == "" {
				assert.Zero(t, strict, stderr)
			} else {
				assert.Equal(t, exitUnusable, strict)
			}
		})
	}
}

func assertQuery(t *testing.T, dir, from string, want int) {
	t.Helper()
	code, stdout, stderr := runBounded(t, "query", "-f", dir, from, "good/svc/server")
	assert.Equal(t, want, code, "from %s\n%s%s", from, stdout, stderr)
}

func listedIssues(t *testing.T, dir string) []model.Issue {
	t.Helper()
	code, stdout, stderr := runBounded(t, "list", "-f", dir, "issues", "-o", "json")
	require.Zero(t, code, stderr)
	var issues []model.Issue
	require.NoError(t, json.Unmarshal([]byte(stdout), &issues))
	return issues
}

func assertIssue(t *testing.T, row nasty, issues []model.Issue) {
	t.Helper()
	grave := slices.DeleteFunc(issues, func(i model.Issue) bool { return i.Severity == model.Info })
	if row.severity == "" {
		assert.Empty(t, grave)
		return
	}
	i := slices.IndexFunc(grave, row.meant)
	if assert.GreaterOrEqual(t, i, 0, "no %s %s:%d: %s (%s)\namong %v", row.severity, row.file, row.line, row.says, row.do, grave) {
		t.Log(strings.ReplaceAll(grave[i].String(), filepath.ToSlash(filepath.Dir(grave[i].File))+"/", ""))
	}
}

// meant says whether an Issue is the row's.
func (n nasty) meant(i model.Issue) bool {
	file := cmp.Or(n.file, "bad.yaml")
	return i.Severity == n.severity && filepath.Base(i.File) == file && i.Line > 0 && (n.line == 0 || i.Line == n.line) &&
		strings.Contains(i.Message, n.says) && strings.Contains(i.Remedy, n.do)
}

// mostMemory is what one run may allocate in all: a generous bound, which only
// input that grows as it is read can pass.
const mostMemory = 1 << 30

// runBounded runs netsim, and checks what it allocated.
func runBounded(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, problems strings.Builder
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	code = run(args, strings.NewReader(""), &out, &problems)
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(mostMemory), "bytes allocated by %v", args)
	return code, out.String(), problems.String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// policy is a policy that selects the server, with a spec below that.
func policy(kind, spec string) string {
	version, selector := "cilium.io/v2", "endpointSelector"
	if kind == "NetworkPolicy" {
		version, selector = "networking.k8s.io/v1", "podSelector"
	}
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata:\n  name: bad\n  namespace: good\nspec:\n  %s: {matchLabels: {app: server}}\n%s",
		version, kind, selector, spec)
}

func pod(name string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: bad}\nspec: {containers: [{name: c, image: i}]}\n", name)
}

func nasties() []nasty {
	return []nasty{
		{name: "an empty file", text: ""},
		{name: "a binary file", text: "PK\x03\x04\x00\x00\xff", severity: model.Error, line: 1, says: "binary"},
		{name: "10 MB of opening brackets", text: strings.Repeat("[", 10<<20), severity: model.Error, line: 1, says: "too many values"},
		{name: "a key twice", text: strings.Replace(pod("a"), "kind: Pod\n", "kind: Pod\nkind: Pod\n", 1), severity: model.Warning, line: 3, says: "key kind is there a second time", do: "keep one", loads: "bad/a"},
		{name: "tabs", text: "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n", severity: model.Error, line: 4, says: "cannot be parsed", do: "indent with spaces"},
		{name: "an apiVersion that the kind never had", text: strings.Replace(policy("CiliumNetworkPolicy", ""), "cilium.io/v2", "cilium.io/v1", 1), severity: model.Error, line: 1, says: "cilium.io/v1 has no such kind", do: "write apiVersion: cilium.io/v2"},
		{name: "toEndpoints and toCIDR in one rule", text: policy("CiliumNetworkPolicy", "  egress:\n  - toEndpoints: [{}]\n    toCIDR: [192.0.2.0/24]\n"), severity: model.Error, says: "ToCIDR"},
		{name: "a CiliumNetworkPolicy's selector with an operator that is none", text: policy("CiliumNetworkPolicy", "  ingress:\n  - fromEndpoints:\n    - matchExpressions:\n      - {key: app, operator: Is, values: [a]}\n"), severity: model.Error, line: 11, says: "operator"},
		{name: "a NetworkPolicy's selector with an operator that is none", text: policy("NetworkPolicy", "  ingress:\n  - from:\n    - podSelector:\n        matchExpressions:\n        - {key: app, operator: Is, values: [a]}\n"), severity: model.Error, line: 12, says: "operator"},
		{name: "port 70000 in a CiliumNetworkPolicy", text: policy("CiliumNetworkPolicy", "  ingress:\n  - toPorts:\n    - ports:\n      - port: \"70000\"\n"), severity: model.Error, says: "70000"},
		{name: "port 70000 in a NetworkPolicy", text: policy("NetworkPolicy", "  ingress:\n  - ports:\n    - port: 70000\n"), severity: model.Error, line: 10, says: "70000"},
		{name: "port 70000 in a Service", text: "apiVersion: v1\nkind: Service\nmetadata: {name: bad, namespace: good}\nspec:\n  ports:\n  - port: 70000\n", severity: model.Error, line: 6, says: "70000 is no port", do: "1 to 65535"},
		{name: "5,000 maps in maps", text: "apiVersion: v1\nkind: Pod\nmetadata: {name: deep, namespace: bad}\nspec:\n  containers: [{name: c, image: i}]\n  a: " + strings.Repeat("{a: ", 5000) + "1" + strings.Repeat("}", 5000) + "\n", severity: model.Warning, line: 6, says: "spec.a: the field is not known", loads: "bad/deep"},
		{name: "20,000 lists in lists", text: strings.Repeat("[", 20000), severity: model.Error, line: 1, says: "exceeded max depth"},
		{name: "a YAML alias bomb", text: aliasBomb(), severity: model.Error, line: 4, says: "aliases expand to more than 10 MB"},
		{name: "a directory with a symlink loop", make: symlinkLoop},
		{name: "a link to nowhere", make: danglingLink, severity: model.Error, file: "gone.yaml", line: 1, says: "cannot read", do: "make it readable"},
		{name: "an unreadable file", make: unreadable, severity: model.Error, file: "secret.yaml", line: 1, says: "permission denied", do: "make it readable"},
		{name: "a directory by the name of a file", make: directoryNamedFile, loads: "bad/a"},
		{name: "a Helm template", text: "{{- if .Values.on }}\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n{{- end }}\n", severity: model.Error, line: 1, says: "cannot be parsed", do: "helm template"},
		{name: "a document encrypted with SOPS", text: "apiVersion: v1\nkind: Service\nmetadata: {name: bad, namespace: good}\nspec: ENC[AES256_GCM,data:x]\nsops: {mac: x}\n", severity: model.Error, line: 1, says: "encrypted", do: "sops --decrypt"},
		{name: "a ${VAR} in a selector", text: policy("CiliumNetworkPolicy", "  ingress:\n  - fromEndpoints:\n    - matchLabels:\n        app: ${APP}\n"), severity: model.Warning, line: 11, says: "place holder", do: "flux"},
		{name: "CRLF and a BOM", text: "\ufeff" + strings.ReplaceAll(pod("a"), "\n", "\r\n"), loads: "bad/a"},
		{name: "a NUL byte", text: "apiVersion: v1\nkind: Namespace\nmetadata: {name: \"a\x00\"}\n", severity: model.Error, line: 1, says: "binary"},
		{name: "invalid UTF-8", text: "apiVersion: v1\nkind: Namespace\nmetadata: {name: \"a\xff\"}\n", severity: model.Error, says: "UTF-8"},
		{name: "a ConfigMap of 5 MB", text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large, namespace: good}\ndata:\n  a: |\n" + strings.Repeat("    "+strings.Repeat("x", 99)+"\n", 50_000)},
		{name: "a policy of 10,000 rules", text: policy("CiliumNetworkPolicy", manyRules(10_000))},
		{name: "3,000 documents", text: manyDocuments(2_999) + pod("a"), loads: "bad/a"},
		{name: "a List in a List", text: "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - " + strings.ReplaceAll(strings.TrimSpace(pod("a")), "\n", "\n    ") + "\n", loads: "bad/a"},
		{name: "a List of itself", text: "apiVersion: v1\nkind: List\nitems: &a [{kind: List, items: *a}, {kind: List, items: *a}]\n", severity: model.Error, line: 3, says: "Lists nest too deep"},
		{name: "an object twice that differs", make: duplicates, severity: model.Warning, file: "two.yaml", line: 1, says: "one.yaml:1 is not", do: "pass one of them only", loads: "bad/a"},
	}
}

func aliasBomb() string {
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb, namespace: good}\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 20; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	return text
}

func manyRules(n int) string {
	text := strings.Builder{}
	text.WriteString("  ingress:\n")
	for i := range n {
		fmt.Fprintf(&text, "  - fromEndpoints: [{matchLabels: {app: peer-%d}}]\n    toPorts: [{ports: [{port: \"%d\"}]}]\n", i, 1+i)
	}
	return text.String()
}

func manyDocuments(n int) string {
	text := strings.Builder{}
	for i := range n {
		fmt.Fprintf(&text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map-%d, namespace: bad}\n---\n", i)
	}
	return text.String()
}

func symlinkLoop(t *testing.T, dir string) {
	require.NoError(t, os.Mkdir(filepath.Join(dir, "below"), 0o755))
	link(t, dir, filepath.Join(dir, "below", "above"))
	link(t, "itself.yaml", filepath.Join(dir, "below", "itself"))
}

func danglingLink(t *testing.T, dir string) { link(t, "nowhere", filepath.Join(dir, "gone.yaml")) }

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Skip("no symbolic links here:", err)
	}
}

func unreadable(t *testing.T, dir string) {
	path := filepath.Join(dir, "secret.yaml")
	require.NoError(t, os.WriteFile(path, []byte(pod("a")), 0))
	if _, err := os.ReadFile(path); err == nil {
		t.Skip("permissions mean nothing to this user")
	}
}

func directoryNamedFile(t *testing.T, dir string) {
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o755))
	write(t, filepath.Join(dir, "folder.yaml", "pod.yaml"), pod("a"))
}

func duplicates(t *testing.T, dir string) {
	write(t, filepath.Join(dir, "one.yaml"), pod("a"))
	write(t, filepath.Join(dir, "two.yaml"), strings.Replace(pod("a"), "image: i", "image: j", 1))
}

// TestWrongUsageSaysWhatIsRight, and ends with 2.
func TestWrongUsageSaysWhatIsRight(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "good.yaml"), goodFile)
	for _, row := range []struct {
		name, says string
		args       []string
	}{
		{"an unknown flag", "unknown flag: --prot; see netsim query --help", []string{"query", "-f", dir, "good/client", "good/svc/server", "--prot", "80"}},
		{"no -f", "no files: name manifests with -f", []string{"query", "good/client", "good/svc/server"}},
		{"a path that is not there", "cannot read " + dir + "/none: ", []string{"query", "-f", dir + "/none", "good/client", "good/svc/server"}},
		{"a path that is not there beside one that is", "/none", []string{"list", "-f", dir, "-f", dir + "/none"}},
		{"a name that nothing has", "did you mean good/client", []string{"query", "-f", dir, "good/clinet", "good/svc/server"}},
		{"a port that is none", `port "70000" is neither a number from 1 to 65535`, []string{"query", "-f", dir, "good/client", "good/svc/server:70000"}},
		{"a reference of NUL bytes", "no reference", []string{"query", "-f", dir, "\x00", "good/svc/server"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			code, stdout, stderr := runBounded(t, row.args...)
			assert.Equal(t, exitUnusable, code)
			assert.Empty(t, stdout)
			assert.Contains(t, filepath.ToSlash(stderr), filepath.ToSlash(row.says))
			assert.True(t, strings.HasPrefix(stderr, "netsim: "), stderr)
		})
	}
}
