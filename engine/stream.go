package engine

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

// Decoder turns samples into events. All its methods are called from one goroutine, one at a time, and may block as
// long as one block of audio takes to decode. Events go out through the [Output] that each call is given.
//
// A Decoder keeps to the contract of package stt: it gives times in session time, finals in order, and progress; the
// stream adds the progress at the end of the audio by itself.
type Decoder interface {
	// Decode takes the next block: exactly Options.Block of audio, but for the last block before a Flush or Finish,
	// which may be shorter. The samples, channels interleaved, are valid during the call only.
	Decode(ctx context.Context, block []int16, out Output) error
	// Flush gives finals of all audio so far. Audio goes on afterwards.
	Flush(ctx context.Context, out Output) error
	// Finish gives the last finals. Only Close follows.
	Finish(ctx context.Context, out Output) error
	// Close gives back what the decoder holds. It is called exactly once, also after an error.
	Close()
}

// Output takes what a decoder has to say.
type Output interface {
	// Emit gives an event away. An error means that nobody listens any more: return it.
	Emit(ev stt.Event) error
	// Backlog is the audio that waits, as a share of what may wait: above one half, give fewer partials.
	Backlog() float64
}

// Options says how samples reach a decoder.
type Options struct {
	Format stt.Format    // 16-bit PCM with Rate and Channels set; Open checks that
	Start  stt.Time      // session time of the first sample
	Block  time.Duration // audio per call of Decode, one frame at least; 0 means 100 ms
	// MaxAhead is how much audio waits for the decoder before Send blocks; 0 means 5 s.
	MaxAhead time.Duration
}

// NewStream starts a stream that feeds dec and owns it from now on. The stream fails with the error that a call of dec
// returns, or with Internal when it panics. Events are of channel 0. Close waits for the call that runs: it takes one
// block, or less where dec looks at its context.
func NewStream(opts Options, dec Decoder) stt.Stream {
	if opts.Block <= 0 {
		opts.Block = 100 * time.Millisecond
	}
	core := stream.New(stream.Options{Format: opts.Format, Start: opts.Start, MaxAhead: opts.MaxAhead})
	core.Go(func(ctx context.Context) {
		defer dec.Close()
		if err := run(ctx, core, opts, dec); err != nil {
			core.Fail(stt.AsError(err)) // without effect after Close, which is the usual cause
			return
		}
		core.Finish()
	})
	return core
}

// run feeds the decoder until the audio ends.
func run(ctx context.Context, core *stream.Core, opts Options, dec Decoder) error {
	raw := make([]byte, max(opts.Format.Bytes(opts.Block), opts.Format.FrameBytes()))
	block := make([]int16, len(raw)/2)
	at := opts.Start
	var total int64
	for {
		n, mark, err := core.Read(ctx, raw, len(raw))
		if err != nil {
			return err
		}
		if n > 0 {
			for i := range n / 2 {
				block[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
			}
			if err := dec.Decode(ctx, block[:n/2], core); err != nil {
				return err
			}
			total += int64(n)
			at = opts.Start + opts.Format.Duration(total)
		}
		switch mark {
		case stream.Flush:
			if err := dec.Flush(ctx, core); err != nil {
				return err
			}
			if err := core.Emit(stt.Event{Kind: stt.EventFlushed, At: at}); err != nil {
				return err
			}
		case stream.End:
			return dec.Finish(ctx, core)
		}
	}
}
