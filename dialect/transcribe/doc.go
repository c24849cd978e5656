// Package transcribe answers applications that were written for Amazon Transcribe streaming, over both of its transports:
// WebSocket, with a presigned URL and audio in event-stream messages, bare or signed; and HTTP/2, with signed headers and a
// body of signed messages, whose signatures form a chain. All signatures are truly verified. Transcripts and exceptions go
// back in the shapes that Amazon's SDKs expect.
//
// Faults are told as the service tells them. By WebSocket the upgrade is completed, one exception message says what is wrong,
// and a Close follows, because browsers show nothing of a refused upgrade and one SDK crashes on it. Over HTTP/2 what is known
// before the stream begins is a status with the exception's name in a header; later it is an exception message and the end
// of the response. Where there is a stream, the answer names the model that recognises, in a header of our own:
// X-Earshot-Model.
//
// What both transports share – what messages mean, what is said, limits – stands in conversation.go; websocket.go and http2.go
// are the manners of each.
package transcribe
