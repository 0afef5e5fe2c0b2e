package virtual

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// operator is a kind of custom resources for which an operator makes pods.
type operator struct {
	group, kind string
	// named are the labels of those pods whose value is the resource's name, and
	// fixed the others that all of them have.
	named []string
	fixed model.Labels
}

// operators are those whose pods' labels are known. What names no resource, such
// as the label "app", is not among named: one that has it is often somebody else's.
//
// Sources: prometheus-operator v0.85.0 pkg/{prometheus/server,alertmanager,thanos}
// makeSelectorLabels; cloudnative-pg v1.27.0 pkg/utils/labels_annotations.go;
// zalando postgres-operator v1.14.0 pkg/cluster/util.go labelsSet and
// pkg/util/config/config.go; Crunchy postgres-operator v5 internal/naming/labels.go;
// strimzi-kafka-operator 0.45 operator-common Labels.java; rabbitmq cluster-operator
// v1.14.0 internal/metadata/label.go; cloud-on-k8s v3.5.0
// pkg/controller/{elasticsearch,kibana}/label.
func operators() []operator {
	prometheus := func(kind, name string) operator {
		return operator{"monitoring.coreos.com", kind, []string{instanceLabel, name}, model.Labels{managerLabel: "prometheus-operator", nameLabel: name}}
	}
	strimzi := func(kind string) operator {
		return operator{"kafka.strimzi.io", kind, []string{"strimzi.io/cluster", instanceLabel}, nil}
	}
	elastic := func(kind, label string) operator {
		group := strings.ToLower(kind) + ".k8s.elastic.co"
		return operator{group, kind, []string{group + label}, model.Labels{"common.k8s.elastic.co/type": strings.ToLower(kind)}}
	}
	return []operator{
		prometheus("Prometheus", "prometheus"), prometheus("Alertmanager", "alertmanager"), prometheus("ThanosRuler", "thanos-ruler"),
		{"postgresql.cnpg.io", "Cluster", []string{"cnpg.io/cluster"}, nil},
		{"postgresql.cnpg.io", "Pooler", []string{"cnpg.io/poolerName"}, nil},
		{"acid.zalan.do", "postgresql", []string{"cluster-name"}, nil},
		{"postgres-operator.crunchydata.com", "PostgresCluster", []string{"postgres-operator.crunchydata.com/cluster"}, nil},
		strimzi("Kafka"), strimzi("KafkaConnect"), strimzi("KafkaBridge"), strimzi("KafkaMirrorMaker2"),
		{"rabbitmq.com", "RabbitmqCluster", []string{nameLabel}, model.Labels{"app.kubernetes.io/component": "rabbitmq", "app.kubernetes.io/part-of": "rabbitmq"}},
		elastic("Elasticsearch", "/cluster-name"), elastic("Kibana", "/name"),
	}
}

// mentions says whether a file could hold one of its resources.
func (o operator) mentions(f load.File) bool { return bytes.Contains(f.Data, []byte(o.group)) }

// operated are the custom resources whose operators make pods.
func operated(c *model.Cluster) []account {
	known := operators()
	var out []account
	for _, o := range c.Others {
		group, _, _ := strings.Cut(o.APIVersion, "/")
		i := slices.IndexFunc(known, func(k operator) bool { return k.group == group && k.kind == o.Origin.Kind })
		if i < 0 || o.Origin.Name == "" {
			continue
		}
		labels := merged(model.Labels{}, known[i].fixed)
		for _, key := range known[i].named {
			labels[key] = o.Origin.Name
		}
		out = append(out, account{
			origin: o.Origin, namespace: cmp.Or(o.Origin.Namespace, "default"), name: o.Origin.Name,
			labels: labels, named: known[i].named, own: true,
		})
	}
	return out
}
