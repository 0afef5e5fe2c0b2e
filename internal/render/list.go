package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// resource is one kind of thing that `netsim list` shows.
type resource struct {
	// name is kubectl's plural; aliases are its other names and short ones.
	name    string
	aliases []string
	columns []string
	rows    func(*model.Cluster) []row
}

// row is one object of a table.
type row struct {
	cells  []string
	origin model.Origin
	// made is true for an object that no file holds.
	made bool
	// inferred says from what an object was inferred, "" for others.
	inferred string
	// object is the object as Kubernetes would write it.
	object func() map[string]any
}

// resources are all kinds in the order in which they are listed. It is a
// function so that nobody can change the table.
func resources() []resource {
	return slices.Concat(
		[]resource{
			{"nodes", []string{"node", "no"}, []string{"NAME", "ROLE", "INTERNAL-IP", "POD-CIDR"}, nodeRows},
			{"namespaces", []string{"namespace", "ns"}, []string{"NAME", "LABELS"}, namespaceRows},
			{"workloads", []string{"workload"}, []string{"NAMESPACE", "NAME", "KIND", "REPLICAS", "IMAGES"}, workloadRows},
			{"pods", []string{"pod", "po"}, []string{"NAMESPACE", "NAME", "READY", "NODE", "IP", "OWNER"}, podRows},
			{"services", []string{"service", "svc"}, []string{"NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORTS"}, serviceRows},
			{"endpointslices", []string{"endpointslice", "eps", "endpoints", "ep"}, []string{"NAMESPACE", "NAME", "SERVICE", "PORTS", "ENDPOINTS"}, sliceRows},
		},
		policyResources(),
		[]resource{{"others", []string{"other"}, []string{"NAMESPACE", "NAME", "KIND"}, otherRows}},
	)
}

// workloadKinds are the kinds that the table of workloads can be narrowed to.
var workloadKinds = []struct {
	kind    string
	aliases []string
}{
	{"Deployment", []string{"deployments", "deploy"}},
	{"StatefulSet", []string{"statefulsets", "sts"}},
	{"DaemonSet", []string{"daemonsets", "ds"}},
	{"ReplicaSet", []string{"replicasets", "rs"}},
	{"ReplicationController", []string{"replicationcontrollers", "rc"}},
	{"Job", []string{"jobs"}},
	{"CronJob", []string{"cronjobs", "cj"}},
}

// List writes what was loaded as tables, one a kind, or as one Kubernetes List
// in JSON or YAML. Kind is a kubectl name, plural or short name, "" for all
// kinds. The error is the writer's, or names the kinds that there are.
func List(w io.Writer, c *model.Cluster, kind string, format Format) error {
	chosen := resources()
	if kind != "" {
		one, err := findResource(c, kind)
		if err != nil {
			return err
		}
		chosen = []resource{one}
	}
	if format != FormatText {
		return Encode(w, listObject(c, chosen), format)
	}
	_, err := io.WriteString(w, tables(c, chosen, kind == ""))
	return err
}

// KindNames are the names that List takes, for help and completion: each
// plural with its short names behind it.
func KindNames() []string {
	var names []string
	for _, r := range resources() {
		names = append(names, r.name)
	}
	for _, k := range workloadKinds {
		names = append(names, k.aliases[0])
	}
	return names
}

func findResource(c *model.Cluster, kind string) (resource, error) {
	want := strings.ToLower(kind)
	for _, r := range resources() {
		if r.name == want || slices.Contains(r.aliases, want) {
			return r, nil
		}
	}
	for _, k := range workloadKinds {
		if strings.ToLower(k.kind) == want || slices.Contains(k.aliases, want) {
			return only(workloadResource(), k.aliases[0], k.kind), nil
		}
	}
	for _, o := range others(c) {
		one := strings.ToLower(o.Origin.Kind)
		if want == one || want == one+"s" || want == one+"es" || want == strings.TrimSuffix(one, "y")+"ies" {
			return only(otherResource(), one+"s", o.Origin.Kind), nil
		}
	}
	return resource{}, fmt.Errorf("unknown kind %q: want one of %s, or the kind of another object that was loaded", kind, knownKinds())
}

func workloadResource() resource { return named("workloads") }
func otherResource() resource    { return named("others") }

func named(name string) resource {
	all := resources()
	return all[slices.IndexFunc(all, func(r resource) bool { return r.name == name })]
}

// only narrows a table of several kinds to one of them.
func only(r resource, name, kind string) resource {
	rows := r.rows
	r.name = name
	r.rows = func(c *model.Cluster) []row {
		return slices.DeleteFunc(rows(c), func(row row) bool { return row.origin.Kind != kind })
	}
	return r
}

func knownKinds() string {
	var names []string
	for _, r := range resources() {
		names = append(names, fmt.Sprintf("%s (%s)", r.name, r.aliases[len(r.aliases)-1]))
	}
	for _, k := range workloadKinds {
		names = append(names, k.aliases[0])
	}
	return strings.Join(names, ", ")
}
