// Package stream is the mechanics that every stt.Stream shares, written once: a bounded queue of audio in, a bounded
// queue of events out, contexts, stickiness of failure, the final progress, and a Close that waits.
//
// A [Core] has two faces. The application's face is stt.Stream: Send, Flush, CloseSend, Recv and Close with the
// meanings the contract gives them. The worker's face is what an engine or a provider's client uses from its own
// goroutines, started with [Core.Go]: [Core.Read] takes audio in the blocks the worker likes, [Core.Emit] gives events,
// [Core.Finish] or [Core.Fail] ends it.
//
// A stream accepts audio ahead of its worker up to [Options].MaxAhead, so that the goroutine that reads a network
// connection can go on answering pings while decoding is behind; then Send blocks and the peer's flow control tells it.
// A partial that nobody has fetched yet is replaced by the next partial of the same segment, and progress by later
// progress, so that a slow reader sees fewer partials and never late finals; the last partial before a final stays.
package stream
