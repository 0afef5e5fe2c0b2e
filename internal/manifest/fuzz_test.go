package manifest

import (
	"testing"

	"github.com/netsim-dev/netsim/model"
)

// FuzzLoad: whatever the bytes, there is a cluster, and every grave Issue of
// one file has a place in it.
func FuzzLoad(f *testing.F) {
	for _, row := range nasties() {
		f.Add([]byte(row.text))
	}
	for _, file := range everything() {
		f.Add(file.Data)
	}
	f.Add([]byte(`{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		cluster, issues := Load([]File{{Name: "in.yaml", Data: data}})
		if cluster == nil {
			t.Fatal("no cluster")
		}
		for _, issue := range issues {
			if issue.Severity != model.Info && (issue.File != "in.yaml" || issue.Line < 1 || issue.Message == "") {
				t.Fatalf("an Issue without a place: %v", issue)
			}
		}
		model.NewIndex(cluster)
	})
}
