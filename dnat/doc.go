// Package dnat says what becomes of a packet's address: who translates the
// frontend that a client asks for, at which point of the packet's way relative
// to the client's egress policy, to which backends, and which source address
// and identity the backend then sees.
//
// That order decides verdicts. A policy never sees "the Service": it sees
// either the backend and its targetPort (where something translates first) or
// the frontend's own address and port (where nothing has yet). Which of the two
// depends on the datapath, and Cilium with kube-proxy is not one datapath but
// two: Cilium's BPF programs at the pod, and kube-proxy's rules on the node
// behind them.
//
// Resolve turns one Request into Paths: one for each backend that the
// translator may pick, or one that says why there is none. A Path carries the
// packet as the source's egress policy sees it and as the destination's ingress
// policy sees it. Judging those packets is the business of package engine; the
// two packages know nothing of each other.
//
// Three questions make up an answer. Who translates, and before or after the
// client's egress policy: the table. To which backends: endpoints.go for Cilium,
// kubeproxy_endpoints.go for kube-proxy. And whom the backend's ingress policy
// takes the sender for: arrival.go, since that hangs on the node that translates,
// on whether it masquerades, and on how packets travel from there.
//
// The table in datapaths.go says which file answers which kind of Request. What
// no row answers is undetermined, with a reason.
//
// Facts are those of Cilium 1.16 to 1.20; a path behind a symbol is relative to
// github.com/cilium/cilium at v1.20.2.
package dnat
