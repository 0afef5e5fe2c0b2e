package replay

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestTablesMergeToTheSame, whatever part of the records each has counted, and
// however much of the detail is lost on the way.
func TestTablesMergeToTheSame(t *testing.T) {
	for _, limit := range []int{5, 40, 300, 100_000} {
		t.Run(fmt.Sprint("at most ", limit), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(limit)))
			whole := newTable[group](limit)
			parts := []*table[group]{newTable[group](limit), newTable[group](limit), newTable[group](limit)}
			for i := range 3000 {
				g := group{From: fmt.Sprintf("ns-%d/deploy/a-%d", random.IntN(4), random.IntN(20)), To: "world", Port: uint16(random.IntN(50)), Protocol: "TCP"}
				at := time.Unix(int64(random.IntN(1e6)), 0)
				for _, into := range []*table[group]{whole, parts[min(i/10, random.IntN(3))]} {
					tally, _ := into.at(g)
					tally.count(at)
				}
			}
			merged := newTable[group](limit)
			for _, part := range parts {
				merged.add(part)
			}
			assert.Equal(t, whole.level, merged.level)
			assert.Equal(t, whole.rows, merged.rows)
			assert.EqualValues(t, 3000, merged.total().Records)
			assert.True(t, len(whole.rows) <= limit || whole.level == levels-1)
		})
	}
}
