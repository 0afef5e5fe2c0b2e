package manifest

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/netsim-dev/netsim/model"
)

// policy is an object of a policy kind. It stays raw: what its spec means, and
// whether it is valid, is the engine's business.
type policy model.Object

// policyFrame is what all policy kinds share.
type policyFrame struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Spec            json.RawMessage   `json:"spec"`
	Specs           json.RawMessage   `json:"specs"`
	Status          json.RawMessage   `json:"status"`
}

// readPolicy reads a policy whose fields the engine checks, metadata included:
// to speak of unknown ones here would be to say it twice.
func readPolicy(d *document) any {
	if err := kjson.UnmarshalCaseSensitivePreserveInts(d.json, &policyFrame{}); err != nil {
		d.wrongType(err)
		return nil
	}
	return d.policy()
}

// readUncheckedPolicy reads a policy that the engine does not decode.
func readUncheckedPolicy(d *document) any {
	if !d.decode(&policyFrame{}) {
		return nil
	}
	return d.policy()
}

func (d *document) policy() *policy {
	d.warnUnrendered()
	return (*policy)(d.located())
}
