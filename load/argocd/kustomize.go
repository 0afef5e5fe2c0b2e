package argocd

import (
	"encoding/json"
	"strings"
)

// kustomizing are the options for a kustomization.
type kustomizing struct {
	NamePrefix           string            `json:"namePrefix"`
	NameSuffix           string            `json:"nameSuffix"`
	Namespace            string            `json:"namespace"`
	Images               []string          `json:"images"`
	Replicas             []any             `json:"replicas"`
	CommonLabels         map[string]string `json:"commonLabels"`
	LabelWithoutSelector bool              `json:"labelWithoutSelector"`
	CommonAnnotations    map[string]string `json:"commonAnnotations"`
	Patches              []any             `json:"patches"`
	Components           []string          `json:"components"`
}

// fields are those of the kustomization that Argo CD sets. The environment is for
// images and labels only.
func (k *kustomizing) fields(env func(string) string) []byte {
	labels := map[string]string{}
	for key, value := range k.CommonLabels {
		labels[key] = env(value)
	}
	var images []any
	for _, text := range k.Images {
		images = append(images, image(env(text)))
	}
	set := map[string]any{}
	for key, value := range map[string]string{"namePrefix": k.NamePrefix, "nameSuffix": k.NameSuffix, "namespace": k.Namespace} {
		if value != "" {
			set[key] = value
		}
	}
	for key, list := range map[string][]any{"images": images, "replicas": k.Replicas, "patches": k.Patches} {
		if len(list) > 0 {
			set[key] = list
		}
	}
	if len(k.Components) > 0 {
		set["components"] = k.Components
	}
	if len(k.CommonAnnotations) > 0 {
		set["commonAnnotations"] = k.CommonAnnotations
	}
	switch {
	case len(labels) == 0:
	case k.LabelWithoutSelector:
		set["labels"] = []any{map[string]any{"pairs": labels}}
	default:
		set["commonLabels"] = labels
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil // maps and lists that came from JSON
	}
	return text
}

// image reads [NAME=]NEW[:TAG][@DIGEST], as `kustomize edit set image` does.
func image(text string) map[string]any {
	name, to, renamed := strings.Cut(text, "=")
	if !renamed {
		to = name
	}
	to, digest, _ := strings.Cut(to, "@")
	tag := ""
	if at := strings.LastIndex(to, ":"); at > strings.LastIndex(to, "/") {
		to, tag = to[:at], to[at+1:]
	}
	fields := map[string]any{"name": name}
	if !renamed {
		fields["name"] = to
	}
	for key, value := range map[string]string{"newName": to, "newTag": tag, "digest": digest} {
		if value != "" {
			fields[key] = value
		}
	}
	return fields
}
