// Package pocketsphinx is the speech recogniser that runs in this process with nothing but Debian packages: CMU
// PocketSphinx through cgo. It is private and modest: it knows US English out of the box, any other language as
// an operator's Sphinx model, and it makes several times as many mistakes as a neural engine. Several models may be served at the
// same time, each for its language.
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
// # A stranger's mean
//
// What the mean is decides on accuracy more than anything else, and nobody knows it before the speaker has been heard.
// So a segment is decoded by a pass with one mean from end to end: the first begins when a tenth of a second of speech has
// been heard, and gives partials. When the mean is worth several times as much, another pass begins on a second
// decoder, chases the first through the segment, and takes over when it is level. Partials never wait for it. It runs on cores
// that no stream needs at the moment. After four seconds of speech the mean is known, and kept from segment to segment.
//
// At the end of a segment the words of the pass that is there are final. A pass that chases it counts from 0.6 of the segment's
// length after it began, and from then on the final waits for it: that is decided by the audio alone, so the same audio gives the
// same words. With the option finals at accurate, the library's second pass goes over the segment again at its end, among the words
// that the first has found possible anywhere, which takes about a tenth of the segment's length; and it hears it with the mean that
// is known by then. For that the means of the model are moved instead of the features, which the library has already: all else that
// it looks at, the cepstrum's changes in time, does not depend on the mean.
//
// Files: driver.go and check.go face the operator; model*.go looks at model files before the library does, because the
// library ends the process when it dislikes one; recognizer.go, gate.go and pool.go hand out slots and decoders, cores.go processor time, machine.go says what there is of both; decoder.go
// turns audio into events, segment.go and pass.go decode a segment, result.go says its words; mean.go keeps the cepstral mean, adapt.go moves the model to
// it; cgo_sphinx.* is all there is of C.
package pocketsphinx
