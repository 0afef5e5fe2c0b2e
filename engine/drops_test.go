package engine

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	hubble "github.com/cilium/cilium/api/v1/flow"
	"github.com/cilium/cilium/pkg/monitor/api"

	"github.com/netsim-dev/netsim/model"
)

// TestDropReasonsAreCiliums: every code that the datapath can drop with is in the
// table, with the monitor's text and Hubble's name, and no other.
func TestDropReasonsAreCiliums(t *testing.T) {
	assert.EqualValues(t, api.DropMin, model.FirstDrop)
	var want []model.DropReason
	for code := model.FirstDrop; code <= 255; code++ {
		text, name := api.DropReason(uint8(code)), hubble.DropReason_name[int32(code)]
		unknown := text == fmt.Sprintf("%d, 0", code)
		if unknown && name == "" {
			continue
		}
		want = append(want, model.DropReason{Code: code, Name: name, Text: text})
	}
	assert.Equal(t, want, model.DropReasons())
	for _, used := range []model.DropReason{
		model.DropPolicyDenied, model.DropPolicyDeny, model.DropAuthRequired, model.DropServiceNoBackend,
		model.DropEncapProhibited, model.DropUnknownL4Protocol, model.DropChecksumL4,
	} {
		assert.Contains(t, want, used)
	}
}
