// Package eventstream encodes and decodes Amazon's event-stream messages, media type application/vnd.amazon.eventstream: the frames in
// which Amazon Transcribe carries audio one way and transcripts the other, over HTTP/2 and over WebSocket.
//
// A message is a prelude of two lengths with their own checksum, a block of typed headers, a payload, and a checksum over all of it:
//
//	total length : u32 | headers length : u32 | prelude CRC : u32 | headers | payload | message CRC : u32
//
// and a header is
//
//	name length : u8 | name | type : u8 | value
//
// All integers are big-endian; both checksums are CRC-32 with the IEEE polynomial. Amazon documents the layout under "Event stream
// encoding" in the Transcribe developer guide.
//
// The package is pure: it starts no goroutine, opens no socket and reads no clock. It stands on the hot path of every stream, so
// neither direction allocates once its buffers have grown:
//
//   - [Append] writes a message at the end of a buffer; [Begin] and [End] do so around a payload that the caller appends in place,
//     which saves a copy of each transcript and each signed envelope; a [Block] holds headers that never change, checked and encoded once.
//   - [Decode] and [DecodeExact] read a message out of a buffer into a [Message] that the caller keeps and reuses.
//   - [Decoder] reads a sequence of messages from an [io.Reader].
//
// All functions may be called from any number of goroutines at once, on different buffers and messages.
//
// # Who owns what
//
// A decoded message borrows. Its payload and its header values of type bytes and string are views of the buffer that was decoded and
// change when that buffer does; [Message.Clone] makes a copy that does not. Header names are ordinary strings and may be kept: the
// decoder takes them from a table of the names Amazon uses, or from the message decoded into the same place before, and makes a new
// string only for a name it meets there for the first time. Values given to [Bytes] are borrowed as well until they are encoded.
//
// # What is refused
//
// The limits are constants of this package ([MaxHeaderName], [MaxHeaderValue], [MaxHeadersLen], [MaxHeaders], [MaxPayload]) and hold in
// both directions, so that whatever decodes can be encoded again, to the same bytes. Both directions also insist on valid UTF-8, on
// names that are not empty, and on each name standing once in a message. Every error is an [*Error] whose class [errors.Is] can tell.
package eventstream
