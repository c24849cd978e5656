package script_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

func describe(ev stt.Event) string {
	s := ev.Segment
	switch {
	case s == nil:
		return fmt.Sprintf("%v %v", ev.Kind, ev.At)
	case s.Final:
		return fmt.Sprintf("final %v-%v %s", s.Span.Start, s.Span.End, s.Best().Text)
	default:
		return fmt.Sprintf("partial %v-%v %s", s.Span.Start, s.Span.End, s.Best().Text)
	}
}

// What one stream says, event by event. Each piece of audio is followed by a flush, the last one by the end.
func TestEvents(t *testing.T) {
	const two = "0.1-0.4 a b c\n0.5-0.6 d"
	s := time.Second
	for _, c := range []struct {
		name, script string
		cfg          stt.Config
		pieces       []time.Duration
		want         []string
	}{
		{"silence", "", stt.Config{}, []time.Duration{s}, []string{"progress 1s"}},
		{"to the end", two, stt.Config{}, []time.Duration{s}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "partial 100ms-300ms a b", "final 100ms-400ms a b c",
			"speech-end 400ms", "endpoint 400ms", "progress 500ms", "speech-start 500ms", "final 500ms-600ms d",
			"speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"finals only", two, stt.Config{Interim: stt.Interim{Off: true}}, []time.Duration{s}, []string{
			"progress 100ms", "speech-start 100ms", "final 100ms-400ms a b c", "speech-end 400ms", "endpoint 400ms",
			"progress 500ms", "speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"partials far apart", "0.1-0.4 a b c", stt.Config{Interim: stt.Interim{Every: 250 * ms}}, []time.Duration{s}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-300ms a b", "final 100ms-400ms a b c", "speech-end 400ms", "endpoint 400ms", "progress 1s"}},
		{"audio that ends in a word", two, stt.Config{}, []time.Duration{250 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "final 100ms-200ms a", "progress 250ms"}},
		{"audio that ends in the first word", two, stt.Config{}, []time.Duration{150 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "progress 150ms"}},
		{"flush in a word", two, stt.Config{}, []time.Duration{240 * ms, 760 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "final 100ms-200ms a", "progress 200ms", "flushed 240ms",
			"partial 200ms-300ms b", "final 200ms-400ms b c", "speech-end 400ms", "endpoint 400ms", "progress 500ms",
			"speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"flush in the first word", two, stt.Config{}, []time.Duration{160 * ms, 840 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "flushed 160ms", "partial 100ms-200ms a", "partial 100ms-300ms a b",
			"final 100ms-400ms a b c", "speech-end 400ms", "endpoint 400ms", "progress 500ms",
			"speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"flush after the last word", "0.1-0.9 a@0.1-0.2", stt.Config{}, []time.Duration{500 * ms, 500 * ms}, []string{
			"progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "final 100ms-500ms a", "speech-end 500ms", "progress 500ms",
			"flushed 500ms", "progress 1s"}},
		{"flush in silence", two, stt.Config{}, []time.Duration{40 * ms, 400 * ms, 560 * ms}, []string{
			"progress 40ms", "flushed 40ms", "progress 100ms", "speech-start 100ms", "partial 100ms-200ms a", "partial 100ms-300ms a b",
			"final 100ms-400ms a b c", "speech-end 400ms", "endpoint 400ms", "progress 440ms", "flushed 440ms",
			"progress 500ms", "speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 600ms", "progress 1s"}},
		{"a later start", two, stt.Config{Start: 450 * ms}, []time.Duration{s}, []string{
			"progress 500ms", "speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 610ms", "progress 1.45s"}},
		{"a start in a word", two, stt.Config{Start: 150 * ms}, []time.Duration{s}, []string{
			"speech-start 150ms", "partial 150ms-310ms b", "final 150ms-400ms b c", "speech-end 400ms", "endpoint 410ms",
			"progress 500ms", "speech-start 500ms", "final 500ms-600ms d", "speech-end 600ms", "endpoint 610ms", "progress 1.15s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// In a bubble the receiver takes each event before the engine goes on, so that nothing is replaced.
			synctest.Test(t, func(t *testing.T) {
				r := script.New(script.Options{Script: parse(t, c.script)})
				events, end := unhurried(t, open(t, r, c.cfg), c.pieces)
				if end != io.EOF {
					t.Fatalf("ends with %v", end)
				}
				if !slices.Equal(events, c.want) {
					t.Errorf("got\n  %s\nexpected\n  %s", strings.Join(events, "\n  "), strings.Join(c.want, "\n  "))
				}
			})
		})
	}
}

// unhurried sends a block at a time and collects what is said about it. Progress that the next one replaces is left out.
func unhurried(t *testing.T, s stt.Stream, pieces []time.Duration) (events []string, end error) {
	hear := func() {
		synctest.Wait()
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 1)
			ev, err := s.Recv(ctx)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				return
			}
			if err != nil {
				end = err
				return
			}
			if n := len(events); n > 0 && ev.Kind == stt.EventProgress && strings.HasPrefix(events[n-1], "progress") {
				events = events[:n-1]
			}
			events = append(events, describe(ev))
		}
	}
	for i, d := range pieces {
		for ; d > 0; d -= 20 * ms {
			if err := s.Send(t.Context(), stt.Chunk{Data: make([]byte, mono.Bytes(min(d, 20*ms)))}); err != nil {
				t.Fatal(err)
			}
			hear()
		}
		if i < len(pieces)-1 {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			hear()
		}
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	hear()
	return events, end
}
