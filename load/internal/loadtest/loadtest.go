// Package loadtest is what the tests of sources share: a tree of files to load,
// and what it came to, in a line for each object or issue.
package loadtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/netsim-dev/netsim/model"
)

// Write puts the files of an archive into a fresh working directory.
func Write(t *testing.T, archive string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, file := range txtar.Parse([]byte(archive)).Files {
		require.NoError(t, os.MkdirAll(filepath.Dir(file.Name), 0o755))
		require.NoError(t, os.WriteFile(file.Name, file.Data, 0o644))
	}
}

// Services are a cluster's, each with its first port and its position.
func Services(c *model.Cluster) (services []string) {
	for _, s := range c.Services {
		services = append(services, fmt.Sprintf("%s/%s:%d %s", s.Namespace, s.Name, s.Ports[0].Port, s.Origin.Position()))
	}
	return services
}

// Texts are issues but for what netsim assumes.
func Texts(issues []model.Issue) (texts []string) {
	for _, issue := range issues {
		if issue.Severity != model.Info {
			texts = append(texts, issue.String())
		}
	}
	return texts
}
