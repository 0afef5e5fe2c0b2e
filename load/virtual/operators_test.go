package virtual_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// resource is a custom resource of an operator.
func resource(apiVersion, kind, namespace string) string {
	return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: main, namespace: " + namespace + "}\nspec: {}\n---\n"
}

func TestAServiceThatNamesACustomResource(t *testing.T) {
	for _, row := range []struct{ apiVersion, kind, selector string }{
		{"monitoring.coreos.com/v1", "Prometheus", "prometheus: main"},
		{"monitoring.coreos.com/v1", "Prometheus", "app.kubernetes.io/instance: main, app.kubernetes.io/name: prometheus"},
		{"monitoring.coreos.com/v1", "Prometheus", "app.kubernetes.io/name: prometheus"},
		{"monitoring.coreos.com/v1", "Alertmanager", "alertmanager: main"},
		{"monitoring.coreos.com/v1", "ThanosRuler", "thanos-ruler: main"},
		{"postgresql.cnpg.io/v1", "Cluster", "cnpg.io/cluster: main, cnpg.io/instanceRole: primary"},
		{"postgresql.cnpg.io/v1", "Pooler", "cnpg.io/poolerName: main"},
		{"acid.zalan.do/v1", "postgresql", "cluster-name: main, application: spilo"},
		{"postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", "postgres-operator.crunchydata.com/cluster: main"},
		{"kafka.strimzi.io/v1beta2", "Kafka", "strimzi.io/cluster: main, strimzi.io/kind: Kafka"},
		{"kafka.strimzi.io/v1beta2", "KafkaBridge", "app.kubernetes.io/instance: main"},
		{"rabbitmq.com/v1beta1", "RabbitmqCluster", "app.kubernetes.io/name: main"},
		{"elasticsearch.k8s.elastic.co/v1", "Elasticsearch", "elasticsearch.k8s.elastic.co/cluster-name: main"},
		{"kibana.k8s.elastic.co/v1", "Kibana", "kibana.k8s.elastic.co/name: main"},
	} {
		pods := inferred(t, resource(row.apiVersion, row.kind, "shop")+service("api", row.selector))
		if p := pods["shop/api-inferred"]; assert.NotNil(t, p, "%s: %s", row.kind, row.selector) {
			assert.Contains(t, p.Inferred, row.kind+" shop/main (<stdin>:1)")
			assert.Len(t, pods, 1, "it is the Service's, and needs no other")
		}
	}
}

func TestACustomResourceAccountsForNothingElse(t *testing.T) {
	prometheus := resource("monitoring.coreos.com/v1", "Prometheus", "shop")
	kafka := resource("kafka.strimzi.io/v1beta2", "Kafka", "shop")
	for claim, text := range map[string]string{
		"a typo in the name":                       kafka + service("api", "strimzi.io/cluster: mian"),
		"a typo in a key":                          kafka + service("api", "strimzi.io/clsuter: main"),
		"a typo in a label that all its pods have": prometheus + service("api", "prometheus: main, app.kubernetes.io/name: promethues"),
		"a typo in one that they may have":         prometheus + service("api", "app.kubernetes.io/name: prometheus, shrad: a"),
		"a Service of other pods":                  kafka + service("api", "app: main"),
		"a resource in another namespace":          resource("kafka.strimzi.io/v1beta2", "Kafka", "other") + service("api", "strimzi.io/cluster: main"),
		"a kind of another group":                  resource("cluster.x-k8s.io/v1beta1", "Cluster", "shop") + service("api", "cnpg.io/cluster: main"),
		"a kind that makes no pods":                resource("monitoring.coreos.com/v1", "ServiceMonitor", "shop") + service("api", "prometheus: main"),
		"a resource without a name":                "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {namespace: shop}\n---\n" + service("api", "strimzi.io/cluster: ''"),
	} {
		assert.NotContains(t, inferred(t, text), "shop/api-inferred", claim)
	}
}

func TestPodsOfACustomResourceThatAreThere(t *testing.T) {
	there := "apiVersion: v1\nkind: Pod\nmetadata: {name: main-kafka-0, namespace: shop, labels: {strimzi.io/cluster: main}}\nspec: {containers: [{name: a, image: a}]}\n---\n"
	assert.Empty(t, inferred(t, resource("kafka.strimzi.io/v1beta2", "Kafka", "shop")+there+service("api", "strimzi.io/cluster: main")))
}

func TestTwoCustomResourcesOfOneName(t *testing.T) {
	pods := inferred(t, resource("monitoring.coreos.com/v1", "Prometheus", "shop")+resource("monitoring.coreos.com/v1", "Alertmanager", "shop")+service("api", "app.kubernetes.io/instance: main"))
	if assert.Contains(t, pods, "shop/api-inferred") {
		assert.Contains(t, pods["shop/api-inferred"].Inferred, "Alertmanager shop/main (<stdin>:6) or Prometheus shop/main (<stdin>:1)")
	}
}
