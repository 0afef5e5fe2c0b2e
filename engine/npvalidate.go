package engine

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// fieldProblem is one reason for which an API server refuses a document.
type fieldProblem struct {
	path, message, remedy string
}

// validateNetworkPolicy checks what the API server checks (kubernetes v1.36
// pkg/apis/networking/validation, ValidateNetworkPolicySpec). Cilium's parser
// relies on it: it would drop an unknown selector operator, and widen the rule.
func validateNetworkPolicy(np *networkingv1.NetworkPolicy) []fieldProblem {
	v := &npValidation{}
	v.selector("spec.podSelector", &np.Spec.PodSelector)
	for i, in := range np.Spec.Ingress {
		path := fmt.Sprintf("spec.ingress[%d]", i)
		v.ports(path, in.Ports)
		v.peers(path+".from", in.From)
	}
	for i, out := range np.Spec.Egress {
		path := fmt.Sprintf("spec.egress[%d]", i)
		v.ports(path, out.Ports)
		v.peers(path+".to", out.To)
	}
	v.policyTypes(np.Spec.PolicyTypes)
	return v.problems
}

type npValidation struct{ problems []fieldProblem }

func (v *npValidation) add(path, message, remedy string) {
	v.problems = append(v.problems, fieldProblem{path, message, remedy})
}

func (v *npValidation) selector(path string, s *metav1.LabelSelector) {
	errs := metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, field.NewPath(path))
	for _, e := range errs {
		v.add(e.Field, e.ErrorBody(), "operators are In and NotIn (with values), Exists and DoesNotExist (without)")
	}
}

func (v *npValidation) policyTypes(policyTypes []networkingv1.PolicyType) {
	if len(policyTypes) > 2 {
		v.add("spec.policyTypes", "at most two entries", "use Ingress, Egress or both")
	}
	for i, t := range policyTypes {
		if t != networkingv1.PolicyTypeIngress && t != networkingv1.PolicyTypeEgress {
			v.add(fmt.Sprintf("spec.policyTypes[%d]", i), fmt.Sprintf("%q is neither Ingress nor Egress", t), "use Ingress or Egress")
		}
	}
}

func (v *npValidation) peers(path string, peers []networkingv1.NetworkPolicyPeer) {
	for i, p := range peers {
		v.peer(fmt.Sprintf("%s[%d]", path, i), p)
	}
}

func (v *npValidation) peer(path string, p networkingv1.NetworkPolicyPeer) {
	if p.IPBlock != nil && (p.PodSelector != nil || p.NamespaceSelector != nil) {
		v.add(path, "ipBlock stands beside a selector", "make them two peers")
	}
	if p.IPBlock == nil && p.PodSelector == nil && p.NamespaceSelector == nil {
		v.add(path, "an empty peer", "give podSelector, namespaceSelector or ipBlock")
	}
	if p.PodSelector != nil {
		v.selector(path+".podSelector", p.PodSelector)
	}
	if p.NamespaceSelector != nil {
		v.selector(path+".namespaceSelector", p.NamespaceSelector)
	}
	if p.IPBlock != nil {
		v.ipBlock(path+".ipBlock", p.IPBlock)
	}
}

func (v *npValidation) ipBlock(path string, b *networkingv1.IPBlock) {
	cidr, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		v.add(path+".cidr", fmt.Sprintf("%q is not a CIDR", b.CIDR), "write it as 10.0.0.0/8 or 2001:db8::/32")
		return
	}
	for i, e := range b.Except {
		at := fmt.Sprintf("%s.except[%d]", path, i)
		except, err := netip.ParsePrefix(e)
		switch {
		case err != nil:
			v.add(at, fmt.Sprintf("%q is not a CIDR", e), "write it as 10.1.0.0/16")
		case except.Bits() <= cidr.Bits() || !cidr.Masked().Contains(except.Addr()):
			v.add(at, fmt.Sprintf("%s is not inside %s", e, b.CIDR), "an exception must be a strict part of the cidr")
		}
	}
}

func (v *npValidation) ports(path string, ports []networkingv1.NetworkPolicyPort) {
	for i, p := range ports {
		v.port(fmt.Sprintf("%s.ports[%d]", path, i), p)
	}
}

func (v *npValidation) port(path string, p networkingv1.NetworkPolicyPort) {
	if p.Protocol != nil && *p.Protocol != corev1.ProtocolTCP && *p.Protocol != corev1.ProtocolUDP && *p.Protocol != corev1.ProtocolSCTP {
		v.add(path+".protocol", fmt.Sprintf("%q is not a protocol", *p.Protocol), "use TCP, UDP or SCTP")
	}
	switch {
	case p.Port == nil:
		if p.EndPort != nil {
			v.add(path+".endPort", "endPort without port", "give the first port of the range as port")
		}
	case p.Port.Type == intstr.String:
		for _, message := range validation.IsValidPortName(p.Port.StrVal) {
			v.add(path+".port", fmt.Sprintf("%q: %s", p.Port.StrVal, message), "use a number or a container port's name")
		}
		if p.EndPort != nil {
			v.add(path+".endPort", "endPort with a named port", "a range needs two numbers")
		}
	default:
		v.portNumbers(path, p)
	}
}

func (v *npValidation) portNumbers(path string, p networkingv1.NetworkPolicyPort) {
	if len(validation.IsValidPortNum(int(p.Port.IntVal))) > 0 {
		v.add(path+".port", fmt.Sprintf("%d is not a port", p.Port.IntVal), "use 1 to 65535")
	}
	if p.EndPort == nil {
		return
	}
	if len(validation.IsValidPortNum(int(*p.EndPort))) > 0 || *p.EndPort < p.Port.IntVal {
		v.add(path+".endPort", fmt.Sprintf("%d does not end a range that starts at %d", *p.EndPort, p.Port.IntVal), "use a number from port to 65535")
	}
}
