package audio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"
)

// Options says how [Open] is to take its input. The zero value opens any file
// that this package can recognise and read.
type Options struct {
	// Kind is what the input is; KindUnknown means to look. Only with KindRaw is
	// the look left out altogether.
	Kind Kind
	// Raw is the format of headerless input. It is used when Kind is KindRaw, and
	// when Kind is KindUnknown, nothing is recognised and Raw.Format is set.
	Raw RawFormat
}

// A Reader decodes one stream of audio to 16-bit PCM. It is made by [Open] and
// used by one goroutine at a time.
type Reader struct {
	// immutable
	kind   Kind
	format Format
	frames int64
	dec    decoder

	// owned by the caller of ReadSamples
	position int64 // frames
	err      error // sticky
}

// A decoder yields the samples of one stream. If it has a Close method,
// Reader.Close calls that once.
type decoder interface {
	// decode fills dst, whose length is a positive number of whole frames, with
	// one frame or more and says how many samples that were, or fails. It blocks
	// no longer than the first frame takes to arrive. io.EOF is the regular end.
	decode(dst []int16) (int, error)
}

// opened is what a codec's header tells.
type opened struct {
	format Format
	frames int64 // in the whole stream; 0 is unknown
	dec    decoder
}

const (
	// bufferSize is what is read ahead of the decoder at most, in bytes.
	bufferSize = 16 << 10
	// maxHeader is how much may come before the first sample, in bytes: four of
	// the largest pictures that FLAC can carry.
	maxHeader = 64 << 20
)

