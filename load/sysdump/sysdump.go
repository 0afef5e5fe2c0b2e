// Package sysdump reads the archive that `cilium sysdump` writes: a zip, or a tar
// compressed by gzip, with a file of YAML for each kind of object.
//
// It is read where it lies, and never unpacked to disk. Objects are loaded as from
// plain files, under the names of the archive and of the file in it; Cilium's Helm
// values and the ConfigMap are among them, and say the settings. Recorded flows
// are left to netsim replay (Flows). A dump that is broken or lacks a file gives
// what it has, and an Issue says what is missing.
package sysdump

import (
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/netsim-dev/netsim/internal/manifest"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
)

// Source is sysdumps as a load.Source: archives that -f names, and those in its
// directories whose names begin as cilium sysdump names them.
type Source struct{}

// Name is "sysdump".
func (Source) Name() string { return "sysdump" }

// Read loads all archives.
func (Source) Read(run *load.Run) {
	for _, name := range run.Others() {
		if IsArchive(name) && (run.Given(name) || strings.HasPrefix(path.Base(name), "cilium-sysdump")) {
			run.Claim(name)
			run.Add(read(run, name))
		}
	}
}

// dump is one archive on its way into an Output.
type dump struct {
	name string
	out  load.Output
	// kinds are the files that were there, without the date in their names, and the
	// kinds of the lists in them.
	kinds map[string]bool
	// size is that of all files so far.
	size int
}

func read(run *load.Run, name string) load.Output {
	d := dump{name: name, kinds: map[string]bool{}}
	file, err := run.Open(name)
	if err != nil {
		d.fail(name, err.Error(), "make it readable, or leave it out")
		return d.out
	}
	defer file.Close()
	if err := walk(file, d.member); err != nil {
		d.fail(name, "the archive is broken, and what could be read of it is loaded: "+oneLine(err), "make the sysdump again")
	}
	d.tellMissing()
	return d.out
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func (d *dump) fail(file, message, remedy string) { d.out.Fail(file, 1, message, remedy) }

// dated is the date in the names of a sysdump's files ("k8s-pods-20250101-120000").
var dated = regexp.MustCompile(`-\d{8}-\d{6}$`)

// kindOf is a file's name without its directory, its date and its extension.
func kindOf(name string) string {
	base := path.Base(name)
	return dated.ReplaceAllString(strings.TrimSuffix(base, path.Ext(base)), "")
}

// ignored are files of YAML or JSON that hold no objects that netsim reads.
var ignored = []string{"k8s-events", "k8s-leases", "hubble-flows", "hubble-observe", "cilium-helm-metadata", "cilium-sysdump"}

func (d *dump) member(m member) {
	if !manifest.Suitable(m.name) {
		return
	}
	shown := d.name + "/" + m.name
	if !safe(m.name) {
		d.fail(d.name, fmt.Sprintf("the archive names a file %q, which leads out of it: it is left out", m.name), "make the sysdump again")
		return
	}
	for _, prefix := range ignored {
		if strings.HasPrefix(kindOf(m.name), prefix) {
			return
		}
	}
	data, err := io.ReadAll(io.LimitReader(m, maxMember+1))
	if err != nil {
		d.fail(shown, "the file cannot be read to its end, and what could be is loaded: "+err.Error(), "make the sysdump again")
	}
	if len(data) > maxMember {
		d.fail(shown, fmt.Sprintf("the file is larger than %d MiB and was not read", maxMember>>20), "pass it by itself, split, with -f")
		return
	}
	if d.size += len(data); d.size > manifest.MaxDumpSize {
		d.fail(shown, fmt.Sprintf("the archive holds more than %d MiB of objects, and the file was left out", manifest.MaxDumpSize>>20), "pass it by itself with -f")
		return
	}
	d.kinds[kindOf(m.name)] = true
	for _, found := range typedList.FindAllSubmatch(data, -1) {
		d.kinds[string(found[1])] = true
	}
	d.out.Files = append(d.out.Files, load.File{Name: shown, Data: data})
}

// needed are the files without which verdicts are not those of the cluster, and
// what is then not known. Any of several names will do, and so will a list of one
// of the kinds under whatever name: how files are called is cilium-cli's to change.
var needed = []struct {
	files, kinds []string
	lacks        string
}{
	{[]string{"k8s-namespaces"}, []string{"Namespace"}, "labels of namespaces"},
	{[]string{"k8s-nodes", "ciliumnodes"}, []string{"Node", "CiliumNode"}, "nodes"},
	{[]string{"k8s-pods"}, []string{"Pod"}, "pods"},
	{[]string{"k8s-services"}, []string{"Service"}, "Services"},
	{[]string{"k8s-endpoints", "k8s-endpointslices"}, []string{"Endpoints", "EndpointSlice"}, "endpoints of Services"},
	{[]string{"k8s-networkpolicies"}, []string{"NetworkPolicy"}, "NetworkPolicies"},
	{[]string{"ciliumnetworkpolicies"}, []string{"CiliumNetworkPolicy"}, "CiliumNetworkPolicies"},
	{[]string{"ciliumclusterwidenetworkpolicies"}, []string{"CiliumClusterwideNetworkPolicy"}, "CiliumClusterwideNetworkPolicies"},
	{[]string{"cilium-configmap", "cilium-helm-values"}, nil, "Cilium's settings"},
	{[]string{"ciliumidentities"}, []string{"CiliumIdentity"}, "the numbers of identities"},
}

// typedList finds the kind of the items of a list, in a line of its own at its top.
var typedList = regexp.MustCompile(`(?m)^kind: ([A-Za-z]+)List\r?$`)

func (d *dump) tellMissing() {
	for _, n := range needed {
		has := slices.ContainsFunc(slices.Concat(n.files, n.kinds), func(name string) bool { return d.kinds[name] })
		if !has {
			d.out.Issues = append(d.out.Issues, model.Issue{
				Severity: model.Warning, File: d.name, Line: 1,
				Message: fmt.Sprintf("the sysdump has no %s: %s are not loaded from it", strings.Join(n.files, " or "), n.lacks),
				Remedy:  "pass them with another -f if the cluster has any, as kubectl get -o yaml writes them",
			})
		}
	}
}

// Flows hands on the recorded flows of an archive, one file after the other. The
// error says where the archive breaks off.
func Flows(name string, take func(member string, r io.Reader) error) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	var failed error
	err = walk(file, func(m member) {
		if failed == nil && safe(m.name) && strings.HasPrefix(kindOf(m.name), "hubble-flows") {
			failed = take(m.name, m)
		}
	})
	if failed != nil {
		return failed
	}
	return err
}
