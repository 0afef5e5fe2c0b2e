package helm

import (
	"io/fs"
	"path"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/ignore"
)

// ignored says whether .helmignore lists a file or a directory above it.
func ignored(rules *ignore.Rules, rel string) bool {
	at := ""
	parts := strings.Split(rel, "/")
	for i, part := range parts {
		at = path.Join(at, part)
		if rules.Ignore(at, entry{part, i < len(parts)-1}) {
			return true
		}
	}
	return false
}

// entry is what the rules look at of a file.
type entry struct {
	name string
	dir  bool
}

func (e entry) Name() string       { return e.name }
func (e entry) IsDir() bool        { return e.dir }
func (e entry) Size() int64        { return 0 }
func (e entry) ModTime() time.Time { return time.Time{} }
func (e entry) Sys() any           { return nil }

func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir
	}
	return 0
}
