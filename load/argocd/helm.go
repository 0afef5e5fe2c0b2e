package argocd

import (
	"cmp"
	"encoding/json"
	"path"
	"regexp"
	"strings"

	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"github.com/netsim-dev/netsim/load"
)

// chart puts the options for a chart into a request: parameters go over the
// values, and those over the files. It is false if a file is missing, which Helm
// fails without.
func (d *deployer) chart(app application, s source, at, root string, q *load.Request, out *load.Output) bool {
	h, env := s.Helm, app.environment(s)
	q.Name, q.Namespace = cmp.Or(h.ReleaseName, q.Name), cmp.Or(h.Namespace, q.Namespace)
	complete := true
	for _, ref := range h.ValueFiles {
		name, text, err := d.valueFile(app, env, root, q.Dir, ref)
		switch {
		case err == nil:
			q.Values = append(q.Values, load.File{Name: name, Data: text})
			out.Used = append(out.Used, name)
		case !h.IgnoreMissing || name != "" && d.run.Exists(name):
			app.fail(out, at+".helm.valueFiles", err.Error()+": nothing of the chart is loaded", "correct the path, or remove it")
			complete = false
		}
	}
	if text := h.values(); len(text) > 0 {
		q.Values = append(q.Values, load.File{Name: app.object.File, Data: text})
	}
	values := map[string]any{}
	for _, p := range h.Parameters {
		set := strvals.ParseInto
		if p.ForceString {
			set = strvals.ParseIntoString
		}
		if err := set(p.Name+"="+escaped(env(p.Value)), values); err != nil {
			app.fail(out, at+".helm.parameters", err.Error(), "correct the parameter "+p.Name)
		}
	}
	for _, p := range h.FileParameters {
		_, text, err := d.valueFile(app, env, root, q.Dir, p.Path)
		if err == nil {
			err = strvals.ParseIntoFile(p.Name+"=file", values, func([]rune) (any, error) { return string(text), nil })
		}
		if err != nil {
			app.fail(out, at+".helm.fileParameters", err.Error()+": nothing of the chart is loaded", "correct the parameter "+p.Name)
			complete = false
		}
	}
	if text, err := yaml.Marshal(values); err == nil && len(values) > 0 {
		q.Values = append(q.Values, load.File{Name: app.object.File, Data: text})
	}
	return complete
}

// values are those written inline: the object, or else the text.
func (h *helmOptions) values() []byte {
	if len(h.ValuesObject) > 0 && string(h.ValuesObject) != "null" {
		var fields map[string]any
		if json.Unmarshal(h.ValuesObject, &fields) == nil {
			return h.ValuesObject
		}
	}
	return []byte(h.Values)
}

// escaped keeps the commas of a value, which part values in what Helm is given,
// unless the value is a list (argo-cd v2.14.9 util/helm/cmd.go cleanSetParameters).
func escaped(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	return regexp.MustCompile(`(^|[^\\]),`).ReplaceAllString(value, `$1\,`)
}

// valueFile reads a file beside a chart, in the root of its repository ("/x"), or
// in the repository of another source ("$name/x").
func (d *deployer) valueFile(app application, env func(string) string, root, dir, ref string) (name string, text []byte, err error) {
	variable, rest, _ := strings.Cut(strings.TrimPrefix(ref, "$"), "/")
	other := app.ref(variable)
	switch {
	case strings.HasPrefix(ref, "$") && other != nil:
		if _, name, err = d.repos.Locate(d.run, other.RepoURL, env(rest)); err != nil {
			return "", nil, err
		}
	case strings.Contains(ref, "://"):
		return "", nil, errRemote(ref)
	case path.IsAbs(env(ref)):
		name = path.Join(root, env(ref))
	default:
		name = path.Join(dir, env(ref))
	}
	text, err = d.run.ReadFile(name)
	return name, text, err
}

type errRemote string

func (e errRemote) Error() string { return string(e) + " is remote, and nothing is fetched" }
