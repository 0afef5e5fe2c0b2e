package manifest

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// File is the content of one file. Name is what Issues and Origins show.
type File struct {
	Name string
	Data []byte
	// Rendered is set where Data is not what Name holds, but made from it.
	Rendered *Rendered
	// Values are values for Cilium's chart that a source has put together; Data
	// is then not looked at. Nil for all other files.
	Values *model.HelmValues
	// Replaces is set where an object in it takes the place of one of the same
	// name in the files before it, and nothing is wrong with that: what is laid
	// over a cluster, or what changes its objects.
	Replaces bool
}

// Rendered says how text came to be that no file holds as it is.
type Rendered struct {
	// Via names what rendered it, as in model.Origin.
	Via string
	// Lines holds, for each line of the text, the line of the file that it was
	// made from. A line beyond its end is taken for the last one's; nil where
	// the lines are those of the file.
	Lines []int
	// Namespace is where objects go that give none; "" means "default", with
	// an Issue.
	Namespace string
	// Release is the name of the Helm release that the text is of, "" for none,
	// or where it is not whole. Namespace is the release's.
	Release string
	// Inferred goes to the pods in the text (model.Pod).
	Inferred string
}

// MaxFileSize is the size in bytes above which a document is refused, and a file
// that something is rendered from. MaxDumpSize is that of other files: a List in
// them is read item by item.
const (
	MaxFileSize = 64 << 20
	MaxDumpSize = 1 << 30
)

// Tree is what lies behind -f arguments.
type Tree struct {
	Files []File
	// Others are the names of the regular files that were not read, since
	// they hold neither YAML nor JSON by their names.
	Others []string
	// Archives are those of Others that -f names itself and that hold files, by
	// their names.
	Archives []string
}

// Read collects the files behind -f arguments: a file, a directory (all its
// *.yaml, *.yml and *.json, recursively, sorted) or "-" for stdin, which is
// named "<stdin>". Names keep the path as given, with forward slashes.
//
// A path given directly that cannot be read is the error. What cannot be read
// or used inside a directory is an Issue, and the rest is read.
func Read(paths []string, stdin io.Reader) (Tree, []model.Issue, error) {
	r := &reader{visited: map[string]bool{}}
	for _, path := range paths {
		if err := r.argument(path, stdin); err != nil {
			return Tree{}, nil, err
		}
	}
	return r.tree, model.SortIssues(r.issues), nil
}

// reader gathers files. visited holds the real directories that were read for
// the current argument, so that symlink loops end.
type reader struct {
	tree    Tree
	issues  []model.Issue
	visited map[string]bool
}

func (r *reader) argument(path string, stdin io.Reader) error {
	if path == "-" {
		return r.stdin(stdin)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, cause(err))
	}
	clear(r.visited)
	switch {
	case info.IsDir():
		return r.directory(path)
	case archive(path):
		r.tree.Others = append(r.tree.Others, filepath.ToSlash(path))
		r.tree.Archives = append(r.tree.Archives, filepath.ToSlash(path))
		return nil
	}
	return r.file(path)
}

// archive says whether a file holds others, by its name.
func archive(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return slices.Contains([]string{".zip", ".tgz", ".gz", ".tar"}, extension)
}

// UnreadArchives says of archives that -f names that nobody has read them.
func UnreadArchives(names []string) []model.Issue {
	var issues []model.Issue
	for _, name := range names {
		issues = append(issues, model.Issue{
			Severity: model.Error, File: name, Line: 1,
			Message: "the file is an archive and was not read", Remedy: "unpack it, or, where it is a cilium sysdump (.zip, .tgz), do not leave out that source",
		})
	}
	return issues
}

func (r *reader) stdin(stdin io.Reader) error {
	data, err := readAll(stdin, 0)
	if err != nil {
		return fmt.Errorf("cannot read <stdin>: %w", err)
	}
	r.keep("<stdin>", data)
	return nil
}

// directory reads a directory and those below it. Only the failure to list
// this one is an error.
func (r *reader) directory(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, cause(err))
	}
	if real, err = filepath.Abs(real); err != nil || r.visited[real] {
		return err
	}
	r.visited[real] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, cause(err))
	}
	for _, entry := range entries {
		r.entry(filepath.Join(path, entry.Name()))
	}
	return nil
}

func (r *reader) entry(path string) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		err = r.directory(path)
	case !Suitable(path):
		if err == nil && info.Mode().IsRegular() {
			r.tree.Others = append(r.tree.Others, filepath.ToSlash(path))
		}
		return
	case err != nil:
		err = fmt.Errorf("cannot read %s: %w", path, cause(err))
	case !info.Mode().IsRegular():
		err = fmt.Errorf("cannot read %s: it is no regular file", path)
	default:
		err = r.file(path)
	}
	if err != nil {
		r.issue(path, err.Error(), "make it readable, or leave it out")
	}
}

// Suitable says whether a file holds YAML or JSON, by its name.
func Suitable(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return slices.Contains([]string{".yaml", ".yml", ".json"}, extension)
}

func (r *reader) file(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, cause(err))
	}
	defer file.Close()
	size := int64(0)
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	if size > MaxDumpSize {
		r.tooLarge(filepath.ToSlash(path))
		return nil
	}
	data, err := readAll(file, size)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, cause(err))
	}
	r.keep(filepath.ToSlash(path), data)
	return nil
}

// readAll reads one byte more than may be kept, so that keep can tell. size is
// what is expected.
func readAll(from io.Reader, size int64) ([]byte, error) {
	data := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := data.ReadFrom(io.LimitReader(from, MaxDumpSize+1))
	return data.Bytes(), err
}

func (r *reader) keep(name string, data []byte) {
	if len(data) > MaxDumpSize {
		r.tooLarge(name)
		return
	}
	r.tree.Files = append(r.tree.Files, File{Name: name, Data: data})
}

func (r *reader) tooLarge(name string) {
	r.issue(name, fmt.Sprintf("the file is larger than %d MiB and was not read", MaxDumpSize>>20), "split it, or pass only the objects that matter")
}

func (r *reader) issue(name, message, remedy string) {
	r.issues = append(r.issues, model.Issue{
		Severity: model.Error, File: filepath.ToSlash(name), Line: 1, Message: message, Remedy: remedy,
	})
}

// cause drops the operation and the path from a file error: the message that
// wraps it has named the file already.
func cause(err error) error {
	if path, ok := err.(*fs.PathError); ok {
		return path.Err
	}
	return err
}
