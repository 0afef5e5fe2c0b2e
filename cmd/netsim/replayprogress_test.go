package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestReplayProgressLine(t *testing.T) {
	assert.Equal(t, "3000 lines, 1500 a second", progressLine(2*time.Second, 3000, 0, 0), "of a stream, nobody knows how long it is")
	assert.Equal(t, "[=====               ]  25%  3000 lines, 1500 a second, 6s left", progressLine(2*time.Second, 3000, 25, 100))
	assert.Equal(t, "[====================] 100%  3000 lines, 1500 a second, 0s left", progressLine(2*time.Second, 3000, 120, 100), "a file that grows")
}
