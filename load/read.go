package load

import (
	"io"
	"slices"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/model"
)

// Read loads the cluster behind paths, as sim.Load does, by way of the given
// sources. Whatever is wrong inside comes back as issues and never loses the
// rest; the error is for a path that cannot be read at all.
func Read(paths []string, stdin io.Reader, sources []Source) (*model.Cluster, []model.Issue, error) {
	tree, issues, err := manifest.Read(paths, stdin)
	if err != nil {
		return nil, nil, err
	}
	run := newRun(paths, tree, sources)
	for _, source := range sources {
		source.Read(run)
	}
	unread := slices.DeleteFunc(tree.Archives, run.Claimed)
	issues = append(issues, manifest.UnreadArchives(unread)...)
	cluster, found := manifest.Load(run.Loaded())
	issues = append(append(issues, run.issues...), found...)
	return cluster, model.SortIssues(issues), nil
}
