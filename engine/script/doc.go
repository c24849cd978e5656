// Package script is the deterministic engine: it "recognises" a script that is bound to audio time, whatever the audio
// holds. Tests of everything above an engine use it, because each word it will say is known beforehand, and it has
// faults on request: it can die, stall, refuse and be slow.
//
// A script is text, one segment a line: start and end in seconds of audio, then the words, spread evenly or each with
// its own times.
//
//	# comments and empty lines are passed over
//	0.5-2.1   good morning everybody
//	3.0-4.4   how@3.0-3.2 are@3.2-3.5 you@3.6-4.4
//
// A word holds no space and no @ of its own. A word has been said once the audio reaches its end. Partials come after each word, a final once the audio reaches
// the end of the segment, at a flush, or when the audio ends; words that the audio has not reached are never said.
// What a server makes of it is in docs/scripted-engine.md.
package script
