package argocd

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/netsim-dev/netsim/load"
)

// placeholder is one of a file that Terraform's templatefile renders: "$${" is its
// escape.
var placeholder = regexp.MustCompile(`\$?\$\{[^}]*\}`)

var simple = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// readTemplates loads the Applications in files for Terraform's templatefile, if
// all their placeholders are given.
func (s Source) readTemplates(r *load.Run) {
	for _, name := range r.Named(".yaml.tpl", ".yml.tpl") {
		text, err := r.ReadFile(name)
		if err != nil || !bytes.Contains(text, []byte(group)) || !bytes.Contains(text, []byte("kind: Application")) {
			continue
		}
		out := load.Output{}
		if whole, ok := s.fill(name, string(text), &out); ok {
			out.Files = []load.File{{Name: name, Data: []byte(whole), Rendered: &load.Rendered{}}}
		}
		r.Add(out)
	}
}

// fill puts values for the placeholders of a template.
func (s Source) fill(name, text string, out *load.Output) (string, bool) {
	if at := strings.Index(text, "%{"); at >= 0 {
		out.Fail(name, 1+strings.Count(text[:at], "\n"), "the template has directives, which are not evaluated here: its Applications are missing", "pass what Terraform renders with -f")
		return "", false
	}
	var missing []string
	line := 0
	for _, at := range placeholder.FindAllStringIndex(text, -1) {
		if found := text[at[0]:at[1]]; !strings.HasPrefix(found, "$$") && !s.knows(found) {
			missing = append(missing, found)
			if line == 0 {
				line = 1 + strings.Count(text[:at[0]], "\n")
			}
		}
	}
	if len(missing) > 0 {
		out.Fail(name, line, fmt.Sprintf("nothing gives a value for %s: the template's Applications are missing", strings.Join(unique(missing), ", ")), s.remedy(missing[0]))
		return "", false
	}
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		return s.Options.Subst[variable(found)]
	}), true
}

func variable(found string) string { return strings.TrimSpace(found[2 : len(found)-1]) }

func (s Source) knows(found string) bool {
	value, given := s.Options.Subst[variable(found)]
	return given && !strings.Contains(value, "\n")
}

func (s Source) remedy(found string) string {
	if !simple.MatchString(variable(found)) {
		return "pass what Terraform renders with -f: only names are substituted here"
	}
	return "give it: --subst " + variable(found) + "=VALUE"
}

func unique(list []string) []string {
	var kept []string
	seen := map[string]bool{}
	for _, item := range list {
		if !seen[item] {
			kept = append(kept, item)
		}
		seen[item] = true
	}
	return kept
}
