package snapshot

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// explain says what to do about an error that ends the run.
func (c *client) explain(err error) error {
	var certificate *tls.CertificateVerificationError
	var network net.Error
	_, said, plugin := strings.Cut(err.Error(), "getting credentials: ")
	switch {
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s does not take the credentials of the kubeconfig (401 Unauthorized): they may have expired; log in again, or choose another --context", c.host)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%s does not let you ask which kinds it has: %w; every user may where the ClusterRole system:discovery is bound to system:authenticated", c.host, err)
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s answers, and not as Kubernetes does: is it the address of something else?", c.host)
	case plugin:
		said, _, _ = strings.Cut(said, "\n")
		return fmt.Errorf("the plugin that the kubeconfig names for credentials failed: %s; run the login that it belongs to", said)
	case errors.As(err, &certificate):
		return fmt.Errorf("%s has a certificate that the kubeconfig's authority did not sign, or that is for another name or time: %w; is this the right cluster, and the kubeconfig of today?", c.host, certificate.Err)
	case errors.As(err, &network) && network.Timeout():
		return fmt.Errorf("%s does not answer: %w; is it reachable from here (VPN, proxy), and --timeout long enough?", c.host, err)
	}
	return fmt.Errorf("%s: %w", c.host, err)
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
