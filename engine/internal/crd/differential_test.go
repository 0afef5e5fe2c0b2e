package crd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2/validator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

type document struct {
	name   string
	object map[string]any
}

// ciliumExamples are the policies in Cilium's examples/, read from the module
// that this one is built with.
func ciliumExamples(t testing.TB) []document {
	root := filepath.Join(moduleDir(t, "github.com/cilium/cilium"), "examples")
	var found []document
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".yaml" && ext != ".json" {
			return err
		}
		content, err := os.ReadFile(path)
		found = append(found, policies(path, content)...)
		return err
	}))
	require.NotEmpty(t, found)
	return found
}

// moduleDir is where the source of a module lies.
func moduleDir(t testing.TB, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// policies gives the policies of a file, as far as it can be read.
func policies(path string, content []byte) []document {
	var found []document
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		var asJSON json.RawMessage
		if err := decoder.Decode(&asJSON); err != nil { // the end, or a template
			return found
		}
		var u unstructured.Unstructured
		if err := u.UnmarshalJSON(asJSON); err != nil {
			continue // no object, only comments
		}
		if strings.HasPrefix(u.GetAPIVersion(), "cilium.io/") && strings.HasSuffix(u.GetKind(), "NetworkPolicy") {
			found = append(found, document{name: fmt.Sprintf("%s %s", filepath.Base(path), u.GetName()), object: u.Object})
		}
	}
}

// corpus is one policy with fields that are rare, and Cilium's examples.
func corpus(t testing.TB) []document {
	content, err := os.ReadFile(filepath.Join("testdata", "rich.yaml"))
	require.NoError(t, err)
	rich := policies("rich.yaml", content)
	require.Len(t, rich, 1)
	return append(rich, ciliumExamples(t)...)
}

// mutants gives n seeded mutations of each sort, of documents picked at random.
func mutants(docs []document, n int, each func(mutation string, d document)) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range mutations() {
		for range n {
			picked := docs[max(0, r.IntN(2*len(docs))-len(docs))] // half of them the first
			object := runtime.DeepCopyJSON(picked.object)
			places := slots(object, "")
			at := places[r.IntN(len(places))]
			if at.path == "apiVersion" || at.path == "kind" || !m.apply(r, at) {
				continue
			}
			name := fmt.Sprintf("%s, %s at %s", picked.name, m.name, at.path)
			each(m.name, document{name: name, object: object})
		}
	}
}

// oracle asks Cilium.
type oracle struct {
	np *validator.NPValidator
}

func newOracle(t testing.TB) oracle {
	np, err := validator.NewNPValidator(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return oracle{np: np}
}

func (o oracle) validate(doc map[string]any) error {
	u := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(doc)}
	if u.GetKind() == "CiliumNetworkPolicy" {
		return o.np.ValidateCNP(u)
	}
	return o.np.ValidateCCNP(u)
}

// A difference is a reason why an API server and NPValidator do not agree.
// NPValidator validates the document as it is, and finds unknown fields by
// decoding into Cilium's types, encoding again and looking what is lost.
type difference struct {
	name string
	// refused is true where it is the API server that refuses.
	refused bool
	// explains is true if it accounts for a document.
	explains func(o oracle, d document, ours []Problem, theirs error) bool
}

func differences() []difference {
	return []difference{
		{"an API server drops nulls before it validates", false,
			func(o oracle, d document, _ []Problem, _ error) bool {
				bare := without(d.object, holdsNothing)
				return len(slots(without(d.object, isNull), "")) < len(slots(d.object, "")) && onlyAdditions(o.validate(bare))
			}},
		{"fields that hold nothing are lost when Cilium encodes, and taken for unknown", false,
			func(o oracle, d document, _ []Problem, theirs error) bool {
				return !onlyAdditions(theirs) && onlyAdditions(o.validate(without(d.object, holdsNothing)))
			}},
		{"fields that Cilium adds when it encodes are taken for unknown", false,
			func(_ oracle, _ document, _ []Problem, theirs error) bool { return onlyAdditions(theirs) }},
		{"to the OpenAPI library a list is as good as a string that has a format", false,
			func(_ oracle, _ document, _ []Problem, theirs error) bool {
				return strings.Contains(theirs.Error(), "cannot unmarshal array")
			}},
		{"NPValidator evaluates no CEL", true,
			func(_ oracle, d document, ours []Problem, _ error) bool {
				return !has(d.object, "spec") && !has(d.object, "specs") && ours[0].Message == "spec or specs must be provided"
			}},
		{"NPValidator does not look for unknown fields in selectors", true,
			func(_ oracle, _ document, ours []Problem, _ error) bool {
				return ours[0].Unknown && strings.Contains(ours[0].Path, ".matchExpressions[")
			}},
		{"NPValidator sees unknown fields by the scalars in them", true,
			func(_ oracle, d document, ours []Problem, _ error) bool {
				return ours[0].Unknown && !holdsScalar(d.object, ours[0].Path)
			}},
		{"NPValidator does not know of lists that are sets", true,
			func(_ oracle, _ document, ours []Problem, _ error) bool {
				return strings.Contains(ours[0].Path, "serverNames[") && strings.Contains(ours[0].Message, "there already")
			}},
	}
}

