package argocd

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/load/internal/deploy"
)

// application is what netsim reads of an Application.
type application struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Source      *source     `json:"source"`
		Sources     []source    `json:"sources"`
		Destination destination `json:"destination"`
	} `json:"spec"`

	// object is where it was written, and at the field there that is its spec.
	object *deploy.Object
	at     string
	// via names it in Origins.
	via string
}

type destination struct {
	Server    string `json:"server"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

type source struct {
	RepoURL        string          `json:"repoURL"`
	Path           string          `json:"path"`
	Chart          string          `json:"chart"`
	Ref            string          `json:"ref"`
	TargetRevision string          `json:"targetRevision"`
	Helm           *helmOptions    `json:"helm"`
	Kustomize      *kustomizing    `json:"kustomize"`
	Directory      *directory      `json:"directory"`
	Plugin         json.RawMessage `json:"plugin"`
}

type helmOptions struct {
	ReleaseName    string          `json:"releaseName"`
	Namespace      string          `json:"namespace"`
	ValueFiles     []string        `json:"valueFiles"`
	IgnoreMissing  bool            `json:"ignoreMissingValueFiles"`
	Values         string          `json:"values"`
	ValuesObject   json.RawMessage `json:"valuesObject"`
	Parameters     []parameter     `json:"parameters"`
	FileParameters []fileParameter `json:"fileParameters"`
}

type parameter struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	ForceString bool   `json:"forceString"`
}

type fileParameter struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

type directory struct {
	Recurse bool   `json:"recurse"`
	Include string `json:"include"`
	Exclude string `json:"exclude"`
}

// sources are those of an Application, and at gives the field of each. The
// plural wins (argo-cd v2.14.9 pkg/apis/application/v1alpha1 GetSources).
func (a application) sources() (list []source, at func(int) string) {
	if len(a.Spec.Sources) > 0 {
		return a.Spec.Sources, func(i int) string { return fmt.Sprintf("sources[%d]", i) }
	}
	at = func(int) string { return "source" }
	if a.Spec.Source == nil {
		return nil, at
	}
	return []source{*a.Spec.Source}, at
}

// ref is the source that valueFiles call $name, nil if there is none.
func (a application) ref(name string) *source {
	for i, s := range a.Spec.Sources {
		if s.Ref == name && name != "" {
			return &a.Spec.Sources[i]
		}
	}
	return nil
}

func (a application) fail(out *load.Output, at, message, remedy string) {
	out.Fail(a.object.File, a.object.Line(a.at+at), a.via+": "+message, remedy)
}

// cluster names the cluster of a destination.
func (d destination) cluster() string {
	if d.Server == "https://kubernetes.default.svc" || d.Server == "" && d.Name == "" {
		return "in-cluster"
	}
	return cmp.Or(d.Name, d.Server)
}
