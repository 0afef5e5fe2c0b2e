package render

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

var severityStyles = map[model.Severity]style{model.Error: red, model.Warning: yellow, model.Info: faint}

// Issues writes issues in full, one paragraph each, in the order given. Its
// error is the writer's.
func Issues(w io.Writer, issues []model.Issue, opt TextOptions) error {
	p := newPage(opt)
	p.issues(issues, true)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// issues writes errors and warnings in full, and infos too where verbose.
func (p *page) issues(issues []model.Issue, verbose bool) {
	infos := 0
	for _, issue := range issues {
		if issue.Severity == model.Info && !verbose {
			infos++
			continue
		}
		p.issue(issue)
	}
	switch infos {
	case 0:
	case 1:
		p.prose("info", "1 assumption: netsim list issues shows it")
	default:
		p.prose("info", fmt.Sprintf("%d assumptions: netsim list issues shows them", infos))
	}
}

// unready are the pods that no Service sends connections, with the reason.
func (p *page) unready(pods []sim.Unready) {
	for _, u := range pods {
		more := ""
		if u.More > 0 {
			more = fmt.Sprintf(" and %d more of its workload", u.More)
		}
		p.prose(p.paint(bold, "unready"), "pod "+strings.Replace(u.Ref, "/pod/", "/", 1)+more+", as predicted: "+u.Why)
		p.block("by", originLines(u.By, p.room()))
	}
}

func (p *page) issue(issue model.Issue) {
	text := issue.Message
	if issue.File != "" {
		text = fmt.Sprintf("%s:%d: %s", issue.File, issue.Line, issue.Message)
	}
	p.prose(p.paint(severityStyles[issue.Severity], string(issue.Severity)), text)
	if issue.Remedy != "" {
		p.prose("", "fix: "+issue.Remedy)
	}
}

// datapath says how the cluster was taken to carry packets, and where that was
// read.
func (p *page) datapath(d sim.DatapathInfo) { p.datapathAs("datapath", d) }

func (p *page) datapathAs(label string, d sim.DatapathInfo) {
	settings := []struct{ key, text string }{
		{"name", d.Name},
		{"ciliumVersion", prefixed("Cilium ", d.CiliumVersion)},
		{serviceSetting(d), services(d)},
		{"routingMode", suffixed(d.RoutingMode, " routing")},
	}
	common := commonSource(d.Sources)
	var pieces []string
	for _, setting := range settings {
		source := d.Sources[setting.key]
		if common != "" {
			source = ""
		}
		if setting.text != "" {
			pieces = append(pieces, clean(setting.text)+suffixed(prefixed(" (", clean(source)), ")"))
		}
	}
	for i := range pieces[:max(len(pieces)-1, 0)] {
		pieces[i] += ","
	}
	pieces = append(pieces, suffixed(prefixed("(all: ", clean(common)), ")"))
	p.block(label, fill(pieces, " ", p.room()))
}

// services says who serves Services. Where both Cilium and kube-proxy would,
// it says so: that is a mistake that explains much.
func services(d sim.DatapathInfo) string {
	runs := d.KubeProxyMode != "" && d.KubeProxyMode != model.KubeProxyNone
	switch {
	case d.KubeProxyReplacement && runs:
		return "kube-proxy replacement beside kube-proxy " + d.KubeProxyMode
	case d.KubeProxyReplacement:
		return "kube-proxy replacement"
	case d.KubeProxyMode == model.KubeProxyNone:
		return "no kube-proxy and no replacement"
	}
	return strings.TrimSpace("kube-proxy " + d.KubeProxyMode)
}

// serviceSetting is the setting whose source goes with what services says.
func serviceSetting(d sim.DatapathInfo) string {
	if !d.KubeProxyReplacement && d.KubeProxyMode != "" {
		return "kubeProxyMode"
	}
	return "kubeProxyReplacement"
}

// commonSource is where all settings were read, "" where they differ.
func commonSource(sources map[string]string) string {
	distinct := slices.Compact(slices.Sorted(maps.Values(sources)))
	if len(distinct) != 1 {
		return ""
	}
	return distinct[0]
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func suffixed(text, suffix string) string {
	if text == "" {
		return ""
	}
	return text + suffix
}
