// Package hubble reads recorded flows: what `hubble observe -o jsonpb` (or
// json) writes, one JSON object a line, plain or compressed, of any length.
//
// A log is cut into blocks of lines, which are decoded on several processors;
// nothing is kept of a line once its Record has been taken. Only the fields that
// a Record is made from are decoded (scan.go skips the rest, which is most of
// it), and ends of flows that are written alike are decoded once (decode.go).
// aside.go says which records tell what a policy decided on a new connection.
package hubble
