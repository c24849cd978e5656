// Package audio turns what people send as sound into 16-bit linear PCM, the one
// form that engines and providers are fed with. It recognises containers
// ([Sniff]), reads WAV, FLAC, Opus in Ogg and headerless audio as a stream
// ([Open]), decodes FLAC and Opus in Ogg as they come ([Decoder]) and single
// chunks of headerless audio ([Encoding.AppendPCM]), changes the sample rate
// ([Resampler]) and mixes channels down ([AppendMono]).
//
// # Conventions
//
// A sample is a signed 16-bit number; full scale is 32768. Samples of several
// channels are interleaved: left, right, left, right. A frame is one sample of
// every channel, so a rate in Hz counts frames per second. Narrower samples are
// shifted up to 16 bits, wider ones rounded to the nearest 16-bit value and
// clipped; nothing is dithered.
//
// Functions named Append write behind dst and return the longer slice, as the
// built-in append does; with enough capacity they allocate nothing.
//
// Everything here is synchronous: the package starts no goroutine and keeps no
// global state. Values of different streams are independent of one another; one
// value is used by one goroutine at a time, except for a [Bank], which is
// immutable and may be shared.
//
// # Hostile input
//
// Every length in a header is the sender's claim. Nothing is allocated by it:
// [Open] works in a buffer of fixed size plus, for FLAC, one frame of at most
// 65535 samples in at most 8 channels, and, for Ogg, one page and one packet of
// at most 64 KiB each; headers longer than 64 MiB are refused. A [Decoder] holds no
// more. A few bytes may hold much silence, though: samples are given frame by
// frame, and whoever takes them sets the pace.
// Malformed input gives an error that [errors.Is] finds to be [ErrMalformed],
// never a panic.
//
// # Writing a new codec
//
// Add a Kind with its magic bytes in sniff.go and a case to the switch in
// open.go that names the function which reads the header. That function returns
// the format and a decoder, a one-method interface; whole frames, sticky errors,
// position and the fence against panics are written once, in [Reader]. If the
// decoder holds anything that must be released it has a Close method as well.
//
// A codec whose bytes come in messages is an unpacker: it looks at the bytes that
// have come and uses those that make something whole. Add it to [NewDecoder], and
// have [Open] read through it as it does for Ogg.
package audio
