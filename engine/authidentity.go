package engine

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// readIdentityNumbers reads the CiliumIdentity objects among the files: by the
// labels, the numbers that the cluster gave them. There can be several.
func readIdentityNumbers(c *model.Cluster) map[string][]string {
	numbers := map[string][]string{}
	for _, o := range c.Others {
		if o.Origin.Kind != "CiliumIdentity" {
			continue
		}
		var identity struct {
			Labels map[string]string `json:"security-labels"`
		}
		if json.Unmarshal(o.JSON, &identity) != nil {
			continue
		}
		var list []string
		for key, value := range identity.Labels {
			list = append(list, strings.TrimSuffix(key+"="+value, "="))
		}
		slices.Sort(list)
		key := strings.Join(list, ",")
		numbers[key] = append(numbers[key], o.Origin.Name)
	}
	return numbers
}

// identityNumbers are the numbers that CiliumIdentity objects give to a pod's
// labels.
func (e *Engine) identityNumbers(p model.Party) []string {
	return e.numbers[strings.Join(e.Identity(p, p.Node), ",")]
}
