package conntest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/internal/nearest"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Read gives the Tests in files and directories (recursively; "-" is stdin), in
// their order. What in a file of tests cannot be used is a Test with Issues. In
// a directory, files without tests are passed over. The error is for a path that
// cannot be read or holds no test at all.
func Read(paths []string, stdin io.Reader) ([]*Test, error) {
	var all []*Test
	for _, path := range paths {
		tree, issues, err := manifest.Read([]string{path}, stdin)
		if err != nil {
			return nil, err
		}
		found := unusable(issues)
		for _, file := range tree.Files {
			if named := !isDirectory(path); named || mentionsTests(file.Data) {
				found = append(found, readFile(file)...)
			}
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s holds no test: a document with apiVersion: %s and kind: %s is one", path, sim.APIVersion, Kind)
		}
		all = append(all, found...)
	}
	return all, nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// mentionsTests says whether a file may hold tests, or was meant to.
func mentionsTests(data []byte) bool {
	return bytes.Contains(data, []byte(Kind)) || bytes.Contains(data, []byte(group()))
}

// group is the API group of netsim's own kinds, with the slash.
func group() string {
	name, _, _ := strings.Cut(sim.APIVersion, "/")
	return name + "/"
}

func readFile(file manifest.File) []*Test {
	documents, issues := manifest.Documents(file)
	tests := unusable(issues)
	for _, d := range documents {
		if isTest(d) {
			tests = append(tests, newTest(d))
		}
	}
	return tests
}

// unusable is a Test of nothing but Issues for each file that they are about.
func unusable(issues []model.Issue) []*Test {
	var tests []*Test
	at := map[string]*Test{}
	for _, issue := range issues {
		if at[issue.File] == nil {
			at[issue.File] = &Test{File: issue.File}
			tests = append(tests, at[issue.File])
		}
		at[issue.File].Issues = append(at[issue.File].Issues, issue)
	}
	return tests
}

// isTest says whether a document is a test, or is misspelt where it was to be
// one: a test that is passed over in silence tests nothing.
func isTest(d *manifest.Document) bool {
	kind := d.Origin().Kind
	if kind == Kind {
		return true
	}
	return strings.HasPrefix(d.APIVersion(), group()) && nearest.Word(kind, []string{Kind}) != ""
}
