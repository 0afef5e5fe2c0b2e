// Package model is the plain data that every other package speaks: a cluster
// as files describe it, the view that one point of a packet's way has of the
// packet, and the decision taken there.
//
// A Cluster is made once by a loader and never changed afterwards. Nothing in
// it knows of a datapath: how a Service is translated, or which identity a
// policy sees, is decided by packages dnat and engine from this data.
//
// The package imports the standard library only, so that both halves of netsim
// (and other repositories) can share it without sharing anything else.
package model
