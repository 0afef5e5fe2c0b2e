package model

import (
	"strconv"
	"strings"
)

// Version is a Cilium version; the zero Version is an unknown one.
type Version struct{ Major, Minor, Patch int }

// newestPatch stands for the patch of a version that names only its minor.
const newestPatch = 1 << 30

// ParseVersion reads "1.20.2", "v1.20.2-rc.1" or "1.20", which means the newest
// patch of that minor. Anything else is unknown.
func ParseVersion(text string) Version {
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "v"), "-")
	text, _, _ = strings.Cut(text, "+")
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return Version{}
	}
	numbers := []int{0, 0, newestPatch}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return Version{}
		}
		numbers[i] = int(n)
	}
	return Version{numbers[0], numbers[1], numbers[2]}
}

// Known is false for the zero Version.
func (v Version) Known() bool { return v != Version{} }

// AtLeast says whether v is the given version or a later one. An unknown
// version is older than all.
func (v Version) AtLeast(major, minor, patch int) bool {
	if v.Major != major {
		return v.Major > major
	}
	if v.Minor != minor {
		return v.Minor > minor
	}
	return v.Patch >= patch
}
