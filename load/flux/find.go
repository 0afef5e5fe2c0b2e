package flux

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
	"github.com/netsim-dev/netsim/model"
)

// find looks for an object that another one names: first among what was rendered,
// then in files as they are, whose namespace a kustomization may yet set. Of
// several that differ, the one nearest to who asks is taken, with an Issue. Nil if
// there is none.
func (d *deployer) find(o *deploy.Object, kind deploy.Kind, namespace, name string, out *load.Output) *deploy.Object {
	var found *deploy.Object
	for _, files := range [][]load.File{rendered(d.run), d.run.Files} {
		for _, file := range files {
			for _, other := range d.objects(file, kind) {
				if other.Name != name || other.Namespace != "" && namespace != "" && other.Namespace != namespace {
					continue
				}
				found = nearer(o, found, other, out)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// parsed is a text of which the objects of a kind are known.
type parsed struct {
	kind deploy.Kind
	text *byte
}

func (d *deployer) objects(file load.File, kind deploy.Kind) []*deploy.Object {
	if len(file.Data) == 0 {
		return nil
	}
	key := parsed{kind, &file.Data[0]}
	if _, known := d.parsed[key]; !known {
		d.parsed[key] = deploy.Objects(file, kind)
	}
	return d.parsed[key]
}

func rendered(r *load.Run) []load.File {
	var files []load.File
	for _, file := range r.Loaded() {
		if file.Rendered != nil {
			files = append(files, file)
		}
	}
	return files
}

// nearer is the one of two objects whose file has more of its path in common with
// who asks.
func nearer(o, a, b *deploy.Object, out *load.Output) *deploy.Object {
	if a == nil || bytes.Equal(a.JSON, b.JSON) {
		if a == nil {
			return b
		}
		return a
	}
	if common(o.File, b.File) > common(o.File, a.File) {
		a, b = b, a
	}
	out.Issues = append(out.Issues, model.Issue{Severity: model.Warning, File: o.File, Line: o.Line(""),
		Message: fmt.Sprintf("%s: %s is there twice and differs: %s is taken, which is nearer, and %s is not", o.ID(), a.ID(), a.File, b.File),
		Remedy:  "pass the files of one cluster only"})
	return a
}

// common counts the directories that two paths begin with.
func common(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < min(len(x), len(y)) && x[n] == y[n] {
		n++
	}
	return n
}
