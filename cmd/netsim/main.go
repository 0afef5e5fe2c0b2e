// Command netsim answers "would A reach B on port P, and why?" for a
// Kubernetes cluster with Cilium, from files alone.
//
// Main does nothing but connect run to the process. Each subcommand is one
// file; none of them decides anything: package sim does, and package render
// writes down what it found.
package main

import (
	"io"
	"log"
	"os"
)

// main ends with the exit code that run gives: what the verdict was, or that
// there was none.
func main() {
	log.SetOutput(io.Discard) // libraries write there what netsim says as issues
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
