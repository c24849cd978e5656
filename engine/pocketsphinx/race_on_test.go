//go:build pocketsphinx && race

package pocketsphinx

import "time"

// raceEnabled says that the tests run under the race detector.
const raceEnabled = true

// raceAllowance is how much longer things may take under it.
const raceAllowance = 500 * time.Millisecond
