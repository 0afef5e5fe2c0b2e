package symptom

import (
	"fmt"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Kind is the kind of an Explanation.
const Kind = "Explanation"

// Explanation says what a symptom means, and with a cluster, what gives it. Its
// JSON form is as stable as that of a sim.Answer.
type Explanation struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Text       string `json:"text"`
	Sighting
	Meaning
	// Here says whether the loaded files give the same, or why that cannot be
	// asked; "" where no files were given.
	Here string `json:"here,omitempty"`
	// Agrees is true where they do.
	Agrees bool `json:"agrees"`
	// Unready are the pods whose probe it is, where the loaded files keep them from
	// becoming ready.
	Unready []sim.Unready `json:"unready,omitempty"`
	// By is what decides it in the loaded files.
	By []model.Origin `json:"by,omitempty"`
	// Answer is all that netsim says of the connection.
	Answer *sim.Answer `json:"answer,omitempty"`
}

// Ends are references that say who the ends were, where the text cannot or where
// the reader knows better; "" leaves it to the text.
type Ends struct{ From, To string }

// Explain reads a text and says what it means. With a Sim, which may be nil, it
// asks for the connection too. The error is for a text that netsim cannot read and
// for references that name nothing.
func Explain(text string, s *sim.Sim, ends Ends) (*Explanation, error) {
	seen, err := Read(text)
	if err != nil {
		return nil, err
	}
	e := &Explanation{APIVersion: sim.APIVersion, Kind: Kind, Text: text, Sighting: seen, Meaning: meaningOf(seen)}
	switch {
	case s == nil:
		return e, nil
	case seen.Probe != "":
		return e, e.askProbe(s, ends.To)
	default:
		return e, e.ask(s, ends)
	}
}

func meaningOf(s Sighting) Meaning {
	if s.Probe != "" {
		return probeMeaning(s.Probe)
	}
	if s.Drop == nil {
		for _, w := range clientWords() {
			if w.sees == s.ClientSees {
				return w.meaning
			}
		}
		return other
	}
	if m, known := drops()[s.Drop.Code]; known {
		return m
	}
	return other
}

// ask asks the loaded cluster for the connection that the text is about.
func (e *Explanation) ask(s *sim.Sim, ends Ends) error {
	q := sim.Query{From: ends.From, To: ends.To}
	var missing string
	if q.From == "" {
		q.From, missing = reference(s, e.From, "source", "--from")
	}
	if q.To == "" && missing == "" {
		q.To, missing = reference(s, e.To, "destination", "--to")
	}
	if given := strings.Contains(ends.To, ":"); e.To != nil && !given {
		q.Port = e.port()
	}
	if missing != "" {
		e.Here = missing
		return nil
	}
	answer, err := s.Query(q)
	if err != nil {
		return err
	}
	e.Answer = answer
	e.compare()
	return nil
}

// port is the destination's, as a Query takes it.
func (e *Explanation) port() string {
	switch {
	case e.Protocol != "" && !e.Protocol.HasPorts():
		return string(e.Protocol)
	case e.Protocol != "":
		return fmt.Sprintf("%d/%s", e.To.Port, e.Protocol)
	case e.To.Port != 0:
		return fmt.Sprint(e.To.Port)
	default:
		return ""
	}
}

// compare says whether the answer gives what was seen.
func (e *Explanation) compare() {
	if e.Drop == nil {
		// A lookup that times out is, asked of the DNS server, a timeout.
		e.Agrees = e.Answer.ClientSees == e.ClientSees || e.ClientSees == model.SeesDNSTimeout && e.Answer.ClientSees == model.SeesTimeout
		e.Here = "the loaded files " + e.verdict()
		e.By = deciding(e.Answer, "")
		return
	}
	steps := deciding(e.Answer, e.Direction)
	dropped := drop(e.Answer, e.Direction)
	switch {
	case dropped != nil && *dropped == *e.Drop:
		e.Agrees, e.By = true, steps
		e.Here = "the loaded files give the same" + e.side()
	case dropped != nil:
		e.By = steps
		e.Here = fmt.Sprintf("the loaded files drop it%s too, but as %s (%s)", e.side(), dropped.Text, dropped.Name)
	default:
		e.Here = fmt.Sprintf("the loaded files do not drop it%s, they %s: compare them with what the cluster has (kubectl get ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies,networkpolicies -A -o yaml), and see whether the pods' labels and the ports are these", e.side(), e.verdict())
	}
}

func (e *Explanation) side() string {
	if e.Direction == "" {
		return ""
	}
	return " at " + e.Direction
}

func (e *Explanation) verdict() string {
	words := map[sim.Verdict]string{
		sim.Allowed: "allow the connection", sim.Denied: "deny the connection",
		sim.Mixed: "allow it on some paths and deny it on others", sim.Undetermined: "cannot tell about the connection",
	}[e.Answer.Verdict]
	if e.Answer.ClientSees != "" {
		words += fmt.Sprintf(" (the client sees: %s)", e.Answer.ClientSees)
	}
	return words
}

// steps are those of an answer in a direction, "" for any.
func steps(a *sim.Answer, direction string) []model.Step {
	var list []model.Step
	for _, p := range paths(a) {
		for _, step := range p.Steps {
			if step.Verdict == model.Denied && (direction == "" || inDirection(step, direction)) {
				list = append(list, step)
			}
		}
	}
	return list
}

// paths are an answer's, or those of the hop that stops a request through a
// gateway.
func paths(a *sim.Answer) []sim.Path {
	list := a.Paths
	for _, hop := range a.Hops {
		if hop.Name == a.BrokenHop {
			list = append(list[:len(list):len(list)], hop.Paths...)
		}
	}
	return list
}

// inDirection leaves out the other side's policies; whatever is neither belongs
// to both.
func inDirection(step model.Step, direction string) bool {
	switch step.Stage {
	case model.StageEgress:
		return direction == "egress"
	case model.StageIngress:
		return direction == "ingress"
	default:
		return true
	}
}

// deciding are the origins of what denies.
func deciding(a *sim.Answer, direction string) []model.Origin {
	var all []model.Origin
	for _, step := range steps(a, direction) {
		all = append(all, step.By...)
	}
	for _, hop := range a.Hops {
		if hop.Name == a.BrokenHop && hop.Verdict == model.Denied {
			all = append(all, hop.By...)
		}
	}
	return model.SortOrigins(all)
}

// drop is the first drop of an answer in a direction, nil if there is none.
func drop(a *sim.Answer, direction string) *model.DropReason {
	for _, step := range steps(a, direction) {
		if step.DropReason != nil {
			return step.DropReason
		}
	}
	return nil
}
