package conntest

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// load reads the manifests. What keeps them from being read is an Issue.
func (t *Test) load(opt Options) (*model.Cluster, []model.Issue, []model.Issue) {
	var paths []string
	var missing []model.Issue
	for i, path := range t.Manifests {
		path = t.Path(path)
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, t.issue(fmt.Sprintf("manifests[%d]", i), "cannot read "+filepath.ToSlash(path), "name a file or directory, relative to the test file's own directory"))
		}
		paths = append(paths, path)
	}
	paths = append(paths, opt.Manifests...)
	switch {
	case t.Recorded != nil && t.Recorded.Stdin && len(opt.Manifests) == 0:
		missing = append(missing, t.issue("recorded.stdin", "manifests came from stdin, and none are given", "give them again, as in: kustomize build | netsim test -f - "+t.File))
	case len(paths) == 0:
		missing = append(missing, t.issue("manifests", "no manifests are named", "list files or directories, relative to the test file's own directory"))
	}
	if len(missing) > 0 {
		return nil, nil, missing
	}
	load := opt.Load
	if load == nil {
		load = loadPlainly
	}
	cluster, issues, err := load(t, paths)
	var flags *FlagsError
	switch {
	case errors.As(err, &flags):
		return nil, nil, []model.Issue{t.issue("flags", flags.Problem, flags.Remedy)}
	case err != nil:
		return nil, nil, []model.Issue{t.issue("manifests", err.Error(), "name files that can be read")}
	}
	return cluster, issues, nil
}

// FlagsError is for an Options.Load that cannot follow a Test's Flags.
type FlagsError struct{ Problem, Remedy string }

func (e *FlagsError) Error() string { return e.Problem + ": " + e.Remedy }

// loadPlainly is what is done without Options.Load.
func loadPlainly(t *Test, paths []string) (*model.Cluster, []model.Issue, error) {
	if len(t.Flags) > 0 {
		return nil, nil, &FlagsError{"this program reads manifests without any", "run the document by netsim test, or name rendered manifests"}
	}
	return sim.Load(paths, nil)
}

// Path is where a path of the document leads, from the working directory.
func (t *Test) Path(path string) string {
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(filepath.FromSlash(t.File)), path)
}

// dns is all that is known of DNS.
func (t *Test) dns(opt Options) (model.DNSAnswers, []model.Issue) {
	answers := model.DNSAnswers{}
	var issues []model.Issue
	for i, file := range t.DNSFiles {
		read, err := opt.readDNS(t.Path(file))
		if err != nil {
			issues = append(issues, t.issue(fmt.Sprintf("dnsFiles[%d]", i), err.Error(), "name a zone, `cilium fqdn cache list -o json` or Hubble's flows, relative to the test file's own directory"))
		}
		addAnswers(answers, read)
	}
	for _, name := range slices.Sorted(maps.Keys(t.DNS)) {
		answers.Add(name)
		for _, text := range t.DNS[name] {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				issues = append(issues, t.issue("dns", fmt.Sprintf("%s: %q is no IP address", name, text), "list addresses, or nothing for a name that does not resolve"))
				continue
			}
			answers.Add(name, addr)
		}
	}
	addAnswers(answers, opt.Sim.DNS)
	return answers, issues
}

func (opt Options) readDNS(path string) (model.DNSAnswers, error) {
	if opt.ReadDNS == nil {
		return nil, fmt.Errorf("%s is not read: this program knows no DNS files", filepath.ToSlash(path))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s", filepath.ToSlash(path))
	}
	return opt.ReadDNS(filepath.ToSlash(path), data)
}

func addAnswers(to, from model.DNSAnswers) {
	for name, addrs := range from {
		to.Add(name, addrs...)
	}
}
