package stttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// contexts is rule 9: calls whose context is done in between change nothing.
func (c *caseRun) contexts() {
	k := c.open(c.Config)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	sender := make(chan error, 1)
	var wrong error // what Send returned instead; of the sender until it has ended
	go func() {     // owned by the case, which receives from sender
		err := allCuts[2].pieces(c.Config.Audio, c.Audio, func(b []byte) error {
			if err := k.stream.Send(done, stt.Chunk{Data: b}); !errors.Is(err, context.Canceled) && wrong == nil {
				wrong = fmt.Errorf("rule 9: Send with a canceled context returns %v; expected context.Canceled", err)
			}
			return k.send(b)
		})
		if err == nil {
			err = k.stream.CloseSend()
		}
		sender <- err
	}()
	k.interruptedListen(done)
	k.finish(sender)
	if wrong != nil {
		c.t.Error(wrong)
	}
	c.sameWords(k.checker.Finals())
	if c.has.Has(stt.FeatureDeterministic) {
		c.same("rule 9", k.checker.Finals(), c.whole(c.Config, allCuts[2], c.Audio))
	}
}

// interruptedListen receives to io.EOF, each time first with a context that is done, and then with one that ends while
// Recv waits or just after an event came.
func (k *talk) interruptedListen(done context.Context) {
	t, c := k.c.t, k.c
	t.Helper()
	last := time.Now()
	for {
		if _, err := k.recv(done); !errors.Is(err, context.Canceled) {
			t.Errorf("rule 9: Recv with a canceled context returns %v; expected context.Canceled", err)
		}
		short, cancel := context.WithTimeout(context.Background(), time.Duration(c.rand.IntN(2000))*time.Microsecond)
		_, err := k.recv(short)
		cancel()
		switch {
		case errors.Is(err, io.EOF):
			return
		case err == nil:
			last = time.Now()
		case !errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("Recv: %v", err)
		case time.Since(last) > c.Timeout:
			t.Fatalf("rule 9: with contexts that end, neither an event nor io.EOF in %v", c.Timeout)
		}
	}
}

// ownership is rule 10: chunks and events are overwritten as soon as they may be.
func (c *caseRun) ownership() {
	k := c.open(c.Config)
	sender := make(chan error, 1)
	go func() { // owned by the case, which receives from sender
		err := allCuts[0].pieces(c.Config.Audio, c.Audio, func(b []byte) error {
			mine := bytes.Clone(b)
			err := k.send(mine)
			for i := range mine {
				mine[i] = byte(i * 37)
			}
			return err
		})
		if err == nil {
			err = k.stream.CloseSend()
		}
		sender <- err
	}()
	said := map[int][]string{} // by channel
	k.listen(func(ev stt.Event) {
		if ev.Kind != stt.EventSegment {
			return
		}
		if ev.Segment.Final {
			said[ev.Channel] = append(said[ev.Channel], wordsOf([]stt.Segment{*ev.Segment})...)
		}
		for _, alt := range ev.Segment.Alternatives {
			for i := range alt.Words {
				alt.Words[i] = stt.Word{Text: "overwritten"}
			}
		}
		ev.Segment.Alternatives = nil
	})
	k.finish(sender)
	var heard []string
	for _, channel := range slices.Sorted(maps.Keys(said)) {
		heard = append(heard, said[channel]...)
	}
	if c.Words != nil && !slices.Equal(heard, c.Words) {
		c.t.Errorf("rule 10: with chunks and events overwritten after use the finals hold %q, expected %q", heard, c.Words)
	}
	if c.has.Has(stt.FeatureDeterministic) {
		if want := wordsOf(c.whole(c.Config, allCuts[0], c.Audio)); !slices.Equal(heard, want) {
			c.t.Errorf("rule 10: with chunks and events overwritten after use the finals hold %q, otherwise %q", heard, want)
		}
	}
}

func (c *caseRun) flush() {
	k := c.open(c.Config)
	half := len(c.Audio) / 2
	half -= half % c.Config.Audio.FrameBytes()
	if !c.claims(stt.FeatureFlush) {
		if err := k.stream.Flush(c.ctx()); stt.CodeOf(err) != stt.Unsupported {
			c.t.Errorf("does not claim flush, but Flush returns %v; expected code unsupported", err)
		}
		sender := k.speak(allCuts[0], c.Audio)
		k.listen(nil)
		k.finish(sender)
		c.sameWords(k.checker.Finals())
		return
	}
	sender := make(chan error, 1)
	go func() { // owned by the case, which receives from sender
		err := allCuts[0].pieces(c.Config.Audio, c.Audio[:half], k.send)
		if err == nil {
			err = k.stream.Flush(c.ctx())
		}
		sender <- err
	}()
	at := k.accepted(int64(half))
	k.awaitFlushed(at)
	if err := <-sender; err != nil {
		c.t.Fatalf("sending: %v", err)
	}
	rest := k.speak(allCuts[0], c.Audio[half:])
	k.listen(func(ev stt.Event) {
		if ev.Kind != stt.EventSegment {
			return
		}
		for _, w := range ev.Segment.Best().Words {
			if w.Span.Known && w.Span.End < at-stableShift {
				c.t.Errorf("flushed at %v, but %q at %v came later", at, w.Text, w.Span.End)
			}
		}
	})
	k.finish(rest)
	c.sameWords(k.checker.Finals())
}

// awaitFlushed receives until the flushed event.
func (k *talk) awaitFlushed(at stt.Time) {
	t := k.c.t
	t.Helper()
	for {
		ev, err := k.next()
		if err != nil {
			t.Fatalf("claims flush, but no flushed event came after Flush: %v", err)
		}
		if ev.Kind == stt.EventFlushed {
			if !k.checker.near(ev.At, at) {
				t.Errorf("flushed at %v, asked at %v", ev.At, at)
			}
			return
		}
	}
}

// silence is the claim that progress passes through silence while the stream is open.
func (c *caseRun) silence() {
	if !c.claims(stt.FeatureProgress) {
		return
	}
	k := c.open(c.Config)
	const quiet, behind = 6 * time.Second, 3 * time.Second
	audio := append(bytes.Clone(c.Audio), make([]byte, c.Config.Audio.Bytes(quiet))...)
	sender := make(chan error, 1)
	go func() { sender <- allCuts[0].pieces(c.Config.Audio, audio, k.send) }() // owned by the case, which receives
	want := k.accepted(int64(len(audio))) - behind
	for k.checker.Progress(0) < want {
		if _, err := k.next(); err != nil {
			c.t.Fatalf("claims progress, but it stands at %v after %v of silence (%v)", k.checker.Progress(0), quiet, err)
		}
	}
	if err := <-sender; err != nil {
		c.t.Fatalf("sending: %v", err)
	}
	rest := k.speak(cut{}, nil)
	k.listen(nil)
	k.finish(rest)
}

// oddChunk sends a part of a frame, which is refused and changes nothing.
func (c *caseRun) oddChunk() {
	k := c.open(c.Config)
	err := k.stream.Send(c.ctx(), stt.Chunk{Data: c.Audio[:c.Config.Audio.FrameBytes()-1]})
	if code := stt.CodeOf(err); code != stt.Malformed && code != stt.Invalid {
		c.t.Errorf("Send of a part of a frame returns %v; expected code malformed", err)
	}
	sender := k.speak(allCuts[0], c.Audio)
	k.listen(nil)
	k.finish(sender)
	c.sameWords(k.checker.Finals())
}
