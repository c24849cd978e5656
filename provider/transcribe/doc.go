// Package transcribe is a client of Amazon Transcribe streaming, and of every server that speaks its protocol, by WebSocket or
// over HTTP/2. Credentials are found the way AWS tools find them: environment, shared files, roles.
//
// A stream is the same over both transports: a connection of its own, made by recognizer.go and exchange.go, which link.go
// leads to its end. Over HTTP/2 every message is signed, and a server refuses a stream with a status instead of an exception,
// so that Open fails where by WebSocket the first Recv does.
//
// # When the connection is lost
//
// A stream goes on over another connection, with an address that is signed anew and the same session id, where nothing is
// wrong with what was asked: the connection breaks or takes nothing any more, the server closes it with a code that says that
// it cannot go on (1001, 1005, 1011 to 1014) or, over HTTP/2, breaks the response off or ends it early, or it ends the stream
// with an exception that passes (service unavailable, internal failure, limit exceeded). Everything else ends the stream at
// once, and so does the first thing that a server says at all: Open is one attempt.
//
// The other connection is sent the audio from the last progress on, as fast as it takes it, for the service sets no pace to
// replays of a minute. Its times begin there, so that all results lie on one timeline, nothing that was said in a final is
// said again, and nothing is left out. Segments that had no final are withdrawn when the other connection begins to say what
// was in their audio, under ids of its own. Two warnings tell the caller: the connection was lost, and it is there again.
//
// The service decides audio with its finals only. A stream in which nobody has spoken for longer than the tape holds can
// therefore not go on when it is cut: it fails and names the option.
package transcribe
