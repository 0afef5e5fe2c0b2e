// Package replay judges recorded flows by the policies of a Sim, which may be
// other ones than those that the flows met: what was let through and would now
// be dropped, what was dropped and would now pass, and what no file can tell.
//
//	model.Record ─ ends.go: who is that in the files? ─▶ sim.Point ─▶ sim.Ruling ─▶ counters, by group
//
// A record is judged where it was made: by the policy of one side, after
// translation. Flows are many and rulings few, so that a ruling is asked for once
// for each pair of identities and port, and a record then costs two look-ups.
//
// What has been counted is a Report. Reports of parts of a log merge into exactly
// that of the whole (merge.go): everything in it is a sum, a first or a last, and
// lists too long to keep lose the same details wherever they are cut (table.go).
package replay
