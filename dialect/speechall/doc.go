// Package speechall serves Speechall's API: streams over a WebSocket, files over REST, the model list, replacement rulesets, and the
// routes that are compatible with OpenAI's. What travels stands in wire/speechall; docs/speechall.md says what users must know.
//
// # Streams
//
// A request is judged before the upgrade, where a refusal is a status with a JSON object. Then the handler's goroutine owns the
// connection and is its writer, and one other reads. There is no message for the end of the audio in this protocol: clients close,
// and their Close is answered when the last words are out, for a moment at least. A client that pauses has what it said so far
// finalised, because it waits for that.
//
// # Files
//
// A file is a job: the body is decoded as it comes and never kept, but for what is read ahead of the recognizer, a bounded part, so that a
// client that goes away is noticed. Each request is a session like any other, with the same limits and the same accounts. Its place is taken
// before anything is done that costs – receiving, keeping, fetching, compiling, decoding –, and who then lets his place stand idle is sent
// away.
package speechall