// Open reads the header of an audio stream and returns a Reader of its samples.
// It reads no more than it must: on a live stream it returns as soon as the
// header is complete, though an unknown kind may need up to [SniffLen] bytes to
// be told.
//
// r stays the caller's to close, after the Reader. Errors match [ErrMalformed],
// [ErrUnsupported] (which names the kind that was recognised) or, when r fails,
// the error of r. An empty input is malformed, except when Kind is KindRaw.
func Open(r io.Reader, opt Options) (*Reader, error) {
	fence := &headerFence{r: r, left: maxHeader}
	br := bufio.NewReaderSize(fence, bufferSize)
	kind := opt.Kind
	if kind == KindUnknown {
		var err error
		if kind, err = SniffReader(br); err != nil {
			return nil, err
		}
	}
	if kind == KindUnknown {
		if opt.Raw.Format == (Format{}) {
			return nil, unsupported("no known audio format begins like this input; raw audio needs \"Raw.Format\"")
		}
		kind = KindRaw
	}
	var o opened
	err := fenced(kind, func() (err error) {
		switch kind {
		case KindRaw:
			o, err = openRaw(br, opt.Raw)
		case KindWAV:
			o, err = openWAV(br)
		case KindFLAC:
			o, err = openFLAC(br)
		case KindOgg:
			o, err = openOgg(br)
		default:
			err = unsupported("%v is not read here; want WAV, FLAC, Opus in Ogg or raw audio", kind)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	fence.left = -1
	return &Reader{kind: kind, format: o.format, frames: o.frames, dec: o.dec}, nil
}

// SniffReader is [Sniff] on what br gives next, of which it uses nothing up. It
// looks at more and more, so that a live stream is not held up for bytes that are
// not needed. br should hold [SniffLen] bytes. An empty input is malformed; other
// errors are those of br.
func SniffReader(br *bufio.Reader) (Kind, error) {
	for n := 16; n <= SniffLen; n *= 4 {
		p, err := br.Peek(n)
		if err != nil && err != io.EOF {
			return KindUnknown, fmt.Errorf("read audio header: %w", err)
		}
		if len(p) == 0 {
			return KindUnknown, malformed("no audio: the input is empty")
		}
		// Behind a tag there may be FLAC.
		k := Sniff(p)
		tagged := k == KindMP3 && hasPrefix(p, "ID3") && n < SniffLen
		if k != KindUnknown && !tagged || err == io.EOF {
			return k, nil
		}
	}
	return KindUnknown, nil
}

// Kind is what the stream was opened as.
func (r *Reader) Kind() Kind { return r.kind }

// Format is the shape of the samples that ReadSamples gives.
func (r *Reader) Format() Format { return r.format }

// Frames is the length of the whole stream in frames as its header has it, or 0
// when that is not known. It is the sender's claim: the stream may end sooner.
func (r *Reader) Frames() int64 { return r.frames }

// Duration is Frames as time, 0 when not known.
func (r *Reader) Duration() time.Duration { return FramesToDuration(r.frames, r.format.Rate) }

// Position is the number of frames that ReadSamples has given so far.
func (r *Reader) Position() int64 { return r.position }

// ReadSamples puts interleaved samples into dst and says how many: always whole
// frames, at least one unless there is an error. It fills no more of dst than it
// has at hand. After the last sample it returns io.EOF; an input that breaks off
// inside a frame of WAV or raw audio, or inside a page of Ogg, counts as ended
// before that, one that breaks off inside a FLAC frame fails with
// io.ErrUnexpectedEOF. Errors are final
// and come with no samples; all that was decoded before has been given. A dst too
// short for one frame gives io.ErrShortBuffer, which alone is not final.
func (r *Reader) ReadSamples(dst []int16) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	dst = dst[:len(dst)-len(dst)%r.format.Channels]
	if len(dst) == 0 {
		return 0, io.ErrShortBuffer
	}
	var n int
	r.err = fenced(r.kind, func() (err error) {
		n, err = r.dec.decode(dst)
		return err
	})
	if r.err != nil {
		return 0, r.err
	}
	r.position += int64(n / r.format.Channels)
	return n, nil
}

// Incomplete says what the input lacks of what its header or its last page
// promised, once ReadSamples has returned io.EOF: it was cut, or its header lies. It
// is nil when nothing is missing, when the end has not been reached, and when nobody
// can tell, as with WAV of unknown length. The error matches [ErrMalformed].
func (r *Reader) Incomplete() error {
	if !errors.Is(r.err, io.EOF) {
		return nil
	}
	// Some programs write the length of the file, or of all chunks, as that of the samples.
	const slack = 64
	lacking := (r.frames - r.position) * int64(r.format.Channels)
	if lacking > slack || r.kind == KindFLAC && lacking > 0 {
		return malformed("%v: the input ends after %d of %d frames", r.kind, r.position, r.frames)
	}
	if p, ok := r.dec.(*pulled); ok {
		if n := len(p.dec.held) - p.dec.used; n > 0 {
			return malformed("%v: the input ends inside a page, of which it has %d bytes", r.kind, n)
		}
	}
	return nil
}

// errClosed is what a Reader says after its Close.
var errClosed = errors.New("audio reader is closed")

// Close releases what the decoder holds, not the input. It is idempotent and
// needed only where a decoder holds something, but never wrong.
func (r *Reader) Close() error {
	if errors.Is(r.err, errClosed) {
		return nil
	}
	r.err = errClosed
	if c, ok := r.dec.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// fenced turns a panic of a decoder, ours or a library's, into an error: no
// input may take the process down.
func fenced(kind Kind, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = malformed("%v decoder gave up: %v", kind, p)
		}
	}()
	return f()
}

// headerFence limits how much is read before the first sample, and marks the
// input's own errors.
type headerFence struct {
	r    io.Reader
	left int64 // below 0: no limit
}

func (f *headerFence) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, malformed("header: want samples within the first %d bytes", maxHeader)
	}
	if f.left > 0 {
		p = p[:min(int64(len(p)), f.left)]
	}
	n, err := f.r.Read(p)
	if f.left > 0 {
		f.left -= int64(n)
	}
	if err != nil && err != io.EOF {
		err = inputError{err}
	}
	return n, err
}

// headerError words the end or the failure of the input while a header is read.
func headerError(kind Kind, what string, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return truncated(kind, what)
	}
	return fmt.Errorf("%v: read %s: %w", kind, what, err)
}
