package kustomize

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// memory is all that kustomize sees: files by their absolute paths, with forward
// slashes. Kustomize's own file system in memory knows no blanks, commas or "@" in
// names. What builds nothing but changes or searches a file system is refused.
type memory struct {
	files map[string][]byte
	dirs  map[string]bool
}

var _ filesys.FileSystem = memory{}

func newMemory() memory {
	return memory{files: map[string][]byte{}, dirs: map[string]bool{"/": true}}
}

// put adds a file.
func (m memory) put(at string, text []byte) {
	m.files[at] = text
	for dir := path.Dir(at); !m.dirs[dir]; dir = path.Dir(dir) {
		m.dirs[dir] = true
	}
}

func clean(name string) string { return path.Clean("/" + filepath.ToSlash(name)) }

// ReadFile gives the text of a file.
func (m memory) ReadFile(name string) ([]byte, error) {
	text, there := m.files[clean(name)]
	if !there {
		return nil, fmt.Errorf("%s is not there: %w", name, fs.ErrNotExist)
	}
	return text, nil
}

// Exists says whether a file or directory is there.
func (m memory) Exists(name string) bool {
	_, file := m.files[clean(name)]
	return file || m.IsDir(name)
}

// IsDir says whether a directory is there.
func (m memory) IsDir(name string) bool { return m.dirs[clean(name)] }

// CleanedAbs parts a path into its directory and its file, "" for a directory.
func (m memory) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	at := clean(name)
	switch _, file := m.files[at]; {
	case m.dirs[at]:
		return filesys.ConfirmedDir(filepath.FromSlash(at)), "", nil
	case file:
		return filesys.ConfirmedDir(filepath.FromSlash(path.Dir(at))), path.Base(at), nil
	}
	return "", "", fmt.Errorf("%s is not there: %w", name, fs.ErrNotExist)
}

var errNothingElse = errors.New("kustomize only reads what netsim has read")

// Create is refused.
func (memory) Create(string) (filesys.File, error) { return nil, errNothingElse }

// Mkdir is refused.
func (memory) Mkdir(string) error { return errNothingElse }

// MkdirAll is refused.
func (memory) MkdirAll(string) error { return errNothingElse }

// RemoveAll is refused.
func (memory) RemoveAll(string) error { return errNothingElse }

// Open is refused.
func (memory) Open(string) (filesys.File, error) { return nil, errNothingElse }

// ReadDir is refused.
func (memory) ReadDir(string) ([]string, error) { return nil, errNothingElse }

// Glob is refused.
func (memory) Glob(string) ([]string, error) { return nil, errNothingElse }

// WriteFile is refused.
func (memory) WriteFile(string, []byte) error { return errNothingElse }

// Walk is refused.
func (memory) Walk(string, filepath.WalkFunc) error { return errNothingElse }
