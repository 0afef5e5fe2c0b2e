package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/model"
)

// The exit codes, as the long help tells them.
const (
	exitAllowed      = 0
	exitDenied       = 1
	exitUnusable     = 2
	exitUndetermined = 3
	// exitIssues is what validate and meshauth end with where something is wrong.
	exitIssues = 1
	// exitChanged is what diff --exit-code ends with where something changes.
	exitChanged = 1
)

// exitCodes says how each verdict ends the command.
var exitCodes = map[model.Verdict]int{
	model.Allowed:      exitAllowed,
	model.Denied:       exitDenied,
	model.Mixed:        exitDenied,
	model.Undetermined: exitUndetermined,
}

// command is one run of netsim: where it reads and writes, what the flags that
// all subcommands share say, and how it will end.
type command struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	files []string
	// patches are of the commands that ask about a change before it is made.
	patches  []string
	datapath string
	set      []string
	strict   bool
	ready    bool
	output   string
	noColor  bool
	sources  sourceFlags
	// dns is for what asks questions.
	dns dnsFlags

	// code is the exit code where no error decides it.
	code int
}

// run is netsim: it takes the arguments without the program's name and gives
// the exit code. A reader that closes its end of stdout early is no error
// worth a message.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &command{stdin: stdin, stdout: stdout, stderr: stderr}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	switch {
	case err == nil:
		return c.code
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return c.code
	}
	fmt.Fprintf(stderr, "netsim: %v\n", err)
	return exitUnusable
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "netsim",
		Short:         "Would A reach B on port P, and why?",
		Long:          rootHelp,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringArrayVarP(&c.files, "filename", "f", nil, "manifest file, directory (recursive) or - for stdin; repeatable")
	flags.StringVar(&c.datapath, "datapath", "", "datapath profile `NAME`; without it, the datapath is read from the files")
	flags.StringArrayVar(&c.set, "set", nil, "datapath setting `KEY=VALUE`, over what the files say; repeatable")
	c.sources.add(root)
	flags.BoolVar(&c.ready, "assume-ready", false, "take pods for ready, whatever policies do to their probes and to what they need")
	flags.BoolVar(&c.strict, "strict", false, "exit 2 if the files have an error or a warning")
	flags.StringVarP(&c.output, "output", "o", "text", "output format: text, json or yaml; matrix, graph and diff have others")
	flags.BoolVar(&c.noColor, "no-color", false, "no colour, even on a terminal")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(c.query(), c.path(), c.explain(), c.matrix(), c.graph(), c.diff(), c.test(), c.validate(), c.list(), c.meshauth(), c.replay(), c.snapshot(), c.datapaths(), c.version())
	return root
}

// noArguments refuses what is no subcommand, and says what there is.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("unknown command %q: want %s; see %s --help", args[0], strings.Join(names, ", "), cmd.CommandPath())
}

const rootHelp = `netsim answers "would A reach B on port P, and why?" for a Kubernetes cluster
with Cilium, from files alone: no cluster, no root, no network.

References
  dev/web-0                     a pod; dev/pod/web-0 is the same
  dev/deploy/web                a workload, by kubectl's kinds and short names:
                                as source all its pods, as destination any
  dev/svc/api:80                a Service's port, by number or by name
  api.dev.svc.cluster.local:80  the same by DNS name, with the lookup
  dev/svc/api:80@nodeport=NODE  another frontend of the Service than its
                                ClusterIP: nodeport=NODE, externalip,
                                loadbalancer or clusterip
  node/worker:30080             a node, and what answers at that port
  10.96.0.20:80, [fd00::1]:80   an address: netsim finds out whose it is
  www.example.com:443           a host outside the cluster; netsim query --dns
                                says which addresses it has
  https://app.example.com/api   a web request, through the gateway that serves it
  world                         any address that no CIDR or FQDN rule names
  laptop                        as source, the machine that runs a kind cluster
A port may carry /UDP or /SCTP; TCP is the default. -p PORT[/PROTO] says the
same, and -p ICMP asks for a ping.

Files
  -f takes manifests, and the root of a repository: what Applications of Argo CD
  and Kustomizations and HelmReleases of Flux deploy from it is rendered, offline,
  and so are other kustomizations and Helm charts. Overlays are built and their
  bases not by themselves; charts are released under their own name to the
  namespace default, unless --helm-release and --helm-values say otherwise.
  --repo URL=DIR says where another repository lies, --subst VAR=VALUE gives
  variables, and --source NAME=off leaves unrendered what NAME would render. Of
  Terraform and Terragrunt it takes Cilium's values, namespaces, manifests and kind
  clusters, as far as literals, defaults and files of values (--tfvars) decide them.
  Pods that a chart from elsewhere or a gateway's controller would make are
  inferred, and leave verdicts undetermined; --no-virtual leaves them out.
  Kyverno's policies generate and mutate as they would in a cluster, and
  --namespace-label NAMESPACE=KEY=VALUE gives labels that no file holds.
  netsim snapshot writes a dump of a live cluster; it alone talks to one.

Datapath
  How the cluster carries packets is read from what is loaded (cilium-config,
  Helm values of Cilium's chart, the agent's image, kube-proxy's ConfigMap, a
  kind config); --datapath chooses a profile, which netsim datapaths lists, and
  --set KEY=VALUE a single setting, such as cilium.version=1.18,
  kubeProxyReplacement=true or routingMode=native.

Exit codes
  0 allowed   1 denied or mixed   2 wrong usage or unusable input
  3 undetermined: the files cannot tell`

const rootExample = `  netsim query -f manifests/ dev/deploy/frontend dev/svc/api:80
  netsim query -f overlays/dev dev/web-0 world -p 443
  netsim list -f manifests/ pods`
