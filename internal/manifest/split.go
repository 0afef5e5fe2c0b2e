package manifest

import "bytes"

// part is a stretch of a file between two document markers. before counts the
// lines of the file above it, so that a line in the part can be shown as a
// line of the file.
type part struct {
	file   File
	from   int64
	to     int64
	before int
	// text is what stands there. Of a file on disk it is nil until it is wanted.
	text []byte
	// list is set for an item of a List that was too big to be one document.
	list *listHead
}

// split cuts a file at the lines that end a YAML document ("---" or "..." at
// column 0, which end it even inside a block scalar), so that a syntax error
// costs one document. Parts that hold nothing but comments and directives are
// left out. The error is for a file on disk that cannot be read to its end; the
// parts before that are good.
func split(file File) ([]part, error) {
	var parts []part
	lines := file.lines(file.textStart(), file.size())
	start, before, empty := lines.next, 0, true
	cut := func(end int64) {
		if !empty {
			parts = append(parts, file.part(start, end, before).items()...)
		}
	}
	for lines.scan() {
		rest, ok := marker(lines.head)
		if !ok {
			empty = empty && blank(lines.head)
			continue
		}
		cut(lines.at)
		start, before, empty = lines.next, lines.line+1, blank(rest)
		if !empty {
			start, before = lines.at, lines.line
		}
	}
	cut(lines.next)
	return parts, lines.err
}

// marker says whether a line is a document marker, and what follows it.
func marker(line []byte) (rest []byte, ok bool) {
	if !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")) {
		return nil, false
	}
	rest = line[3:]
	return rest, len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0
}

// blank says whether a line holds nothing, a comment or a directive.
func blank(line []byte) bool {
	text := bytes.TrimSpace(line)
	return len(text) == 0 || text[0] == '#' || line[0] == '%'
}
