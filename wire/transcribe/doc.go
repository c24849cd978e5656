// Package transcribe knows Amazon Transcribe's streaming protocol: its operations and their parameters, the messages in
// both directions, how they map to and from package stt, and the table of exceptions. Both ends use it:
// dialect/transcribe answers Amazon's clients, provider/transcribe is one.
//
// The package is pure. It opens no socket, starts no goroutine and reads no clock, so that everything in it can be
// tested with bytes alone. The sources are the public API model of version 2017-10-26, the Transcribe developer guide,
// and recorded traffic where the two are silent or wrong.
package transcribe
