// Package render turns what package sim concludes into what people and
// programs read: the text of an Answer, its JSON and YAML, a Matrix, a Graph and
// a Diff in their formats, and the tables of what was loaded.
//
// The text is written for somebody with a broken cluster: the first line holds
// the verdict and what the client notices, then the packet's way follows step
// by step, and what was assumed comes last. Paths that agree are told once.
// Words carry the meaning; marks and colour only help the eye.
//
// A Matrix is read by namespace: sources that reach the same are one row, the
// nodes are told as one, and what is too wide for a table becomes a list for each
// source. CSV, JSON and DOT have every cell and are written as rows come.
//
// Nothing here decides anything, and nothing depends on the terminal, the
// clock or the environment: the same value and options give the same bytes.
package render
