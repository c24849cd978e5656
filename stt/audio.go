package stt

import (
	"fmt"
	"time"
)

// Time is a point in audio: the duration since the first sample of the session. It is never wall time.
type Time = time.Duration

// Encoding says how samples are written down.
type Encoding uint8

// The encodings. Which of them a recognizer takes is in [Capabilities].Formats; servers decode the others first.
const (
	PCM16   Encoding = iota // signed 16-bit little-endian samples, channels interleaved; the zero value
	FLAC                    // a FLAC stream, in any cut
	OggOpus                 // Opus in an Ogg container, in any cut
	ALaw                    // G.711 A-law, one byte a sample
	MuLaw                   // G.711 µ-law, one byte a sample
)

var encodingNames = [...]string{PCM16: "pcm", FLAC: "flac", OggOpus: "ogg-opus", ALaw: "g711-alaw", MuLaw: "g711-ulaw"}

// String returns the name used in configuration and messages, such as "pcm".
func (e Encoding) String() string { return nameOf(encodingNames[:], uint8(e)) }

// Format describes audio.
type Format struct {
	Encoding Encoding
	Rate     int // Hz, samples per second and channel
	Channels int // 1 or more
}

// String returns a short description, such as "pcm 16000 Hz 1 channel".
func (f Format) String() string {
	unit := "channels"
	if f.Channels == 1 {
		unit = "channel"
	}
	return fmt.Sprintf("%s %d Hz %d %s", f.Encoding, f.Rate, f.Channels, unit)
}

// FrameBytes returns the bytes of one frame (one sample of every channel), or 0 for encodings without fixed frames.
func (f Format) FrameBytes() int {
	switch f.Encoding {
	case PCM16:
		return 2 * f.Channels
	case ALaw, MuLaw:
		return f.Channels
	default:
		return 0
	}
}

// Duration returns the audio time that n bytes hold, rounded down to the nanosecond, or 0 for encodings without fixed
// frames. A trailing part of a frame does not count.
func (f Format) Duration(n int64) time.Duration {
	frame := int64(f.FrameBytes())
	if frame == 0 || f.Rate <= 0 {
		return 0
	}
	frames, rate := n/frame, int64(f.Rate)
	// Whole seconds apart from the rest, so that days of audio do not overflow.
	return time.Duration(frames/rate)*time.Second + time.Duration(frames%rate*int64(time.Second)/rate)
}

// Bytes returns the most whole frames, in bytes, whose Duration is not above d, or 0 for encodings without fixed frames:
// nobody knows how long their bytes last before they are decoded. Whoever cuts data into pieces of so many bytes sends those
// of a container whole. Bytes undoes Duration exactly, so that a position may travel as a time and come back.
func (f Format) Bytes(d time.Duration) int {
	if d <= 0 || f.Rate <= 0 {
		return 0
	}
	// Duration rounds down, so the last frame may end a part of a nanosecond after d: hence the +1 and the -1.
	rate := int64(f.Rate)
	frames := int64(d/time.Second)*rate + (int64(d%time.Second+1)*rate-1)/int64(time.Second)
	return int(frames) * f.FrameBytes()
}

// Chunk is a piece of audio on its way to a recognizer.
type Chunk struct {
	// Data holds whole frames for encodings with fixed frames, and any cut of the stream for containers.
	Data []byte
	// Offset is the session time of the first sample. Sessions set it; streams count for themselves and do not need it.
	Offset Time
}

func nameOf(names []string, i uint8) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}
