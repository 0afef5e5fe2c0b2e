package sim

import (
	"slices"

	"github.com/netsim-dev/netsim/model"
)

// HopName says which stretch of a request's way a Hop is.
type HopName string

// The hops, in the order in which a request meets them.
const (
	// HopPublished is kind's forwarding of a port of the laptop to a node.
	HopPublished HopName = "published-port"
	// HopEntry leads from the client to the gateway's data plane.
	HopEntry HopName = "entry"
	// HopAgent leads from the data plane to its control plane, without which it
	// does not become ready.
	HopAgent HopName = "agent"
	// HopRoute is the gateway's own decision.
	HopRoute HopName = "route"
	// HopEnvoy is what Cilium's Envoy makes of the client, by the policies of the
	// identity ingress, once it has chosen a backend.
	HopEnvoy HopName = "envoy"
	// HopBackend leads from the data plane to a backend of the route.
	HopBackend HopName = "backend"
)

// Hop is one stretch of a request's way.
type Hop struct {
	Name HopName `json:"name"`
	From string  `json:"from"`
	To   string  `json:"to"`
	// Weight is a backend's share of the requests, where there are several.
	Weight  int           `json:"weight,omitempty"`
	Verdict model.Verdict `json:"verdict"`
	// ClientSees is what the client at the very start notices where the hop
	// stops the request.
	ClientSees model.ClientSees `json:"clientSees,omitempty"`
	// By and Why say what decided where no packet is judged.
	By  []model.Origin `json:"by"`
	Why string         `json:"why,omitempty"`
	// Route is set for HopRoute.
	Route *Route `json:"route,omitempty"`
	Paths []Path `json:"paths"`
	Hint  string `json:"hint,omitempty"`
}

// Route is what a gateway does with a request.
type Route struct {
	// Gateway is "namespace/name", or the name of a class of Ingresses.
	Gateway    string `json:"gateway"`
	Controller string `json:"controller"`
	// Listener, Route and Rule are where they stand, as far as the request came;
	// Rule is the match that took it.
	Listener *model.Origin `json:"listener,omitempty"`
	Route    *model.Origin `json:"route,omitempty"`
	Rule     *model.Origin `json:"rule,omitempty"`
	// Status is the gateway's own answer, and Location where a redirect points.
	Status   int    `json:"status,omitempty"`
	Location string `json:"location,omitempty"`
	// Host and Path are what the backend is asked for.
	Host     string         `json:"host,omitempty"`
	Path     string         `json:"path,omitempty"`
	Backends []RouteBackend `json:"backends"`
}

// RouteBackend is a backend that a rule names.
type RouteBackend struct {
	Ref    string `json:"ref"`
	Weight int    `json:"weight"`
	// Status is what its share of the requests gets where it is no good.
	Status int `json:"status,omitempty"`
}

// judged folds a hop's paths. translate says what a failure at this hop means to
// the client at the start.
func (h *Hop) judged(paths []Path, translate func(model.ClientSees) model.ClientSees) (conditions []string) {
	folded := Answer{Paths: paths, Conditions: []string{}}
	folded.fold()
	h.Paths, h.Verdict, h.Hint = paths, folded.Verdict, folded.Hint
	h.ClientSees = folded.ClientSees
	if h.Verdict == model.Denied && h.ClientSees != "" && translate != nil {
		h.ClientSees = translate(h.ClientSees)
	}
	return folded.Conditions
}

// add appends a hop with what its paths depend on.
func (a *Answer) add(h Hop, conditions []string) {
	if h.By == nil {
		h.By = []model.Origin{}
	}
	if h.Paths == nil {
		h.Paths = []Path{}
	}
	a.Hops = append(a.Hops, h)
	for _, c := range conditions {
		if !slices.Contains(a.Conditions, c) {
			a.Conditions = append(a.Conditions, c)
		}
	}
}

// foldHops takes the verdict of the whole from its hops: each must let the
// request pass, and of several backends each is an alternative.
func (a *Answer) foldHops() {
	var along, backends []model.Verdict
	seen := map[model.ClientSees]bool{}
	for _, h := range a.Hops {
		if h.Name == HopBackend {
			backends = append(backends, h.Verdict)
			seen[h.ClientSees] = true
		} else {
			along = append(along, h.Verdict)
		}
	}
	if i := a.broken(); i >= 0 {
		a.BrokenHop, a.Hint = a.Hops[i].Name, a.Hops[i].Hint
	}
	a.Verdict = inSequence(append(along, model.Paths(backends...))...)
	if len(backends) == 0 {
		a.Verdict = inSequence(along...)
	}
	a.ClientSees = a.hopSeen(len(seen) == 1)
}

// broken is the index of the first hop that denies, else of the first that does
// not allow, -1 for none. An entry without a ready data plane gives way to the
// agent's hop, which is why there is none.
func (a *Answer) broken() int {
	denied := func(h Hop) bool { return h.Verdict == model.Denied }
	if i := slices.IndexFunc(a.Hops, denied); i >= 0 {
		agent := slices.IndexFunc(a.Hops, func(h Hop) bool { return h.Name == HopAgent && denied(h) })
		if a.Hops[i].Name == HopEntry && agent >= 0 && len(a.Unready) > 0 {
			return agent
		}
		return i
	}
	return slices.IndexFunc(a.Hops, func(h Hop) bool { return h.Verdict != model.Allowed })
}

// inSequence folds hops of which one may be mixed already.
func inSequence(verdicts ...model.Verdict) model.Verdict {
	folded := model.Steps(slices.DeleteFunc(slices.Clone(verdicts), func(v model.Verdict) bool { return v == model.Mixed })...)
	if folded == model.Allowed && slices.Contains(verdicts, model.Mixed) {
		return model.Mixed
	}
	return folded
}

// hopSeen is what the client notices: the work of the first hop that stops every
// request, "" where a hop before it may stop some. A redirect is an answer too.
func (a *Answer) hopSeen(backendsAgree bool) model.ClientSees {
	switch a.Verdict {
	case model.Allowed, model.Denied:
	default:
		return ""
	}
	sees := model.ClientSees("")
	for _, h := range a.Hops {
		switch {
		case h.Verdict == model.Denied && (h.Name != HopBackend || backendsAgree):
			return h.ClientSees
		case h.Verdict != model.Allowed:
			return ""
		}
		if h.Route != nil {
			sees = h.ClientSees
		}
	}
	if a.Verdict == model.Allowed && sees == "" {
		return model.SeesOpen
	}
	return sees
}
