package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// load reads one file named in.yaml.
func load(text string) (*model.Cluster, []model.Issue) {
	return Load([]File{{Name: "in.yaml", Data: []byte(text)}})
}

// loadClean reads one file that must give no error and no warning.
func loadClean(t *testing.T, text string) *model.Cluster {
	t.Helper()
	cluster, issues := load(text)
	for _, issue := range issues {
		require.Equal(t, model.Info, issue.Severity, issue.String())
	}
	return cluster
}

// grave are the issues that --strict makes fatal, as text.
func grave(issues []model.Issue) []string {
	var list []string
	for _, issue := range issues {
		if issue.Severity != model.Info {
			list = append(list, issue.String())
		}
	}
	return list
}

func findPod(t *testing.T, c *model.Cluster, name string) *model.Pod {
	t.Helper()
	for _, p := range c.Pods {
		if p.Namespace+"/"+p.Name == name {
			return p
		}
	}
	require.Failf(t, "no such pod", "%s among %v", name, podNames(c))
	return nil
}

func podNames(c *model.Cluster) []string {
	names := []string{}
	for _, p := range c.Pods {
		names = append(names, p.Namespace+"/"+p.Name)
	}
	return names
}

func findService(t *testing.T, c *model.Cluster, name string) *model.Service {
	t.Helper()
	for _, s := range c.Services {
		if s.Namespace+"/"+s.Name == name {
			return s
		}
	}
	require.Failf(t, "no such service", name)
	return nil
}

func findNode(t *testing.T, c *model.Cluster, name string) *model.Node {
	t.Helper()
	for _, n := range c.Nodes {
		if n.Name == name {
			return n
		}
	}
	require.Failf(t, "no such node", name)
	return nil
}

// texts are values as text.
func texts[T interface{ String() string }](values []T) string {
	var list []string
	for _, v := range values {
		list = append(list, v.String())
	}
	return strings.Join(list, " ")
}

func podYAML(namespace, name, labels, spec string) string {
	if spec == "" {
		spec = "containers: [{name: c, image: i}]"
	}
	return "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: " + namespace + ", name: " + name + ", labels: {" + labels + "}}\nspec: {" + spec + "}\n"
}

func serviceYAML(namespace, name, spec string) string {
	return "---\napiVersion: v1\nkind: Service\nmetadata: {namespace: " + namespace + ", name: " + name + "}\nspec: {" + spec + "}\n"
}

func workloadYAML(kind, name, extra string) string {
	return "---\napiVersion: apps/v1\nkind: " + kind + "\nmetadata: {namespace: dev, name: " + name + "}\nspec:\n" +
		"  selector: {matchLabels: {app: " + name + "}}\n" + extra +
		"  template:\n    metadata: {labels: {app: " + name + "}}\n    spec: {containers: [{name: c, image: repo/c:v1.2}]}\n"
}

// replaceEach replaces the first occurrence of a word by the first of the
// others, the second by the second, and so on.
func replaceEach(text, word string, by ...string) string {
	for _, replacement := range by {
		text = strings.Replace(text, word, replacement, 1)
	}
	return text
}
