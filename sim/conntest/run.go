package conntest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// Options say what is the same for all Tests. The zero Options are good.
type Options struct {
	// Manifests are loaded after those of the Test: of an object that both hold,
	// they win.
	Manifests []string
	// Load reads the manifests of a Test, as its Flags say. The paths are from the
	// working directory. Nil is sim.Load, without stdin and without Flags.
	Load func(t *Test, paths []string) (*model.Cluster, []model.Issue, error)
	// ReadDNS reads what one of DNSFiles holds, as dnsfile.Read of
	// load/dnsfile does; without it, a Test with such files cannot be used.
	ReadDNS func(path string, data []byte) (model.DNSAnswers, error)
	// Sim chooses the datapath, for all cases in place of the Test's own, and
	// gives answers of DNS besides the Test's.
	Sim sim.Options
	// Strict makes a Test unusable where something is wrong with its manifests.
	Strict bool
	// Only, if set, keeps the cases whose Name in the Result it matches.
	Only *regexp.Regexp
}

// Suite is a Test that was run.
type Suite struct {
	File string `json:"file,omitempty"`
	Name string `json:"name,omitempty"`
	// Issues are why the Test, or its cases under one datapath, could not run.
	Issues []model.Issue `json:"issues"`
	// LeftOut are errors in the manifests: what they are about is in no answer.
	LeftOut []model.Issue `json:"leftOut"`
	Results []Result      `json:"cases"`
}

// Run asks all cases under each datapath.
func (t *Test) Run(opt Options) Suite {
	out := Suite{File: t.File, Name: t.Metadata.Name, Issues: append([]model.Issue{}, t.Issues...), LeftOut: []model.Issue{}, Results: []Result{}}
	if len(out.Issues) > 0 {
		return out
	}
	cluster, loaded, issues := t.load(opt)
	answers, more := t.dns(opt)
	if out.Issues = append(append(out.Issues, issues...), more...); len(out.Issues) > 0 {
		return out
	}
	for i, text := range t.datapaths(opt) {
		s, err := opt.simulate(cluster, loaded, text, answers)
		if err != nil {
			out.Issues = append(out.Issues, t.issue(entry(text, i), err.Error(), "write the name of a profile, settings, or both, as in: kind-kpr cilium.version=1.20"))
			continue
		}
		out.run(t, s, text, opt)
	}
	out.Issues, out.LeftOut = model.SortIssues(out.Issues), model.SortIssues(out.LeftOut)
	return out
}

// run asks all cases of one Sim.
func (out *Suite) run(t *Test, s *sim.Sim, datapath string, opt Options) {
	for _, issue := range s.Issues() {
		switch {
		case opt.Strict && issue.Severity != model.Info:
			out.Issues = append(out.Issues, issue)
		case issue.Severity == model.Error:
			out.LeftOut = append(out.LeftOut, issue)
		}
	}
	if opt.Strict && len(out.Issues) > 0 {
		return
	}
	var found *survey
	if t.Recorded != nil {
		// Where what was recorded is no longer there, Judge tells of each case.
		found, _ = newSurvey(s, t.Recorded, nil)
	}
	for _, c := range t.Cases {
		name := c.Title()
		if datapath != "" {
			name = datapath + "/" + name
		}
		if opt.Only != nil && !opt.Only.MatchString(name) {
			continue
		}
		r := c.result()
		if !found.passes(c) {
			r = c.Judge(s)
		}
		r.Name, r.Datapath, r.File = name, datapath, t.File
		out.Results = append(out.Results, r)
	}
}

// entry is the field that a datapath stands in, "" where the document has none.
func entry(text string, i int) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("datapaths[%d]", i)
}

// simulate makes the Sim for an entry of datapaths.
func (opt Options) simulate(c *model.Cluster, loaded []model.Issue, datapath string, answers model.DNSAnswers) (*sim.Sim, error) {
	simOptions := opt.Sim
	simOptions.DNS = answers
	if datapath != "" {
		var err error
		if simOptions.Datapath, simOptions.Set, err = parseDatapath(datapath); err != nil {
			return nil, err
		}
	}
	return sim.New(c, loaded, simOptions)
}

// parseDatapath takes an entry of datapaths apart.
func parseDatapath(text string) (profile string, set map[string]string, err error) {
	set = map[string]string{}
	for _, word := range strings.Fields(text) {
		key, value, isSetting := strings.Cut(word, "=")
		switch {
		case isSetting && key == "":
			return "", nil, fmt.Errorf("%q has no key", word)
		case isSetting:
			set[key] = value
		case profile != "":
			return "", nil, fmt.Errorf("%s and %s are two profiles", profile, word)
		default:
			profile = word
		}
	}
	return profile, set, nil
}

// datapaths are the entries to run under.
func (t *Test) datapaths(opt Options) []string {
	if len(t.Datapaths) == 0 || opt.Sim.Datapath != "" || len(opt.Sim.Set) > 0 {
		return []string{""}
	}
	return t.Datapaths
}
