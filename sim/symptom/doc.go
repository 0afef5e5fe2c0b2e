// Package symptom explains what people see when a connection fails: a line of
// `cilium monitor`, a flow of Hubble as text or JSON, the name, number or text of
// a drop reason, or what a client says ("connection refused"). It says what that
// means, where in the packet's way it happens and what usually causes it; given a
// cluster, it asks whether the loaded files give the same, and which policy or
// Service does.
//
// A line of a monitor names addresses and a Hubble flow names pods. Both are those
// of a live cluster: an address counts only where a loaded file gives it, since one
// that netsim assigned is another pod's there.
package symptom
