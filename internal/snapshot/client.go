package snapshot

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Options say which cluster to read, and how.
type Options struct {
	// Kubeconfig is a file; "" for KUBECONFIG, the one in the home directory, or
	// the service account of the pod that netsim runs in.
	Kubeconfig string
	// Context is one of its contexts; "" for the current one.
	Context string
	// Timeout bounds each request; 0 does not.
	Timeout time.Duration
	// UserAgent is what the API server's audit log shows.
	UserAgent string
	// ConfigMaps are read besides those that netsim reads settings from.
	ConfigMaps []ConfigMap
}

// Requests a second, and at once: requests follow each other, so that only answers
// which are quick and small come near. kubectl allows itself the same rate.
const (
	requestsPerSecond = 50
	requestsAtOnce    = 100
)

// client asks one API server.
type client struct {
	host       string
	objects    dynamic.Interface
	groups     discovery.DiscoveryInterface
	configMaps []ConfigMap
}

// connect reads the kubeconfig; it sends nothing yet.
func connect(o Options) (*client, error) {
	config, err := configure(o)
	if err != nil {
		return nil, err
	}
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	objects, err := dynamic.NewForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	groups, err := discovery.NewDiscoveryClientForConfigAndClient(config, httpClient)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return &client{config.Host, objects, groups, wanted(o.ConfigMaps)}, nil
}

func configure(o Options) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: o.Context}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	switch {
	case clientcmd.IsEmptyConfig(err):
		return nil, errors.New("no cluster: no kubeconfig was found, or it has no current context; name them with --kubeconfig and --context")
	case err != nil:
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	config.UserAgent, config.Timeout = o.UserAgent, o.Timeout
	config.QPS, config.Burst = requestsPerSecond, requestsAtOnce
	config.WarningHandler = rest.NoWarnings{} // of versions that will be gone one day
	return config, nil
}
