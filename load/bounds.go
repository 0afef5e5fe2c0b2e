package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
)

// maxFiles bounds what List gives: more is no directory that somebody deploys.
const maxFiles = 20_000

// bounds are the real directories that sources may read in. What a repository
// says must not lead out of it: a base lies beside its overlay, but /etc does
// not.
type bounds []string

// newBounds lets sources read, for each -f, in its own directory, in the git work
// tree around it, and in the working directory where that is around it.
func newBounds(paths []string) bounds {
	var b bounds
	working, _ := realPath(".")
	for _, p := range paths {
		real, err := realPath(p)
		if p == "-" || err != nil {
			continue
		}
		if info, err := os.Stat(real); err == nil && !info.IsDir() {
			real = filepath.Dir(real)
		}
		b = append(b, real)
		if top := workTree(real); top != "" {
			b = append(b, top)
		}
		if within(working, real) {
			b = append(b, working)
		}
	}
	return b
}

// workTree is the directory with a .git above a real directory, "" for none.
func workTree(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return ""
		}
		dir = above
	}
}

func realPath(name string) (string, error) {
	real, err := filepath.EvalSymlinks(filepath.FromSlash(name))
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

func within(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return dir != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// resolve follows symlinks, and refuses what leads out of the bounds.
func (b bounds) resolve(name string) (string, error) {
	real, err := realPath(name)
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %w", name, cause(err))
	}
	for _, dir := range b {
		if within(dir, real) {
			return real, nil
		}
	}
	return "", fmt.Errorf("%s leads out of the directories that -f names: pass the one that holds it with -f, too", name)
}

// Open opens a regular file inside the bounds, of any size. The caller closes it.
func (r *Run) Open(name string) (*os.File, error) {
	real, err := r.bounds.resolve(name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(real)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", name, cause(err))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("cannot read %s: it is no regular file", name)
	}
	file, err := os.Open(real)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, cause(err))
	}
	return file, nil
}

// ReadFile reads a file inside the bounds.
func (r *Run) ReadFile(name string) ([]byte, error) {
	file, err := r.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, manifest.MaxFileSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", name, cause(err))
	case len(data) > manifest.MaxFileSize:
		return nil, fmt.Errorf("%s is larger than %d MiB", name, manifest.MaxFileSize>>20)
	}
	return data, nil
}

// IsDir says whether a directory of that name is inside the bounds.
func (r *Run) IsDir(name string) bool {
	real, err := r.bounds.resolve(name)
	if err != nil {
		return false
	}
	info, err := os.Stat(real)
	return err == nil && info.IsDir()
}

// Exists says whether a file or directory of that name is there, inside the
// bounds or not.
func (r *Run) Exists(name string) bool {
	_, err := os.Stat(filepath.FromSlash(name))
	return err == nil
}

// List gives the names of the files in and below a directory, sorted, but for
// what git keeps of its own. Symlinks to directories are not followed, so that
// there is no loop.
func (r *Run) List(dir string) ([]string, error) {
	real, err := r.bounds.resolve(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	err = filepath.WalkDir(real, func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("cannot read %s: %w", dir, cause(err))
		case entry.IsDir() && entry.Name() == ".git":
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		case len(names) == maxFiles:
			return fmt.Errorf("%s holds more than %d files", dir, maxFiles)
		}
		rel, err := filepath.Rel(real, p)
		names = append(names, path.Join(dir, filepath.ToSlash(rel)))
		return err
	})
	return names, err
}

// cause drops the operation and the path from a file error.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
