package argocd

import (
	"encoding/json"

	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
)

// maxApplications bounds what one ApplicationSet generates.
const maxApplications = 2000

// applicationSet is what netsim reads of an ApplicationSet.
type applicationSet struct {
	Spec struct {
		GoTemplate        bool             `json:"goTemplate"`
		GoTemplateOptions []string         `json:"goTemplateOptions"`
		Generators        []map[string]any `json:"generators"`
		Template          map[string]any   `json:"template"`
		TemplatePatch     string           `json:"templatePatch"`
	} `json:"spec"`
}

// applicationSet renders the Applications that a set generates.
func (d *deployer) applicationSet(o *deploy.Object, out *load.Output) {
	var set applicationSet
	if !o.Decode(&set, out) {
		return
	}
	t := templater{set.Spec.GoTemplate, set.Spec.GoTemplateOptions}
	g := &generator{run: d.run, repos: d.repos, templater: t}
	for _, spec := range set.Spec.Generators {
		all, err := g.generate(spec, nil)
		if err != nil {
			o.Fail(out, "spec.generators", err.Error()+": its Applications are missing here", "write the Applications out, or pass what Argo CD generates with -f")
			continue
		}
		template := merged(set.Spec.Template, ownTemplate(spec))
		for _, params := range all {
			app, err := instance(t, template, set.Spec.TemplatePatch, params)
			if err != nil {
				o.Fail(out, "spec.template", err.Error(), "correct the template")
				break
			}
			app.object, app.at, app.via = o, "spec.template.spec.", o.ID()+", Application "+app.Metadata.Name
			d.application(app, out)
		}
	}
}

// ownTemplate is the template of a generator, which goes over the set's.
func ownTemplate(spec map[string]any) any {
	for _, value := range spec {
		if fields, ok := value.(map[string]any); ok && fields["template"] != nil {
			return fields["template"]
		}
	}
	return nil
}

// instance is the Application that parameters make of a template.
func instance(t templater, template any, patch string, params map[string]any) (application, error) {
	var app application
	filled, err := t.fill(template, params)
	if err != nil {
		return app, err
	}
	if patch != "" {
		text, err := t.replace(patch, params)
		if err != nil {
			return app, err
		}
		var over map[string]any
		if err := yaml.Unmarshal([]byte(text), &over); err != nil {
			return app, err
		}
		filled = merged(filled, over)
	}
	text, err := json.Marshal(filled)
	if err == nil {
		err = json.Unmarshal(text, &app)
	}
	return app, err
}

// merged lays fields over others; lists are replaced.
func merged(below, over any) any {
	fields, ok := over.(map[string]any)
	others, both := below.(map[string]any)
	switch {
	case over == nil:
		return below
	case !ok || !both:
		return over
	}
	all := map[string]any{}
	for key, value := range others {
		all[key] = value
	}
	for key, value := range fields {
		all[key] = merged(all[key], value)
	}
	return all
}
