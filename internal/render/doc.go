// Package render turns what package sim concludes into what people and
// programs read: the text of an Answer, its JSON and YAML, and the tables of
// what was loaded.
//
// The text is written for somebody with a broken cluster: the first line holds
// the verdict and what the client notices, then the packet's way follows step
// by step, and what was assumed comes last. Paths that agree are told once.
// Words carry the meaning; marks and colour only help the eye.
//
// Nothing here decides anything, and nothing depends on the terminal, the
// clock or the environment: the same value and options give the same bytes.
package render
