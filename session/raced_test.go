//go:build race

package session_test

// tiny is how many bytes there are in the shortest pieces of audio.
const tiny = 7

// raced says that the race detector watches, which makes arithmetic ten times as slow.
const raced = true
