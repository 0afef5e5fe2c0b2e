package argocd

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/gobwas/glob"
	"sigs.k8s.io/yaml"
)

// git makes parameters of the directories or the files of a repository.
func (g *generator) git(fields map[string]any) ([]map[string]any, error) {
	url, _ := fields["repoURL"].(string)
	if list, _ := fields["directories"].([]any); len(list) > 0 {
		return g.directories(url, list, fields)
	}
	if list, _ := fields["files"].([]any); len(list) > 0 {
		return g.files(url, list, fields)
	}
	return nil, errors.New("the git generator names neither directories nor files")
}

func (g *generator) directories(url string, list []any, fields map[string]any) ([]map[string]any, error) {
	include, exclude := patterns(list)
	found := map[string]bool{}
	for _, pattern := range include {
		root, names, err := g.below(url, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			for dir := path.Dir(inside(root, name)); dir != "."; dir = path.Dir(dir) {
				matched, err := path.Match(pattern, dir)
				if err != nil {
					return nil, fmt.Errorf("the pattern %s: %w", pattern, err)
				}
				found[dir] = found[dir] || matched && !hidden(dir)
			}
		}
	}
	var all []map[string]any
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		if !found[dir] || matchesAny(exclude, dir) {
			continue
		}
		params := map[string]any{}
		if err := g.addPath(params, fields, dir, ""); err != nil {
			return nil, err
		}
		all = append(all, params)
	}
	return all, nil
}

// files makes parameters of what YAML or JSON files hold: a map, or a list of maps.
func (g *generator) files(url string, list []any, fields map[string]any) ([]map[string]any, error) {
	include, _ := patterns(list)
	found := map[string]string{}
	for _, pattern := range include {
		matcher, err := glob.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("the pattern %s: %w", pattern, err)
		}
		root, names, err := g.below(url, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if rel := inside(root, name); matcher.Match(rel) {
				found[rel] = name
			}
		}
	}
	var all []map[string]any
	for _, rel := range slices.Sorted(maps.Keys(found)) {
		made, err := g.file(rel, found[rel], fields)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", found[rel], err)
		}
		all = append(all, made...)
	}
	return all, nil
}

func (g *generator) file(rel, name string, fields map[string]any) ([]map[string]any, error) {
	text, err := g.run.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var items []map[string]any
	if yaml.Unmarshal(text, &items) != nil {
		var item map[string]any
		if err := yaml.Unmarshal(text, &item); err != nil {
			return nil, fmt.Errorf("the file of parameters cannot be read: %w", err)
		}
		items = []map[string]any{item}
	}
	if len(items) == 0 {
		items = []map[string]any{{}}
	}
	var all []map[string]any
	for _, item := range items {
		params := maps.Clone(item)
		if !g.goTemplate || params == nil {
			params = map[string]any{}
			flatten(item, "", func(key string, value any) { params[key] = fmt.Sprint(value) })
		}
		if err := g.addPath(params, fields, path.Dir(rel), path.Base(rel)); err != nil {
			return nil, err
		}
		all = append(all, params)
	}
	return all, nil
}

// addPath adds the parameters that name a directory, and a file in it if there is
// one, and the generator's values.
func (g *generator) addPath(params, fields map[string]any, dir, file string) error {
	names := map[string]string{"path": dir, "basename": path.Base(dir), "basenameNormalized": normalize(path.Base(dir))}
	if file != "" {
		names["filename"], names["filenameNormalized"] = file, normalize(file)
	}
	prefix, _ := fields["pathParamPrefix"].(string)
	if g.goTemplate {
		nested := map[string]any{"segments": strings.Split(dir, "/")}
		for key, value := range names {
			nested[key] = value
		}
		if prefix != "" {
			params[prefix] = map[string]any{"path": nested}
		} else {
			params["path"] = nested
		}
		return g.addValues(params, fields)
	}
	if prefix != "" {
		prefix += "."
	}
	for key, value := range names {
		if key == "path" {
			params[prefix+"path"] = value
			continue
		}
		params[prefix+"path."+key] = value
	}
	for i, step := range strings.Split(dir, "/") {
		params[fmt.Sprintf("%spath[%d]", prefix, i)] = step
	}
	return g.addValues(params, fields)
}

// addValues adds the generator's own values, which may be templates of the rest.
func (g *generator) addValues(params, fields map[string]any) error {
	values, _ := fields["values"].(map[string]any)
	made := map[string]any{}
	for key, value := range values {
		text, err := g.replace(fmt.Sprint(value), params)
		if err != nil {
			return err
		}
		made[key] = text
	}
	if g.goTemplate && len(made) > 0 {
		params["values"] = made
		return nil
	}
	for key, value := range made {
		params["values."+key] = value
	}
	return nil
}

// below lists the files of a repository that a pattern can match.
func (g *generator) below(url, pattern string) (root string, names []string, err error) {
	fixed := pattern
	if at := strings.IndexAny(pattern, `*?[{\`); at >= 0 {
		fixed = path.Dir(pattern[:at] + "x")
	}
	root, dir, err := g.repos.Locate(g.run, url, fixed)
	if err != nil {
		return "", nil, err
	}
	if !g.run.IsDir(dir) {
		return root, []string{dir}, nil
	}
	names, err = g.run.List(dir)
	return root, names, err
}

func inside(root, name string) string {
	if root == "." {
		return name
	}
	return strings.TrimPrefix(name, root+"/")
}

func patterns(list []any) (include, exclude []string) {
	for _, item := range list {
		fields, _ := item.(map[string]any)
		pattern, _ := fields["path"].(string)
		if fields["exclude"] == true {
			exclude = append(exclude, pattern)
			continue
		}
		include = append(include, pattern)
	}
	return include, exclude
}

func matchesAny(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, err := path.Match(pattern, dir)
		return err == nil && matched
	})
}

func hidden(dir string) bool { return strings.HasPrefix(dir, ".") || strings.Contains(dir, "/.") }

// normalize makes a name of any text (applicationset/utils SanitizeName).
func normalize(name string) string {
	name = regexp.MustCompile(`[^-a-z0-9.]`).ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(name[:min(len(name), 253)], "-.")
}
