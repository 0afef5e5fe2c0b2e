package engine

import (
	"fmt"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/netsim-dev/netsim/model"
)

// idleNodePolicy warns of a policy for nodes where no host firewall enforces
// it.
func (r *reader) idleNodePolicy(o *model.Object, spec string, parsed *api.Rule) []model.Issue {
	if parsed.NodeSelector.LabelSelector == nil || r.options.hostFirewall {
		return nil
	}
	return []model.Issue{issue(o, spec+".nodeSelector", model.Warning,
		fmt.Sprintf("%s is for nodes and has no effect: the host firewall is off%s", o.Origin.ID(), r.source("enable-host-firewall")),
		"set enable-host-firewall (hostFirewall.enabled in Helm) to true, or remove the policy")}
}
