package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"
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
	// Working says that a call which takes long gets on: the stream's patience with it begins anew.
	Working()
}

// Options says how samples reach a decoder.
type Options struct {
	Format stt.Format    // 16-bit PCM with Rate and Channels set; Open checks that
	Start  stt.Time      // session time of the first sample
	Block  time.Duration // audio per call of Decode, one frame at least; 0 means 100 ms
	// MaxAhead is how much audio waits for the decoder before Send blocks; 0 means 5 s.
	MaxAhead time.Duration
	// Patience is how long one call of the decoder may take, without an event and without saying that it gets on, before the stream
	// fails; 0 means 30 s, below 0 for ever.
	Patience time.Duration
}

// Stream is a stream that feeds a [Decoder]. It implements stt.Stream and stt.Lagger.
type Stream struct {
	*stream.Core
	opts    Options
	dec     Decoder
	decoded atomic.Int64 // bytes
}

// NewStream starts a stream that feeds dec and owns it from now on. The stream fails with the error that a call of dec
// returns, with Internal when it panics, and with Unavailable when it takes longer than Options.Patience. Events are of
// channel 0. Close waits for the call that runs: it takes one block, or less where dec looks at its context.
func NewStream(opts Options, dec Decoder) *Stream {
	if opts.Block <= 0 {
		opts.Block = 100 * time.Millisecond
	}
	switch {
	case opts.Patience == 0:
		opts.Patience = 30 * time.Second
	case opts.Patience < 0:
		opts.Patience = math.MaxInt64
	}
	s := &Stream{opts: opts, dec: dec,
		Core: stream.New(stream.Options{Format: opts.Format, Start: opts.Start, MaxAhead: opts.MaxAhead})}
	s.Go(func(ctx context.Context) {
		defer dec.Close()
		if err := s.run(ctx); err != nil {
			s.Fail(stt.AsError(err)) // without effect after Close, which is the usual cause
			return
		}
		s.Finish()
	})
	return s
}

// Lag implements stt.Lagger.
func (s *Stream) Lag() stt.Time {
	return s.Accepted() - s.opts.Start - s.opts.Format.Duration(s.decoded.Load())
}

// samples reads little-endian samples, four at a time, since every stream does this ten thousand times a second and more.
func samples(dst []int16, raw []byte) {
	for len(raw) >= 8 && len(dst) >= 4 {
		v := binary.LittleEndian.Uint64(raw)
		dst[0], dst[1], dst[2], dst[3] = int16(v), int16(v>>16), int16(v>>32), int16(v>>48)
		dst, raw = dst[4:], raw[8:]
	}
	for ; len(raw) >= 2; dst, raw = dst[1:], raw[2:] {
		dst[0] = int16(binary.LittleEndian.Uint16(raw))
	}
}

// run feeds the decoder until the audio ends.
func (s *Stream) run(ctx context.Context) error {
	format := s.opts.Format
	raw := make([]byte, max(format.Bytes(s.opts.Block), format.FrameBytes()))
	block := make([]int16, len(raw)/2)
	watchdog := time.AfterFunc(s.opts.Patience, s.stuck)
	watchdog.Stop()
	defer watchdog.Stop()
	out := patiently{s.Core, watchdog, s.opts.Patience}
	watched := func(call func() error) error {
		watchdog.Reset(s.opts.Patience)
		defer watchdog.Stop()
		return call()
	}
	for {
		n, mark, err := s.Read(ctx, raw, len(raw))
		if err != nil {
			return err
		}
		if n > 0 {
			samples(block, raw[:n])
			if err := watched(func() error { return s.dec.Decode(ctx, block[:n/2], out) }); err != nil {
				return err
			}
			s.decoded.Add(int64(n))
		}
		switch mark {
		case stream.Flush:
			if err := watched(func() error { return s.dec.Flush(ctx, out) }); err != nil {
				return err
			}
			at := s.opts.Start + format.Duration(s.decoded.Load())
			if err := s.Emit(stt.Event{Kind: stt.EventFlushed, At: at}); err != nil {
				return err
			}
		case stream.End:
			return watched(func() error { return s.dec.Finish(ctx, out) })
		}
	}
}

// patiently is the output of a decoder that is watched: while it waits for a receiver that is behind, the decoder is not to blame.
type patiently struct {
	*stream.Core
	watchdog *time.Timer
	patience time.Duration
}

// Emit implements Output.
func (p patiently) Emit(ev stt.Event) error {
	p.watchdog.Stop()
	defer p.watchdog.Reset(p.patience)
	return p.Core.Emit(ev)
}

// Working implements Output.
func (p patiently) Working() { p.watchdog.Reset(p.patience) }

// stuck fails the stream while the decoder hangs: its caller would wait in silence for ever.
func (s *Stream) stuck() {
	s.Fail(&stt.Error{Code: stt.Unavailable, Op: "decode",
		Msg: fmt.Sprintf("the engine has decoded nothing for %s although audio is there; it is stuck or the machine is far too busy", s.opts.Patience)})
}
