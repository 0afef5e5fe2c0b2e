package helm

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// hookAnnotation makes an object part of an installation, and not of what is
// installed.
const hookAnnotation = "helm.sh/hook"

// documents adds each document of a rendered template.
func (l *reader) documents(name string, template []byte, text string, through *load.Rendered) {
	a := newAligner(template)
	for _, part := range split(text) {
		if strings.TrimSpace(part) == "" {
			continue
		}
		lines := a.align(part)
		if hook, object := hookOf(part); hook != "" {
			l.leaveOut(name, lines[0], hook, object)
			continue
		}
		rendered := *through
		rendered.Lines = lines
		l.out.Files = append(l.out.Files, load.File{Name: name, Data: []byte(part), Rendered: &rendered})
	}
}

// split cuts text at the lines that part documents.
func split(text string) []string {
	parts := []string{""}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "---") {
			parts = append(parts, "")
			line = strings.TrimPrefix(line, "---")
			if strings.TrimSpace(line) == "" {
				continue
			}
		}
		parts[len(parts)-1] += line
	}
	return parts
}

// hookOf is what hook a document is, "" for none.
func hookOf(text string) (hook string, object model.Origin) {
	if !strings.Contains(text, hookAnnotation) {
		return "", object
	}
	var head struct {
		Kind     string `yaml:"kind"`
		Metadata struct {
			Name, Namespace string
			Annotations     map[string]string `yaml:"annotations"`
		} `yaml:"metadata"`
	}
	_ = yaml.Unmarshal([]byte(text), &head) // manifest tells what is wrong with it
	return head.Metadata.Annotations[hookAnnotation], model.Origin{Kind: head.Kind, Namespace: head.Metadata.Namespace, Name: head.Metadata.Name}
}

// leaveOut says that a hook was left out, where it could have stayed behind in a
// cluster: Pods and Jobs come to an end.
func (l *reader) leaveOut(name string, line int, hook string, object model.Origin) {
	if object.Kind == "Pod" || object.Kind == "Job" {
		return
	}
	l.out.Issues = append(l.out.Issues, model.Issue{Severity: model.Info, File: name, Line: line,
		Message: object.ID() + " is a hook of the chart (" + hook + "): it was left out", Remedy: "pass it as a manifest if it stays in the cluster"})
}
