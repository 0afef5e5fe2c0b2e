package manifest

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/model"
)

// Load parses the files, in their order, and fills in what they leave out. The
// cluster is never nil; what could not be taken, or was assumed, is in the
// Issues, in the order of model.CompareIssues.
func Load(files []File) (*model.Cluster, []model.Issue) {
	l := &loader{kinds: kinds(), resolver: newResolver(), reports: &reports{}}
	l.objects = newObjects(l.reports)
	for _, file := range files {
		l.file(file)
	}
	cluster := l.objects.assemble()
	return cluster, model.SortIssues(l.reports.list)
}

type loader struct {
	kinds    map[string]kind
	resolver *resolver
	reports  *reports
	objects  *objects
}

func (l *loader) file(file File) {
	if bytes.IndexByte(file.Data, 0) >= 0 {
		l.reports.add(model.Issue{
			Severity: model.Error, File: file.Name, Line: 1,
			Message: "the file is binary, or not in UTF-8", Remedy: "save it as UTF-8 text, or leave it out",
		})
		return
	}
	templated := false
	for _, p := range split(file.Data) {
		trees, err := parse(p.text)
		borrowed := 0
		for _, tree := range trees {
			l.tree(document{
				origin: model.Origin{File: file.Name}, tree: tree, before: p.before,
				resolver: l.resolver, reports: l.reports, borrowed: &borrowed,
			}, 0)
		}
		if err == nil {
			continue
		}
		issue := unparsed(file.Name, p, err)
		if issue.Remedy == renderHelm && templated {
			continue // a chart's file is one thing to say, not one a document
		}
		templated = templated || issue.Remedy == renderHelm
		l.reports.add(issue)
	}
}

// maxListDepth bounds Lists in Lists, which an alias can make endless.
const maxListDepth = 8

// tree takes a parsed document; depth counts the Lists that it is in.
func (l *loader) tree(d document, depth int) {
	if d.tree.Kind == yaml.ScalarNode && (d.tree.Tag == "!!null" || d.tree.Value == "null") {
		return
	}
	items := d.field("items")
	if strings.HasSuffix(d.word("kind"), "List") && items != nil && items.Kind == yaml.SequenceNode {
		l.list(d, items, depth)
		return
	}
	if whole := newDocument(d); whole != nil {
		l.document(whole)
	}
}

// list takes the items of a List. Those of a PodList and its like may leave
// out what the list's own kind says.
func (l *loader) list(list document, items *yaml.Node, depth int) {
	list.origin.Line = list.before + max(items.Line, 1)
	if *list.borrowed += depth * len(items.Content); depth > maxListDepth || *list.borrowed > maxBorrowed {
		list.reject(problem{says: "Lists nest too deep", do: "write their items out"})
		return
	}
	listKind, listVersion := list.word("kind"), list.word("apiVersion")
	for _, item := range items.Content {
		d := list
		d.tree = follow(item)
		if listKind != "List" && d.field("kind") == nil {
			d.apiVersion, d.origin.Kind = listVersion, strings.TrimSuffix(listKind, "List")
		}
		if item.Kind == yaml.AliasNode {
			d.inAlias = 1
		}
		l.tree(d, depth+1)
	}
}

// document takes one object: it finds its kind, and reads it.
func (l *loader) document(d *document) {
	if d.origin.Kind == "" {
		d.apiVersion, d.origin.Kind = d.word("apiVersion"), d.word("kind")
	}
	if d.apiVersion == "" || d.origin.Kind == "" {
		d.unidentified()
		return
	}
	if strings.HasPrefix(d.apiVersion, "kustomize.config.k8s.io/") {
		d.unbuilt()
		return
	}
	k, known := l.kinds[d.origin.Kind]
	switch {
	case !known || k.foreign(d.apiVersion):
		l.other(d)
	case !k.serves(d.apiVersion):
		d.reject(problem{"apiVersion", d.apiVersion + " has no such kind: an API server refuses it", "write apiVersion: " + k.apiVersion()})
	case d.encrypted():
		d.reject(problem{says: "the document is encrypted and was left out", do: decryptSOPS})
	case d.identify(k):
		if value := k.read(d); value != nil && !d.rejected {
			l.objects.add(d, k.group, value)
		}
	}
}

// other keeps an object of a kind that this package does not read.
func (l *loader) other(d *document) {
	var head struct {
		Metadata struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(d.metadataJSON(), &head); err == nil {
		d.origin.Name, d.origin.Namespace = head.Metadata.Name, head.Metadata.Namespace
	}
	if d.encrypted() {
		d.note(problem{says: "the document is encrypted with SOPS", do: decryptSOPS})
	}
	group, _ := groupVersion(d.apiVersion)
	l.objects.add(d, group, d.object())
}

// unidentified says why a document without apiVersion or kind is left out. One
// that means to be an object is an error; other YAML lies about everywhere.
func (d *document) unidentified() {
	base := path.Base(d.origin.File)
	switch {
	case d.encrypted() || strings.HasPrefix(d.apiVersion, "ENC["):
		d.reject(problem{says: "the document is encrypted and was left out", do: decryptSOPS})
	case base == "Chart.yaml" || strings.HasPrefix(base, "values") && d.origin.Kind == "":
		d.note(problem{says: base + " belongs to a Helm chart and is no Kubernetes object", do: "render the chart with `helm template`, and pass the output"})
	case strings.HasPrefix(base, "kustomization.y"):
		d.unbuilt()
	case d.origin.Kind == "" && d.field("metadata") == nil && d.field("spec") == nil:
		d.note(problem{says: "the document is no Kubernetes object: it lacks " + d.missing(), do: "leave the file out, or add what is missing"})
	default:
		d.reject(problem{says: fmt.Sprintf("%s is missing: an API server refuses the document", d.missing()), do: "add it at the top"})
	}
}

func (d *document) missing() string {
	switch {
	case d.apiVersion != "":
		return "kind"
	case d.origin.Kind != "":
		return "apiVersion"
	}
	return "apiVersion and kind"
}

func (d *document) unbuilt() {
	d.note(problem{says: "a kustomization is not rendered here and was ignored", do: "run `kustomize build`, and pass the output"})
}
