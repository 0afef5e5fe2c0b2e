package crd

import (
	"maps"
	"slices"
)

// Fields lists the paths of all fields that an object of kind can have in its
// spec, sorted, with [] for the elements of a list: "spec.ingress[].icmps". What
// is inside a list of rules of the field specs is that of spec, and left out.
// The error is for a kind that has no schema here.
func (v *Validator) Fields(kind string) ([]string, error) {
	root, err := v.root(kind)
	if err != nil {
		return nil, err
	}
	fields := []string{}
	root.properties["spec"].collect("spec", &fields)
	slices.Sort(fields)
	return fields, nil
}

func (n *node) collect(path string, fields *[]string) {
	if n == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(n.properties)) {
		*fields = append(*fields, path+"."+name)
		n.properties[name].collect(path+"."+name, fields)
	}
	n.items.collect(path+"[]", fields)
}
