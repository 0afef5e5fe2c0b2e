package hubble

import "bytes"

// scanner walks over the text of one JSON value without decoding what nobody
// asks for. What it skips must have an end, but is not checked further. Once bad
// is set, everything it gives is empty.
type scanner struct {
	text []byte
	at   int
	bad  bool
}

func (s *scanner) fail() { s.at, s.bad = len(s.text), true }

// peek is the next byte that is no space, 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// isObject says whether the next value is an object.
func (s *scanner) isObject() bool { return s.peek() == '{' }

// enter steps into an object.
func (s *scanner) enter() { s.at++ }

// open steps into the next value if it is an object, and passes it over if not.
func (s *scanner) open() bool {
	if !s.isObject() {
		s.raw()
		return false
	}
	s.enter()
	return true
}

// key gives the next key of the object that was entered, and stands before its
// value; more is false behind the object's end.
func (s *scanner) key() (key []byte, more bool) {
	if !s.more() {
		return nil, false
	}
	key = s.quoted()
	if s.peek() != ':' {
		s.fail()
		return nil, false
	}
	s.at++
	return key, !s.bad
}

// more says whether the object that was entered has another member, and steps
// over the comma or the end.
func (s *scanner) more() bool {
	c := s.peek()
	if c == '}' {
		s.at++
		return false
	}
	if c == ',' {
		s.at++
		c = s.peek()
	}
	if c == 0 {
		s.fail()
	}
	return !s.bad
}

// quoted gives what stands between the quotes of a string, escapes as written.
func (s *scanner) quoted() []byte {
	if s.peek() != '"' {
		s.fail()
		return nil
	}
	start := s.at + 1
	s.endOfString()
	if s.bad {
		return nil
	}
	return s.text[start : s.at-1]
}

// endOfString steps over a string, from its first quote.
func (s *scanner) endOfString() {
	s.at++
	for {
		i := bytes.IndexByte(s.text[s.at:], '"')
		if i < 0 {
			s.fail()
			return
		}
		end := s.at + i
		slashes := 0
		for end-slashes > s.at && s.text[end-slashes-1] == '\\' {
			slashes++
		}
		s.at = end + 1
		if slashes%2 == 0 {
			return
		}
	}
}

// raw gives the text of the next value, whatever it is.
func (s *scanner) raw() []byte {
	switch s.peek() {
	case '"':
		start := s.at
		s.endOfString()
		return s.since(start)
	case '{', '[':
		return s.nested()
	}
	start := s.at
	for s.at < len(s.text) && !endsScalar(s.text[s.at]) {
		s.at++
	}
	if s.at == start {
		s.fail()
	}
	return s.since(start)
}

func (s *scanner) since(start int) []byte {
	if s.bad {
		return nil
	}
	return s.text[start:s.at]
}

func endsScalar(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

func (s *scanner) nested() []byte {
	start, depth := s.at, 0
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '"':
			s.endOfString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.at++
				return s.since(start)
			}
		}
		s.at++
	}
	s.fail()
	return nil
}

// word is the text of the next scalar, without quotes.
func (s *scanner) word() []byte {
	raw := s.raw()
	if len(raw) >= 2 && raw[0] == '"' {
		return raw[1 : len(raw)-1]
	}
	return raw
}

// number is the next scalar as a whole number, quoted or not: protobuf writes
// those of 64 bits as strings. It is 0 for anything else.
func (s *scanner) number() uint64 {
	n := uint64(0)
	for _, c := range s.word() {
		if c < '0' || c > '9' || n > 1<<59 {
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}
