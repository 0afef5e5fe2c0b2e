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
	return ReadOver(paths, nil, stdin, sources)
}

// ReadOver is Read with a second set of paths, whose objects come on top of those
// of the first: one of the same kind, namespace and name takes the other's place.
// Of the two sets only one may have "-".
func ReadOver(paths, over []string, stdin io.Reader, sources []Source) (*model.Cluster, []model.Issue, error) {
	base, err := gather(paths, stdin, sources)
	if err != nil {
		return nil, nil, err
	}
	above, err := gather(over, stdin, sources)
	if err != nil {
		return nil, nil, err
	}
	for _, file := range above.files {
		file.Replaces = true
		base.files = append(base.files, file)
	}
	cluster, found := manifest.Load(base.files)
	cluster.Doubts = append(base.doubts, above.doubts...)
	return cluster, model.SortIssues(slices.Concat(base.issues, above.issues, found)), nil
}

// loaded is what some paths come to before it is a cluster.
type loaded struct {
	files  []File
	issues []model.Issue
	doubts []model.Doubt
}

// gather reads files and renders what has to be.
func gather(paths []string, stdin io.Reader, sources []Source) (loaded, error) {
	tree, issues, err := manifest.Read(paths, stdin)
	if err != nil {
		return loaded{}, err
	}
	run := newRun(paths, tree, sources)
	for _, source := range sources {
		source.Read(run)
	}
	unread := slices.DeleteFunc(tree.Archives, run.Claimed)
	issues = slices.Concat(issues, manifest.UnreadArchives(unread), run.issues)
	return loaded{run.Loaded(), issues, run.doubts}, nil
}
