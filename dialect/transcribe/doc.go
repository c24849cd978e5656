// Package transcribe answers applications that were written for Amazon Transcribe streaming. It serves the WebSocket
// operation StartStreamTranscription: a presigned URL whose signature is truly verified, audio in event-stream messages,
// bare or signed, and transcripts and exceptions back in the shapes that Amazon's SDKs expect.
//
// Faults are told as the service tells them: the upgrade is completed, one exception message says what is wrong, and a
// Close follows, because browsers show nothing of a refused upgrade and one SDK crashes on it. Where there is a stream, the
// answer to the handshake names the model that recognises, in a header of our own: X-Earshot-Model.
package transcribe
