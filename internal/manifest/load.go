package manifest

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/netsim-dev/netsim/model"
)

// Load parses the files, in their order, and fills in what they leave out. The
// cluster is never nil; what could not be taken, or was assumed, is in the
// Issues, in the order of model.CompareIssues.
func Load(files []File) (*model.Cluster, []model.Issue) {
	l := newLoader(files)
	cluster := l.objects.assemble()
	return cluster, model.SortIssues(l.reports.list)
}

// Objects are the objects that Load would make a cluster of, as they were
// written, with the line of each field: one for each name, those in Lists on
// their own. What is wrong with the files is for Load to say.
func Objects(files []File) []*model.Object {
	var all []*model.Object
	for _, e := range newLoader(files).objects.entries {
		all = append(all, e.doc.located())
	}
	return all
}

// newLoader is a loader that has read the files.
func newLoader(files []File) *loader {
	l := &loader{kinds: kinds(), resolver: newResolver(), reports: &reports{}, templated: map[string]bool{}}
	l.objects = newObjects(l.reports)
	l.findOwnCharts(files)
	var parts []part
	for _, file := range files {
		if file.Values != nil {
			l.objects.addValues(file.Values)
			continue
		}
		parts = append(parts, l.parts(file)...)
	}
	parseAhead(parts, l.part)
	l.takeNameless()
	return l
}

type loader struct {
	kinds    map[string]kind
	resolver *resolver
	reports  *reports
	objects  *objects
	// nameless are the objects that ask for a generated name.
	nameless []nameless
	// ownCharts are the directories that hold Cilium's chart itself.
	ownCharts map[string]bool
	// templated are the files of which it was told that they are templates.
	templated map[string]bool
}

func (l *loader) parts(file File) []part {
	if bytes.IndexByte(file.Data, 0) < 0 {
		return split(file)
	}
	l.reports.add(model.Issue{
		Severity: model.Error, File: file.Name, Line: 1,
		Message: "the file is binary, or not in UTF-8", Remedy: "save it as UTF-8 text, or leave it out",
	})
	return nil
}

func (l *loader) part(p parsed) {
	l.trees(p, func(d document) { l.tree(d, 0) })
}

// trees hands on what each document of a part was parsed to, and reports what
// could not be parsed.
func (l *loader) trees(p parsed, take func(document)) {
	borrowed := 0
	for _, tree := range p.trees {
		d := document{
			origin: model.Origin{File: p.file.Name, Via: p.file.via()}, replaces: p.file.Replaces, tree: p.unlisted(tree), before: p.file.relocate(tree, p.before),
			namespace: p.file.namespace(), inferred: p.file.inferred(), resolver: l.resolver, reports: l.reports, borrowed: &borrowed,
		}
		d.ofList(p.list)
		take(d)
	}
	if p.err == nil {
		return
	}
	issue := unparsed(p.part, p.err)
	issue.Line = p.file.line(issue.Line)
	if issue.Remedy == renderHelm && l.templated[p.file.Name] {
		return // a chart's file is one thing to say, not one a document
	}
	l.templated[p.file.Name] = l.templated[p.file.Name] || issue.Remedy == renderHelm
	l.reports.add(issue)
}

// tree takes a parsed document; depth counts the Lists that it is in.
func (l *loader) tree(d document, depth int) {
	kind, items := d.word("kind"), d.field("items")
	switch {
	case isNull(d.tree):
	case d.glued() > 0:
		d.rejectAt(d.glued(), problem{says: "two documents without --- between them? apiVersion and kind are there twice, and nothing of it is taken", do: "write --- on a line of its own above the second"})
	case holdsObjects(d.tree):
		d.rejectAt(d.tree.Line, problem{says: "a bare list of objects is no Kubernetes object, and kubectl refuses it", do: "put it under items: of a document with apiVersion: v1 and kind: List"})
	case strings.HasSuffix(kind, "List") && items != nil && items.Kind == yaml.SequenceNode:
		l.list(d, items, depth)
	case l.isList(kind):
		d.checkNoItems(items)
	default:
		if whole := newDocument(d); whole != nil {
			l.document(whole)
		}
	}
}

// document takes one object: it finds its kind, and reads it.
func (l *loader) document(d *document) {
	if d.apiVersion == "" || d.origin.Kind == "" {
		if d.apiVersion+d.origin.Kind != "" || !l.bareValues(d) {
			d.unidentified()
		}
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
	case !d.readMetadata():
	case d.meta.Name == "" && d.meta.GenerateName != "":
		l.nameless = append(l.nameless, nameless{d, k})
	default:
		l.take(d, k)
	}
}

func (l *loader) take(d *document, k kind) {
	if !d.identify(k) {
		return
	}
	if value := k.read(d); value != nil && !d.rejected {
		l.objects.add(d, k.group, value)
	}
}

// other keeps an object of a kind that this package does not read, unless the
// kind is a misspelling of one that it does.
func (l *loader) other(d *document) {
	gk := d.groupKind()
	if wrong, is := l.misspelt(gk); is {
		d.reject(wrong)
		return
	}
	if reason, is := ineffective(gk); is {
		d.warn(reason)
	}
	if d.encrypted() {
		d.note(problem{says: "the document is encrypted with SOPS", do: decryptSOPS})
	}
	if read, holds := valueHolders()[gk]; holds {
		read(l, d)
	}
	if strings.HasSuffix(gk.group, kyverno) {
		l.objects.add(d, gk.group, d.kyverno())
		return
	}
	l.objects.add(d, gk.group, d.object())
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
	case d.origin.Kind == "" && d.field("metadata") == nil && d.field("spec") == nil && !looksLikeObject(d.tree):
		d.note(problem{says: "the document is no Kubernetes object: it lacks " + d.missing(), do: "leave the file out, or add what is missing"})
	default:
		d.reject(problem{says: fmt.Sprintf("%s is missing: an API server refuses the document", d.missing()), do: d.addMissing()})
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
