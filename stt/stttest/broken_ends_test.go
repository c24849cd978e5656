package stttest_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// Rules 7, 8 and 11.
func brokenEnds() []breakage {
	short := func(h *stttest.Harness) { h.Timeout = 2e9 }
	return []breakage{
		{name: "io.EOF does not stay", in: "no audio", wants: "rule 7: Recv after io.EOF returns", around: streams(func(o *odd, _ stt.Config) {
			ended := false
			o.recv = func(ctx context.Context) (stt.Event, error) {
				if ended {
					return stt.Event{Kind: stt.EventUsage, Usage: &stt.Usage{}}, nil
				}
				ev, err := o.Stream.Recv(ctx)
				ended = errors.Is(err, io.EOF)
				return ev, err
			}
		})},
		{name: "segment without audio", in: "no audio", wants: "rule 7: a segment without audio", around: events(func(cfg stt.Config) func(stt.Event) []stt.Event {
			heard := false
			return func(ev stt.Event) []stt.Event {
				if ev.Kind == 0 && !heard {
					return []stt.Event{{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "none", Final: true,
						Span: stt.SpanOf(cfg.Start, cfg.Start), Alternatives: []stt.Alternative{{Text: "thank you for watching"}}}}}
				}
				heard = true
				return real(ev)
			}
		})},
		{name: "never ends", in: "no audio", wants: "rule 7: neither an event nor io.EOF", change: short, around: streams(func(o *odd, _ stt.Config) {
			o.closeSend = func() error { return nil }
		})},
		{name: "a peer that never ends is not cut off", in: "never-ends", wants: "rule 8: neither an event nor a failure", change: short,
			around: only(stttest.NeverEnds, func(o *odd, _ stt.Config) { endless(o) })},
		{name: "a peer that never ends with another code", in: "never-ends", wants: "expected code deadline-exceeded",
			around: only(stttest.NeverEnds, failing(func(err error) error { return stt.Errorf(stt.Internal, "who knows") }))},
		{name: "Send after CloseSend", in: "end", wants: "rule 7: Send after CloseSend returns <nil>", around: streams(func(o *odd, _ stt.Config) {
			o.send = func(ctx context.Context, c stt.Chunk) error {
				if err := o.Stream.Send(ctx, c); stt.CodeOf(err) != stt.Closed {
					return err
				}
				return nil
			}
		})},
		{name: "the second CloseSend fails", in: "end", wants: "rule 7: the second CloseSend", around: streams(func(o *odd, _ stt.Config) {
			once := false
			o.closeSend = func() error {
				if once {
					return stt.Errorf(stt.Closed, "closed already")
				}
				once = true
				return o.Stream.CloseSend()
			}
		})},

		{name: "failure does not stay", in: "dies", wants: "rule 8: Recv returns", around: only(stttest.Dies, func(o *odd, _ stt.Config) {
			failed := false
			o.recv = func(ctx context.Context) (stt.Event, error) {
				if failed {
					return stt.Event{}, io.EOF
				}
				ev, err := o.Stream.Recv(ctx)
				failed = err != nil
				return ev, err
			}
		})},
		{name: "fails as if all were well", in: "dies", wants: "rule 8: the stream fails with io.EOF",
			around: only(stttest.Dies, failing(func(error) error { return io.EOF }))},
		{name: "fails with a bare error", in: "dies", wants: "expected *stt.Error",
			around: only(stttest.Dies, failing(func(error) error { return io.ErrUnexpectedEOF }))},
		{name: "fails without a message", in: "dies", wants: "has no message",
			around: only(stttest.Dies, failing(func(error) error { return silent }))},
		{name: "fails silently", in: "dies", wants: "rule 8: neither an event nor a failure", change: short,
			around: only(stttest.Dies, func(o *odd, _ stt.Config) { endless(o) })},
		{name: "Send on a failed stream", in: "dies", wants: "rule 8: Send on a failed stream", around: only(stttest.Dies, func(o *odd, _ stt.Config) {
			o.send = func(ctx context.Context, c stt.Chunk) error {
				_ = o.Stream.Send(ctx, c)
				return nil
			}
		})},
		{name: "Send on a failed stream blocks", in: "dies", wants: "rule 8: Send on a failed stream", change: short, around: only(stttest.Dies, func(o *odd, _ stt.Config) {
			o.send = func(ctx context.Context, c stt.Chunk) error {
				if o.Stream.Send(ctx, c) != nil {
					<-ctx.Done()
				}
				return ctx.Err()
			}
		})},
		{name: "Flush on a failed stream", in: "dies", wants: "rule 8: Flush on a failed stream", around: only(stttest.Dies, func(o *odd, _ stt.Config) {
			o.flush = func(context.Context) error { return nil }
		})},

		{name: "Close leaves a goroutine", in: "close", clock: true, wants: "rule 11: ", around: streams(leaky)},
		{name: "Close leaves a goroutine in a bubble", in: "close", wants: "blocked goroutines remain", around: streams(leaky)},
		{name: "Close does not unblock Recv", in: "close", clock: true, wants: "rule 11: Recv during Close", around: streams(func(o *odd, _ stt.Config) {
			o.close = func() error { return nil }
		})},
		{name: "Close blocks", in: "end", clock: true, wants: "rule 11: Close returns nothing", around: streams(func(o *odd, _ stt.Config) {
			o.close = func() error { select {} }
		})},
		{name: "slots are not given back", in: "start and stop", wants: "Open: no ear is free", around: func(e *ear) stt.Recognizer {
			var opened atomic.Int64
			return &around{ear: e, open: func(context.Context, *stt.Config) error {
				if opened.Add(1) > 5 {
					return stt.Errorf(stt.Exhausted, "no ear is free")
				}
				return nil
			}}
		}},
		{name: "the second Close fails", in: "end", wants: "rule 11: Close returns", around: streams(func(o *odd, _ stt.Config) {
			var closed atomic.Bool
			o.close = func() error {
				if closed.Swap(true) {
					return stt.Errorf(stt.Closed, "closed already")
				}
				return o.Stream.Close()
			}
		})},
		{name: "Send after Close", in: "end", wants: "rule 11: Send after Close returns", around: streams(func(o *odd, _ stt.Config) {
			var once sync.Once
			closed := make(chan struct{})
			o.close = func() error {
				once.Do(func() { close(closed) })
				return o.Stream.Close()
			}
			o.send = func(ctx context.Context, c stt.Chunk) error {
				select {
				case <-closed:
					return nil
				default:
					return o.Stream.Send(ctx, c)
				}
			}
		})},
	}
}

var silent = &stt.Error{Code: stt.Internal}

// failing gives other errors than the stream does, io.EOF aside.
func failing(other func(error) error) func(*odd, stt.Config) {
	return func(o *odd, _ stt.Config) {
		o.recv = func(ctx context.Context) (stt.Event, error) {
			ev, err := o.Stream.Recv(ctx)
			if err != nil && err != io.EOF && ctx.Err() == nil {
				err = other(err)
			}
			return ev, err
		}
	}
}

// endless keeps the end of a stream to itself.
func endless(o *odd) {
	o.recv = func(ctx context.Context) (stt.Event, error) {
		ev, err := o.Stream.Recv(ctx)
		if err != nil {
			<-ctx.Done()
			return stt.Event{}, ctx.Err()
		}
		return ev, nil
	}
}

// leaky starts a goroutine that nothing ends.
func leaky(*odd, stt.Config) {
	never := make(chan struct{})
	go func() { <-never }() // leaks: that is the defect
}
