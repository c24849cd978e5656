package stream_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

// mono has a thousand frames of two bytes a second: a byte is half a millisecond.
var mono = stt.Format{Rate: 1000, Channels: 1}

var _ stt.Stream = (*stream.Core)(nil)

// bubble runs a test on fake time, where a call that blocks can be told from one that is slow.
func bubble(t *testing.T, opts stream.Options, body func(t *testing.T, c *stream.Core)) {
	t.Helper()
	if opts.Format == (stt.Format{}) {
		opts.Format = mono
	}
	synctest.Test(t, func(t *testing.T) {
		c := stream.New(opts)
		defer c.Close()
		body(t, c)
	})
}

// soon returns a context that is done once everything else in the bubble is blocked.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	t.Cleanup(cancel)
	return ctx
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// audio returns n bytes that can be told apart, going on from a position.
func audio(from, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte((from + i) * 7)
	}
	return b
}

func send(t *testing.T, c *stream.Core, data []byte) {
	t.Helper()
	if err := c.Send(t.Context(), stt.Chunk{Data: data}); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

func blocksSend(t *testing.T, c *stream.Core, data []byte) {
	t.Helper()
	if err := c.Send(soon(t), stt.Chunk{Data: data}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Send returns %v; expected it to block", err)
	}
}

// read expects n bytes that go on from a position, and a mark behind them.
func read(t *testing.T, c *stream.Core, buf, atLeast, from, n int, mark stream.Mark) {
	t.Helper()
	b := make([]byte, buf)
	got, m, err := c.Read(soon(t), b, atLeast)
	if err != nil || got != n || m != mark {
		t.Fatalf("Read(%d, %d) returns %d, mark %d, %v; expected %d, mark %d", buf, atLeast, got, m, err, n, mark)
	}
	if want := audio(from, n); string(b[:got]) != string(want) {
		t.Fatalf("Read gives %v; expected %v", b[:got], want)
	}
}

func blocksRead(t *testing.T, c *stream.Core, buf, atLeast int) {
	t.Helper()
	if n, m, err := c.Read(soon(t), make([]byte, buf), atLeast); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Read(%d, %d) returns %d, mark %d, %v; expected it to block", buf, atLeast, n, m, err)
	}
}

func emit(t *testing.T, c *stream.Core, events ...stt.Event) {
	t.Helper()
	for _, ev := range events {
		if err := c.Emit(ev); err != nil {
			t.Fatalf("Emit: %v", err)
		}
	}
}

func partial(id string, revision int) stt.Event {
	return stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: id, Revision: revision}}
}

func final(id string, revision int) stt.Event {
	ev := partial(id, revision)
	ev.Segment.Final = true
	return ev
}

func progress(at stt.Time) stt.Event { return stt.Event{Kind: stt.EventProgress, At: at} }

func on(channel int, ev stt.Event) stt.Event {
	ev.Channel = channel
	if ev.Segment != nil {
		ev.Segment.Channel = channel
	}
	return ev
}

// expect receives exactly the events given.
func expect(t *testing.T, c *stream.Core, want ...stt.Event) {
	t.Helper()
	for i, w := range want {
		got, err := c.Recv(soon(t))
		if err != nil {
			t.Fatalf("event %d: %v; expected %v", i, err, describe(w))
		}
		if describe(got) != describe(w) {
			t.Fatalf("event %d is %v; expected %v", i, describe(got), describe(w))
		}
	}
}

func expectNothing(t *testing.T, c *stream.Core) {
	t.Helper()
	if ev, err := c.Recv(soon(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Recv returns %v, %v; expected it to block", describe(ev), err)
	}
}

func expectEOF(t *testing.T, c *stream.Core) {
	t.Helper()
	for range 3 {
		if ev, err := c.Recv(soon(t)); err != io.EOF {
			t.Fatalf("Recv returns %v, %v; expected io.EOF, again and again", describe(ev), err)
		}
	}
}

func expectCode(t *testing.T, what string, err error, code stt.Code) {
	t.Helper()
	if stt.CodeOf(err) != code {
		t.Fatalf("%s returns %v; expected code %v", what, err, code)
	}
	if e := stt.AsError(err); e.Op == "" && e.Msg == "" {
		t.Fatalf("%s returns an error that says nothing: %#v", what, e)
	}
}

func describe(ev stt.Event) string {
	s := ev.Kind.String()
	switch {
	case ev.Segment != nil && ev.Segment.Final:
		s += " final " + ev.Segment.ID + "/" + string(rune('0'+ev.Segment.Revision))
	case ev.Segment != nil:
		s += " partial " + ev.Segment.ID + "/" + string(rune('0'+ev.Segment.Revision))
	default:
		s += " " + ev.At.String()
	}
	return s + " channel " + string(rune('0'+ev.Channel))
}
