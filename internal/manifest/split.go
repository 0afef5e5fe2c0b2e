package manifest

import "bytes"

// part is a stretch of a file between two document markers. before counts the
// lines of the file above it, so that a line in the part can be shown as a
// line of the file.
type part struct {
	file   File
	text   []byte
	before int
	// list is set for an item of a List that was too big to be one document.
	list *listHead
}

// split cuts a file at the lines that end a YAML document ("---" or "..." at
// column 0, which end it even inside a block scalar), so that a syntax error
// costs one document. Parts that hold nothing but comments and directives are
// left out.
func split(file File) []part {
	data := bytes.TrimPrefix(file.Data, []byte("\xef\xbb\xbf"))
	var parts []part
	current, line := part{file: file}, 0
	start := 0
	cut := func(end, next, before int) {
		if current.text = data[start:end]; !blank(current.text) {
			parts = append(parts, current.items()...)
		}
		start, current = next, part{file: file, before: before}
	}
	for at := 0; at < len(data); line++ {
		next := nextLine(data, at)
		if rest, ok := marker(data[at:next]); ok {
			cut(at, next, line+1)
			if !blank(rest) {
				start, current.before = at, line
			}
		}
		at = next
	}
	cut(len(data), len(data), line)
	return parts
}

func nextLine(data []byte, at int) int {
	if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(data)
}

// marker says whether a line is a document marker, and what follows it.
func marker(line []byte) (rest []byte, ok bool) {
	if !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")) {
		return nil, false
	}
	rest = line[3:]
	return rest, len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0
}

func blank(text []byte) bool {
	for len(text) > 0 {
		next := nextLine(text, 0)
		line := bytes.TrimSpace(text[:next])
		if len(line) > 0 && line[0] != '#' && text[0] != '%' {
			return false
		}
		text = text[next:]
	}
	return true
}
