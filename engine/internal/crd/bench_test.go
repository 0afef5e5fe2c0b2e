package crd

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The cost of being ready to validate, and of each policy after that, beside
// Cilium's NPValidator.
func BenchmarkValidate(b *testing.B) {
	docs := corpus(b)
	largest := docs[0].object
	for _, d := range docs {
		if len(slots(d.object, "")) > len(slots(largest, "")) {
			largest = d.object
		}
	}
	kind := largest["kind"].(string)
	b.Run("first/netsim", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			New().Validate(kind, largest)
		}
	})
	b.Run("first/NPValidator", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = newOracle(b).validate(largest)
		}
	})
	b.Run("later/netsim", func(b *testing.B) {
		validator := New()
		require.Empty(b, validator.Validate(kind, largest))
		b.ReportAllocs()
		for b.Loop() {
			validator.Validate(kind, largest)
		}
	})
	b.Run("later/NPValidator", func(b *testing.B) {
		validator := newOracle(b)
		require.NoError(b, validator.validate(largest))
		b.ReportAllocs()
		for b.Loop() {
			_ = validator.validate(largest)
		}
	})
}
