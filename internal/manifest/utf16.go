package manifest

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// inUTF8 gives text in UTF-8. Text in UTF-16 is known by its byte order mark, which
// PowerShell writes when it redirects the output of kubectl; all else stays as it
// is.
func inUTF8(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case len(data) < 2:
		return data
	case data[0] == 0xff && data[1] == 0xfe:
		order = binary.LittleEndian
	case data[0] == 0xfe && data[1] == 0xff:
		order = binary.BigEndian
	default:
		return data
	}
	out := make([]byte, 0, len(data)/2+len(data)/8)
	for at := 2; at+1 < len(data); at += 2 {
		r := rune(order.Uint16(data[at:]))
		if utf16.IsSurrogate(r) && at+3 < len(data) {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(data[at+2:]))); pair != utf8.RuneError {
				r, at = pair, at+2
			}
		}
		out = utf8.AppendRune(out, r) // half a pair becomes U+FFFD
	}
	return out
}
