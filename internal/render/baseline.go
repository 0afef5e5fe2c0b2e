package render

import (
	"bufio"
	"fmt"
	"io"

	"github.com/netsim-dev/netsim/sim/conntest"
)

// Baseline writes a recorded document: the test, with what Record found as its
// cases, case by case. A line for each reference keeps what changes in a later
// one to lines of its own. Its error is the writer's.
func Baseline(to io.Writer, t *conntest.Test, b *conntest.Baseline) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, "# Recorded by netsim test --record: %s.\n", b.Tally())
	fmt.Fprintln(w, "# It is what the manifests came to, not what is right: read it once. netsim test\n"+
		"# --record with this file records it again, and drops what is written by hand.")
	if t.Recorded != nil && t.Recorded.Stdin {
		fmt.Fprintln(w, "# Manifests came from stdin: netsim test needs them again, by -f -.")
	}
	head := struct {
		conntest.Test
		// Cases are not those of the Test.
		Cases []conntest.Case `json:"cases,omitempty"`
	}{Test: *t}
	if err := YAML(w, head); err != nil {
		return err
	}
	fmt.Fprintln(w, "cases:")
	for _, g := range b.Groups {
		if err := YAML(w, []conntest.Group{g}); err != nil {
			return err
		}
	}
	return w.Flush()
}
