// Package load reads a cluster from what people really keep in a repository:
// plain manifests, and what a tool must render before an API server takes it.
//
// Each tool is a Source, in a package of its own below this one, with the heavy
// library that it needs; a program hands Read those that it wants, and sim.Load
// does without any. The way is one:
//
//	tree of -f ─▶ every Source, in order: claims what is its own, adds what it makes ─▶ manifest.Load
//
// What a Source claims is not read a second time as a plain manifest. What it
// adds carries where it was written (File.Rendered), so that an answer names the
// line of a base and the overlay that rendered it.
//
// The order of the sources is their rank. One that says how a directory is
// deployed (load/argocd, load/flux) comes before those that
// would render the directory by itself: it asks Run.Render for it, with a name, a
// namespace and values, adds the Output, and by that claims the directory. One
// that makes objects out of all others (a policy that generates) comes last, and
// looks at Run.Objects. What it may make and cannot know is a Run.Doubt.
//
// A new source is a package below with a type that implements Source, and
// Renderer if it renders directories, and a row in cmd/netsim/sources.go. The
// tests of this package hold the two smallest ones: one that renders directories,
// and one that asks for them.
//
// A Source never runs a program, never uses the network, and reads no file but
// by Run, which keeps it inside what the user pointed at.
package load
