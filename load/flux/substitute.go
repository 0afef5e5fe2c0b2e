package flux

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
	"github.com/netsim-dev/netsim/model"
)

// postBuild says which variables are substituted.
type postBuild struct {
	Substitute     map[string]string `json:"substitute"`
	SubstituteFrom []valuesFrom      `json:"substituteFrom"`
}

// valuesFrom names a ConfigMap or Secret.
type valuesFrom struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	ValuesKey  string `json:"valuesKey"`
	TargetPath string `json:"targetPath"`
	Optional   bool   `json:"optional"`
}

// variables are the values of variables; complete is false if some could not be
// read.
type variables struct {
	values   map[string]string
	complete bool
}

// substitute replaces the variables in what was built, as SubstituteVariables of
// fluxcd/pkg/kustomize does. Values have no line breaks, so that lines stay.
func (d *deployer) substitute(o *deploy.Object, p postBuild, out *load.Output) {
	vars := d.variables(o, p, out)
	for _, name := range slices.Sorted(maps.Keys(vars.values)) {
		if !variableName.MatchString(name) {
			o.Fail(out, "spec.postBuild", fmt.Sprintf("%q is no name of a variable: Flux builds nothing of it", name), "use letters, digits and _")
			out.Files = nil
		}
	}
	if len(vars.values) == 0 && vars.complete {
		return
	}
	var files []load.File
	for _, file := range out.Files {
		if text, err := vars.in(string(file.Data)); err != nil {
			line := 1
			if file.Rendered != nil && len(file.Rendered.Lines) > 0 {
				line = file.Rendered.Lines[0]
			}
			out.Fail(file.Name, line, o.ID()+": the variables cannot be substituted: "+err.Error()+": the object is missing here", "correct it; $$ is the escape for $")
		} else {
			file.Data = []byte(text)
			files = append(files, file)
		}
	}
	out.Files = files
}

var (
	variableName = regexp.MustCompile(`^[_[:alpha:]][_[:alpha:][:digit:]]*$`)
	patternUse   = regexp.MustCompile(`\$\{[_[:alpha:]][_[:alpha:][:digit:]]*[/#%]`)
	plainUse     = regexp.MustCompile(`\$*\{[_[:alpha:]][_[:alpha:][:digit:]]*\}`)
)

// disabled marks an object that is taken as it is.
const disabled = "kustomize.toolkit.fluxcd.io/substitute"

// in substitutes in the text of an object. A variable that nothing gives is empty,
// unless something that could give it was not read: then it stays as it is.
func (v variables) in(text string) (string, error) {
	var object struct {
		Metadata metadata `json:"metadata"`
	}
	if !strings.Contains(text, "$") || yaml.Unmarshal([]byte(text), &object) == nil &&
		cmp.Or(object.Metadata.Labels[disabled], object.Metadata.Annotations[disabled]) == "disabled" {
		return text, nil
	}
	if !v.complete {
		text = plainUse.ReplaceAllStringFunc(text, func(use string) string {
			dollars := strings.Index(use, "{")
			if _, given := v.values[use[dollars+1:len(use)-1]]; given || dollars != 1 {
				return use
			}
			return "$" + use
		})
	}
	return v.evaluated(text)
}

// evaluated is a text with its expressions evaluated. A panic, which a substring
// of negative length causes, is an error, and so is one of too much text.
func (v variables) evaluated(text string) (whole string, err error) {
	room, each := manifest.MaxFileSize-len(text), v.cost(text)
	defer func() {
		switch p := recover(); {
		case p != nil && room < 0:
			err = fmt.Errorf("they come to more than %d MiB", manifest.MaxFileSize>>20)
		case p != nil:
			err = fmt.Errorf("an expression panics: %v", p)
		}
	}()
	return envsubst.Eval(text, func(name string) (string, bool) {
		if room -= len(v.values[name]) * each; room < 0 {
			panic("too much") // there is no other way to end it
		}
		return v.values[name], true
	})
}

// cost bounds what an expression makes of each letter of a value: one that looks
// for a pattern may go over the value for each, or put a text in its place.
func (v variables) cost(text string) int {
	if !patternUse.MatchString(text) {
		return 1
	}
	longest := 1
	for _, use := range strings.Split(text, "${") {
		longest = max(longest, len(use))
	}
	for _, value := range v.values {
		longest = max(longest, len(value))
	}
	return longest
}

// variables are those of ConfigMaps, then those written inline, then the user's.
func (d *deployer) variables(o *deploy.Object, p postBuild, out *load.Output) variables {
	v := variables{values: map[string]string{}, complete: true}
	for i, from := range p.SubstituteFrom {
		at := fmt.Sprintf("spec.postBuild.substituteFrom[%d]", i)
		data, ok := d.data(o, from, at, out)
		v.complete = v.complete && ok
		for key, value := range data {
			v.values[key] = strings.ReplaceAll(value, "\n", "")
		}
	}
	for key, value := range p.Substitute {
		v.values[key] = strings.ReplaceAll(value, "\n", "")
	}
	for key, value := range d.subst {
		v.values[key] = strings.ReplaceAll(value, "\n", "")
	}
	return v
}

// data are those of a ConfigMap, with an Issue and false if they are not known.
func (d *deployer) data(o *deploy.Object, from valuesFrom, at string, out *load.Output) (map[string]string, bool) {
	found := d.find(o, deploy.Kind{Kind: from.Kind}, o.Namespace, from.Name, out)
	var fields struct {
		Data map[string]string `json:"data"`
		SOPS any               `json:"sops"`
	}
	tell := func(what, remedy string) {
		out.Issues = append(out.Issues, model.Issue{Severity: model.Warning, File: o.File, Line: o.Line(at), Message: o.ID() + ": " + what, Remedy: remedy})
	}
	switch {
	case found == nil && from.Optional && from.Kind != "Secret":
		return nil, true
	case found == nil:
		tell(fmt.Sprintf("%s %s is in none of the files: what it gives is not known, and defaults are taken", from.Kind, from.Name), remedyFor(at))
	case !found.Decode(&fields, out):
	case fields.SOPS != nil:
		tell(fmt.Sprintf("%s %s (%s:%d) is encrypted with SOPS: what it gives is not known, and defaults are taken", from.Kind, from.Name, found.File, found.Line("")), remedyFor(at))
	case from.Kind == "Secret":
		tell(fmt.Sprintf("%s %s (%s:%d) is a Secret, which is not read: what it gives is not known, and defaults are taken", from.Kind, from.Name, found.File, found.Line("")), remedyFor(at))
	default:
		return fields.Data, true
	}
	return nil, false
}

func remedyFor(at string) string {
	if strings.HasPrefix(at, "spec.postBuild") {
		return "give the variables: --subst NAME=VALUE"
	}
	return "write what it holds into the HelmRelease's values"
}
