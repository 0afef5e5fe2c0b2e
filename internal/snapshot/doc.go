// Package snapshot reads from the API server of a cluster what netsim reads of one,
// and writes it down as a dump that -f takes. It is the only package that talks to a
// cluster, and only `netsim snapshot` uses it.
//
// What is asked for is one table, that of the kinds which package manifest knows.
// Discovery says which of them the server has; each is listed in pages, and a few
// ConfigMaps are got by name. Nothing else is asked, ever: no Secret, no other
// ConfigMap, no verb but get and list. Rights gives the RBAC for exactly that.
//
// A kind that the server refuses does not end the run. It is missing, the dump says
// so itself (manifest.Snapshot), and verdicts that hang on it are then undetermined.
// An error that is not the server's answer (no connection, no credentials) ends it:
// there is no dump of half a network.
//
// The dump is of one cluster and all its namespaces. One namespace alone would not
// tell whom its policies mean, and addresses of the others would look like the world.
package snapshot
