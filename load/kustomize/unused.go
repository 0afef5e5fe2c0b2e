package kustomize

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// leaveOutUnused claims the files that no kustomization uses, in directories that
// one takes files from: nobody deploys those. Files that -f names itself stay, and
// so do those that are for other programs than an API server.
func leaveOutUnused(r *load.Run, all []*rendering) {
	owner := map[string]string{}
	for _, made := range all {
		for _, name := range made.output.Used {
			if dir := path.Dir(name); owner[dir] == "" {
				owner[dir] = made.name
			}
		}
	}
	for _, file := range r.Files {
		by := owner[path.Dir(file.Name)]
		if in := kustomizationIn(r, path.Dir(file.Name)); in != "" {
			by = in
		}
		if owner[path.Dir(file.Name)] == "" || r.Claimed(file.Name) || r.Given(file.Name) || !deployable(file.Data) {
			continue
		}
		r.Claim(file.Name)
		r.Report(model.Issue{Severity: model.Warning, File: file.Name, Line: 1,
			Message: "no kustomization uses it, and others of its directory are kustomize's: it was left out",
			Remedy:  fmt.Sprintf("name it in %s, or pass the file itself with -f", by)})
	}
}

// deployable says whether all that a file holds are objects for an API server, or
// patches for them.
func deployable(text []byte) bool {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	some := false
	for {
		var n yaml.Node
		if decoder.Decode(&n) != nil || len(n.Content) == 0 {
			return some
		}
		root := n.Content[0]
		switch {
		case root.Tag == "!!null": // nothing between two markers
		case isObject(root) || isPatch(root):
			some = true
		default:
			return false
		}
	}
}

// others are the API groups of what is read by other programs than an API server,
// or deploys things by itself.
const others = "kind.x-k8s.io kubelet.config.k8s.io kubeproxy.config.k8s.io kubeadm.k8s.io kustomize.config.k8s.io " +
	"argoproj.io kustomize.toolkit.fluxcd.io helm.toolkit.fluxcd.io helm.cattle.io netsim.dev"

func isObject(n *yaml.Node) bool {
	group, _, _ := strings.Cut(word(n, "apiVersion"), "/")
	for other := range strings.FieldsSeq(others) {
		if group == other {
			return false
		}
	}
	return group != "" && word(n, "kind") != ""
}

// isPatch says whether a document is a list of operations as JSON6902 has them.
func isPatch(n *yaml.Node) bool {
	return n.Kind == yaml.SequenceNode && len(n.Content) > 0 && word(n.Content[0], "op") != "" && word(n.Content[0], "path") != ""
}
