package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// group is paths that agree: told as one, with the first as the example.
type group struct {
	paths []sim.Path
	// steps holds, for each step, what it says once the names of its own ends
	// are taken out; equal ones need telling only once.
	steps []string
}

// groupPaths puts paths together that differ in nothing but the names and
// addresses of their own ends. The groups that do not allow come first: they
// are what the reader came for.
func groupPaths(paths []sim.Path) []group {
	var groups []group
	at := map[string]int{}
	for _, path := range paths {
		names := aliases(path)
		key := pathKey(path, names)
		i, known := at[key]
		if !known {
			i = len(groups)
			at[key] = i
			groups = append(groups, group{steps: stepKeys(path.Steps, names)})
		}
		groups[i].paths = append(groups[i].paths, path)
	}
	gravity := map[model.Verdict]int{model.Denied: 0, model.Undetermined: 1, model.Allowed: 2}
	slices.SortStableFunc(groups, func(a, b group) int {
		return cmp.Compare(gravity[a.paths[0].Verdict], gravity[b.paths[0].Verdict])
	})
	return groups
}

// aliases are the words of a path that name its own ends, and what stands for
// them when paths are compared. Both nodes get one alias: whether a backend is
// on the client's node matters only where it changes a step.
func aliases(path sim.Path) map[string]string {
	names := map[string]string{}
	add := func(alias string, words ...string) {
		for _, word := range words {
			if word != "" {
				names[word] = alias
			}
		}
	}
	add("{node}", path.From.Node, path.Translation.Node)
	add("{seen}", path.Translation.SourceSeen)
	if b := path.Backend; b != nil {
		add("{node}", b.Node)
		add("{backend}", b.Ref, strings.Replace(b.Ref, "/pod/", "/", 1), b.IP)
	}
	add("{source}", path.From.Ref, strings.Replace(path.From.Ref, "/pod/", "/", 1), path.From.IP)
	return names
}

func pathKey(path sim.Path, names map[string]string) string {
	path.From.Pods = 0
	return neutral(path, names)
}

func stepKeys(steps []model.Step, names map[string]string) []string {
	keys := make([]string, len(steps))
	for i, step := range steps {
		keys[i] = neutral(step, names)
	}
	return keys
}

// word finds what may be a name, an address or an address with a port.
var word = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9._:/-]*[A-Za-z0-9]|[A-Za-z0-9]`)

// neutral is the JSON of a path or step with its own ends replaced.
func neutral(value any, names map[string]string) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%+v", value)
	}
	return word.ReplaceAllStringFunc(string(text), func(w string) string {
		if alias, ok := names[w]; ok {
			return alias
		}
		if i := strings.LastIndexByte(w, ':'); i > 0 && names[w[:i]] != "" {
			return names[w[:i]] + w[i:]
		}
		return w
	})
}
