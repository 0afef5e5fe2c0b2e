package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/netsim-dev/netsim/internal/render"
)

// textOptions fit text to where it goes: colour and the terminal's width on a
// terminal, plain text of the default width elsewhere.
func (c *command) textOptions(verbose bool) render.TextOptions {
	opt := render.TextOptions{Verbose: verbose}
	fd, isTerminal := terminal(c.stdout)
	if !isTerminal {
		return opt
	}
	opt.Color = !c.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(fd); err == nil {
		opt.Width = width
	}
	return opt
}

func terminal(w io.Writer) (fd int, isTerminal bool) {
	file, ok := w.(*os.File)
	if !ok {
		return 0, false
	}
	fd = int(file.Fd())
	return fd, term.IsTerminal(fd)
}