// differing gives a document for each difference, so that none is left to luck.
func differing(t *testing.T) []document {
	rules := []string{
		`{endpointSelector: {}, ingress: null, egress: [{}]}`,
		`{endpointSelector: {}, ingress: [{}], description: ""}`,
		`{endpointSelector: {}, ingress: [{}], labels: [{key: a}]}`,
		`{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: [10.0.0.0/8]}]}]}`,
		`null`,
		`{endpointSelector: {matchExpressions: [{key: a, operator: Exists, vals: [b]}]}, ingress: [{}]}`,
		`{endpointSelector: {}, ingress: [{fromEndpoint: [{}]}]}`,
		`{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: "443"}], serverNames: [a, a]}]}]}`,
	}
	var found []document
	for _, rule := range rules {
		object := policy(t, rule)
		object["apiVersion"], object["kind"] = "cilium.io/v2", "CiliumNetworkPolicy"
		if object["spec"] == nil {
			delete(object, "spec")
		}
		found = append(found, document{name: rule, object: object})
	}
	return found
}

func isNull(value any) bool { return value == nil }

func holdsNothing(value any) bool {
	return isNull(value) || value == "" || value == false || value == int64(0)
}

// onlyAdditions is true if NPValidator has no complaint, or sees a difference
// and can name no field: then the field is in Cilium's encoding only.
func onlyAdditions(err error) bool {
	return err == nil || strings.HasSuffix(err.Error(), "extra:[]")
}

// without copies a document less the fields of objects whose values drop wants
// gone.
func without(value map[string]any, drop func(any) bool) map[string]any {
	kept := runtime.DeepCopyJSON(value)
	for _, at := range slots(kept, "") {
		if at.object != nil && drop(at.get()) {
			delete(at.object, at.field)
		}
	}
	return kept
}

// holdsScalar is true if there is a scalar at path or below.
func holdsScalar(doc map[string]any, path string) bool {
	return slices.ContainsFunc(slots(doc, ""), func(at slot) bool {
		return strings.HasPrefix(at.path, path) && !isContainer(at.get())
	})
}

func TestValidatorAgreesWithCilium(t *testing.T) {
	ours, theirs := New(), newOracle(t)
	seen := map[string]int{}
	check := func(d document) {
		problems := ours.Validate(d.object["kind"].(string), d.object)
		err := theirs.validate(d.object)
		valid := len(problems) == 0
		if valid == (err == nil) {
			seen[outcome(valid)]++
			return
		}
		for _, reason := range differences() {
			if reason.refused != valid && reason.explains(theirs, d, problems, err) {
				seen[reason.name]++
				return
			}
		}
		t.Errorf("%s: ours %v, NPValidator %v", d.name, problems, err)
	}
	docs := corpus(t)
	for _, d := range append(differing(t), docs...) {
		check(d)
	}
	mutants(docs, 200, func(mutation string, d document) {
		seen[mutation]++
		check(d)
	})
	report(t, seen)
}

func outcome(valid bool) string {
	if valid {
		return "both accept"
	}
	return "both refuse"
}

// report fails if some class of mutation or outcome never occurred: the
// comparison would then say nothing of it.
func report(t *testing.T, seen map[string]int) {
	classes := []string{outcome(true), outcome(false)}
	for _, m := range mutations() {
		classes = append(classes, m.name)
	}
	for _, d := range differences() {
		classes = append(classes, d.name)
	}
	for _, class := range classes {
		t.Logf("%5d %s", seen[class], class)
		assert.Positive(t, seen[class], class)
	}
}
