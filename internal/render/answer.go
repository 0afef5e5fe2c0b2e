package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Answer writes an answer as text: the verdict, the packet's way, and what it
// hangs on. Its error is the writer's.
func Answer(w io.Writer, a *sim.Answer, opt TextOptions) error {
	p := newPage(opt)
	t := answerText{page: p, answer: a, assigned: assignedAddresses(a)}
	t.headline()
	p.caveat(a.Issues, "below: something that you wrote is left out of this answer")
	p.blank()
	t.from()
	t.to()
	t.broken()
	p.unready(a.Unready)
	t.all = a.Paths
	groups := groupPaths(a.Paths)
	if len(a.Hops) > 0 {
		groups = t.hops()
	} else {
		t.paths(groups)
	}
	p.blank()
	t.legend(groups)
	t.conditions()
	p.issues(a.Issues, opt.Verbose)
	p.datapath(a.Datapath)
	p.prose(p.paint(bold, "hint"), a.Hint)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// answerText is one answer on its way to a page.
type answerText struct {
	*page
	answer *sim.Answer
	// all are the paths that are being told: the answer's, or those of a hop.
	all []sim.Path
	// assigned are the addresses that no file gave.
	assigned map[string]bool
}

func (t *answerText) headline() {
	a := t.answer
	width := t.width - 2
	lines := fill([]string{
		t.verdict(a.Verdict) + "  ",
		t.paint(bold, clean(a.From.Ref)) + " →",
		t.paint(bold, clean(a.To.Ref)),
	}, " ", width)
	last := len(lines) - 1
	lines = append(lines[:last], fill([]string{lines[last], outcome(a)}, "   ", width)...)
	t.line(lines[0])
	for _, line := range hang("  ", lines[1:]) {
		t.line(line)
	}
}

// caveat says up front that something the user wrote is not in what follows.
func (p *page) caveat(issues []model.Issue, where string) {
	errors := 0
	for _, issue := range issues {
		if issue.Severity == model.Error {
			errors++
		}
	}
	if errors > 0 {
		p.prose(p.paint(red, "careful"), fmt.Sprintf("%s %s", plural(errors, "error"), where))
	}
}

func (t *answerText) from() {
	from := t.answer.From
	ref := clean(from.Ref)
	if from.Pods > 1 {
		ref += fmt.Sprintf(" (%s)", plural(from.Pods, "pod"))
	}
	who := identity(from.Identity)
	t.items("from", unless(ref, from.IP, who), t.address(from.IP, 0, ""), node(from.Node, from.Assigned), who, numbers(from.IdentityNumbers))
}

func (t *answerText) to() {
	to := t.answer.To
	frontend := string(to.Frontend)
	if to.Frontend == model.FrontendNone {
		frontend = ""
	}
	reached := t.address(to.IP, to.Port, to.Protocol)
	if frontend != "" && reached != "" {
		frontend, reached = "", frontend+" "+reached
	}
	who := identity(to.Identity)
	t.items("to", unless(clean(to.Ref), to.IP, who), frontend, reached, who, numbers(to.IdentityNumbers))
}

// numbers are what the cluster numbers an identity with.
func numbers(list []uint32) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("identity %d", list[0])
	}
	texts := make([]string, len(list))
	for i, number := range list {
		texts[i] = fmt.Sprint(number)
	}
	return "identities " + strings.Join(texts, ", ")
}

// unless leaves a reference out that only repeats an address or identity.
func unless(ref string, shown ...string) string {
	if slices.Contains(shown, ref) {
		return ""
	}
	return ref
}

// address is an address at an end, marked where no file gave it.
func (t *answerText) address(ip string, port uint16, protocol model.Protocol) string {
	if t.assigned[ip] {
		return endpoint(ip, port, protocol) + " (assigned)"
	}
	return endpoint(ip, port, protocol)
}

func node(name string, assigned []string) string {
	if name != "" && slices.Contains(assigned, "node") {
		return "on " + clean(name) + " (assigned)"
	}
	if name != "" {
		return "on " + clean(name)
	}
	return ""
}

// addressField is the name that Assigned gives to a pod's or node's address;
// frontendFields are those of a Service's.
const addressField = "ip"

var frontendFields = map[model.Frontend]string{
	model.FrontendClusterIP:    "clusterIP",
	model.FrontendLoadBalancer: "loadBalancerIP",
}

// assignedAddresses are the addresses of an answer's ends that no file gave.
func assignedAddresses(a *sim.Answer) map[string]bool {
	found := map[string]bool{}
	add := func(ip string, assigned []string, field string) {
		if ip != "" && slices.Contains(assigned, field) {
			found[ip] = true
		}
	}
	add(a.From.IP, a.From.Assigned, addressField)
	add(a.To.IP, a.To.Assigned, cmp.Or(frontendFields[a.To.Frontend], addressField))
	paths := slices.Clone(a.Paths)
	for _, hop := range a.Hops {
		paths = append(paths, hop.Paths...)
	}
	for _, path := range paths {
		add(path.From.IP, slices.Concat(a.From.Assigned, path.From.Assigned), addressField)
		if b := path.Backend; b != nil {
			add(b.IP, b.Assigned, addressField)
		}
	}
	return found
}

// conditions are what the verdict hangs on beyond the packet asked about.
func (t *answerText) conditions() {
	label := t.paint(bold, "if")
	for _, condition := range t.answer.Conditions {
		t.prose(label, condition)
	}
}
