package stream_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

var (
	speechStart = stt.Event{Kind: stt.EventSpeechStart, At: 1}
	endpoint    = stt.Event{Kind: stt.EventEndpoint, At: 2}
)

// What waits for a slow receiver.
func TestCoalescing(t *testing.T) {
	for _, c := range []struct {
		name       string
		given, got []stt.Event
	}{
		{"partials of a segment: the last",
			[]stt.Event{partial("a", 1), partial("a", 2), partial("a", 3)},
			[]stt.Event{partial("a", 3)}},
		// Whoever claims interim results shows one of each segment, however slow the receiver is.
		{"a final leaves the last partial",
			[]stt.Event{partial("a", 1), partial("a", 2), final("a", 3)},
			[]stt.Event{partial("a", 2), final("a", 3)}},
		{"partials of two segments",
			[]stt.Event{partial("a", 1), partial("b", 1), partial("b", 2)},
			[]stt.Event{partial("a", 1), partial("b", 2)}},
		{"a final is never replaced",
			[]stt.Event{final("a", 1), partial("a", 2), final("b", 1), final("b", 2)},
			[]stt.Event{final("a", 1), partial("a", 2), final("b", 1), final("b", 2)}},
		{"something in between",
			[]stt.Event{partial("a", 1), speechStart, partial("a", 2)},
			[]stt.Event{partial("a", 1), speechStart, partial("a", 2)}},
		{"the same segment of another channel",
			[]stt.Event{partial("a", 1), on(1, partial("a", 2))},
			[]stt.Event{partial("a", 1), on(1, partial("a", 2))}},
		{"progress: the last",
			[]stt.Event{progress(10), progress(20), progress(30)},
			[]stt.Event{progress(30)}},
		{"progress does not overtake a segment that starts before it",
			[]stt.Event{progress(10), final("a", 1), progress(20)},
			[]stt.Event{progress(10), final("a", 1), progress(20)}},
		{"progress does not overtake a partial",
			[]stt.Event{progress(10), partial("a", 1), progress(20), partial("a", 2), progress(30)},
			[]stt.Event{progress(10), partial("a", 1), progress(20), partial("a", 2), progress(30)}},
		{"progress that says nothing new",
			[]stt.Event{progress(10), endpoint, progress(10), progress(5), endpoint},
			[]stt.Event{progress(10), endpoint, endpoint}},
		{"progress of two channels",
			[]stt.Event{progress(10), on(1, progress(5)), progress(20), on(1, progress(5)), on(1, progress(6))},
			[]stt.Event{progress(10), on(1, progress(5)), progress(20), on(1, progress(6))}},
		{"other events all count",
			[]stt.Event{speechStart, speechStart, endpoint, endpoint},
			[]stt.Event{speechStart, speechStart, endpoint, endpoint}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, stream.Options{Channels: 2}, func(t *testing.T, core *stream.Core) {
				emit(t, core, c.given...)
				expect(t, core, c.got...)
				expectNothing(t, core)
			})
			// A receiver that keeps up loses nothing but progress that says nothing.
			bubble(t, stream.Options{Channels: 2}, func(t *testing.T, core *stream.Core) {
				said := map[int]stt.Time{}
				for _, ev := range c.given {
					emit(t, core, ev)
					if ev.Kind == stt.EventProgress && ev.At <= said[ev.Channel] {
						expectNothing(t, core)
						continue
					}
					if ev.Kind == stt.EventProgress {
						said[ev.Channel] = ev.At
					}
					expect(t, core, ev)
				}
			})
		})
	}
}

func TestProgressAtStartSaysNothing(t *testing.T) {
	bubble(t, stream.Options{Start: time.Second}, func(t *testing.T, c *stream.Core) {
		emit(t, c, progress(0), progress(time.Second), progress(time.Second+1))
		expect(t, c, progress(time.Second+1))
	})
}

func TestEmitBlocks(t *testing.T) {
	bubble(t, stream.Options{MaxEvents: 3}, func(t *testing.T, c *stream.Core) {
		emit(t, c, final("a", 1), final("b", 1), partial("c", 1))
		emit(t, c, partial("c", 2)) // replaces, so there is room
		emitted := make(chan error)
		go func() { emitted <- c.Emit(final("c", 3)) }() // ends when Emit returns
		synctest.Wait()
		select {
		case err := <-emitted:
			t.Fatalf("Emit beyond the limit returns %v", err)
		default:
		}
		expect(t, c, final("a", 1))
		if err := <-emitted; err != nil {
			t.Fatal(err)
		}
		expect(t, c, final("b", 1), partial("c", 2), final("c", 3))
		expectNothing(t, c)
	})
}

func TestEmitDefaultLimit(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		for range stream.DefaultMaxEvents {
			emit(t, c, endpoint)
		}
		emitted := make(chan error, 1)
		go func() { emitted <- c.Emit(endpoint) }() // ends when Emit returns
		synctest.Wait()
		if len(emitted) != 0 {
			t.Fatal("Emit beyond the limit returns")
		}
		expect(t, c, endpoint)
		<-emitted
	})
}

func TestEmitBlockedThenEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*stream.Core)
	}{
		{"close", func(c *stream.Core) { c.Close() }},
		{"fail", func(c *stream.Core) { c.Fail(stt.Errorf(stt.Unavailable, "gone")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, stream.Options{MaxEvents: 1}, func(t *testing.T, core *stream.Core) {
				emit(t, core, endpoint)
				emitted := make(chan error)
				go func() { emitted <- core.Emit(endpoint) }() // ends when Emit returns
				synctest.Wait()
				c.end(core)
				expectCode(t, "Emit", <-emitted, stt.Closed)
			})
		})
	}
}

// The context of a Recv ends at the very moment at which an event comes: it is had now or at the next call.
func TestRecvContextAgainstEmit(t *testing.T) {
	for range 50 {
		bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
			ctx, cancel := context.WithCancel(t.Context())
			received := make(chan error)
			go func() { // ends when Recv returns
				_, err := c.Recv(ctx)
				received <- err
			}()
			synctest.Wait()
			go cancel() // ends at once
			emit(t, c, endpoint)
			if err := <-received; err != nil {
				expect(t, c, endpoint)
			}
			expectNothing(t, c)
		})
	}
}

// An event that cannot be is a bug of the worker. It fails the stream, and does not hang or crash it.
func TestEmitNonsense(t *testing.T) {
	for _, ev := range []stt.Event{
		{Kind: stt.EventSegment},
		{},
		on(2, progress(1)),
		on(-1, progress(1)),
		on(2, endpoint),
		on(2, partial("a", 1)),
	} {
		t.Run(fmt.Sprintf("%v of channel %d", ev.Kind, ev.Channel), func(t *testing.T) {
			bubble(t, stream.Options{Channels: 2}, func(t *testing.T, c *stream.Core) {
				emit(t, c, endpoint)
				c.Go(func(context.Context) { _ = c.Emit(ev) })
				synctest.Wait()
				expect(t, c, endpoint)
				_, err := c.Recv(soon(t))
				expectCode(t, "Recv", err, stt.Internal)
			})
		})
	}
}
