package deploy

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/load"
)

// Repo says in which directory a repository lies.
type Repo struct{ URL, Dir string }

// Repos are the repositories that the user has named.
type Repos []Repo

// Dirs are their directories.
func (rs Repos) Dirs() []string {
	var dirs []string
	for _, repo := range rs {
		dirs = append(dirs, repo.Dir)
	}
	return dirs
}

// Given is the directory that the user has named for a URL, "" for none.
func (rs Repos) Given(url string) string {
	for _, repo := range rs {
		if address(repo.URL) == address(url) {
			return path.Clean(repo.Dir)
		}
	}
	return ""
}

// Locate finds the root of the repository at a URL ("" if that is not known) and
// the directory, or file, that has a path in it. The error says what is missing.
//
// The repository at hand is the git work tree around what -f names, if one of its
// remotes is much like the URL. Where no remote is known, or where -f names a
// directory inside a work tree with other remotes, which may be a repository of
// its own in truth, the path must be there: the innermost directory with it, up
// from what -f names, is the root.
func (rs Repos) Locate(r *load.Run, url, rel string) (root, name string, err error) {
	clean := path.Clean(strings.TrimPrefix(rel, "./"))
	if path.IsAbs(rel) || clean == ".." || strings.HasPrefix(clean, "../") {
		return "", "", fmt.Errorf("the path %s leads out of the repository", rel)
	}
	for _, root := range rs.roots(r, url, clean) {
		if name := path.Join(root, clean); r.Exists(name) {
			return root, name, nil
		}
	}
	if url == "" {
		url = "the repository"
	}
	if rs.isAtHand(r, url) {
		return "", "", fmt.Errorf("there is no %s in %s", rel, url)
	}
	return "", "", fmt.Errorf("%s with the path %s is not at hand", url, rel)
}

// isAtHand says whether it is certain which directory is meant by a URL.
func (rs Repos) isAtHand(r *load.Run, url string) bool {
	for _, dir := range r.Arguments() {
		if slices.ContainsFunc(remotes(r, workTree(r, dir)), func(remote string) bool { return alike(remote, url) }) {
			return true
		}
	}
	return rs.Given(url) != ""
}

// roots are the directories that may stand for a URL, in the order of their rank.
func (rs Repos) roots(r *load.Run, url, rel string) []string {
	if dir := rs.Given(url); dir != "" {
		return []string{dir}
	}
	var roots []string
	for _, dir := range r.Arguments() {
		top := workTree(r, dir)
		known := remotes(r, top)
		switch {
		case slices.ContainsFunc(known, func(remote string) bool { return alike(remote, url) }):
			return []string{top}
		case rel == ".": // every repository has that
		default:
			roots = append(roots, upwards(dir, top, len(known) > 0 && url != "")...)
		}
	}
	return roots
}

// upwards are the directories from one up to the top of its work tree, or to the
// working directory if there is none. The top itself may be another repository.
func upwards(dir, top string, another bool) []string {
	var dirs []string
	for ; ; dir = above(dir) {
		if dir == top && another {
			return dirs
		}
		dirs = append(dirs, dir)
		if dir == top || dir == above(dir) || top == "" && (dir == "." || path.IsAbs(dir) || strings.HasPrefix(dir, "..")) {
			return dirs
		}
	}
}

// above is the directory above one.
func above(dir string) string {
	if dir == "." || dir == ".." || strings.HasSuffix(dir, "/..") {
		return path.Join(dir, "..")
	}
	return path.Dir(dir)
}

// maxUp bounds how far up a work tree is looked for.
const maxUp = 64

// workTree is the top of the git work tree around a directory, "" for none.
func workTree(r *load.Run, dir string) string {
	for range maxUp {
		if r.Exists(path.Join(dir, ".git")) {
			return dir
		}
		up := above(dir)
		if up == dir || !r.Exists(up) {
			return ""
		}
		dir = up
	}
	return ""
}

// remotes are the URLs that a work tree's configuration names.
func remotes(r *load.Run, top string) []string {
	if top == "" {
		return nil
	}
	text, err := r.ReadFile(path.Join(top, ".git", "config"))
	if err != nil {
		return nil
	}
	var urls []string
	for _, found := range regexp.MustCompile(`(?m)^\s*url\s*=\s*(\S+)`).FindAllStringSubmatch(string(text), -1) {
		urls = append(urls, found[1])
	}
	return urls
}

// address is a URL without what may differ for one repository: the scheme, the
// user, the port, and ".git".
func address(url string) string {
	url = strings.ToLower(strings.TrimSpace(url))
	if _, rest, schemed := strings.Cut(url, "://"); schemed {
		url = regexp.MustCompile(`^([^/]*):\d+(/|$)`).ReplaceAllString(rest, "$1$2")
	} else {
		url = strings.Replace(url, ":", "/", 1)
	}
	if host, rest, _ := strings.Cut(url, "/"); strings.Contains(host, "@") {
		url = host[strings.LastIndex(host, "@")+1:] + "/" + rest
	}
	return strings.TrimSuffix(strings.TrimRight(url, "/"), ".git")
}

// alike says whether two URLs name one repository, be it on two hosts, as a
// mirror in the cluster is.
func alike(a, b string) bool {
	tail := func(url string) string {
		steps := strings.Split(address(url), "/")
		return strings.Join(steps[max(0, len(steps)-2):], "/")
	}
	return a != "" && b != "" && tail(a) == tail(b)
}
