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
	run, issues, err := render(paths, stdin, sources)
	if err != nil {
		return nil, nil, err
	}
	if len(over) > 0 {
		above, more, err := render(over, stdin, sources)
		if err != nil {
			return nil, nil, err
		}
		issues = slices.Concat(issues, more, above.issues)
		run.doubts = append(run.doubts, above.doubts...)
		for _, file := range above.Loaded() {
			file.Replaces = true
			run.made = append(run.made, file)
		}
	}
	for _, source := range sources {
		if _, generates := source.(Generator); generates {
			source.Read(run)
		}
	}
	cluster, found := manifest.Load(run.Loaded())
	cluster.Doubts = append(cluster.Doubts, run.doubts...)
	return cluster, model.SortIssues(slices.Concat(issues, run.issues, found)), nil
}

// render reads files and lets all sources but the generators see them.
func render(paths []string, stdin io.Reader, sources []Source) (*Run, []model.Issue, error) {
	tree, issues, err := manifest.Read(paths, stdin)
	if err != nil {
		return nil, nil, err
	}
	run := newRun(paths, tree, sources)
	for _, source := range sources {
		if _, generates := source.(Generator); !generates {
			source.Read(run)
		}
	}
	unread := slices.DeleteFunc(tree.Archives, run.Claimed)
	return run, append(issues, manifest.UnreadArchives(unread)...), nil
}
