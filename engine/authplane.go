package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netsim-dev/netsim/model"
)

// passes is the finding of what is as it should be.
var passes = Finding{Verdict: model.Allowed}

// The keys of cilium-config that mutual authentication needs (cilium v1.20.2
// pkg/auth/cell.go, mutual_authhandler.go and spire/delegate.go;
// operator/auth/spire/client.go). All releases from 1.16 on have them.
const (
	optionMeshAuth      = "mesh-auth-enabled"
	optionMutual        = "mesh-auth-mutual-enabled"
	optionListenerPort  = "mesh-auth-mutual-listener-port"
	optionAdminSocket   = "mesh-auth-spire-admin-socket"
	optionServerAddress = "mesh-auth-spire-server-address"
	optionTrustDomain   = "mesh-auth-spiffe-trust-domain"
	optionAllocation    = "identity-allocation-mode"
)

// IdentityPlane is what the files say of the machinery behind mutual
// authentication: Cilium's settings, and SPIRE, which issues the certificates.
type IdentityPlane struct {
	// Port is where agents shake hands with each other, on every node.
	Port uint16
	// TrustDomain is the SPIFFE trust domain.
	TrustDomain string
	// ServerAddress is where Cilium's operator looks for SPIRE's server, ""
	// where no file says.
	ServerAddress string
	Server, Agent Component

	dp model.Datapath
	// configured is true where a cilium-config is loaded: what it lacks then
	// has the agent's default.
	configured bool
}

// Component is one of SPIRE's two programs.
type Component struct {
	// Name is the chart's name of it: "spire-server", "spire-agent".
	Name string
	// Found is true where a workload or pod of it is among the files.
	Found bool
	Pods  []*model.Pod
}

func newIdentityPlane(ix *model.Index, dp model.Datapath) *IdentityPlane {
	port, _ := strconv.ParseUint(dp.Options[optionListenerPort], 10, 16)
	return &IdentityPlane{
		Port:          uint16(port),
		TrustDomain:   cmp.Or(dp.Options[optionTrustDomain], "spiffe.cilium"),
		ServerAddress: dp.Options[optionServerAddress],
		Server:        component(ix.Cluster, "spire-server"),
		Agent:         component(ix.Cluster, "spire-agent"),
		dp:            dp,
		configured:    ix.Cluster.CiliumConfig != nil,
	}
}

// component finds a program of SPIRE by the name that Cilium's chart gives to
// its workload and writes into the label app, or by its image.
func component(c *model.Cluster, name string) Component {
	found := Component{Name: name}
	owners := map[model.WorkloadRef]bool{}
	for _, w := range c.Workloads {
		if w.Ref.Name == name || slices.ContainsFunc(w.Images, func(image string) bool { return imageName(image) == name }) {
			owners[w.Ref] = true
			found.Found = true
		}
	}
	for _, p := range c.Pods {
		if p.Inferred != "" {
			continue
		}
		if p.Labels["app"] == name || p.Owner != nil && owners[*p.Owner] {
			found.Pods = append(found.Pods, p)
			found.Found = true
		}
	}
	return found
}

// imageName is the last part of an image's name, without tag and digest.
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name, _, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return name
}

