package audio

import (
	"errors"
	"time"
)

const (
	// mostFaults is how many faults one after another, with nothing between them that could be decoded, a Decoder bears.
	mostFaults = 10
	// longestGap is how much lost sound is made up for with silence, beyond as much as has been decoded. More than that is not lost: the
	// stream counts anew, or somebody wants to buy hours of work with a few bytes.
	longestGap = 10 * time.Second
	// longestAstray is how far the next page or frame is looked for, in bytes: two of the longest pages that Ogg can have.
	longestAstray = 128 << 10
)

// faults is what a codec does about damage in its stream. The zero value bears none.
type faults struct {
	note   func(error) // nil: none is borne
	row    int         // since something could be decoded
	lost   bool        // the next page or frame is being looked for
	astray int         // bytes passed over since then
	gap    int64       // frames of silence that are owed
	debt   int64       // frames of silence given, less those decoded since
	quiet  []int16     // some
}

// on says whether damage is borne at all.
func (f *faults) on() bool { return f.note != nil }

// bear returns the error if it is to end the stream.
func (f *faults) bear(err error) error {
	if !f.on() || !errors.Is(err, ErrMalformed) {
		return err
	}
	if f.row++; f.row > mostFaults {
		return malformed("%v; before that, %d faults with nothing between them that can be decoded", err, mostFaults)
	}
	f.note(err)
	return nil
}

// well says that some frames could be decoded.
func (f *faults) well(frames int64) {
	f.row, f.lost, f.astray = 0, false, 0
	f.debt = max(f.debt-frames, 0)
}

// stray begins to look for the next page or frame, because of err.
func (f *faults) stray(err error) error {
	if err = f.bear(err); err == nil {
		f.lost, f.astray = true, 0
	}
	return err
}

// passed says how many bytes have been passed over on the way to the next page or frame.
func (f *faults) passed(n int, what string) error {
	if f.astray += n; f.astray > longestAstray {
		return malformed("no %s begins within %d bytes", what, longestAstray)
	}
	return nil
}

// owe notes that frames have been lost at a rate, and says how many are to be silence: all or none.
func (f *faults) owe(frames int64, rate int) int64 {
	if !f.on() || frames <= 0 || frames > int64(rate)*int64(longestGap/time.Second)-f.debt {
		return 0
	}
	f.gap += frames
	f.debt += frames
	return frames
}

// silence returns some of the silence that is owed, valid until the next call.
func (f *faults) silence(channels int) []int16 {
	const most = 4800
	n := min(f.gap, most)
	f.gap -= n
	if len(f.quiet) < int(n)*channels {
		f.quiet = make([]int16, most*channels)
	}
	return f.quiet[:int(n)*channels]
}
