package provider

import (
	"math/rand/v2"
	"time"
)

// Bounds of the waits between two attempts.
const (
	firstWait   = 100 * time.Millisecond // the longest wait before the first attempt; each further one may be twice as long
	longestWait = 5 * time.Second
)

// Retry says when to try again after a connection has been lost, and when to give up. The waits are drawn between nothing
// and a bound that doubles from attempt to attempt, 100 ms at first and 5 s at most: clients that have lost their server at
// the same time do not come back at the same time. It is for one goroutine.
type Retry struct {
	// For is how long may pass, from the first call of Again to the last attempt; 0 means that there is no attempt.
	For time.Duration
	// Random draws from 0 (included) to 1; nil means math/rand/v2.
	Random func() float64

	began time.Time // of the trouble
	tries int       // since then
}

// Again returns how long to wait before the next attempt, at least least: the time after which the server wants to be asked
// again. ok is false when that would be too late.
func (r *Retry) Again(least time.Duration) (wait time.Duration, ok bool) {
	if r.tries == 0 {
		r.began = time.Now()
	}
	random := r.Random
	if random == nil {
		random = rand.Float64
	}
	bound := longestWait
	if r.tries < 6 { // 3.2 s; the next would be longer than the longest
		bound = firstWait << r.tries
	}
	wait = max(time.Duration(random()*float64(bound)), least)
	if wait >= r.Left() {
		return 0, false
	}
	r.tries++
	return wait, true
}

// Left is how much time there is for the attempt that Again has allowed last.
func (r *Retry) Left() time.Duration { return r.For - time.Since(r.began) }

// Tried is how many attempts Again has allowed since the trouble began, and how long ago that is.
func (r *Retry) Tried() (attempts int, took time.Duration) { return r.tries, time.Since(r.began) }

// Reset says that all is well again: the next trouble has all the attempts and all the time.
func (r *Retry) Reset() { r.tries = 0 }
