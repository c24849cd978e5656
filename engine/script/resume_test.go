package script_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

func finalWords(events []stt.Event) (words []string) {
	for _, ev := range events {
		if ev.Segment != nil && ev.Segment.Final {
			words = append(words, strings.Fields(ev.Segment.Best().Text)...)
		}
	}
	return words
}

// Whoever resumes at a progress value that the first stream gave loses nothing and doubles nothing, whatever the first
// stream had said, wherever it was flushed, and however it ended.
func TestResume(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 0))
				s, length := random(r)
				want := s.Text(length)
				var pieces []time.Duration
				for left := length; left > 0; {
					d := min(left, mono.Duration(int64(2*(1+r.IntN(6000)))))
					pieces = append(pieces, d)
					left -= d
				}
				first, end := talk(t, open(t, script.New(script.Options{Script: s, Fault: script.Fault{Kind: script.Die,
					At: time.Duration(r.Int64N(int64(length) * 3 / 2))}}), stt.Config{}), pieces...)
				if end == nil {
					t.Fatal("the first stream has no end")
				}
				resumed := 0
				for i, ev := range first {
					if ev.Kind != stt.EventProgress || resumed > 20 {
						continue
					}
					resumed++
					second, end := talk(t, open(t, script.New(script.Options{Script: s}), stt.Config{Start: ev.At}), length-min(ev.At, length)+time.Second)
					if end != io.EOF {
						t.Fatal(end)
					}
					if got := append(finalWords(first[:i]), finalWords(second)...); !slices.Equal(got, want) {
						t.Fatalf("at %v of %v:\n  %v\nexpected\n  %v", ev.At, length, got, want)
					}
				}
			})
		})
	}
}

// A start in the middle of a word leaves that word out and no other.
func TestStart(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			s, length := random(r)
			start := time.Duration(r.Int64N(int64(length)))
			before := fmt.Sprint(s)
			var want []string
			for _, seg := range s {
				for _, w := range seg.Words {
					if w.Start >= start {
						want = append(want, w.Text)
					}
				}
			}
			events, _ := talk(t, open(t, script.New(script.Options{Script: s}), stt.Config{Start: start}), length)
			if got := finalWords(events); !slices.Equal(got, want) {
				t.Errorf("seed %d: from %v it says %v, expected %v", seed, start, got, want)
			}
			if before != fmt.Sprint(s) {
				t.Error("the script has been changed")
			}
		})
	}
}
