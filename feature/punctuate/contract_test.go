package punctuate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

func fields(text string) iter.Seq[string] { return strings.FieldsSeq(text) }

// clone returns a copy of an event that shares nothing with it.
func clone(ev stt.Event) stt.Event {
	if ev.Segment == nil {
		return ev
	}
	s := *ev.Segment
	s.Alternatives = slices.Clone(s.Alternatives)
	for i := range s.Alternatives {
		s.Alternatives[i].Words = slices.Clone(s.Alternatives[i].Words)
	}
	ev.Segment = &s
	return ev
}

// pair judges a stream as it came and as it was rewritten, and compares the two.
type pair struct {
	t             *testing.T
	cfg           stt.Config
	before, after stttest.Checker
}

func (p *pair) event(ev stt.Event, accepted stt.Time) {
	p.t.Helper()
	raw, again := clone(ev), stt.Event{}
	if err := p.before.Event(clone(raw), accepted); err != nil {
		p.t.Fatalf("the stream itself breaks the contract: %v", err)
	}
	rewriter := chain(p.t, p.cfg)
	rewriter.Rewrite(&ev)
	if err := p.after.Event(clone(ev), accepted); err != nil {
		p.t.Errorf("rewritten: %v", err)
	}
	again = clone(ev)
	rewriter.Rewrite(&again)
	if !reflect.DeepEqual(again.Segment, ev.Segment) {
		p.t.Errorf("rewritten twice:\n%+v\nonce:\n%+v", again.Segment, ev.Segment)
	}
	if raw.Kind == stt.EventSegment {
		p.same(raw.Segment, ev.Segment)
	}
}

// same checks what a rewrite must not touch.
func (p *pair) same(raw, now *stt.Segment) {
	p.t.Helper()
	if now.ID != raw.ID || now.Revision != raw.Revision || now.Final != raw.Final || now.Span != raw.Span ||
		len(now.Alternatives) != len(raw.Alternatives) {
		p.t.Fatalf("segment %+v becomes %+v", raw, now)
	}
	for i := range raw.Alternatives {
		a, b := raw.Alternatives[i], now.Alternatives[i]
		if !strings.HasPrefix(strings.ToLower(b.Text), strings.ToLower(strings.TrimRight(a.Text, " "))) {
			p.t.Errorf("%q becomes %q", a.Text, b.Text)
		}
		if (a.Words == nil) != (b.Words == nil) || len(b.Words) < len(a.Words) || len(b.Words) > len(a.Words)+1 ||
			!now.Final && len(b.Words) != len(a.Words) {
			p.t.Fatalf("%d words become %d (final %v)", len(a.Words), len(b.Words), now.Final)
		}
		for j, w := range a.Words {
			x := b.Words[j]
			if x.NormalForm() != w.NormalForm() {
				p.t.Errorf("the word %+v becomes %+v: another normal form", w, x)
			}
			x.Text, x.Norm = w.Text, w.Norm
			if x != w {
				p.t.Errorf("the word %+v becomes %+v", w, b.Words[j])
			}
		}
		for _, w := range b.Words[len(a.Words):] {
			if w.Kind != stt.Punctuation || !w.Glue || w.Confidence.Known {
				p.t.Errorf("the mark is %+v", w)
			}
		}
	}
}

// TestScriptedStream rewrites a whole conversation of the scripted engine.
func TestScriptedStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := script.Parse("0.5-1.6 good morning i said\n2.0-3.1 how@2.0-2.2 are@2.25-2.5 you@2.7-3.1\n3.1-3.9 i'm very well\n")
		if err != nil {
			t.Fatal(err)
		}
		cfg := stt.Config{Audio: stt.Format{Rate: 16000, Channels: 1}, Languages: stt.Languages{Tags: []string{"en-US"}}}
		cfg.Interim.Stability = stt.StabilityHigh
		stream, err := script.New(script.Options{Script: s}).Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		const length = 5 * time.Second
		if err := stream.Send(t.Context(), stt.Chunk{Data: make([]byte, cfg.Audio.Bytes(length))}); err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		p := &pair{t: t, cfg: cfg}
		p.conversation(stream, length)
		var finals []string
		for _, f := range p.after.Finals() {
			finals = append(finals, f.Best().Text)
		}
		if got := strings.Join(finals, " "); got != "Good morning I said. How are you? I'm very well." {
			t.Errorf("the conversation reads %q", got)
		}
		if p.after.Partials() == 0 {
			t.Error("the conversation had no partials")
		}
	})
}

func (p *pair) conversation(stream stt.Stream, length stt.Time) {
	for {
		ev, err := stream.Recv(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p.t.Fatal(err)
		}
		p.event(ev, length)
	}
	if err := p.after.End(length); err != nil {
		p.t.Errorf("rewritten: %v", err)
	}
}

// vocabulary holds what is hard, next to what is usual.
var vocabulary = strings.Fields(`i i'm i’d is are what how when you the do day hello iPhone I main.go 3rd *** ß ǆep école
	istanbul 你好 नमस्ते “quoted” end. ( [NAME] don't what's so and`)

var tags = []string{"", "en-US", "de-DE", "tr-TR", "zh-CN", "hi-IN", "it"}

