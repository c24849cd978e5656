// Package subtitle makes subtitles of segments: cues of at most two lines of 42 characters that begin and end where words do, are
// split at the ends of sentences, at pauses and where somebody else begins to speak, stay long enough to be read, and never
// overlap. It writes SubRip and WebVTT, and reads both back, which is how its tests know that what it writes can be read.
//
// Characters of scripts that are written in squares (Chinese, Japanese, Korean) count twice, so that a line holds 21 of them.
// Segments without words are spread over their time by the length of the text; segments without times follow the one before at the
// pace at which people read.
//
// Everything here is a function of its arguments: there is no clock, and values may be used from any goroutine.
package subtitle
