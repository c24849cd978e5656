// Package stt is the vocabulary that every part of Earshot speaks: a [Recognizer] opens a [Stream], the stream takes
// [Chunk] values of audio and gives [Event] values back, and a [Segment] is what was said between two pauses.
//
// Engines in this process, clients of remote services and compositions of both are all Recognizers; servers for
// foreign protocols translate to and from the types here and know nothing else. The package depends on the standard
// library only, holds no state and starts no goroutine.
//
// # The contract of a stream
//
// The rules below bind every Recognizer. Package stt/stttest holds an implementation to them.
//
//  1. Time is audio time: 0 ≤ t ≤ the audio accepted. Finals come in order; none starts before the end of the one
//     before it, unless the model has [FeatureOverlap]. Within an alternative, words start in non-decreasing order.
//     Partials may move either way, and a final may end before its last partial did.
//  2. Every revision of a segment carries the whole segment. After the final revision none follows for that ID; only an
//     [EventRelabel] may still change speakers. A final without alternatives withdraws the segment.
//  3. Stable words are a prefix of the first alternative's words. Later revisions keep that prefix's length, order and
//     normal form; case, attached punctuation, filter match, speaker and confidence may change, times by 100 ms at most.
//  4. Progress (channel, t) means that everything this stream will say about audio before t has been said in finals. It
//     never decreases, no later segment starts before it, and before io.EOF it equals the audio accepted.
//  5. Nothing is lost and nothing is doubled.
//  6. A model with [FeatureDeterministic] gives the same finals, IDs aside, for any cut of the same audio.
//  7. CloseSend is idempotent; afterwards Send fails with [Closed]; Recv yields what is left and then io.EOF for ever.
//     Without any audio there is io.EOF and no segment. A peer that never ends is cut off with [DeadlineExceeded].
//  8. Failure is sticky: Send and Flush say that the stream has failed; Recv yields the events decoded before, then the
//     *Error for ever. The reason is read from Recv.
//  9. A done context ends the call it was given to and nothing else: no audio is half accepted, no event is lost.
//  10. An Event and all it points to belong to the receiver. The data of a chunk is not kept after Send returns.
//  11. Close is idempotent, may come from any goroutine and returns when every goroutine of the stream has ended.
package stt
