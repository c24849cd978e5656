//go:build !race

package session_test

// tiny is how many bytes there are in the shortest pieces of audio.
const tiny = 1

const raced = false
