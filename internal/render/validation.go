package render

import (
	"fmt"
	"io"
	"slices"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Validation writes what is wrong with the input, and a last line that counts
// it. What netsim only assumed is left out unless the options say Verbose. Its
// error is the writer's.
func Validation(w io.Writer, v *sim.Validation, opt TextOptions) error {
	shown := v.Issues
	if !opt.Verbose {
		shown = slices.DeleteFunc(slices.Clone(shown), func(i model.Issue) bool { return i.Severity == model.Info })
	}
	if err := Issues(w, shown, opt); err != nil {
		return err
	}
	text := fmt.Sprintf("%s: %s, %s\n", quantity(v.Policies, "policy", "policies"), quantity(v.Errors, "error", "errors"), quantity(v.Warnings, "warning", "warnings"))
	if hidden := len(v.Issues) - len(shown); hidden > 0 {
		text = text[:len(text)-1] + fmt.Sprintf(" (and %s, with -v)\n", quantity(hidden, "note", "notes"))
	}
	_, err := io.WriteString(w, text)
	return err
}

func quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
