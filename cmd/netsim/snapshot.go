package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/netsim-dev/netsim/internal/render"
	"github.com/netsim-dev/netsim/internal/snapshot"
)

// exitPartial is what snapshot ends with where something is missing in the dump.
const exitPartial = 1

// snapshotFlags say which cluster to read, and how.
type snapshotFlags struct {
	kubeconfig, context string
	timeout             time.Duration
	configMaps          []string
	rbac                string
}

// defaultSubject is who gets the rights that --rbac alone prints.
const defaultSubject = "serviceaccount:kube-system/netsim-snapshot"

func (c *command) snapshot() *cobra.Command {
	var flags snapshotFlags
	cmd := &cobra.Command{
		Use:   "snapshot [FILE|DIRECTORY/|-]",
		Short: "Write a dump of a cluster for -f; the only command that talks to one",
		Long:  snapshotHelp,
		Example: `  netsim snapshot cluster.yaml
  netsim query -f cluster.yaml dev/deploy/frontend dev/svc/api:80
  netsim snapshot --context production -o json | gzip > cluster.json.gz
  netsim snapshot --rbac=user:jane | kubectl apply -f -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.runSnapshot(cmd, flags, append(args, "-")[0])
		},
	}
	cmd.Flags().StringVar(&flags.kubeconfig, "kubeconfig", "", "kubeconfig `FILE`; without it KUBECONFIG, ~/.kube/config, or the pod's service account")
	cmd.Flags().StringVar(&flags.context, "context", "", "`NAME` of a context of the kubeconfig; without it the current one")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", time.Minute, "how long to wait for the answer to one request; 0 for ever")
	cmd.Flags().StringArrayVar(&flags.configMaps, "configmap", nil, "a further ConfigMap to read, `NAMESPACE/NAME`; repeatable")
	cmd.Flags().StringVar(&flags.rbac, "rbac", "", "print the rights that it needs for `SUBJECT` (user:NAME, group:NAME, serviceaccount:NAMESPACE/NAME), and read nothing")
	cmd.Flags().Lookup("rbac").NoOptDefVal = defaultSubject
	return cmd
}

const snapshotHelp = `Snapshot reads from an API server what netsim reads of a cluster, and writes it to
a file, to a directory (one that exists, or a name that ends with /) with a file for
each kind, or to stdout; -o yaml or json. It is the only command that talks to a
cluster, and it only gets and lists.

Of each kind that the server has and netsim reads, all objects are listed, in pages.
No Secret is ever read, and of ConfigMaps only kube-system/cilium-config,
kube-system/kube-proxy, kube-system/kube-proxy-config, and those that --configmap
names, each by its name. Environments, commands and arguments of containers,
headers of their probes, volumes and what the server keeps for itself
(managedFields) are left out. Files are readable by their owner alone, and are there
whole or not at all. --rbac prints a ClusterRole, Roles and bindings for just that.

Kyverno's policies are not read, and neither are objects of Argo CD and Flux: what
they made is there. A dump is of a moment for each kind: what changes between two
lists may be in one of them only.

Exit codes
  0 all was read   1 something is missing, which stderr and the dump itself name:
  verdicts that hang on it are undetermined   2 no dump was written`

func (c *command) runSnapshot(cmd *cobra.Command, flags snapshotFlags, target string) error {
	if len(c.files) > 0 {
		return errors.New("snapshot reads a cluster and takes no -f: name where to write without it, as in: netsim snapshot cluster.yaml")
	}
	var configMaps []snapshot.ConfigMap
	for _, text := range flags.configMaps {
		m, err := snapshot.ParseConfigMap(text)
		if err != nil {
			return fmt.Errorf("--configmap %w", err)
		}
		configMaps = append(configMaps, m)
	}
	if flags.rbac != "" {
		who, err := snapshot.ParseSubject(flags.rbac)
		if err != nil {
			return fmt.Errorf("--rbac %w", err)
		}
		return snapshot.WriteRights(c.stdout, who, configMaps)
	}
	format, err := c.snapshotFormat()
	if err != nil {
		return err
	}
	draw, clear := c.progress()
	dump, err := snapshot.Read(cmd.Context(), snapshot.Options{
		Kubeconfig: flags.kubeconfig, Context: flags.context, Timeout: flags.timeout,
		UserAgent: "netsim/" + readVersion().Netsim + " snapshot", ConfigMaps: configMaps,
	}, draw)
	clear()
	if err != nil {
		return err
	}
	if err := c.writeSnapshot(dump, target, format); err != nil {
		return err
	}
	return c.tellSnapshot(dump)
}

// snapshotFormat reads -o, whose default says nothing here.
func (c *command) snapshotFormat() (snapshot.Format, error) {
	format, err := render.ParseFormat(c.output)
	switch {
	case err != nil:
		return "", err
	case format == render.FormatJSON:
		return snapshot.JSON, nil
	}
	return snapshot.YAML, nil
}

func (c *command) writeSnapshot(dump *snapshot.Dump, target string, format snapshot.Format) error {
	if target == "-" {
		return dump.Write(c.stdout, format)
	}
	info, err := os.Stat(target)
	if strings.HasSuffix(target, "/") || strings.HasSuffix(target, string(os.PathSeparator)) || err == nil && info.IsDir() {
		return dump.SaveDir(target, format)
	}
	return dump.Save(target, format)
}

// tellSnapshot says on stderr what was read and what was not.
func (c *command) tellSnapshot(dump *snapshot.Dump) error {
	fmt.Fprintf(c.stderr, "%d objects\n", dump.Objects())
	if len(dump.Absent) > 0 {
		fmt.Fprintf(c.stderr, "the cluster has no %s\n", strings.Join(dump.Absent, ", "))
	}
	if len(dump.Missing) == 0 {
		return nil
	}
	c.code = exitPartial
	for _, m := range dump.Missing {
		fmt.Fprintf(c.stderr, "missing: %s: %s\n", m.What(), m.Why)
	}
	fmt.Fprintln(c.stderr, "the dump lacks what is missing, and says so: netsim snapshot --rbac prints the rights that all of it needs")
	return nil
}
