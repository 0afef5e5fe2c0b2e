package engine

import (
	"context"

	"github.com/cilium/cilium/pkg/policy/api"
)

// secretsByName stands for the agent's secret manager. Like the agent with
// secret synchronisation it never looks into a Secret, and takes it for there
// (cilium v1.20.2 pkg/crypto/certificatemanager/certificate_manager.go).
type secretsByName struct{}

func (secretsByName) GetTLSContext(context.Context, *api.TLSContext, string) (ca, public, private string, inline bool, err error) {
	return "", "", "", false, nil
}

func (secretsByName) GetSecretString(context.Context, *api.Secret, string) (string, error) {
	return "", nil
}

func (secretsByName) PolicySecretSyncEnabled() bool         { return true }
func (secretsByName) SecretsOnlyFromSecretsNamespace() bool { return true }
func (secretsByName) GetSecretSyncNamespace() string        { return "cilium-secrets" }
