package deploy

import (
	"bytes"
	"fmt"
	"path"

	"github.com/netsim-dev/netsim/load"
)

// Bounds on objects that deploy each other: on how deep they do, and on how many
// there are.
const (
	maxDepth   = 32
	maxObjects = 5000
)

// Tool is what deploys the objects of some kinds.
type Tool struct {
	Kinds []Kind
	// Render gives what an object deploys.
	Render func(*Object) load.Output
}

// Walk takes all objects of a tool among the files of a run, those that they
// deploy in turn included, and adds what they come to.
func Walk(r *load.Run, tool Tool) {
	w := &walker{run: r, tool: tool, seen: map[string]*Object{}}
	var found []*deployed
	for _, file := range r.Loaded() {
		for _, o := range Objects(file, tool.Kinds...) {
			found = append(found, w.deploy(o))
		}
	}
	found = w.kustomized(found)
	for _, d := range found {
		if !isBelow(d, found) {
			w.take(d, 0)
		}
	}
	for _, d := range found { // those that deploy each other in a circle
		if !r.Claimed(d.object.File) {
			w.take(d, 0)
		}
	}
}

// deployed is an object with what it comes to.
type deployed struct {
	object *Object
	out    load.Output
	used   map[string]bool
}

type walker struct {
	run  *load.Run
	tool Tool
	// seen are the objects by their names.
	seen  map[string]*Object
	count int
}

func (w *walker) deploy(o *Object) *deployed {
	w.count++
	d := &deployed{object: o, used: map[string]bool{}}
	if w.count > maxObjects {
		if w.count == maxObjects+1 {
			o.Fail(&d.out, "", fmt.Sprintf("there are more than %d objects that deploy others: no more of them are followed", maxObjects), "pass a part of them with -f")
		}
		return d
	}
	d.out = w.tool.Render(o)
	for _, name := range d.out.Used {
		d.used[name] = true
	}
	return d
}

// isBelow says whether another one renders the file of an object.
func isBelow(d *deployed, all []*deployed) bool {
	for _, other := range all {
		if other != d && !d.object.rendered && other.used[d.object.File] {
			return true
		}
	}
	return false
}

// take adds what an object comes to, and what the objects that it deploys do.
func (w *walker) take(d *deployed, depth int) {
	first, seen := w.seen[d.object.ID()]
	switch {
	case first == d.object:
	case seen:
		w.another(d, first, depth)
	case depth > maxDepth:
		d.object.Fail(&d.out, "", fmt.Sprintf("objects deploy each other more than %d deep", maxDepth), "see whether it deploys itself under other names")
		w.run.Add(load.Output{Issues: d.out.Issues})
	default:
		w.seen[d.object.ID()] = d.object
		w.run.Add(d.out)
		for _, below := range w.below(d) {
			w.take(below, depth+1)
		}
	}
}

// below are the objects that an object deploys.
func (w *walker) below(d *deployed) []*deployed {
	var found []*deployed
	for _, file := range d.out.Files {
		for _, o := range Objects(file, w.tool.Kinds...) {
			if first, seen := w.seen[o.ID()]; seen && first.File == o.File {
				continue // it deploys itself
			}
			found = append(found, w.deploy(o))
		}
	}
	return found
}

// another is a second object of a name: it is for another cluster, so that what
// it deploys is not for this one.
func (w *walker) another(d *deployed, first *Object, depth int) {
	if bytes.Equal(first.JSON, d.object.JSON) || first.File == d.object.File && first.rendered != d.object.rendered {
		return
	}
	out := load.Output{Used: d.out.Used}
	if d.object.alone && !d.object.rendered {
		w.run.Claim(d.object.File)
	}
	d.object.Fail(&out, "", fmt.Sprintf("the object is there twice and differs: %s:%d is taken, and what this one deploys is left out", first.File, first.Line("")),
		"pass the directory of one cluster only, such as -f "+path.Dir(d.object.File))
	w.run.Add(out)
	if depth > maxDepth {
		return
	}
	for _, below := range w.below(d) {
		w.run.Claim(below.out.Used...)
	}
}
