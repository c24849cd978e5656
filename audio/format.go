package audio

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Limits of what this package reads. They are wide enough for any recording
// and keep every buffer small.
const (
	// MaxChannels is the largest number of channels of a [Format].
	MaxChannels = 32
	// MaxFormatRate is the highest sample rate of a [Format], in Hz.
	MaxFormatRate = 768000
)

var (
	// ErrMalformed marks errors about input that breaks the rules of its own
	// format, or that ends inside a header.
	ErrMalformed = errors.New("malformed audio")
	// ErrUnsupported marks errors about input that is, or may be, valid and that
	// this package does not read.
	ErrUnsupported = errors.New("unsupported audio")
)

// Format is the shape of a stream of samples.
type Format struct {
	// Rate is the number of frames per second, 1 to [MaxFormatRate] Hz.
	Rate int
	// Channels is the number of interleaved channels, 1 to [MaxChannels].
	Channels int
}

// Validate says whether rate and channels are within their limits. The error
// names the offending one and matches [ErrMalformed].
func (f Format) Validate() error {
	if f.Rate < 1 || f.Rate > MaxFormatRate {
		return malformed("\"rate\": want 1 to %d Hz, got %d", MaxFormatRate, f.Rate)
	}
	if f.Channels < 1 || f.Channels > MaxChannels {
		return malformed("\"channels\": want 1 to %d, got %d", MaxChannels, f.Channels)
	}
	return nil
}

// String gives the format as "16000 Hz, 1 ch".
func (f Format) String() string { return fmt.Sprintf("%d Hz, %d ch", f.Rate, f.Channels) }

// maxSeconds is how many whole seconds fit in a time.Duration.
const maxSeconds = math.MaxInt64 / int64(time.Second)

// FramesToDuration gives the time that frames take at rate Hz, rounded half up
// to the nanosecond. It is exact otherwise: no floating point, no overflow; what
// a Duration cannot hold (292 years) becomes the longest one. Frames below 0
// count as 0. It panics when rate is not positive, as a division would.
func FramesToDuration(frames int64, rate int) time.Duration {
	if rate <= 0 {
		panic("audio: FramesToDuration: rate must be positive")
	}
	r := int64(rate)
	secs, rest := max(frames, 0)/r, max(frames, 0)%r
	if secs >= maxSeconds || r > math.MaxInt64/(2*int64(time.Second)) {
		return math.MaxInt64
	}
	return time.Duration(secs*int64(time.Second) + (rest*int64(time.Second)+r/2)/r)
}

// DurationToFrames gives the number of frames at rate Hz that lie nearest to d,
// half a frame counting as a whole one. It inverts [FramesToDuration] exactly
// for every rate up to 500 MHz. A duration below 0 counts as 0; a number too
// large for int64 becomes the largest. It panics when rate is not positive.
func DurationToFrames(d time.Duration, rate int) int64 {
	if rate <= 0 {
		panic("audio: DurationToFrames: rate must be positive")
	}
	r := int64(rate)
	d = max(d, 0)
	secs, rest := int64(d/time.Second), int64(d%time.Second)
	if secs >= math.MaxInt64/r || r > math.MaxInt64/(2*int64(time.Second)) {
		return math.MaxInt64
	}
	return secs*r + (rest*r+int64(time.Second)/2)/int64(time.Second)
}

// formatError is an error text with the errors that errors.Is shall find in it.
type formatError struct {
	text  string
	marks []error
}

func (e *formatError) Error() string   { return e.text }
func (e *formatError) Unwrap() []error { return e.marks }

func malformed(format string, args ...any) error {
	return &formatError{text: fmt.Sprintf(format, args...), marks: []error{ErrMalformed}}
}

func unsupported(format string, args ...any) error {
	return &formatError{text: fmt.Sprintf(format, args...), marks: []error{ErrUnsupported}}
}

// truncated is malformed for input that ends inside something of a kind.
func truncated(kind Kind, what string) error {
	return &formatError{
		text:  fmt.Sprintf("%v: the input ends inside %s", kind, what),
		marks: []error{ErrMalformed, io.ErrUnexpectedEOF},
	}
}

// inputError marks an error of the caller's io.Reader on its way through buffers
// and libraries, so that it is not taken for an error of theirs.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }
