package kustomize

import (
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// edited is a kustomization with the fields of the request set in it, nil with an
// Issue if that is not possible.
func (w *walker) edited(k *kustomization) *kustomization {
	own, more := map[string]any{}, map[string]any{}
	err := yaml.Unmarshal(k.text, &own)
	if err == nil {
		err = yaml.Unmarshal(w.fields, &more)
	}
	if err == nil && own == nil {
		own = map[string]any{}
	}
	for key, value := range more {
		own[key] = joined(own[key], value)
	}
	k.edited, _ = yaml.Marshal(own)
	k.Kustomization = types.Kustomization{}
	if err == nil {
		err = k.Unmarshal(k.edited)
	}
	if err != nil {
		w.fail(k.name, 1, "what is set in the kustomization cannot be read: "+err.Error(), "correct it")
		return nil
	}
	k.FixKustomization()
	return k
}

// joined adds a list to a list and a map to a map; anything else is replaced. An
// item with the name of one that is there (an image, a replica) takes its place.
func joined(own, more any) any {
	switch more := more.(type) {
	case []any:
		list, _ := own.([]any)
		var kept []any
		for _, item := range list {
			if name := nameOf(item); name == "" || !hasName(more, name) {
				kept = append(kept, item)
			}
		}
		return append(kept, more...)
	case map[string]any:
		all := map[string]any{}
		fields, _ := own.(map[string]any)
		for key, value := range fields {
			all[key] = value
		}
		for key, value := range more {
			all[key] = value
		}
		return all
	}
	return more
}

func nameOf(item any) string {
	fields, _ := item.(map[string]any)
	name, _ := fields["name"].(string)
	return name
}

func hasName(list []any, name string) bool {
	for _, item := range list {
		if nameOf(item) == name {
			return true
		}
	}
	return false
}
