package subtitle

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

const ms = time.Millisecond

// said makes a segment of words that are spread evenly; a mark at the end of a word is a word of its own, as recognizers have it.
func said(start, end time.Duration, text string) stt.Segment {
	seg := stt.Segment{Final: true, Span: stt.SpanOf(start, end)}
	fields := strings.Fields(text)
	var words []stt.Word
	for i, f := range fields {
		bare := strings.TrimRight(f, ".,?!")
		from, to := start+(end-start)*time.Duration(i)/time.Duration(len(fields)), start+(end-start)*time.Duration(i+1)/time.Duration(len(fields))
		words = append(words, stt.Word{Text: bare, Span: stt.SpanOf(from, to)})
		if bare != f {
			words = append(words, stt.Word{Text: f[len(bare):], Kind: stt.Punctuation, Glue: true, Span: stt.SpanOf(to, to)})
		}
	}
	seg.Alternatives = []stt.Alternative{{Text: text, Words: words}}
	return seg
}

// textOnly makes a segment of a model that gives no words.
func textOnly(span stt.Span, text string) stt.Segment {
	return stt.Segment{Final: true, Span: span, Alternatives: []stt.Alternative{{Text: text}}}
}

func TestCues(t *testing.T) {
	long := "This is the first sentence of them all. And here is another one, which is rather longer than the first and goes on for a while."
	for _, c := range []struct {
		name     string
		segments []stt.Segment
		options  Options
		want     string // as SubRip
	}{
		{name: "nothing", want: ""},
		{name: "the sheet's", segments: []stt.Segment{said(500*ms, 1400*ms, "Hello world.")}, options: Options{Open: true},
			want: "1\n00:00:00,500 --> 00:00:01,400\nHello world.\n"},
		{name: "it stays until it can be read", segments: []stt.Segment{said(500*ms, 700*ms, "Hello world.")},
			want: "1\n00:00:00,500 --> 00:00:01,500\nHello world.\n"},
		{name: "but not into the next", segments: []stt.Segment{said(500*ms, 700*ms, "Hello."), said(900*ms, 2500*ms, "World.")},
			want: "1\n00:00:00,500 --> 00:00:00,900\nHello.\n\n2\n00:00:00,900 --> 00:00:02,500\nWorld.\n"},
		{name: "sentences and clauses", segments: []stt.Segment{said(0, 10*time.Second, long)},
			want: "1\n00:00:00,000 --> 00:00:03,077\nThis is the first sentence of them all.\n\n" +
				"2\n00:00:03,077 --> 00:00:08,077\nAnd here is another one,\nwhich is rather longer than the first and\n\n" +
				"3\n00:00:08,077 --> 00:00:10,000\ngoes on for a while.\n"},
		{name: "a pause inside", segments: []stt.Segment{{Span: stt.SpanOf(0, 5*time.Second), Alternatives: []stt.Alternative{{Text: "one two", Words: []stt.Word{
			{Text: "one", Span: stt.SpanOf(0, 500*ms)}, {Text: "two", Span: stt.SpanOf(4*time.Second, 5*time.Second)}}}}}},
			want: "1\n00:00:00,000 --> 00:00:01,000\none\n\n2\n00:00:04,000 --> 00:00:05,000\ntwo\n"},
		{name: "somebody else", segments: []stt.Segment{{Span: stt.SpanOf(0, 2*time.Second), Alternatives: []stt.Alternative{{Text: "one two", Words: []stt.Word{
			{Text: "yes?", Speaker: "a", Span: stt.SpanOf(0, time.Second)}, {Text: "no", Speaker: "b", Span: stt.SpanOf(time.Second, 2*time.Second)}}}}}},
			want: "1\n00:00:00,000 --> 00:00:01,000\nyes?\n\n2\n00:00:01,000 --> 00:00:02,000\nno\n"},
		{name: "text without words", segments: []stt.Segment{textOnly(stt.SpanOf(time.Second, 3*time.Second), "ten chars, ten chars")},
			want: "1\n00:00:01,000 --> 00:00:03,000\nten chars, ten chars\n"},
		{name: "text without times", segments: []stt.Segment{said(0, time.Second, "First."), textOnly(stt.Span{}, "sixteen and more x")}, options: Options{Open: true},
			want: "1\n00:00:00,000 --> 00:00:01,000\nFirst.\n\n2\n00:00:01,000 --> 00:00:02,118\nsixteen and more x\n"},
		{name: "chinese", segments: []stt.Segment{textOnly(stt.SpanOf(0, 8*time.Second), "今天天气很好，我们一起去公园散步吧。明天可能会下雨，所以要带雨伞。")},
			want: "1\n00:00:00,000 --> 00:00:04,364\n今天天气很好，我们一起去公园散步吧。\n\n2\n00:00:04,364 --> 00:00:08,000\n明天可能会下雨，所以要带雨伞。\n"},
		{name: "a word longer than a line", segments: []stt.Segment{textOnly(stt.SpanOf(0, 2*time.Second), strings.Repeat("x", 50))},
			want: "1\n00:00:00,000 --> 00:00:02,941\n" + strings.Repeat("x", 42) + "\n" + strings.Repeat("x", 8) + "\n"},
		{name: "after others", segments: []stt.Segment{said(500*ms, 2*time.Second, "Hello.")}, options: Options{After: time.Second, Open: true},
			want: "1\n00:00:01,000 --> 00:00:02,000\nHello.\n"},
		{name: "line breaks and controls in a text", segments: []stt.Segment{textOnly(stt.SpanOf(0, time.Second), "a\n\nb\r\x00c\t\xff")},
			want: "1\n00:00:00,000 --> 00:00:01,000\na b c\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(AppendSRT(nil, Cues(c.segments, c.options), 1))
			if got != c.want {
				t.Errorf("got:\n%s\nexpected:\n%s", got, c.want)
			}
		})
	}
}

