package stt_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func TestJoinWords(t *testing.T) {
	for _, c := range []struct {
		name  string
		words []stt.Word
		want  string
	}{
		{"none", nil, ""},
		{"one", []stt.Word{{Text: "yes"}}, "yes"},
		{"words", []stt.Word{{Text: "good"}, {Text: "morning"}}, "good morning"},
		{"marks", []stt.Word{{Text: "Yes"}, {Text: ",", Kind: stt.Punctuation, Glue: true}, {Text: "sir"}, {Text: ".", Kind: stt.Punctuation, Glue: true}}, "Yes, sir."},
		{"a mark in front", []stt.Word{{Text: "¿", Kind: stt.Punctuation}, {Text: "qué", Glue: true}}, "¿qué"},
		{"glue on the first word", []stt.Word{{Text: "好", Glue: true}, {Text: "的", Glue: true}}, "好的"},
		{"kind alone does not glue", []stt.Word{{Text: "a"}, {Text: "—", Kind: stt.Punctuation}, {Text: "b"}}, "a — b"},
	} {
		if got := stt.JoinWords(c.words); got != c.want {
			t.Errorf("%s: got %q, expected %q", c.name, got, c.want)
		}
	}
}

// What is joined can be taken apart again, as long as no word holds a space.
func TestJoinWordsProperties(t *testing.T) {
	r := generator(t)
	for range 2000 {
		words := make([]stt.Word, r.IntN(12))
		var pieces []string
		for i := range words {
			words[i].Text = strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(4))
			words[i].Glue = r.IntN(3) == 0
			if i > 0 && words[i].Glue {
				pieces[len(pieces)-1] += words[i].Text
			} else {
				pieces = append(pieces, words[i].Text)
			}
		}
		if got := stt.JoinWords(words); got != strings.Join(pieces, " ") {
			t.Fatalf("%+v make %q, expected %q", words, got, pieces)
		}
	}
}

func TestJoinWordsAllocatesOnce(t *testing.T) {
	words := []stt.Word{{Text: "good"}, {Text: "morning"}, {Text: "everybody"}, {Text: ".", Glue: true}}
	if n := testing.AllocsPerRun(100, func() { _ = stt.JoinWords(words) }); n > 1 {
		t.Errorf("%v allocations, expected 1", n)
	}
}

func TestNormalForm(t *testing.T) {
	for _, c := range []struct {
		word stt.Word
		want string
	}{
		{stt.Word{Text: "Hello"}, "hello"},
		{stt.Word{Text: "Hello,"}, "hello"},
		{stt.Word{Text: "“Ça”…"}, "ça"},
		{stt.Word{Text: "don't"}, "don't"},
		{stt.Word{Text: "twenty-two."}, "twenty-two"},
		{stt.Word{Text: "3.14"}, "3.14"},
		{stt.Word{Text: "50%"}, "50%"},
		{stt.Word{Text: "好。"}, "好"},
		{stt.Word{Text: "Dr.", Norm: "doctor"}, "doctor"},
		{stt.Word{Text: "?", Kind: stt.Punctuation}, "?"},
		{stt.Word{Text: "...", Kind: stt.Pronunciation}, "..."}, // nothing would be left
		{stt.Word{}, ""},
	} {
		if got := c.word.NormalForm(); got != c.want {
			t.Errorf("%q: got %q, expected %q", c.word.Text, got, c.want)
		}
	}
}

func TestSegmentBest(t *testing.T) {
	s := stt.Segment{Alternatives: []stt.Alternative{{Text: "first"}, {Text: "second"}}}
	if got := s.Best().Text; got != "first" {
		t.Errorf("the best alternative is %q", got)
	}
	if got := (&stt.Segment{Final: true}).Best(); got.Text != "" || got.Words != nil {
		t.Errorf("a withdrawn segment says %+v", got)
	}
}

func TestConfidenceOf(t *testing.T) {
	for in, want := range map[float64]float32{-0.5: 0, 0: 0, 0.25: 0.25, 1: 1, 7: 1, math.Inf(1): 1, math.Inf(-1): 0} {
		if got := stt.ConfidenceOf(in); got.Value != want || !got.Known {
			t.Errorf("%v gives %+v, expected %v", in, got, want)
		}
	}
	if got := stt.ConfidenceOf(math.NaN()); got.Known {
		t.Errorf("not a number gives %+v; expected no confidence", got)
	}
}

func TestSpanOf(t *testing.T) {
	if got := stt.SpanOf(time.Second, 2*time.Second); got != (stt.Span{Start: time.Second, End: 2 * time.Second, Known: true}) {
		t.Errorf("got %+v", got)
	}
}

func TestMisleads(t *testing.T) {
	for text, want := range map[string]bool{"\x00\n\r\t\x1b\x7f\u0085\u00ad\u200b\u200e\u2028\u2029\u202e\u2066\u2800\u3164\ufeff": true, "aÄ 日\u200c\u200d\u0301\u0600👩": false} {
		for _, r := range text {
			if stt.Misleads(r) != want {
				t.Errorf("%U misleads: %v", r, !want)
			}
		}
	}
}
