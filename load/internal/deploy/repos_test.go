package deploy

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestURLsOfOneRepository(t *testing.T) {
	for _, row := range []struct {
		a, b        string
		same, alike bool
	}{
		{"https://example.com/team/repo.git", "https://example.com/team/repo", true, true},
		{"git@example.com:team/repo.git", "ssh://git@example.com:2222/team/repo/", true, true},
		{"https://user:secret@Example.com/Team/Repo", "https://example.com/team/repo", true, true},
		{"http://gitea.gitea.svc:3000/team/repo", "git@github.com:team/repo.git", false, true},
		{"https://example.com/team/repo", "https://example.com/team/other", false, false},
		{"https://example.com/one/repo", "https://example.com/two/repo", false, false},
		{"", "https://example.com/team/repo", false, false},
	} {
		assert.Equal(t, row.same, address(row.a) == address(row.b), "%s and %s", row.a, row.b)
		assert.Equal(t, row.alike, alike(row.a, row.b), "%s and %s", row.a, row.b)
	}
}

func TestUpwards(t *testing.T) {
	for _, row := range []struct {
		claim, dir, top string
		another         bool
		want            []string
	}{
		{"up to the top of the work tree", "a/b", ".", false, []string{"a/b", "a", "."}},
		{"not the top itself, if that is another repository", "a/b", ".", true, []string{"a/b", "a"}},
		{"a top above the working directory", ".", "../..", false, []string{".", "..", "../.."}},
		{"nothing, if the top is another repository", ".", ".", true, nil},
		{"up to the working directory, without a work tree", "a/b", "", false, []string{"a/b", "a", "."}},
		{"no further, from outside of it", "../a", "", false, []string{"../a"}},
	} {
		assert.Equal(t, row.want, upwards(row.dir, row.top, row.another), row.claim)
	}
}
