// Package bench makes clusters of any size, and measures netsim with them.
//
// A generated cluster looks like those that people run: workloads with a few
// replicas behind Services whose targetPort is mostly a name, and policies that
// use each feature as often as public GitOps repositories do. It comes as YAML,
// so that loading is measured too. The same Shape always gives the same bytes.
//
// Run the benchmarks with `make bench`; README.md has figures, and what bounds
// them. Nothing here fails for being slow: the machine that runs it is not
// known. Compare figures of one run only, above all how they grow from size to
// size; benchstat compares two runs.
package bench
