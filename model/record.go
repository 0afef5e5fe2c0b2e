package model

import (
	"net/netip"
	"time"
)

// Record is what a cluster's datapath said of one packet, as a log holds it: who
// sent what to whom, on which side it was seen, and what became of it.
type Record struct {
	Time time.Time
	// Aside says why the record tells of no decision of a policy on a new
	// connection (a reply, a request seen by a proxy), "" where it does.
	Aside string
	// Lost counts the events that the log says it has lost; such a record tells
	// of nothing else.
	Lost uint64
	// Dropped is true where policy dropped the packet, false where it let it
	// through.
	Dropped bool
	// Direction says whose policy decided.
	Direction Direction
	Protocol  Protocol
	// Port is the destination port as policy saw it, after translation; with
	// ICMP it is the type.
	Port                    uint16
	Source, Destination     *RecordedEnd
	SourceIP, DestinationIP netip.Addr
	// Names are those by which the agent knew the destination, joined by commas.
	Names string
	// Node is the node that wrote the record, without the cluster's name.
	Node string
}

// RecordedEnd is one end of a recorded packet as its agent knew it. Ends that
// are written alike may share one value.
type RecordedEnd struct {
	// Identity is the security identity, 0 where it was not known.
	Identity uint32
	// Cluster is the name of the cluster that the end is in, "" where the log
	// does not say.
	Cluster, Namespace, Pod string
	// Workload is nil where the log names none. Its namespace is the pod's.
	Workload *WorkloadRef
	// Labels are those of the identity ("k8s:app=web", "reserved:world").
	Labels []string
}
