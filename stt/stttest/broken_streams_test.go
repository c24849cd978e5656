package stttest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// dependsOnCut moves the words of finals by the length of the longest chunk in microseconds.
func dependsOnCut(o *odd) {
	var mu sync.Mutex
	var shift time.Duration
	o.send = func(ctx context.Context, c stt.Chunk) error {
		mu.Lock()
		shift = max(shift, time.Duration(len(c.Data))*time.Microsecond/1000)
		mu.Unlock()
		return o.Stream.Send(ctx, c)
	}
	o.recv = func(ctx context.Context) (stt.Event, error) {
		ev, err := o.Stream.Recv(ctx)
		if ev.Segment != nil && ev.Segment.Final {
			mu.Lock()
			ev.Segment.Best().Words[0].Span.Start += shift
			mu.Unlock()
		}
		return ev, err
	}
}

// Rules 9 and 10.
func brokenStreams() []breakage {
	return []breakage{
		{name: "keeps the chunk's data", in: "ownership", wants: "rule 10: with chunks and events overwritten", around: streams(func(o *odd, _ stt.Config) {
			var kept []byte // sent with the next call
			pass := func(ctx context.Context, data []byte) error {
				err := o.Stream.Send(ctx, stt.Chunk{Data: kept})
				kept = data
				return err
			}
			o.send = func(ctx context.Context, c stt.Chunk) error { return pass(ctx, c.Data) }
			o.closeSend = func() error {
				if err := pass(context.Background(), nil); err != nil {
					return err
				}
				return o.Stream.CloseSend()
			}
		}), change: func(h *stttest.Harness) { h.Timeout = 1e9 }},
		{name: "events share memory", in: "ownership", wants: "rule 10: with chunks and events overwritten", around: events(func(stt.Config) func(stt.Event) []stt.Event {
			shared := make([]stt.Word, 0, 100) // the words of the segment so far
			return func(ev stt.Event) []stt.Event {
				if s := ev.Segment; s != nil {
					shared = append(shared, s.Best().Words[min(len(shared), len(s.Best().Words)):]...)
					s.Alternatives[0].Words = shared
					s.Alternatives[0].Text = stt.JoinWords(shared)
					if s.Final {
						for i := range shared {
							shared[i].Confidence = stt.ConfidenceOf(0.9)
						}
						shared = make([]stt.Word, 0, 100)
					}
				}
				return real(ev)
			}
		})},
		{name: "Send accepts although the context is done", in: "contexts", wants: "rule 9: Send with a canceled context returns <nil>", around: streams(func(o *odd, _ stt.Config) {
			o.send = func(ctx context.Context, c stt.Chunk) error { return o.Stream.Send(context.WithoutCancel(ctx), c) }
		})},
		{name: "Send accepts and says that it has not", in: "contexts", wants: "rule 1: ", around: streams(func(o *odd, _ stt.Config) {
			o.send = func(ctx context.Context, c stt.Chunk) error {
				return errors.Join(o.Stream.Send(context.WithoutCancel(ctx), c), ctx.Err())
			}
		})},
		// Which event is lost is a matter of chance, and so is the rule that is broken by it.
		{name: "Recv loses an event when the context is done", in: "contexts", wants: "FAIL: TestBrokenSuite/contexts", around: streams(func(o *odd, _ stt.Config) {
			o.recv = func(ctx context.Context) (stt.Event, error) {
				ev, err := o.Stream.Recv(context.WithoutCancel(ctx))
				if ctx.Err() != nil && err == nil {
					return stt.Event{}, ctx.Err()
				}
				return ev, err
			}
		})},
		{name: "Recv does not look at its context", in: "contexts", wants: "rule 9: Recv with a canceled context", around: streams(func(o *odd, _ stt.Config) {
			o.recv = func(ctx context.Context) (stt.Event, error) { return o.Stream.Recv(context.WithoutCancel(ctx)) }
		})},
		{name: "the end of the opening's context ends the stream", in: "no audio", wants: "context canceled", around: func(e *ear) stt.Recognizer {
			a := &around{ear: e}
			var opening context.Context
			var mu sync.Mutex
			a.open = func(ctx context.Context, _ *stt.Config) error {
				mu.Lock()
				defer mu.Unlock()
				opening = ctx
				return nil
			}
			a.stream = func(o *odd, _ stt.Config) {
				mu.Lock()
				ctx := opening
				mu.Unlock()
				o.recv = func(other context.Context) (stt.Event, error) {
					if ctx.Err() != nil {
						return stt.Event{}, ctx.Err()
					}
					return o.Stream.Recv(other)
				}
			}
			return a
		}},
		{name: "Open with a context that is done", in: "models", wants: "rule 9: Open with a canceled context succeeds", around: func(e *ear) stt.Recognizer {
			return deaf{e}
		}},
		{name: "takes audio without end when stalled", in: "stalls", wants: "takes audio without end", around: only(stttest.Stalls, func(o *odd, _ stt.Config) {
			o.send = func(context.Context, stt.Chunk) error { return nil }
		})},
		{name: "parts of frames are taken", in: "odd chunk", wants: "Send of a part of a frame returns <nil>", around: streams(func(o *odd, cfg stt.Config) {
			o.send = func(ctx context.Context, c stt.Chunk) error {
				c.Data = c.Data[:len(c.Data)/2*2]
				return o.Stream.Send(ctx, c)
			}
		})},
	}
}

// deaf does not look at the context of an opening.
type deaf struct{ *ear }

func (d deaf) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	return d.ear.Open(context.WithoutCancel(ctx), cfg)
}
