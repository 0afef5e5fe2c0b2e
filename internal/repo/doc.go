// Package repo holds no code. Its tests keep the rules that the compiler does
// not: which package may import which, that every package says what it is for,
// that the code is formatted, and that nothing of one machine leaks into the
// repository.
package repo