// judge holds cues to what subtitles promise, and both formats to being read back.
func judge(t *testing.T, cues []Cue, o Options) {
	t.Helper()
	for i, c := range cues {
		if c.End <= c.Start || c.End-c.Start > 7*time.Second {
			t.Errorf("cue %d lasts from %v to %v", i, c.Start, c.End)
		}
		if i > 0 && c.Start < cues[i-1].End || c.Start < o.After {
			t.Errorf("cue %d begins at %v, too soon", i, c.Start)
		}
		if len(c.Lines) < 1 || len(c.Lines) > 2 {
			t.Errorf("cue %d has %d lines", i, len(c.Lines))
		}
		for _, line := range c.Lines {
			if n := width(line); n == 0 || n > 42 || utf8.RuneCountInString(line) > 42 || strings.TrimSpace(line) != line {
				t.Errorf("cue %d has a line of %d: %q", i, n, line)
			}
		}
	}
	srt, err := ParseSRT(string(AppendSRT(nil, cues, 1)))
	if err != nil || !same(srt, cues) {
		t.Errorf("SubRip read back: %v, %v", srt, err)
	}
	vtt, err := ParseVTT(string(AppendVTT([]byte(HeaderVTT), cues)))
	if err != nil || !same(vtt, cues) {
		t.Errorf("WebVTT read back: %v, %v", vtt, err)
	}
}

func same(a, b []Cue) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) }

// letters is all text of cues or segments without spaces, which lines are broken at.
func letters(s string) string { return strings.Join(strings.Fields(s), "") }

// Whatever is said and whenever, cues are cues and hold every letter of it.
func TestAnything(t *testing.T) {
	vocabulary := []string{"a", "the", "sentence.", "well,", "<b>", "-->", "&amp;", "1", "Donaudampfschifffahrtsgesellschaftskapitän", "東京", "です。", "한국어", "สวัสดี", "ok?",
		strings.Repeat("long", 30)}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		var segments []stt.Segment
		at := time.Duration(0)
		for range r.IntN(6) {
			fields := make([]string, 1+r.IntN(40))
			for i := range fields {
				fields[i] = vocabulary[r.IntN(len(vocabulary))]
			}
			length := time.Duration(r.IntN(20000)) * ms
			at += time.Duration(r.IntN(4000)-1500) * ms // segments of several speakers overlap
			at = max(at, 0)
			text := strings.Join(fields, " ")
			switch r.IntN(4) {
			case 0:
				segments = append(segments, textOnly(stt.SpanOf(at, at+length), text))
			case 1:
				segments = append(segments, textOnly(stt.Span{}, text))
			default:
				seg := said(at, at+length, text)
				for i := range seg.Alternatives[0].Words {
					if r.IntN(5) == 0 {
						seg.Alternatives[0].Words[i].Span = stt.Span{}
					}
				}
				segments = append(segments, seg)
			}
			at += length
		}
		o := Options{Open: r.IntN(2) == 0, After: time.Duration(r.IntN(2000)) * ms}
		cues := Cues(segments, o)
		judge(t, cues, o)
		var have, want []rune
		for _, c := range cues {
			have = append(have, []rune(letters(strings.Join(c.Lines, "")))...)
		}
		for _, seg := range segments {
			want = append(want, []rune(letters(seg.Best().Text))...)
		}
		slices.Sort(have) // segments that overlap are told in another order
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("%d letters of %d are in the cues", len(have), len(want))
		}
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, segments)
		}
	}
}

