// Package provider is what clients of remote speech services share: the dialling of WebSockets with errors that say what
// went wrong and never show a signature or a key, and what a stream needs to go on over another connection when the one it
// has is lost: a [Tape] that keeps the audio which the service has not decided, and [Retry], which says when to try again and
// when to give up.
//
// Each service is a folder of its own that describes itself as an stt.Driver and implements stt.Recognizer; queues,
// contexts and the orderly end come from stt/stream, the knowledge of the protocol from the wire package of the same name.
// Providers never import each other.
package provider
