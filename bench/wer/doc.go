// Command wer measures how well, how fast and at what cost an engine recognises a labelled set of recordings through a running
// server: whoever changes an engine, or adds one, runs it before and after.
//
// It starts bin/earshot as a process of its own, streams every recording to it with the project's own client at the pace of
// speech, each at several offsets of its own room tone, and once more cut off behind the last word, and compares the words with
// the transcripts. In the same run PocketSphinx's own batch decoder recognises the same audio, as the yardstick. What the
// figures mean, and what a set looks like, says docs/measuring.md.
//
// # How words are compared
//
// Transcript and recognised text are brought into the same form by these rules, in this order:
//
//   - Typographic apostrophes (’ ‘ ʼ ´ `) become ', and soft hyphens and characters that are no text are dropped.
//   - All letters become lower case.
//   - Letters, digits and the marks that belong to letters stay. So do an apostrophe between two of them (don't, o'clock), and a
//     point or comma between digits (3.5, 1,000).
//   - The point between letters that stand alone is dropped: U.S. is us, a.m. is am.
//   - Everything else separates words, hyphens too: cold-hearted is cold hearted.
//   - mr is mister, mrs is missus, dr is doctor.
//
// Numbers are compared as they are written: 42 is not forty two.
//
// # How errors are counted
//
// Reference and hypothesis are aligned so that 4 × substitutions + 3 × deletions + 3 × insertions is least. These are the
// weights of NIST's sclite, and of several such alignments the one is taken that sclite takes; a test compares every count.
// The word error rate is all errors over all words of the transcripts, of all clips at all offsets together. Its interval (95 %)
// comes from drawing the clips anew, with replacement and each with all its offsets, ten thousand times from a seed.
package main
