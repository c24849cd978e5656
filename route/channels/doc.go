// Package channels makes a recognizer of one channel into one that transcribes several channels separately: it opens one
// stream for each, gives every stream its channel of the interleaved audio, and merges what they say on one timeline.
//
// Streams that do not ask for separate channels pass through untouched, and so do those that the recognizer behind can
// separate by itself.
//
// # What it costs
//
// A stream of n channels takes n places of the engine behind, and as much of a processor. It starts only when all places
// are to be had, and gives all of them back when it ends.
//
// # One timeline
//
// Every channel gets its audio with the same chunk, so that all are on the session's one timeline. Progress is said for
// each channel by itself, as the contract of package stt has it: a silent channel never holds up what is said on another.
// Only the audio goes in step: a channel whose decoder is behind by more than what its stream takes ahead (5 s) makes the
// others wait for more. An answer to Flush is given once all channels have answered. The stream ends when all channels
// have ended, and fails when one fails, with that channel's reason.
//
// Identifiers of segments get the channel in front, so that they stay unique.
package channels
