// Package vad finds speech in audio: which frames of 10 ms hold somebody speaking, and where an utterance begins and
// ends. It is a plain signal processor, deterministic, without a model to load, and costs well under 1 % of one core per
// stream.
//
// A [Detector] sees 16 kHz mono samples in any cut and gives one [Frame] for every 10 ms. Its result depends on the
// samples alone, never on how they were cut. It works in three steps:
//
//   - The power in a dozen bands is compared with the noise floor of each band. The floor is the quietest the band has
//     been in the last two seconds; before anything is known it is taken to be very low, so that speech in the first
//     frames of a recording is not missed.
//   - Speech must begin with a voice: the floor alone would let a slamming door or rising hiss pass, so a beginning
//     also needs a few frames with a pitch between 70 and 400 Hz and more than one partial tone.
//   - Once begun, speech goes on as long as something is above the floor and a voice has been heard not long ago, so
//     that the consonants at the end of a word belong to it.
//
// Noise, hum, clicks, beeps and single tones are not taken for speech. What is not told apart: singing, a voice in the
// background, and music with chords or several instruments, which has pitch and changes as speech does. Whispering has
// no pitch and is not found.
package vad
