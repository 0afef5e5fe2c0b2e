package argocd

import (
	"cmp"
	"fmt"
	"os"
	"path"

	"github.com/netsim-dev/netsim/load"
)

// cilium is the chart whose values package manifest reads: they say how the
// cluster carries packets, and its pods are not asked about.
const cilium = "cilium"

// source renders one source of an Application; at is its field.
func (d *deployer) source(app application, s source, at string, out *load.Output) {
	root, dir, ok := d.locate(app, s, at, out)
	if !ok {
		return
	}
	q := load.Request{Dir: dir, Via: app.via, Name: app.Metadata.Name, Namespace: app.Spec.Destination.Namespace}
	switch {
	case len(s.Plugin) > 0 && string(s.Plugin) != "null":
		app.fail(out, at+".plugin", "a plugin renders it, and none is run here: what it deploys is missing", "pass what the plugin renders with -f")
	case s.Directory != nil || !d.run.Renders(dir):
		d.directory(app, s, at, dir, out)
	default:
		if s.Helm != nil && !d.chart(app, s, at, root, &q, out) {
			return
		}
		if s.Kustomize != nil {
			q.Kustomization = s.Kustomize.fields(app.environment(s))
		}
		add(out, d.run.Render(q))
	}
}

// locate finds the root of a source's repository and its directory there.
func (d *deployer) locate(app application, s source, at string, out *load.Output) (root, dir string, ok bool) {
	if s.Chart != "" {
		return d.locateChart(app, s, at, out)
	}
	root, dir, err := d.repos.Locate(d.run, s.RepoURL, cmp.Or(s.Path, "."))
	switch {
	case err != nil:
		app.fail(out, at+".path", err.Error()+": what it deploys is missing here", "correct the path, or say where the repository lies: --repo "+s.RepoURL+"=DIR")
	case !d.run.IsDir(dir):
		app.fail(out, at+".path", s.Path+" is no directory that may be read: what it deploys is missing here", "name a directory of the repository")
	default:
		return root, dir, true
	}
	return "", "", false
}

// locateChart finds a chart of a registry, where the user has said that it lies.
func (d *deployer) locateChart(app application, s source, at string, out *load.Output) (root, dir string, ok bool) {
	given := d.repos.Given(s.RepoURL)
	for _, dir := range []string{path.Join(given, path.Base(s.Chart)), given} {
		if given != "" && d.run.Exists(path.Join(dir, "Chart.yaml")) {
			return given, dir, true
		}
	}
	if path.Base(s.Chart) != cilium {
		app.fail(out, at+".chart", fmt.Sprintf("the chart %s of %s is not at hand, and nothing is fetched: what it deploys, pods and policies, is missing here", s.Chart, s.RepoURL),
			"fetch it (helm pull --untar), and say where it lies: --repo "+s.RepoURL+"=DIR")
	}
	return "", "", false
}

// environment are the variables that Argo CD knows in options (newEnv). The
// revision is not known.
func (a application) environment(s source) func(string) string {
	return func(text string) string {
		return os.Expand(text, func(name string) string {
			return map[string]string{
				"$": "$", "ARGOCD_APP_NAME": a.Metadata.Name, "ARGOCD_APP_NAMESPACE": a.Spec.Destination.Namespace,
				"ARGOCD_APP_SOURCE_REPO_URL": s.RepoURL, "ARGOCD_APP_SOURCE_PATH": s.Path, "ARGOCD_APP_SOURCE_TARGET_REVISION": s.TargetRevision,
			}[name]
		})
	}
}
