package manifest

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

const (
	renderHelm  = "it holds a Helm template: render it first with `helm template`, and pass the output"
	renderFlux  = "it holds a ${...} that nothing has substituted: render it first with `flux build kustomization` or `flux envsubst`, and pass the output"
	decryptSOPS = "it is encrypted with SOPS: decrypt it first with `sops --decrypt`"
)

// unrendered says what must be done to a text before it can be read, "" if it
// is plain.
func unrendered(text []byte) string {
	switch {
	case bytes.Contains(text, []byte("{{")) && bytes.Contains(text, []byte("}}")):
		return renderHelm
	case substitution(text) != nil:
		return renderFlux
	case bytes.Contains(text, []byte("ENC[AES256_GCM")):
		return decryptSOPS
	}
	return ""
}

// substitution finds the first ${VAR} as Flux's postBuild substitutes it; $${
// is its escape. Source: Flux kustomize-controller, drone/envsubst syntax.
func substitution(text []byte) []byte {
	if !bytes.Contains(text, []byte("${")) {
		return nil
	}
	return regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*(:?[-=+?][^}]*)?\}`).Find(text)
}

// warnUnrendered warns of a place holder in a document that was taken: what it
// stands for is part of the answer. Annotations are for other programs, which
// may have templates of their own.
func (d *document) warnUnrendered() {
	if unrendered(d.json) == "" {
		return
	}
	d.locate()
	for i, path := range d.paths {
		if strings.HasPrefix(path, "metadata.annotations") {
			continue
		}
		if remedy := unrendered(d.valueAt(i)); remedy != "" {
			d.warn(problem{path, "holds a place holder, which is taken literally", remedy})
			return
		}
	}
}

// valueAt is the JSON of the value at a place, without what is below it.
func (d *document) valueAt(i int) []byte {
	end := len(d.json)
	if i+1 < len(d.places) {
		end = d.places[i+1].start
	}
	return d.json[d.places[i].start:end]
}

// rendering is the remedy for a problem that a place holder causes: one in the
// value that is wrong. It is "" for other problems.
func (d *document) rendering(p problem) string {
	if d.json == nil || unrendered(d.json) == "" {
		return ""
	}
	d.locate()
	if i := slices.Index(d.paths, p.at); i >= 0 {
		return cmp.Or(unrendered(d.valueAt(i)), unrendered([]byte(p.says)))
	}
	return unrendered([]byte(p.says))
}

// encrypted says whether a document is encrypted with SOPS.
func (d *document) encrypted() bool {
	return d.field("sops") != nil && bytes.Contains(d.json, []byte("ENC[AES256_GCM"))
}

// unparsed is the Issue of a part that cannot be parsed.
func unparsed(p part, err *syntaxError) model.Issue {
	issue := model.Issue{
		Severity: model.Error, File: p.file.Name, Line: p.before + max(err.line, 1),
		Message: "the document cannot be parsed: " + err.message,
		Remedy:  "correct the YAML; documents before and after it are read",
	}
	if unrendered(p.text) == renderHelm {
		issue.Remedy = renderHelm
		return issue
	}
	if bytes.Contains(p.text, []byte("\n\t")) {
		issue.Remedy = "indent with spaces: YAML allows no tabs there"
	}
	return issue
}
