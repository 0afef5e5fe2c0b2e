package manifest

import "strconv"

// nameless is an object with metadata.generateName and no name. It waits until
// all others have been read, so that it takes no name that a file gives.
type nameless struct {
	doc  *document
	kind kind
}

// takeNameless names the objects that ask for a generated name as an API
// server does, but with "x", "x2", "x3" in place of random letters, in the
// order in which they appear: each is an object of its own.
func (l *loader) takeNameless() {
	count := map[id]int{}
	for _, n := range l.nameless {
		base := id{n.kind.group, n.doc.origin.Kind, n.kind.namespace(n.doc.meta.Namespace), n.doc.meta.GenerateName + "x"}
		key := base
		for taken := true; taken; _, taken = l.objects.byID[key] {
			if count[base]++; count[base] > 1 {
				key.name = base.name + strconv.Itoa(count[base])
			}
		}
		n.doc.meta.Name = key.name
		l.take(n.doc, n.kind)
	}
}
