package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/load"
	"github.com/netsim-dev/netsim/model"
	"github.com/netsim-dev/netsim/sim"
)

// diffFlags say what the other side of a comparison is.
type diffFlags struct {
	sim.MatrixOptions
	with, patches, without, set []string
	datapath                    string
	exitCode                    bool
}

func (c *command) diff() *cobra.Command {
	f := &diffFlags{}
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Say which connections a change opens and closes, and by which rule",
		Long: "Diff asks what netsim matrix asks, of what -f names and of the same with a change:\n" +
			"other manifests, documents on top, a policy left out, another datapath or release.\n" +
			"It tells the connections that differ by their cause, the worst first:\n\n" +
			"  closes     what was open is closed, for some or all\n" +
			"  opens      what was closed is open, for some or all\n" +
			"  unclear    what was known no longer is\n" +
			"  clears     what was not known is\n" +
			"  reroutes   the verdict stays, and packets take another way or are asked for\n" +
			"             more\n\n" +
			"Changes add up: --with-patch applies to what --with names, if it is there, and\n" +
			"--without to what comes of it. A change that a Kyverno policy forbids is told\n" +
			"first. --datapath and --set hold for both sides, --with-datapath and --with-set\n" +
			"for the second. Of two datapaths it also lists what in policies means something\n" +
			"else there and cannot move as it is. A SELECTOR is that of netsim matrix. json\n" +
			"and yaml have every connection, md is for a comment on a pull request.",
		Example: `  netsim diff -f main/ --with branch/
  netsim diff -f manifests/ --with-patch new-policy.yaml -o md
  netsim diff -f manifests/ --without NetworkPolicy/dev/default-deny
  netsim diff -f manifests/ --with-set cilium.version=1.20 --exit-code
  netsim diff -f manifests/ --with-datapath kind-kpr --to dev`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.runDiff(f) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.with, "with", nil, "compare with the manifests in `PATH`; repeatable")
	addPatches(cmd, &f.patches)
	flags.StringArrayVar(&f.without, "without", nil, "leave out the policy `KIND/NAMESPACE/NAME`, that of a patch too; repeatable")
	flags.StringVar(&f.datapath, "with-datapath", "", "compare with datapath profile `NAME`")
	flags.StringArrayVar(&f.set, "with-set", nil, "compare with datapath setting `KEY=VALUE`; repeatable")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit 1 where something changes, or would be refused")
	addMatrixOptions(cmd, &f.MatrixOptions)
	return cmd
}

func (c *command) runDiff(f *diffFlags) error {
	if !slices.Contains([]string{"text", "json", "yaml", "md"}, c.output) {
		return fmt.Errorf("unknown output format %q: diff writes text, json, yaml or md", c.output)
	}
	if len(f.with)+len(f.patches)+len(f.without)+len(f.set) == 0 && f.datapath == "" {
		return errors.New("nothing to compare with: name it by --with, --with-patch, --without, --with-datapath or --with-set")
	}
	d, err := c.compare(f)
	if err != nil {
		return err
	}
	if f.exitCode && d.Changed() {
		c.code = exitChanged
	}
	switch c.output {
	case "text":
		return render.Diff(c.stdout, d, c.textOptions(false))
	case "md":
		return render.DiffMarkdown(c.stdout, d)
	}
	return render.Encode(c.stdout, d, render.Format(c.output))
}

func (c *command) compare(f *diffFlags) (*sim.Diff, error) {
	stdin, err := c.readOnce(slices.Concat(c.files, f.with, f.patches))
	if err != nil {
		return nil, err
	}
	c.stdin = bytes.NewReader(stdin)
	before, err := c.load()
	if err != nil {
		return nil, err
	}
	c.warnOfErrors(before.Issues())
	p, err := c.readPatch(f, stdin)
	if err != nil {
		return nil, err
	}
	after := before
	if len(f.with)+len(f.set) > 0 || f.datapath != "" || !p.onlyPolicies {
		if after, err = c.changed(f, stdin); err != nil {
			return nil, err
		}
		p = patch{}
	}
	if len(p.policies)+len(f.without) > 0 {
		if after, err = after.Patched(p.policies, f.without); err != nil {
			return nil, fmt.Errorf("--without: %w", err)
		}
		if err := c.checkStrictly(after.Issues()); err != nil {
			return nil, err
		}
	}
	d, err := before.Diff(after, f.MatrixOptions)
	if err != nil {
		return nil, err
	}
	d.Issues = model.SortIssues(append(d.Issues, p.issues...))
	d.Refusals, err = c.refusals(before.Cluster(), after.Cluster())
	return d, err
}

// readOnce takes what "-" among the paths means, for as many readings as there
// will be.
func (c *command) readOnce(paths []string) ([]byte, error) {
	paths = slices.DeleteFunc(paths, func(path string) bool { return path != "-" })
	switch len(paths) {
	case 0:
		return nil, nil
	case 1:
		stdin, err := io.ReadAll(c.stdin)
		if err != nil {
			return nil, fmt.Errorf("cannot read <stdin>: %w", err)
		}
		return stdin, nil
	}
	return nil, errors.New("- is there twice, and stdin can be read but once: give one of them a file")
}

// changed loads the other side from its files.
func (c *command) changed(f *diffFlags, stdin []byte) (*sim.Sim, error) {
	other := *c
	other.stdin = bytes.NewReader(stdin)
	other.set = slices.Concat(c.set, f.set)
	if len(f.with) > 0 {
		other.files = f.with
	}
	if f.datapath != "" {
		other.datapath = f.datapath
	}
	return other.loadOver(f.patches)
}

// patch is what --with-patch names, loaded by itself.
type patch struct {
	policies     []*model.Object
	onlyPolicies bool
	issues       []model.Issue
}

// readPatch finds out whether a patch has policies only: those are compared
// without reading the cluster again.
func (c *command) readPatch(f *diffFlags, stdin []byte) (patch, error) {
	if len(f.patches) == 0 {
		return patch{onlyPolicies: true}, nil
	}
	sources, err := c.sources.chosen()
	if err != nil {
		return patch{}, err
	}
	cluster, issues, err := load.ReadOver(nil, f.patches, bytes.NewReader(stdin), sources)
	if err != nil {
		return patch{}, fmt.Errorf("--with-patch: %w", err)
	}
	p := patch{policies: cluster.Policies, onlyPolicies: onlyPolicies(cluster)}
	for _, issue := range issues {
		if issue.File != "" { // else it is about what the rest of the cluster holds
			p.issues = append(p.issues, issue)
		}
	}
	if len(p.policies) > 0 || !p.onlyPolicies {
		return p, c.checkStrictly(p.issues)
	}
	if err := render.Issues(c.stderr, p.issues, render.TextOptions{}); err != nil {
		return p, err
	}
	return p, fmt.Errorf("--with-patch %s: no object in it can be used", strings.Join(f.patches, ", "))
}

// onlyPolicies says whether files hold nothing else: what netsim has made to go
// with them does not count.
func onlyPolicies(c *model.Cluster) bool {
	objects := len(c.Workloads) + len(c.Pods) + len(c.Services) + len(c.EndpointSlices) +
		len(c.CiliumValues) + len(c.CloudFirewalls) + len(c.Others)
	return objects == 0 && c.CiliumConfig == nil && c.KubeProxyConfig == nil && c.Kind == nil &&
		!slices.ContainsFunc(c.Nodes, func(n *model.Node) bool { return !n.Made }) &&
		!slices.ContainsFunc(c.Namespaces, func(n *model.Namespace) bool { return !n.Made })
}
