package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// ConfigMap names one.
type ConfigMap struct{ Namespace, Name string }

// ParseConfigMap reads NAMESPACE/NAME.
func ParseConfigMap(text string) (ConfigMap, error) {
	namespace, name, both := strings.Cut(text, "/")
	if !both || namespace == "" || name == "" || strings.Contains(name, "/") {
		return ConfigMap{}, fmt.Errorf("%q: want NAMESPACE/NAME, as in shop/settings", text)
	}
	return ConfigMap{namespace, name}, nil
}

// wanted are those that netsim reads settings from, and more; each once.
func wanted(more []ConfigMap) []ConfigMap {
	var all []ConfigMap
	for _, text := range manifest.SettingsMaps() {
		namespace, name, _ := strings.Cut(text, "/")
		all = append(all, ConfigMap{namespace, name})
	}
	for _, m := range more {
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}
