package manifest

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// relocate gives each value of a rendered tree the line where it was written,
// and gives the lines of the file above the part, which then are none.
func (f File) relocate(n *yaml.Node, before int) int {
	if f.Rendered == nil || f.Rendered.Lines == nil {
		return before
	}
	f.move(n, before)
	return 0
}

// move moves a tree once: what an alias stands for is moved where it is
// anchored.
func (f File) move(n *yaml.Node, before int) {
	n.Line = f.line(before + n.Line)
	for _, child := range n.Content {
		f.move(child, before)
	}
}

// line is where a line of the text was written.
func (f File) line(line int) int {
	if f.Rendered == nil || len(f.Rendered.Lines) == 0 {
		return line
	}
	lines := f.Rendered.Lines
	return lines[min(max(line, 1), len(lines))-1]
}

func (f File) via() string {
	if f.Rendered == nil {
		return ""
	}
	return f.Rendered.Via
}

func (f File) inferred() string {
	if f.Rendered == nil {
		return ""
	}
	return f.Rendered.Inferred
}

func (f File) namespace() string {
	if f.Rendered == nil {
		return ""
	}
	return f.Rendered.Namespace
}

// CheckAliases says whether YAML may be given to a library that writes out what
// aliases stand for: a few lines of them can expand to any size. Text that is no
// YAML passes.
func CheckAliases(text []byte) error {
	borrowed := 0
	for _, p := range split(File{Data: text}) {
		if !bytes.ContainsRune(p.text, '*') {
			continue
		}
		trees, _ := parse(p.text)
		for _, tree := range trees {
			e := &encoder{resolver: newResolver(), borrowed: &borrowed}
			if err := e.whole(tree); err != nil && borrowed > maxBorrowed {
				return err
			}
		}
	}
	return nil
}
