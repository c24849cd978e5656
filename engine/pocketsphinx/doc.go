// Package pocketsphinx is the speech recogniser that runs in this process with nothing but Debian packages: CMU
// PocketSphinx through cgo. It is private and modest: it knows US English out of the box, any other language as
// an operator's Sphinx model, and it makes several times as many mistakes as a neural engine.
//
// It needs two packages and one build tag:
//
//	apt install libpocketsphinx-dev pocketsphinx-en-us
//	go build -tags pocketsphinx ./cmd/earshot
//
// Without the tag the package holds the driver and the checks only: [Driver] describes the options as ever, its New
// says what is missing, and [Check] tells an operator what to do.
//
// # How a stream is decoded
//
// The library finds speech by dropping frames, which moves the times of all later words and makes results depend on how
// the audio was cut; so that is off, and audio/vad decides. The library normalises with a mean that a pooled decoder
// would carry from one caller to the next; so that is off too, and each stream keeps its own mean. What is left for the
// library is what it is good at: features, and the search.
//
//	samples ─┬─ features, 100 a second, one unbroken row for the whole stream ─┐
//	         └─ voice activity ── segments: from one pause to the next ────────┴─ minus the mean ── search ── words
//
// Files: driver.go and check.go face the operator; model*.go looks at model files before the library does, because the
// library ends the process when it dislikes one; recognizer.go and pool.go hand out decoders; decoder.go and segment.go
// turn audio into events; mean.go keeps the cepstral mean; cgo_sphinx.* is all there is of C.
package pocketsphinx