// Processing says whether Cilium would try to authenticate, and has what that
// takes. With it switched off the datapath still drops what demands it
// (install/kubernetes/cilium/values.yaml, authentication.enabled).
func (p *IdentityPlane) Processing() Finding {
	const helm = "authentication.mutual.spire.enabled: true"
	switch {
	case !p.dp.On(optionMeshAuth, !p.dp.Version().AtLeast(1, 19, 0)):
		return Finding{model.Denied, optionMeshAuth + " is off" + p.source(optionMeshAuth),
			"switch it on (Helm values authentication.enabled: true and " + helm + ")"}
	case p.dp.Options[optionListenerPort] == "" && !p.configured:
		return Finding{model.Undetermined, fmt.Sprintf("no file holds cilium-config, which would say whether SPIRE is set up (%s)", optionListenerPort),
			"pass ConfigMap kube-system/cilium-config"}
	case p.Port == 0:
		return Finding{model.Denied, optionListenerPort + " is not set, so no agent can do the handshake" + p.source(optionListenerPort),
			"set up SPIRE (Helm value " + helm + ")"}
	case p.dp.Options[optionAdminSocket] == "" && p.configured:
		return Finding{model.Denied, optionAdminSocket + " is not set: with a listener port and no certificates, the agent ends when it starts",
			"set up SPIRE (Helm value " + helm + ")"}
	default:
		return p.registration()
	}
}

// registration: SPIRE issues certificates for those identities that Cilium's
// operator registers, and it registers CiliumIdentity objects.
func (p *IdentityPlane) registration() Finding {
	switch {
	case p.dp.Options[optionAllocation] == "kvstore":
		return Finding{model.Denied, optionAllocation + " is kvstore" + p.source(optionAllocation) + ", and the operator registers only identities that are CiliumIdentity objects with SPIRE",
			"set " + optionAllocation + " to crd"}
	case p.configured && !p.dp.On(optionMutual, false):
		return Finding{model.Undetermined, optionMutual + " is off" + p.source(optionMutual) + ", so the operator registers no identities with SPIRE; whether somebody else does is not in the files",
			"set " + optionMutual + " to true"}
	default:
		return passes
	}
}

// source says where a setting was read, in brackets.
func (p *IdentityPlane) source(option string) string {
	if source := p.dp.Sources[option]; source != "" {
		return " (" + source + ")"
	}
	if p.configured {
		return " (the agent's default, since cilium-config does not say)"
	}
	return " (the default of " + p.dp.CiliumVersion + ")"
}

// ServerReady says whether SPIRE has a server.
func (p *IdentityPlane) ServerReady() Finding {
	s := p.Server
	switch {
	case !s.Found && p.ServerAddress != "" && !strings.Contains(p.ServerAddress, ".svc"):
		return Finding{model.Undetermined, "SPIRE's server is at " + p.ServerAddress + ", outside these files", ""}
	case !s.Found:
		return Finding{model.Undetermined, "SPIRE's server (spire-server) is not among the files", "pass SPIRE's manifests or pods"}
	case !slices.ContainsFunc(s.Pods, ready):
		return Finding{model.Denied, fmt.Sprintf("none of %d pods of spire-server is ready, so no certificate is issued or renewed", len(s.Pods)),
			"see why SPIRE's server does not run"}
	default:
		return passes
	}
}

// AgentReady says whether SPIRE has an agent on a pod's node: Cilium's agent
// there has the pod's certificate from it.
func (p *IdentityPlane) AgentReady(of model.Party) Finding {
	a := p.Agent
	if of.Node == nil {
		return Finding{model.Undetermined, describe(of) + " is on no node", ""}
	}
	onNode := func(pod *model.Pod) bool { return pod.Node == of.Node.Name }
	switch {
	case !a.Found:
		return Finding{model.Undetermined, "SPIRE's agent (spire-agent) is not among the files", "pass SPIRE's manifests or pods"}
	case !slices.ContainsFunc(a.Pods, onNode):
		return Finding{model.Denied, "no spire-agent runs on " + describeNode(of), "let SPIRE's DaemonSet run there (nodeSelector, tolerations)"}
	case !slices.ContainsFunc(a.Pods, func(pod *model.Pod) bool { return onNode(pod) && ready(pod) }):
		return Finding{model.Denied, "the spire-agent on " + describeNode(of) + " is not ready, so Cilium's agent there gets no certificates",
			"see why SPIRE's agent does not run"}
	default:
		return passes
	}
}

func ready(p *model.Pod) bool { return p.Ready && !p.Terminating && !p.Finished }
