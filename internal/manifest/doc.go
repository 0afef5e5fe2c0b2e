// Package manifest turns files of plain YAML and JSON into a model.Cluster.
//
// It does what an API server and the controllers behind it would do, without
// either: a document is split off, converted to JSON as kubectl does it,
// decoded strictly, checked where netsim reads it, and put in the cluster;
// then what the files leave out (nodes, pods of templates, addresses,
// endpoints) is filled in and marked as such.
//
// The idea behind every step is that bad input costs its own document and
// nothing else. Whatever an API server would refuse becomes an Issue with a
// file, a line and a remedy, and counts as absent. The order of the files
// matters in one case only: of two differing documents for one object the
// last wins.
//
// The package knows nothing of a datapath: policies stay raw objects, and
// rendering (kustomize, Helm) happens before it is called.
package manifest
