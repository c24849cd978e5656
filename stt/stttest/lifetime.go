package stttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// closes is rule 11: Close from another goroutine at seeded random moments.
func (h *Harness) closes(t *testing.T) {
	const times = 12
	for i := range times {
		if t.Failed() {
			return // the others would say the same
		}
		h.each(t, fmt.Sprintf("at %d of %d", i, times), func(c *caseRun) {
			before := runtime.NumGoroutine()
			// Each case has a generator of its own with the same seed: draw differently.
			for range i {
				c.rand.Uint64()
			}
			after := c.rand.IntN(len(c.Audio) + 1)
			c.closeAfter(after)
			c.noneLeft(before)
		})
	}
}

// closeAfter closes the stream when that many bytes have been sent, while both sides are in use.
func (c *caseRun) closeAfter(bytes int) {
	k := c.open(c.Config)
	var sides sync.WaitGroup
	reached := make(chan struct{})
	var once sync.Once
	sides.Go(func() { // owned by the case; ends when Close unblocks Send
		defer once.Do(func() { close(reached) })
		err := allCuts[2].pieces(c.Config.Audio, c.Audio, func(b []byte) error {
			if k.sent >= int64(bytes) {
				once.Do(func() { close(reached) })
			}
			return k.send(b)
		})
		if err != nil && stt.CodeOf(err) != stt.Closed {
			c.t.Errorf("rule 11: Send during Close returns %v; expected code closed", err)
		}
	})
	sides.Go(func() { // owned by the case; ends when Close unblocks Recv
		for {
			if _, err := k.next(); err != nil {
				if !errors.Is(err, io.EOF) && stt.CodeOf(err) != stt.Closed {
					c.t.Errorf("rule 11: Recv during Close returns %v; expected code closed or io.EOF", err)
				}
				return
			}
		}
	})
	<-reached
	var closers sync.WaitGroup
	for range 3 {
		closers.Go(k.close) // owned by the case; several at once must be fine
	}
	closers.Wait()
	sides.Wait()
}

// stress opens and ends streams in quick succession, some of them at the same time.
func (c *caseRun) stress() {
	before := runtime.NumGoroutine()
	const rounds, together = 8, 3
	for range rounds {
		var all sync.WaitGroup
		for range together {
			all.Go(func() { // owned by the case; ends with its stream
				s, err := c.rec.Open(c.ctx(), c.Config)
				if err != nil {
					if stt.CodeOf(err) != stt.Exhausted {
						c.t.Errorf("Open: %v", err)
					}
					return
				}
				if err := s.Send(c.ctx(), stt.Chunk{Data: c.Audio[:c.Config.Audio.Bytes(50*time.Millisecond)]}); err != nil {
					c.t.Errorf("Send: %v", err)
				}
				if err := c.closed(s); err != nil {
					c.t.Errorf("rule 11: Close returns %v", err)
				}
			})
		}
		all.Wait()
	}
	c.noneLeft(before)
	// What was used that hard still works.
	c.sameWords(c.whole(c.Config, allCuts[0], c.Audio))
}

// noneLeft checks that no goroutine of the stream outlives Close. Goroutines that have told their owner and are about
// to return get a moment.
func (c *caseRun) noneLeft(before int) {
	if c.Bubble || c.t.Failed() {
		return // a bubble does not end before its goroutines do; and a stream that could not be closed has some
	}
	patience := time.NewTimer(c.Timeout)
	defer patience.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C:
		case <-patience.C:
			buf := make([]byte, 1<<20)
			c.t.Errorf("rule 11: %d goroutines before, %d after Close:\n%s", before, runtime.NumGoroutine(),
				buf[:runtime.Stack(buf, true)])
			return
		}
	}
}

