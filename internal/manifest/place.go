package manifest

import "strconv"

// place is where a value stands: its key or index in the value above it, its
// line in the part, and where its JSON starts and ends. Paths would be long,
// and most documents need none.
type place struct {
	// above is the index of the place above, -1 at the top.
	above int
	key   string
	// index is the item's of a list, -1 for the value of a key.
	index      int
	line       int
	start, end int
}

// maxPlaced bounds the depth of places: no field of Kubernetes is further down,
// and paths grow with the square of the depth.
const maxPlaced = 64

// paths are the field paths of all places, each after the one above it.
func paths(places []place) []string {
	list := make([]string, len(places))
	for i, p := range places {
		above := ""
		if p.above >= 0 {
			above = list[p.above]
		}
		if p.index >= 0 {
			list[i] = above + "[" + strconv.Itoa(p.index) + "]"
			continue
		}
		list[i] = join(above, p.key)
	}
	return list
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
