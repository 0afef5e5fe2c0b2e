package kustomize

import (
	"bytes"
	"fmt"

	"github.com/netsim-dev/netsim/model"
)

// apart leaves out each overlay that renders an object otherwise than one before
// it, from the same lines of the same base: the two are for two clusters, and a
// mixture of both is for none. Overlays that have nothing of that kind in common
// are deployed side by side.
func apart(all []*rendering) []*rendering {
	type first struct {
		by *rendering
		object
	}
	before := map[string]first{}
	var kept []*rendering
	for _, made := range all {
		clash := -1
		for i, o := range made.objects {
			if f, there := before[o.id]; there && f.name == o.name && !bytes.Equal(f.text, o.text) {
				clash = i
				break
			}
		}
		if clash >= 0 {
			o, other := made.objects[clash], before[made.objects[clash].id].by
			made.output.Files = nil
			made.output.Fail(made.name, 1,
				fmt.Sprintf("%s and %s both make %s of %s:%d, each in its own way: %s was left out", other.dir, made.dir, short(o), o.name, o.lines[0], made.dir),
				fmt.Sprintf("pass the one that is meant: -f %s or -f %s", other.dir, made.dir))
			kept = append(kept, made)
			continue
		}
		for _, o := range made.objects {
			if _, there := before[o.id]; !there {
				before[o.id] = first{made, o}
			}
		}
		kept = append(kept, made)
	}
	return kept
}

// short names an object as Issues do.
func short(o object) string {
	return model.Origin{Kind: o.kind, Namespace: o.namespace, Name: o.objectName}.ID()
}
