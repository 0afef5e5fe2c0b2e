package helm

import (
	"encoding/json"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
)

// fetchesSchemas says whether the schema of a chart, or of one that it depends on,
// names others, which Helm would fetch or read from anywhere.
func fetchesSchemas(c *chart.Chart) bool {
	var schema any
	if c.Schema != nil && (json.Unmarshal(c.Schema, &schema) != nil || leadsAway(schema)) {
		return true
	}
	for _, below := range c.Dependencies() {
		if fetchesSchemas(below) {
			return true
		}
	}
	return false
}

func leadsAway(schema any) bool {
	switch s := schema.(type) {
	case []any:
		for _, item := range s {
			if leadsAway(item) {
				return true
			}
		}
	case map[string]any:
		for key, value := range s {
			text, isText := value.(string)
			switch {
			case (key == "$ref" || key == "$dynamicRef" || key == "$recursiveRef") && isText && !strings.HasPrefix(text, "#"):
				return true
			case key == "$schema" && isText && !strings.Contains(text, "//json-schema.org/"):
				return true
			case leadsAway(value):
				return true
			}
		}
	}
	return false
}
