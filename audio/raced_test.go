//go:build race

package audio

// raced says that the race detector watches, which makes arithmetic ten times as slow.
const raced = true
