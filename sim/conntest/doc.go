// Package conntest runs ConnectivityTest documents: files that say of a
// cluster, read from manifests, which connections must work and which must not.
//
//	apiVersion: netsim.dev/v1alpha1
//	kind: ConnectivityTest
//	manifests: [../manifests]
//	datapaths: [kind, kind-kpr cilium.version=1.20]
//	cases:
//	- {from: dev/deploy/web, to: "dev/svc/api:80", want: allowed}
//	- {from: dev/deploy/web, to: "uat/svc/api:80", want: denied, because: deny-dev-to-uat}
//	- {from: [dev/deploy/web, dev/deploy/api], to: [world:443, "uat/svc/db:5432"], want: denied}
//	- {chain: [gateway/deploy/nginx, "dev/svc/web:80", "dev/svc/api:80"], want: allowed}
//
// Read finds and checks such documents, Test.Run asks the questions of one, and
// Summarize counts. A document that cannot be used keeps its Issues, so that one
// bad file does not cost the others. Test.Record gives the cases that pass today,
// equal sources in one: a baseline. `netsim test` shows the outcome, and package
// simtest runs the same cases as Go tests.
package conntest
