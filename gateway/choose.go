package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// candidate is a match of a rule that may take a request.
type candidate struct {
	route *route
	rule  *rule
	match *match
}

// choice is what became of looking for a rule.
type choice struct {
	found *candidate
	// unreadable says why the choice is none.
	unreadable string
	// detached are the routes that refer to the Gateway and that the listener
	// does not serve, with the reason; attached those that it does.
	detached []detached
	attached []*route
	// host is the hostname under which rules were looked for, "" for none.
	host string
	// tried are the candidates under that hostname.
	tried []candidate
}

type detached struct {
	route *route
	why   string
}

// choose finds the rule. The most specific hostname comes first, as a virtual
// server of its own: both nginx and Envoy look no further once one has the name.
func (t *Table) choose(g *Gateway, l *listener, r Request) choice {
	c := choice{}
	host := canonicalHost(r.Host)
	byHost := map[string][]candidate{}
	var hosts []string
	for _, route := range t.routes {
		if !route.refersTo(g) {
			continue
		}
		shared, why := t.attach(route, g, l)
		if why != "" {
			c.detached = append(c.detached, detached{route, why})
			continue
		}
		c.attached = append(c.attached, route)
		slices.Sort(shared)
		for _, h := range slices.Compact(shared) {
			if route.gateway != nil && deeper(h, host) {
				continue
			}
			hosts = append(hosts, h)
			byHost[h] = append(byHost[h], route.candidates()...)
		}
	}
	if r.Scheme == TCP {
		host = ""
	}
	if c.host = best(hosts, host); c.host == "" {
		return c
	}
	c.tried = byHost[c.host]
	slices.SortStableFunc(c.tried, func(a, b candidate) int { return compareMatches(*a.match, *b.match) })
	c.pick(r, g.Controller)
	return c
}

// deeper says whether a host has more labels than a wildcard of an Ingress,
// which stands for exactly one. Source: k8s.io/api v0.36 networking/v1 types.go
// IngressRule.Host.
func deeper(pattern, host string) bool {
	return strings.HasPrefix(pattern, "*.") && strings.Count(pattern, ".") != strings.Count(host, ".")
}

// pick takes the first candidate that a request satisfies.
func (c *choice) pick(r Request, by *Controller) {
	for i := range c.tried {
		m := c.tried[i].match
		taken, err := m.takes(r)
		switch {
		case err != nil:
			c.unreadable = fmt.Sprintf("the expression of %s is one that netsim cannot read: %v", m.at.Position(), err)
		case !taken && !by.wholeExpressions && m.partly(r):
			c.unreadable = fmt.Sprintf("the expression %s (%s) matches a part of the path, and whether that is enough depends on %s", m.path.value, m.at.Position(), by.Name)
		}
		if taken || c.unreadable != "" {
			c.found = &c.tried[i]
			return
		}
	}
}

func (r *route) candidates() []candidate {
	var list []candidate
	for i := range r.rules {
		for j := range r.rules[i].matches {
			list = append(list, candidate{r, &r.rules[i], &r.rules[i].matches[j]})
		}
	}
	return list
}

// notFound says why no rule takes a request, naming what comes nearest: the
// routes that would have had the host.
func (d *Decision) notFound(g *Gateway, l *listener, r Request, c choice) {
	d.Status = 404
	if d.Raw {
		d.Status, d.Sees = 0, model.SeesReset
	}
	host := canonicalHost(r.Host)
	switch lost := c.wouldServe(host); {
	case c.host != "":
		d.Why = fmt.Sprintf("no rule takes %s: under %s there %s", r, c.host, tried(c.tried))
		for _, t := range c.tried {
			d.By = append(d.By, t.match.at)
		}
	case len(lost) > 0:
		words := make([]string, len(lost))
		for i, l := range lost {
			words[i] = fmt.Sprintf("%s/%s: %s", l.route.namespace, l.route.name, l.why)
			d.By = append(d.By, l.route.at)
		}
		d.Why = fmt.Sprintf("no route is attached for %s: %s", host, strings.Join(words, "; "))
		d.By = append(d.By, l.origin)
	case len(c.attached) == 0:
		d.Why = fmt.Sprintf("no route is attached to listener %s", l.name)
		d.By = []model.Origin{l.origin}
	default:
		names := map[string]bool{}
		for _, route := range c.attached {
			for _, h := range hostsOf(route, l) {
				names[h] = true
			}
			d.By = append(d.By, route.at)
		}
		d.Why = fmt.Sprintf("no route has a hostname for %s: %s", host, strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	d.By = model.SortOrigins(d.By)
}

// wouldServe are the detached routes that name a host; where no route is attached
// at all, also those that name none.
func (c choice) wouldServe(host string) []detached {
	return slices.DeleteFunc(slices.Clone(c.detached), func(d detached) bool {
		if len(d.route.hostnames) == 0 {
			return len(c.attached) > 0
		}
		return best(d.route.hostnames, host) == ""
	})
}

// tried says what there was to match.
func tried(list []candidate) string {
	var words []string
	for _, c := range list {
		if w := c.match.String(); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	if len(words) == 1 {
		return "is only " + words[0]
	}
	return "are only " + strings.Join(words, ", ")
}

// String is what a match asks for, shortly.
func (m match) String() string {
	kind := map[pathKind]string{prefixPath: "prefix ", exactPath: "exactly ", regexPath: "expression "}
	words := []string{kind[m.path.kind] + m.path.value}
	if m.method != "" {
		words = append(words, m.method)
	}
	for _, h := range m.headers {
		words = append(words, "header "+h.name+": "+h.value)
	}
	for _, q := range m.query {
		words = append(words, "query "+q.name+"="+q.value)
	}
	return strings.Join(words, " with ")
}
