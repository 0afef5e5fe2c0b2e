package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
	"github.com/netsim-dev/netsim/sim/replay"
)

// basis is what flows are judged by. It travels with the pipeline, so that workers
// need no manifests of their own, and all judge by the same ones.
type basis struct {
	Files    []manifest.File
	Issues   []model.Issue
	Datapath string
	Set      map[string]string
}

// pack reads the manifests, and gives the compressed JSON of a basis. The error is
// for a path that cannot be read.
func pack(o options) ([]byte, error) {
	tree, issues, err := manifest.Read(o.manifests, nil)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	err = json.NewEncoder(packed).Encode(basis{
		tree.Files, append(issues, manifest.UnreadArchives(tree.Archives)...), o.datapath, o.set,
	})
	if err == nil {
		err = packed.Close()
	}
	return out.Bytes(), err
}

// judges are those that this process has made, by the packed basis: a runner makes
// many copies of a DoFn, and a Judge serves them all at once.
var judges sync.Map

// judgeOf makes the Judge of a packed basis, once in a process.
func judgeOf(packed []byte) (*replay.Judge, error) {
	made, _ := judges.LoadOrStore(string(packed), sync.OnceValues(func() (*replay.Judge, error) {
		return unpack(packed)
	}))
	return made.(func() (*replay.Judge, error))()
}

func unpack(packed []byte) (*replay.Judge, error) {
	var b basis
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = json.NewDecoder(unzipped).Decode(&b)
	}
	if err != nil {
		return nil, fmt.Errorf("the manifests have not come through: %w", err)
	}
	cluster, issues := manifest.Load(b.Files)
	if err := applied(cluster); err != nil {
		return nil, err
	}
	s, err := sim.New(cluster, model.SortIssues(append(b.Issues, issues...)), sim.Options{Datapath: b.Datapath, Set: b.Set})
	if err != nil {
		return nil, err
	}
	return replay.NewJudge(s), nil
}

// applied refuses what Kyverno would change in a cluster, which load/kyverno works
// out and nothing here does. Of kustomizations and charts there are issues.
func applied(c *model.Cluster) error {
	for _, o := range c.Others {
		if group, _, _ := strings.Cut(o.APIVersion, "/"); strings.HasSuffix(group, "kyverno.io") {
			return fmt.Errorf("%s:%d: %s %s may make or change policies, and Kyverno is not run here: give the objects as they are in the cluster, or use netsim replay --shard",
				o.Origin.File, o.Origin.Line, o.Origin.Kind, o.Origin.Name)
		}
	}
	return nil
}
