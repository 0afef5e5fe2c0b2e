package crd

import "strings"

// patternWord says in words what a pattern of the schema admits.
type patternWord struct {
	// begins is the pattern, or as much of its beginning as tells it apart.
	begins string
	words  string
}

// patternWords has a row for each pattern in Cilium's CRDs (v1.20.2) and
// ClusterNetworkPolicy's.
func patternWords() []patternWord {
	return []patternWord{
		{`^(6553[0-5]|655[0-2][0-9]|`, `a port: a number from 0 to 65535, or a port name such as "http"`},
		{`^([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]|EchoReply|`, `an ICMP type: a number from 0 to 255, or a name such as "EchoRequest"`},
		{`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`, `a label value: letters, digits, "-", "_" and ".", beginning and ending with a letter or digit`},
		{`^([-a-zA-Z0-9_]+[.]?)+$`, `a DNS name: letters, digits, "-" and "_", parted by single dots (wildcards go in matchPattern)`},
		{`^([-a-zA-Z0-9_*]+[.]?)+$`, `a DNS name pattern: letters, digits, "-", "_" and "*", parted by single dots`},
		{`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`, `an object's name: lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit`},
		{`^(\*\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+`, `a domain name of two or more labels, such as "example.com", or "*.example.com" for the names below it`},
		{`^\PC*$`, `free of control characters`},
	}
}

// patternInWords says what a pattern means. A test sees to it that there is a
// row for each, and none too many.
func patternInWords(pattern string) string {
	for _, row := range patternWords() {
		if strings.HasPrefix(pattern, row.begins) {
			return row.words
		}
	}
	return "of the form " + pattern
}