// TestRandomStreams makes up streams that keep the contract, with everything that it allows to vary, and checks that
// they keep it after the rewrite.
func TestRandomStreams(t *testing.T) {
	seed := uint64(1)
	if s := os.Getenv("STTTEST_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("STTTEST_SEED is %q; expected a number", s)
		}
		seed = n
	}
	for i := range uint64(300) {
		t.Run(strconv.FormatUint(i, 10), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, i))
			cfg := spoken(tags[r.IntN(len(tags))])
			cfg.Languages.Mode = stt.LanguageMode(r.IntN(2))
			p := &pair{t: t, cfg: cfg}
			at := stt.Time(0)
			for n := range 1 + r.IntN(4) {
				at = p.segment(r, fmt.Sprint("s", n), at)
			}
			if t.Failed() {
				t.Logf("repeat with STTTEST_SEED=%d", seed)
			}
		})
	}
}

// segment plays the revisions of one segment that starts at a time, and returns when it ends.
func (p *pair) segment(r *rand.Rand, id string, at stt.Time) stt.Time {
	const limit = time.Hour
	words := make([]stt.Word, 1+r.IntN(8))
	start := at
	timed := r.IntN(4) > 0
	for i := range words {
		words[i] = stt.Word{Text: vocabulary[r.IntN(len(vocabulary))], Glue: r.IntN(8) == 0}
		if timed {
			words[i].Span = stt.SpanOf(at, at+time.Duration(r.IntN(500))*time.Millisecond)
		}
		at += time.Duration(r.IntN(500)) * time.Millisecond
		switch r.IntN(12) {
		case 0:
			words[i].Text, words[i].Kind, words[i].Glue = ",", stt.Punctuation, true
		case 1:
			words[i].Kind = stt.Redaction
		case 2:
			words[i].Norm = "norm"
		case 3:
			words[i].Language = tags[r.IntN(len(tags))]
		}
	}
	end := at + time.Second
	language, bare, stable := tags[r.IntN(len(tags))], r.IntN(4) == 0, 0
	for revision := range 1 + r.IntN(5) {
		n := stable + r.IntN(len(words)-stable+1)
		p.revise(r, &stt.Segment{ID: id, Revision: revision, Span: stt.SpanOf(start, end), Language: language}, words[:n], stable, bare, limit)
		stable += r.IntN(n - stable + 1)
	}
	final := &stt.Segment{ID: id, Revision: 99, Span: stt.SpanOf(start, end), Language: language, Final: true}
	if stable == 0 && r.IntN(5) == 0 {
		p.event(stt.Event{Kind: stt.EventSegment, Segment: final}, limit) // withdrawn
	} else {
		p.revise(r, final, words, len(words)*r.IntN(2), bare, limit)
	}
	return end
}

// revise plays one revision. In a final the number of stable words is all or none beyond those promised before.
func (p *pair) revise(r *rand.Rand, s *stt.Segment, words []stt.Word, stable int, bare bool, limit stt.Time) {
	mine := slices.Clone(words)
	for i := range mine {
		mine[i].Stable = i < stable
	}
	s.Alternatives = []stt.Alternative{{Text: stt.JoinWords(mine), Words: mine}}
	if len(mine) > 0 && r.IntN(3) == 0 {
		from := r.IntN(len(mine))
		fewer := mine[from : from+r.IntN(len(mine)-from)] // of the same array
		s.Alternatives = append(s.Alternatives, stt.Alternative{Text: stt.JoinWords(fewer), Words: fewer})
	}
	if bare {
		for i := range s.Alternatives {
			s.Alternatives[i].Words = nil
		}
	}
	p.event(stt.Event{Kind: stt.EventSegment, Segment: s}, limit)
}

// FuzzRewrite: whatever a text holds, a rewrite only changes case and appends one mark, and twice is once.
func FuzzRewrite(f *testing.F) {
	for _, w := range vocabulary {
		f.Add(w+" "+w, "", true)
		f.Add("so "+w, "en", false)
	}
	f.Add("ⓐ ﬁn ſo ŉ ᾳ \u0345a", "tr", true)
	f.Fuzz(func(t *testing.T, text, tag string, final bool) {
		if !utf8.ValidString(text) {
			t.Skip("texts are UTF-8")
		}
		cfg := spoken(tag)
		for _, withWords := range []bool{false, true} {
			ev := segment(text, final, withWords)
			if withWords {
				ev.Segment.Alternatives[0].Text = stt.JoinWords(ev.Segment.Alternatives[0].Words)
			}
			raw := clone(ev)
			rewriter := chain(t, cfg)
			rewriter.Rewrite(&ev)
			once := clone(ev)
			rewriter.Rewrite(&ev)
			if !reflect.DeepEqual(once.Segment, ev.Segment) {
				t.Errorf("%q once is %q, twice %q", text, once.Segment.Best().Text, ev.Segment.Best().Text)
			}
			a, b := raw.Segment.Best(), once.Segment.Best()
			more := utf8.RuneCountInString(b.Text) - utf8.RuneCountInString(strings.TrimRight(a.Text, " "))
			if !final && utf8.RuneCountInString(a.Text) != utf8.RuneCountInString(b.Text) || final && withWords && (more < 0 || more > 1) {
				t.Errorf("%q becomes %q", a.Text, b.Text)
			}
			if withWords && stt.JoinWords(b.Words) != b.Text {
				t.Errorf("the text is %q, its words make %q", b.Text, stt.JoinWords(b.Words))
			}
		}
	})
}
