package symptom

import (
	"fmt"
	"regexp"

	"github.com/netsim-dev/netsim/model"
)

// clientWord is what a program says when its connection fails.
type clientWord struct {
	says    *regexp.Regexp
	sees    model.ClientSees
	meaning Meaning
}

func says(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + pattern) }

// httpStatus is a status by itself or where a client says that it is one: 503 may be
// milliseconds too.
func httpStatus(code int) string {
	return fmt.Sprintf(`^%[1]d\b|(?:http\S*|status|code|error|returned)\W*%[1]d\b|\b%[1]d (?-i:[A-Z])`, code)
}

// clientWords are tried in order: what is more particular comes first.
func clientWords() []clientWord {
	const gateway = "between a gateway's data plane and its backend: the client's own connection opened"
	return []clientWord{
		{says(`dns.*(time|reach)|(lookup|resol).*time.?out|EAI_AGAIN|temporary failure in name|could ?n[o']t resolve host|bad address`), model.SeesDNSTimeout,
			Meaning{"the DNS server did not answer", "between the client and kube-dns, before any connection to the destination", []string{
				"egress policies without a rule for kube-dns on 53/UDP and 53/TCP", "a rule for the Service's port where the DNS pods listen on another", "the DNS pods' own ingress policy"}}},
		{says(`no such host|nxdomain|server misbehaving|dns.*refused|query refused|name or service not known`), model.SeesDNSRefused,
			Meaning{"the DNS server, or Cilium's DNS proxy before it, answered that there is no such name for this client", "in Cilium's DNS proxy on the client's node, or in the DNS server", []string{
				"rules.dns that do not let the name through: the proxy answers REFUSED", "a Service or pod that does not exist in that namespace"}}},
		{says(httpStatus(504) + `|gateway time.?out`), model.SeesHTTP(504),
			Meaning{"a gateway waited for its backend in vain", gateway, []string{"egress policy of the data plane, or ingress policy of the backend, drops the packets"}}},
		{says(httpStatus(503) + `|service unavailable|no healthy upstream`), model.SeesHTTP(503),
			Meaning{"a gateway has no backend to send the request to", gateway, []string{"no pod behind the Service is ready", "the Service's selector matches no pod"}}},
		{says(httpStatus(502) + `|bad gateway`), model.SeesHTTP(502),
			Meaning{"a gateway's connection to its backend was refused or broke", gateway, []string{"the backend listens on another port than the Service's targetPort", "no endpoint is ready and kube-proxy refuses", "the backend closed the connection"}}},
		{says(httpStatus(500) + `|internal server error`), model.SeesHTTP(500),
			Meaning{"a gateway's route leads nowhere, or the application failed", "in a gateway's data plane, or in the application: the client's own connection opened", []string{
				"a backendRef into another namespace without a ReferenceGrant", "a backendRef to a Service that does not exist, or to the container's port instead of the Service's", "the application's own error: its log tells"}}},
		{says(httpStatus(404) + `|404 not found`), model.SeesHTTP(404),
			Meaning{"no route takes the request, or the application has no such page", "in a gateway's data plane, or in the application: the client's own connection opened", []string{
				"no listener or route has the host of the request, or none of its rules the path", "a route that its Gateway does not take: allowedRoutes, parentRefs", "the application's own answer"}}},
		{says(httpStatus(403) + `|access denied|forbidden`), model.SeesHTTP403,
			Meaning{"the connection opened, and a proxy or the server itself refused the request", "in Envoy on the node of the pod whose policy has L7 rules; no packet is dropped", []string{"rules.http that do not let this method, path or header through", "the application's own authorization"}}},
		{says(`connection reset|ECONNRESET|reset by peer|SSL_ERROR_SYSCALL|unexpected eof|\bEOF\b`), model.SeesReset,
			Meaning{"something that takes the connection closed it", "in a proxy, or at the server", []string{"a TLS server name that serverNames does not let through", "the server, or a load balancer before it, does not speak this protocol on this port"}}},
		{says(`refused|ECONNREFUSED`), model.SeesRefused,
			Meaning{"something answered that nobody takes connections there: a policy's drop does not answer", "at the node that translates the Service, or at the server itself", []string{
				"the Service has no ready endpoint: kube-proxy rejects, and Cilium answers with ICMP", "the port is none of the Service's, or no program listens on the targetPort", "policy-deny-response: icmp, with which egress drops answer too"}}},
		{says(`no route|unreachable|EHOSTUNREACH|ENETUNREACH`), model.SeesUnreachable,
			Meaning{"there is no way to that address", "as the client connects", []string{"the socket load balancer found no backend for the Service", "the address is in no range that the node has a route to"}}},
		{says(`time.?d?.?out|deadline exceeded|ETIMEDOUT`), model.SeesTimeout,
			Meaning{"packets, or their replies, are dropped without an answer", "anywhere on the way: egress policy, ingress policy, authentication, a cloud's firewall, or the reply's way back", []string{
				"egress or ingress policy: cilium monitor --type drop on the nodes of both ends tells which", "mutual authentication that cannot succeed", "externalTrafficPolicy Local and no backend on the node", "a firewall of the cloud before the node"}}},
	}
}
