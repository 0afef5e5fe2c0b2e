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
	files, issues, err := gather(paths, stdin, sources)
	if err != nil {
		return nil, nil, err
	}
	above, more, err := gather(over, stdin, sources)
	if err != nil {
		return nil, nil, err
	}
	for _, file := range above {
		file.Replaces = true
		files = append(files, file)
	}
	cluster, found := manifest.Load(files)
	return cluster, model.SortIssues(slices.Concat(issues, more, found)), nil
}

// gather reads files and renders what has to be.
func gather(paths []string, stdin io.Reader, sources []Source) ([]File, []model.Issue, error) {
	tree, issues, err := manifest.Read(paths, stdin)
	if err != nil {
		return nil, nil, err
	}
	run := newRun(paths, tree, sources)
	for _, source := range sources {
		source.Read(run)
	}
	return run.Loaded(), append(issues, run.issues...), nil
}
