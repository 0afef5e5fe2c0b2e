package sim

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBlocksOfRows: how many rows are worked on at a time changes nothing, and
// Progress ends where all is done.
func TestBlocksOfRows(t *testing.T) {
	cluster, issues, err := Load([]string{"../examples/kind-argocd"}, nil)
	require.NoError(t, err)
	s, err := New(cluster, issues, Options{})
	require.NoError(t, err)
	m, err := s.Matrix(MatrixOptions{})
	require.NoError(t, err)
	whole := slices.Collect(m.Rows())
	require.Len(t, whole, len(m.Sources))
	for _, size := range []int{1, 4, len(m.Sources) + 1} {
		steps, last := 0, 0
		m.Progress = func(done, all int) { steps, last = done, all }
		assert.Equal(t, whole, slices.Collect(m.rowsInBlocks(size)))
		assert.Equal(t, last, steps)
	}
}
