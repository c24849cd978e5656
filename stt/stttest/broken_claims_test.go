package stttest_test

import (
	"context"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// Claims that are not kept, and what is done without a claim.
func brokenClaims() []breakage {
	return []breakage{
		{name: "claims words but gives none", in: "cuts", wants: "claims words, but the final", around: segments(true, func(s *stt.Segment) {
			s.Alternatives[0].Words = nil
		})},
		{name: "claims words but gives no times", in: "cuts", wants: "claims words with times", around: segments(true, func(s *stt.Segment) {
			for i := range s.Best().Words {
				s.Best().Words[i].Span = stt.Span{}
			}
		})},
		{name: "claims confidence but gives none", in: "cuts", wants: "claims confidence", around: segments(true, func(s *stt.Segment) {
			for i := range s.Best().Words {
				s.Best().Words[i].Confidence = stt.Confidence{}
			}
		})},
		{name: "claims interim but gives none", in: "cuts", wants: "claims interim, but gave no partial", around: stateless(func(ev *stt.Event) bool {
			return ev.Segment == nil || ev.Segment.Final
		})},
		{name: "claims speech events but gives none", in: "cuts", wants: "claims speech-events", around: without(stt.EventSpeechStart, stt.EventSpeechEnd)},
		{name: "claims stable but gives none", in: "stability", wants: "claims stable, but", around: segments(false, func(s *stt.Segment) {
			for i := range s.Best().Words {
				s.Best().Words[i].Stable = false
			}
		})},
		{name: "claims update but cannot", in: "cuts", wants: "claims update, but", around: claims(stt.FeatureUpdate)},
		{name: "claims flush but does not answer", in: "flush", wants: "claims flush, but no flushed event", around: without(stt.EventFlushed),
			change: func(h *stttest.Harness) { h.Timeout = 1e9 }},
		{name: "claims flush but cannot", in: "flush", wants: "claims flush, but no flushed event", around: streams(func(o *odd, _ stt.Config) {
			o.flush = func(context.Context) error { return stt.Errorf(stt.Unsupported, "no") }
		}), change: func(h *stttest.Harness) { h.Timeout = 1e9 }},
		{name: "flushed elsewhere", in: "flush", wants: "flushed at", around: stateless(func(ev *stt.Event) bool {
			if ev.Kind == stt.EventFlushed {
				ev.At /= 2
			}
			return true
		})},
		{name: "flushed before its finals", in: "flush", wants: "came later", around: streams(flushedFirst)},
		{name: "flush without a claim", in: "flush", wants: "does not claim flush, but Flush returns", around: func(e *ear) stt.Recognizer {
			return &around{ear: e, models: func(m []stt.Model) []stt.Model {
				m[0].Can.Has &^= stt.FeatureFlush
				return m
			}}
		}},
		{name: "partials although off", in: "finals only", wants: "partials although Interim.Off", around: func(e *ear) stt.Recognizer {
			return &around{ear: e, open: func(_ context.Context, cfg *stt.Config) error {
				cfg.Interim.Off = false
				return nil
			}}
		}},
		{name: "more alternatives than claimed", in: "cuts", wants: "alternatives, but 1 are claimed", around: segments(true, func(s *stt.Segment) {
			s.Alternatives = append(s.Alternatives, s.Alternatives[0])
		})},
		{name: "confidence above one", in: "cuts", wants: "is not in 0..1", around: segments(true, func(s *stt.Segment) {
			s.Alternatives[0].Confidence = stt.Confidence{Value: 87, Known: true}
		})},
		{name: "two models of one name", in: "models", wants: `model "ear" is there twice`, around: func(e *ear) stt.Recognizer {
			return &around{ear: e, models: func(m []stt.Model) []stt.Model { return append(m, m[0]) }}
		}},
		{name: "models are shared", in: "models", wants: "does not belong to the caller", around: func(e *ear) stt.Recognizer {
			return &around{ear: e, models: func(m []stt.Model) []stt.Model {
				m[0].Can.Languages = e.can.Languages
				return m
			}}
		}},
		{name: "any model will do", in: "models", wants: "Open with an unknown model succeeds", around: func(e *ear) stt.Recognizer {
			return &around{ear: e, open: func(_ context.Context, cfg *stt.Config) error {
				cfg.Model = ""
				return nil
			}}
		}},
		{name: "refuses with another code", in: "refuses", wants: "expected code exhausted or quota", around: func(e *ear) stt.Recognizer {
			return &around{ear: e, open: func(context.Context, *stt.Config) error {
				if e.defect == stttest.Refuses {
					return stt.Errorf(stt.Internal, "no room")
				}
				return nil
			}}
		}},
	}
}

// flushedFirst gives the flushed event before what was said for the flush. It holds back every segment up to there, whenever
// it comes, so that the breakage does not depend on who is faster, the sender or the receiver.
func flushedFirst(o *odd, _ stt.Config) {
	var held []stt.Event
	flushed := false
	o.recv = func(ctx context.Context) (stt.Event, error) {
		for {
			if flushed && len(held) > 0 {
				ev := held[0]
				held = held[1:]
				return ev, nil
			}
			ev, err := o.Stream.Recv(ctx)
			if err != nil || flushed || ev.Kind != stt.EventSegment {
				flushed = flushed || ev.Kind == stt.EventFlushed
				return ev, err
			}
			held = append(held, ev)
		}
	}
}
