// Package speechall is the knowledge of Speechall's API: query parameters and bodies, the two shapes of a transcription, the
// model list, replacement rules, the table of errors, the frames of the WebSocket, and the form and answers of the routes that
// are compatible with OpenAI's. It has no socket, goroutine or clock.
//
// What the vendor left open is decided here, and docs/speechall.md says so to users: words of a WebSocket frame carry their
// text under both names that the vendor's documents use, "verbose_json" is another name for "json", and parameters that are not
// known are passed over, because older clients send some that exist no more.
//
// Requests are read leniently and judged strictly: a value outside of its range is an error that names the parameter, in the
// vocabulary of package stt, and [ErrorOf] turns any error into the status, code and sentence that clients look for.
package speechall