func FuzzCues(f *testing.F) {
	f.Add("Hello world. And more, much more than that", int64(500), int64(4000), false)
	f.Add("今天天气很好，我们 go", int64(0), int64(1), true)
	f.Add("-->\n\n1\n00:00:00,000 --> 00:00:01,000\nx", int64(3600000), int64(99999999), true)
	f.Fuzz(func(t *testing.T, text string, start, length int64, words bool) {
		start, length = start&(1<<32-1), length&(1<<27-1)
		if len(text) > 2000 {
			return
		}
		at := time.Duration(start) * ms
		end := at + time.Duration(length)*ms
		seg := textOnly(stt.SpanOf(at, end), text)
		if words {
			seg = said(at, end, text)
		}
		judge(t, Cues([]stt.Segment{seg}, Options{}), Options{})
	})
}

// parsed is what both readers are fed with: whatever they read is written the same again.
var parsed = []string{"1\n00:00:00,500 --> 00:00:01,400\nHello world.\n", "WEBVTT\n\n00:00:00.500 --> 00:00:01.400\nHello &lt;b&gt; world.\n", "", "WEBVTT\n"}

func FuzzParse(f *testing.F) {
	for _, s := range parsed {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if cues, err := ParseSRT(s); err == nil {
			again, err := ParseSRT(string(AppendSRT(nil, cues, 1)))
			if err != nil || !same(again, cues) {
				t.Errorf("%q: %+v became %+v, %v", s, cues, again, err)
			}
		}
		if cues, err := ParseVTT(s); err == nil {
			again, err := ParseVTT(string(AppendVTT([]byte(HeaderVTT), cues)))
			if err != nil || !same(again, cues) {
				t.Errorf("%q: %+v became %+v, %v", s, cues, again, err)
			}
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"2\n00:00:00,500 --> 00:00:01,400\nx\n", "1\n00:00:00.500 --> 00:00:01.400\nx\n", "1\n00:00:00,500 --> 00:00:01,400\n", "1\nx\ny\n",
		"1\n00:00:00,500 --> 00:00:01,400\nx", "1\n00:60:00,500 --> 00:61:01,400\nx\n", "\n"} {
		if cues, err := ParseSRT(s); err == nil {
			t.Errorf("%q was read: %+v", s, cues)
		}
	}
	for _, s := range []string{"", "WEBVTT", "WEBVTT\n00:00:00.500 --> 00:00:01.400\nx\n", "WEBVTT\n\n00:00:00,500 --> 00:00:01,400\nx\n"} {
		if cues, err := ParseVTT(s); err == nil {
			t.Errorf("%q was read: %+v", s, cues)
		}
	}
}

// A whole film in one segment is no more work than the same in many.
func BenchmarkCues(b *testing.B) {
	seg := said(0, 2*time.Hour, strings.Repeat("some words and then a sentence ends. ", 3000))
	for b.Loop() {
		Cues([]stt.Segment{seg}, Options{})
	}
}

func ExampleAppendVTT() {
	cues := Cues([]stt.Segment{said(0, 2*time.Second, "Good morning, everybody.")}, Options{})
	fmt.Print(string(AppendVTT([]byte(HeaderVTT), cues)))
	// Output:
	// WEBVTT
	//
	// 00:00:00.000 --> 00:00:02.000
	// Good morning, everybody.
}
