// Package session is what a dialect talks to: admission, choice of the model, decoding and resampling of audio, features,
// the rules about silence and length, accounting, and one log line at either end of a stream.
//
// A dialect opens a [Session] from a [Service] and has two sides to it, like a stream's: its reading goroutine calls
// Write, Flush and CloseSend, its handler goroutine calls Next until the end and then Close. The session knows no protocol:
// what went wrong is an *stt.Error, and the dialect has the words for it. It starts no goroutine of its own, but for the
// timers of sessions whose caller may come back, and what Drain ends them with.
//
// A session has an identity: who the caller is, and the id that the caller chose. A second session with the same identity ends
// the first. One with a resume window may be taken up again after its connection broke: Lose says that it did.
package session
