package manifest

import (
	"runtime"

	"go.yaml.in/yaml/v3"
)

// parsed is a part with its documents as trees, and what ended them before the
// part did.
type parsed struct {
	part
	trees []*yaml.Node
	err   *syntaxError
}

// parsing is a part on its way to its trees.
type parsing struct {
	part   part
	result chan parsed
}

func (p part) parse() parsed {
	p, err := p.load()
	if err != nil {
		return parsed{p, nil, &syntaxError{1, err.Error()}}
	}
	trees, wrong := parse(p.text)
	return parsed{p, trees, wrong}
}

// parseAhead parses the parts on all cores, a few ahead of the one that is
// taken, and hands them on in their order: parsing is half of all the work, and
// trees are too large to hold them all.
func parseAhead(parts []part, take func(parsed)) {
	cores := runtime.GOMAXPROCS(0)
	inOrder, work := make(chan parsing, 2*cores), make(chan parsing)
	for range cores {
		go func() {
			for p := range work {
				p.result <- p.part.parse()
			}
		}()
	}
	go func() {
		for _, p := range parts {
			next := parsing{p, make(chan parsed, 1)}
			inOrder <- next
			work <- next
		}
		close(inOrder)
		close(work)
	}()
	for p := range inOrder {
		take(<-p.result)
	}
}
