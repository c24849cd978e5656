package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

const (
	// ahead is how much audio waits here before Send blocks; the streams behind take more.
	ahead = time.Second
	// blockTime is how much audio is split at a time.
	blockTime = 100 * time.Millisecond
)

// Stream is a stream of several channels. It implements stt.Stream and stt.Lagger.
type Stream struct {
	*stream.Core

	// Immutable.
	format stt.Format
	start  stt.Time
	inner  []stt.Stream // by channel; one for all where they are mixed

	passed atomic.Int64 // bytes that have been sent on

	mu      sync.Mutex // guards all below, and calls of Emit
	flushed []int      // by channel: how many flushes it has answered; math.MaxInt when it has ended
	told    int        // how many answers have been given
	left    int        // channels that have not ended
}

// newStream starts a stream over the streams of its channels, which belong to it from now on: one for each, or one for all of
// them mixed.
func newStream(cfg stt.Config, can *stt.Capabilities, inner []stt.Stream) *Stream {
	s := &Stream{format: cfg.Audio, start: cfg.Start, inner: inner, flushed: make([]int, len(inner)), left: len(inner),
		Core: stream.New(stream.Options{Format: cfg.Audio, Start: cfg.Start, MaxAhead: ahead, Channels: len(inner),
			NoFlush: !can.Has.Has(stt.FeatureFlush)})}
	s.Go(s.write) // ends with the audio, with the stream, or with Close
	for i := range inner {
		s.Go(func(ctx context.Context) { s.read(ctx, i) }) // ends with the channel's stream, or with Close
	}
	return s
}

// Close implements stt.Stream.
func (s *Stream) Close() error {
	return errors.Join(s.Core.Close(), s.closeInner())
}

// closeInner ends the streams of all channels, so that their places are free.
func (s *Stream) closeInner() error {
	var errs []error
	for _, inner := range s.inner {
		errs = append(errs, inner.Close())
	}
	return errors.Join(errs...)
}

// Lag implements stt.Lagger: the audio that waits here, and behind for the channel that is slowest.
func (s *Stream) Lag() stt.Time {
	var behind stt.Time
	for _, inner := range s.inner {
		if l, ok := inner.(stt.Lagger); ok {
			behind = max(behind, l.Lag())
		}
	}
	return s.Accepted() - s.start - s.format.Duration(s.passed.Load()) + behind
}

// write splits the audio until it ends.
func (s *Stream) write(ctx context.Context) {
	frame := s.format.FrameBytes()
	w := writer{s: s, done: make([]bool, len(s.inner))}
	buf := make([]byte, max(s.format.Bytes(blockTime), frame))
	for {
		n, mark, err := s.Read(ctx, buf, frame)
		if err != nil {
			return // the stream has ended or is being closed
		}
		if n > 0 {
			w.send(ctx, buf[:n])
		}
		switch mark {
		case stream.Flush:
			w.flush(ctx)
		case stream.End:
			for _, inner := range s.inner {
				_ = inner.CloseSend() // a stream that has failed says so to its reader
			}
			return
		}
	}
}

// writer is the state of the writing goroutine.
type writer struct {
	s       *Stream
	done    []bool  // channels that take no more audio; why is read from their streams
	samples []int16 // interleaved
	one     []int16 // of one channel
	raw     []byte
}

// send gives every channel its part of some frames.
func (w *writer) send(ctx context.Context, data []byte) {
	s := w.s
	w.samples = audio.AppendSamples(w.samples[:0], data)
	offset := s.start + s.format.Duration(s.passed.Load())
	for i, inner := range s.inner {
		if w.done[i] {
			continue
		}
		if len(s.inner) == 1 {
			w.one = audio.AppendMono(w.one[:0], w.samples, s.format.Channels)
		} else {
			w.one = audio.AppendChannel(w.one[:0], w.samples, s.format.Channels, i)
		}
		w.raw = audio.AppendBytes(w.raw[:0], w.one)
		w.done[i] = inner.Send(ctx, stt.Chunk{Data: w.raw, Offset: offset}) != nil
	}
	s.passed.Add(int64(len(data)))
}

// flush asks every channel for finals.
func (w *writer) flush(ctx context.Context) {
	for i, inner := range w.s.inner {
		if w.done[i] {
			continue
		}
		err := inner.Flush(ctx)
		if stt.CodeOf(err) == stt.Unsupported { // although the model claims it: nobody would ever answer
			w.s.fail(err)
			return
		}
		w.done[i] = err != nil
	}
}

// read hands on what the stream of one channel says.
func (s *Stream) read(ctx context.Context, channel int) {
	for {
		ev, err := s.inner[channel].Recv(ctx)
		ended := err == io.EOF
		switch {
		case ended:
			err = s.end(channel)
		case err == nil:
			err = s.hand(channel, ev)
		case ctx.Err() != nil:
			return // Close
		}
		if err != nil {
			s.fail(err)
		}
		if err != nil || ended {
			return
		}
	}
}

// fail ends the stream for the first reason there is, and the streams of the other channels with it.
func (s *Stream) fail(why error) {
	s.Fail(stt.AsError(why))
	_ = s.closeInner() // what went wrong has been said
}

// hand gives an event to the receiver as one of a channel.
func (s *Stream) hand(channel int, ev stt.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ev.Kind == stt.EventFlushed {
		s.flushed[channel]++
		return s.answer(ev.At)
	}
	s.mark(channel, &ev)
	return s.Emit(ev)
}

// answer gives the answers to Flush that all channels have given. s.mu is held.
func (s *Stream) answer(at stt.Time) error {
	for all := slices.Min(s.flushed); s.told < all && all < math.MaxInt; s.told++ {
		if err := s.Emit(stt.Event{Kind: stt.EventFlushed, At: at}); err != nil {
			return err
		}
	}
	return nil
}

// end notes that a channel has said everything.
func (s *Stream) end(channel int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushed[channel] = math.MaxInt
	if s.left--; s.left == 0 {
		s.Finish()
		return nil
	}
	return s.answer(s.Accepted())
}

// mark says in an event which channel it is about.
func (s *Stream) mark(channel int, ev *stt.Event) {
	if len(s.inner) == 1 {
		return
	}
	ev.Channel = channel
	if ev.Segment != nil {
		ev.Segment.Channel = channel
		ev.Segment.ID = identify(channel, ev.Segment.ID)
	}
	for i := range ev.Relabel {
		ev.Relabel[i].Segment = identify(channel, ev.Relabel[i].Segment)
	}
}

// identify makes an identifier of one channel unique among all.
func identify(channel int, id string) string {
	if id == "" {
		return "" // which it must not be, as whoever sees it will say
	}
	return fmt.Sprintf("ch%d-%s", channel, id)
}

var (
	_ stt.Stream = (*Stream)(nil)
	_ stt.Lagger = (*Stream)(nil)
)
