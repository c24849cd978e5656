// Command soak keeps a server with the PocketSphinx engine busy for a long time with what servers meet in real life, and then
// says whether it is as well as at the beginning: silence, noise, tones like music, speech, and clients that go away at
// any moment, in the middle of a handshake, of a frame, of their audio.
//
// It fails when memory has grown by more than 5 MB since the end of the first minute, when goroutines or files are left over,
// when there is text where nobody spoke, when speech gets other words than it got before, and when the server's
// log has a warning, an error or a panic. A line every ten seconds says how things are.
//
// What is played in which order follows from a seed, which is printed; only how the streams lie to each other in time does not.
package main
