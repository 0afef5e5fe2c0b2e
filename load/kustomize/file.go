package kustomize

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
)

// kustomization is a kustomization file, with deprecated fields moved to where
// they belong.
type kustomization struct {
	types.Kustomization
	name string
	text []byte
	// edited is the text with the fields of a request, nil for none; its lines
	// are nobody's.
	edited []byte
}

// source is what kustomize is to read.
func (k *kustomization) source() []byte {
	if k.edited != nil {
		return k.edited
	}
	return k.text
}

// parse reads a kustomization file.
func parse(r *load.Run, name string) (*kustomization, error) {
	text, err := r.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if err := manifest.CheckAliases(text); err != nil {
		return nil, err
	}
	k := &kustomization{name: name, text: text}
	if err := k.Unmarshal(text); err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), "invalid Kustomization: ", ""))
	}
	k.FixKustomization()
	return k, nil
}

// errorLine finds the line in what a parser says: its number, or that of the
// field that it names.
func errorLine(text []byte, err error) int {
	if found := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error()); found != nil {
		return number(found[1])
	}
	if found := regexp.MustCompile(`"([^"]+)"`).FindStringSubmatch(err.Error()); found != nil {
		return lineOf(text, found[1])
	}
	return 1
}

func isComponent(r *load.Run, name string) bool {
	k, err := parse(r, name)
	return err == nil && k.Kind == types.ComponentKind
}

// directories are the references that may be to another kustomization.
func (k *kustomization) directories() []string {
	return slices.Concat(k.Resources, k.Components, k.Generators, k.Transformers, k.Validators)
}

// plugins are the references to configurations of generators and transformers, or
// those themselves.
func (k *kustomization) plugins() []string {
	return slices.Concat(k.Generators, k.Transformers, k.Validators)
}

// files are the references to files that are no objects by themselves.
func (k *kustomization) files() []string {
	refs := slices.Concat(k.Crds, k.Configurations)
	add := func(ref string) {
		if ref != "" && !isInline(ref) {
			refs = append(refs, ref)
		}
	}
	add(k.OpenAPI["path"])
	for _, patch := range k.PatchesStrategicMerge {
		add(string(patch))
	}
	for _, patch := range slices.Concat(k.Patches, k.PatchesJson6902) {
		add(patch.Path)
	}
	for _, replacement := range k.Replacements {
		add(replacement.Path)
	}
	for _, g := range k.ConfigMapGenerator {
		addSources(add, g.KvPairSources)
	}
	for _, g := range k.SecretGenerator {
		addSources(add, g.KvPairSources)
	}
	return refs
}

// addSources adds the files of a generator; one may be "key=path".
func addSources(add func(string), s types.KvPairSources) {
	for _, ref := range s.FileSources {
		_, file, keyed := strings.Cut(ref, "=")
		if !keyed {
			file = ref
		}
		add(file)
	}
	for _, ref := range s.EnvSources {
		add(ref)
	}
}

// isInline says whether a field that may name a file holds the file's content.
func isInline(ref string) bool {
	return !isURL(ref) && (strings.ContainsAny(ref, "\n{") || strings.Contains(ref, ": "))
}
