package stttest

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// cut says how audio is cut into chunks: the first part in pieces of one frame, the rest in pieces of size.
type cut struct {
	name   string
	frames time.Duration // how much of the beginning goes frame by frame
	size   time.Duration // 0: all at once
	pause  time.Duration // after each piece
}

var allCuts = []cut{
	{name: "100ms", size: 100 * time.Millisecond}, // the reference
	{name: "frames-then-10ms", frames: 200 * time.Millisecond, size: 10 * time.Millisecond},
	{name: "37ms", size: 37 * time.Millisecond},
	{name: "1s", size: time.Second},
	{name: "at-once"},
}

// live is how people speak. A bubble has the time for it.
var live = cut{name: "live", size: 100 * time.Millisecond, pause: 100 * time.Millisecond}

// cuts returns the cuts for every case of rule 6.
func (h *Harness) cuts() []cut {
	if h.Bubble {
		return append([]cut{live}, allCuts...)
	}
	return allCuts
}

// pieces calls send for each chunk until it fails.
func (c cut) pieces(f stt.Format, audio []byte, send func([]byte) error) error {
	frame := f.FrameBytes()
	for head := f.Bytes(c.frames); head > 0 && len(audio) > 0; head -= frame {
		if err := send(audio[:frame]); err != nil {
			return err
		}
		audio = audio[frame:]
	}
	size := len(audio)
	if c.size > 0 {
		size = max(f.Bytes(c.size), frame)
	}
	for len(audio) > 0 {
		n := min(size, len(audio))
		if err := send(audio[:n]); err != nil {
			return err
		}
		audio = audio[n:]
	}
	return nil
}

// talk is one stream in use, with a checker on it.
type talk struct {
	c       *caseRun
	over    chan struct{} // closed when the case has ended
	stream  stt.Stream
	cfg     stt.Config
	checker Checker
	handed  atomic.Int64     // bytes given to Send, those of a running Send included
	sent    int64            // bytes accepted; of the sending goroutine, until it has ended
	events  int              // of the receiving goroutine
	kinds   map[stt.Kind]int // of the receiving goroutine
}

// maxEvents is more than any case can give rise to; a stream that never stops talking must not hang the suite.
const maxEvents = 100_000

// ctx returns a context for one wait. It ends with the case at the latest.
func (c *caseRun) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	c.t.Cleanup(cancel)
	return ctx
}

// open opens a stream. The context of the opening is over when it returns, as the contract allows.
func (c *caseRun) open(cfg stt.Config) *talk {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	s, err := c.rec.Open(ctx, cfg)
	cancel()
	if err != nil {
		c.t.Fatalf("Open: %v", err)
	}
	k := &talk{c: c, over: make(chan struct{}), stream: s, cfg: cfg, kinds: map[stt.Kind]int{}}
	k.checker = Checker{Start: cfg.Start, Tolerance: c.Tolerance, Overlap: c.has.Has(stt.FeatureOverlap)}
	c.t.Cleanup(func() { // a case that gives up must leave nothing behind
		close(k.over)
		_ = c.closed(s)
	})
	return k
}

func (k *talk) send(data []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), k.c.Timeout)
	defer cancel()
	k.handed.Add(int64(len(data)))
	err := k.stream.Send(ctx, stt.Chunk{Data: data, Offset: k.accepted(k.sent)})
	if err == nil {
		k.sent += int64(len(data))
	}
	return err
}

func (k *talk) accepted(n int64) stt.Time { return k.checker.Start + k.c.Config.Audio.Duration(n) }

// speak sends all audio on a goroutine of its own, ends it, and gives the result on the channel.
func (k *talk) speak(how cut, audio []byte) <-chan error {
	done := make(chan error, 1)
	go func() { // owned by the case, which receives from done
		err := how.pieces(k.c.Config.Audio, audio, func(b []byte) error {
			err := k.send(b)
			if err == nil && how.pause > 0 {
				select {
				case <-time.After(how.pause):
				case <-k.over:
					err = errors.New("the case has ended")
				}
			}
			return err
		})
		if err == nil {
			err = k.stream.CloseSend()
		}
		done <- err
	}()
	return done
}

// next is recv with patience.
func (k *talk) next() (stt.Event, error) {
	ctx, cancel := context.WithTimeout(context.Background(), k.c.Timeout)
	defer cancel()
	return k.recv(ctx)
}

// recv returns the next event after judging it.
func (k *talk) recv(ctx context.Context) (stt.Event, error) {
	ev, err := k.stream.Recv(ctx)
	if err != nil {
		return ev, err
	}
	t := k.c.t
	k.events++
	k.kinds[ev.Kind]++
	if k.events > maxEvents {
		t.Fatalf("the stream gives more than %d events", maxEvents)
	}
	if ev.Kind == stt.EventSegment && ev.Segment == nil {
		t.Fatalf("event %d: a segment event without a segment", k.events)
	}
	if err := k.checker.Event(ev, k.accepted(k.handed.Load())); err != nil {
		t.Errorf("event %d: %v", k.events, err)
	}
	if s := ev.Segment; s != nil {
		if limit := max(k.c.can.MaxAlternatives, 1); len(s.Alternatives) > limit {
			t.Errorf("event %d: %d alternatives, but %d are claimed at most", k.events, len(s.Alternatives), limit)
		}
		if !s.Final && k.cfg.Interim.Stability == stt.StabilityOff && stableWords(s) > 0 {
			t.Errorf("event %d: a stable word in a partial although Stability is off", k.events)
		}
	}
	return ev, nil
}

func stableWords(s *stt.Segment) (n int) {
	for _, w := range s.Best().Words {
		if w.Stable {
			n++
		}
	}
	return n
}

// listen receives to io.EOF, calling each for every event.
func (k *talk) listen(each func(stt.Event)) {
	t := k.c.t
	t.Helper()
	for {
		ev, err := k.next()
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("rule 7: neither an event nor io.EOF in %v (%v)", k.c.Timeout, err)
		case err != nil:
			t.Fatalf("Recv: %v", err)
		case each != nil:
			each(ev)
		}
	}
}

// finish awaits the sender, judges the end, checks that io.EOF stays, and closes.
func (k *talk) finish(sender <-chan error) {
	t := k.c.t
	t.Helper()
	if err := <-sender; err != nil {
		t.Fatalf("sending: %v", err)
	}
	if err := k.checker.End(k.accepted(k.sent)); err != nil {
		t.Error(err)
	}
	for range 2 {
		if _, err := k.stream.Recv(k.c.ctx()); !errors.Is(err, io.EOF) {
			t.Errorf("rule 7: Recv after io.EOF returns %v", err)
		}
	}
	k.close()
}

// close closes the stream and complains when that goes wrong.
func (k *talk) close() {
	k.c.t.Helper()
	if err := k.c.closed(k.stream); err != nil {
		k.c.t.Errorf("rule 11: Close returns %v", err)
	}
}

// closed closes the stream and returns the error, also that Close has not returned.
func (c *caseRun) closed(s stt.Stream) error {
	done := make(chan error, 1)
	go func() { done <- s.Close() }() // ends when Close returns; one that never does fails the case
	patience := time.NewTimer(c.Timeout)
	defer patience.Stop()
	select {
	case err := <-done:
		return err
	case <-patience.C:
		return errors.New("nothing: it blocks")
	}
}

// whole says everything, hears everything and returns the finals.
func (c *caseRun) whole(cfg stt.Config, how cut, audio []byte) []stt.Segment {
	c.t.Helper()
	k := c.open(cfg)
	sender := k.speak(how, audio)
	k.listen(nil)
	k.finish(sender)
	return k.checker.Finals()
}