// dies is rule 8: events first, then the error for ever, and both sides say so.
func (c *caseRun) dies() {
	k := c.open(c.Config)
	sender := k.speak(allCuts[0], c.Audio)
	var failure error
	for failure == nil {
		_, failure = k.next()
	}
	c.isFailure(failure)
	if _, again := k.stream.Recv(c.ctx()); !errors.Is(again, failure) {
		c.t.Errorf("rule 8: Recv returns %v, and then %v", failure, again)
	}
	// It may have sent everything before the failure.
	if err := <-sender; errors.Is(err, context.DeadlineExceeded) {
		c.t.Errorf("rule 8: Send on a failed stream blocks: %v", err)
	}
	if err := k.send(c.Audio[:c.Config.Audio.FrameBytes()]); err == nil || errors.Is(err, context.DeadlineExceeded) {
		c.t.Errorf("rule 8: Send on a failed stream returns %v; expected that it has failed", err)
	}
	if err := k.stream.Flush(c.ctx()); err == nil || errors.Is(err, context.DeadlineExceeded) {
		c.t.Errorf("rule 8: Flush on a failed stream returns %v; expected that it has failed", err)
	}
	k.close()
	if _, again := k.stream.Recv(c.ctx()); !errors.Is(again, failure) {
		c.t.Errorf("rule 8: Recv after Close returns %v; expected the failure %v", again, failure)
	}
}

func (c *caseRun) isFailure(err error) {
	c.t.Helper()
	var e *stt.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &e):
		c.t.Errorf("rule 8: neither an event nor a failure in %v (%v)", c.Timeout, err)
	case errors.Is(err, io.EOF):
		c.t.Error("rule 8: the stream fails with io.EOF, as if all were well")
	case !errors.As(err, &e):
		c.t.Errorf("rule 8: the stream fails with %T (%v); expected *stt.Error", err, err)
	case e.Msg == "":
		c.t.Errorf("rule 8: the failure %v has no message", e.Code)
	}
}

// stalls fills the stream until Send blocks, gives up by context, and closes.
func (c *caseRun) stalls() {
	before := runtime.NumGoroutine()
	k := c.open(c.Config)
	blocked := false
	for range 10_000 { // 1,000 s of audio: nobody may swallow that much and say nothing
		ctx, cancel := c.brief()
		piece := c.Audio[:min(len(c.Audio), c.Config.Audio.Bytes(100*time.Millisecond))]
		k.handed.Add(int64(len(piece)))
		err := k.stream.Send(ctx, stt.Chunk{Data: piece})
		cancel()
		if err != nil {
			if ctx.Err() == nil {
				c.t.Fatalf("Send on a stalled stream: %v", err)
			}
			blocked = true
			break
		}
	}
	if !blocked {
		c.t.Error("a stalled stream takes audio without end; Send must block or fail")
	}
	ctx, cancel := c.brief()
	defer cancel()
	if _, err := k.stream.Recv(ctx); err == nil {
		c.t.Log("a stalled stream still gave an event")
	}
	k.close()
	c.noneLeft(before)
}

// brief is long enough for a healthy recognizer to do something, and short for a test.
func (c *caseRun) brief() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 300*time.Millisecond)
}

func (c *caseRun) refuses() {
	s, err := c.rec.Open(c.ctx(), c.Config)
	if err == nil {
		// A protocol may report it after the opening only.
		c.t.Cleanup(func() { _ = c.closed(s) })
		_, err = s.Recv(c.ctx())
	}
	if code := stt.CodeOf(err); code != stt.Exhausted && code != stt.Quota {
		c.t.Errorf("refused for want of capacity with %v; expected code exhausted or quota", err)
	}
}

// neverEnds is the last sentence of rule 7.
func (c *caseRun) neverEnds() {
	k := c.open(c.Config)
	sender := k.speak(allCuts[0], c.Audio)
	var failure error
	for failure == nil {
		_, failure = k.next()
	}
	<-sender
	c.isFailure(failure)
	if code := stt.CodeOf(failure); code != stt.DeadlineExceeded {
		c.t.Errorf("rule 7: a peer that never ends gives %v; expected code deadline-exceeded", failure)
	}
	k.close()
}
