//go:build pocketsphinx && !race

package pocketsphinx

// raceEnabled says that the tests run under the race detector.
const raceEnabled = false

// raceAllowance is how much longer things may take under it.
const raceAllowance = 0
