package vocabfilter_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/vocabfilter"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

func rewriter(filters ...stt.Filter) feature.Rewriter {
	return vocabfilter.Feature().New(&stt.Config{Filters: filters})
}

// words makes words of a text. One that begins with a mark is glued to the one before.
func words(text string) []stt.Word {
	all := []stt.Word{}
	for f := range strings.FieldsSeq(text) {
		w := stt.Word{Text: f}
		if strings.Trim(f, ".,?") == "" {
			w.Kind, w.Glue = stt.Punctuation, true
		}
		all = append(all, w)
	}
	return all
}

func segment(text string) *stt.Event {
	all := words(text)
	return &stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "1", Alternatives: []stt.Alternative{{Text: stt.JoinWords(all), Words: all}}}}
}

func TestMethods(t *testing.T) {
	for _, c := range []struct {
		text, mask, remove string
		matches            int
	}{
		{"oh damn it", "oh *** it", "oh it", 1},
		{"Damn DAMN dämn", "*** *** dämn", "dämn", 2},
		{"damned sundamn god-damn", "damned sundamn god-damn", "damned sundamn god-damn", 0},
		{"oh, damn. yes", "oh, ***. yes", "oh, yes", 1}, // marks that are part of the word
		{"oh , damn . yes", "oh, ***. yes", "oh, yes", 1},
		{"damn , yes damn .", "***, yes ***.", "yes.", 2},
		{"what the damn ?", "what the ***?", "what the?", 1},
		{"damn", "***", "", 1},
		{"damn .", "***.", "", 1},
		{"über HELL", "*** ***", "", 2},
		{"o'clock", "***", "", 1},
		{"", "", "", 0},
	} {
		for method, want := range map[stt.FilterMethod]string{stt.FilterMask: c.mask, stt.FilterRemove: c.remove, stt.FilterTag: segment(c.text).Segment.Best().Text} {
			ev := segment(c.text)
			rewriter(stt.Filter{Method: method, Words: []string{"Damn", "hell", "Über", "o'clock", "two words"}}).Rewrite(ev)
			best := ev.Segment.Best()
			if best.Text != want || best.Text != stt.JoinWords(best.Words) {
				t.Errorf("%q, method %d: %q, words %q, expected %q", c.text, method, best.Text, stt.JoinWords(best.Words), want)
			}
			matches := 0
			for _, w := range best.Words {
				if w.Match {
					matches++
				}
			}
			if method != stt.FilterRemove && matches != c.matches {
				t.Errorf("%q, method %d: %d words match, expected %d", c.text, method, matches, c.matches)
			}
			if best.Words == nil {
				t.Errorf("%q, method %d: the words have become none that are known", c.text, method)
			}
			again := ev.Segment.Clone()
			rewriter(stt.Filter{Method: method, Words: []string{"Damn", "hell", "Über", "o'clock"}}).Rewrite(ev)
			if !reflect.DeepEqual(again, ev.Segment) {
				t.Errorf("%q, method %d: twice is not once: %+v", c.text, method, ev.Segment)
			}
		}
	}
}

// A word that stands for several goes with each of them.
func TestOneForSeveral(t *testing.T) {
	for form, want := range map[string]string{"two damn words": "***", "two words": "Two Words"} {
		ev := segment("x")
		ev.Segment.Alternatives[0].Words[0] = stt.Word{Text: "Two Words", Norm: form}
		rewriter(stt.Filter{Words: []string{"damn"}}).Rewrite(ev)
		if got := ev.Segment.Best().Words[0].Text; got != want {
			t.Errorf("%q: %q", form, got)
		}
	}
}

// A masked word is still the word that it was for later revisions, and does not tell which.
func TestNormalFormStays(t *testing.T) {
	ev := segment("Damn, it")
	rewriter(stt.Filter{Words: []string{"damn"}}).Rewrite(ev)
	w := ev.Segment.Alternatives[0].Words[0]
	if w.Text != "***," || w.NormalForm() != "damn" {
		t.Errorf("%+v", w)
	}
}

// Words without times, text without words, several alternatives over one array.
func TestText(t *testing.T) {
	ev := &stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Alternatives: []stt.Alternative{{Text: "Oh  Damn, that  was hell.",
		Entities: []stt.Entity{{Type: "NAME", Content: "hell."}}}, {Text: "no  change"}}}}
	rewriter(stt.Filter{Words: []string{"damn", "hell"}}).Rewrite(ev)
	a, b := ev.Segment.Alternatives[0], ev.Segment.Alternatives[1]
	if a.Text != "Oh ***, that was ***." || a.Words != nil || a.Entities[0].Content != "***." || b.Text != "no  change" {
		t.Errorf("%+v, %+v", a, b)
	}
	shared := words("damn it all damn")
	for _, method := range []stt.FilterMethod{stt.FilterMask, stt.FilterRemove} {
		array := slices.Clone(shared)
		ev = &stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Alternatives: []stt.Alternative{
			{Text: "damn it", Words: array[:2]}, {Text: "damn it all damn", Words: array}}}}
		rewriter(stt.Filter{Method: method, Words: []string{"damn"}}).Rewrite(ev)
		want := []string{"*** it", "*** it all ***"}
		if method == stt.FilterRemove {
			want = []string{"it", "it all"}
		}
		if got := []string{ev.Segment.Alternatives[0].Text, ev.Segment.Alternatives[1].Text}; !slices.Equal(got, want) {
			t.Errorf("method %d: %q, expected %q", method, got, want)
		}
	}
}

func TestEntities(t *testing.T) {
	for method, want := range map[stt.FilterMethod][]stt.Entity{
		stt.FilterMask:   {{Type: "NAME", Content: "John ***", First: 1, End: 3}, {Type: "CITY", Content: "***", First: 2, End: 3}, {Type: "AGE", Content: "ten", First: 3, End: 4}, {Type: "OTHER", Content: "x"}},
		stt.FilterRemove: {{Type: "NAME", Content: "John", First: 1, End: 2}, {Type: "AGE", Content: "ten", First: 2, End: 3}, {Type: "OTHER", Content: "x"}},
		stt.FilterTag:    {{Type: "NAME", Content: "John Hell", First: 1, End: 3}, {Type: "CITY", Content: "Hell", First: 2, End: 3}, {Type: "AGE", Content: "ten", First: 3, End: 4}, {Type: "OTHER", Content: "x"}},
	} {
		ev := segment("mister John Hell ten")
		ev.Segment.Alternatives[0].Entities = []stt.Entity{{Type: "NAME", Content: "John Hell", First: 1, End: 3}, {Type: "CITY", Content: "Hell", First: 2, End: 3},
			{Type: "AGE", Content: "ten", First: 3, End: 4}, {Type: "OTHER", Content: "x"}}
		rewriter(stt.Filter{Method: method, Words: []string{"hell"}}).Rewrite(ev)
		if got := ev.Segment.Best().Entities; !slices.Equal(got, want) {
			t.Errorf("method %d: %+v, expected %+v", method, got, want)
		}
	}
}

// A final of which nothing is left withdraws its segment.
func TestNothingLeft(t *testing.T) {
	for _, final := range []bool{false, true} {
		ev := segment("damn .")
		ev.Segment.Final = final
		rewriter(stt.Filter{Method: stt.FilterRemove, Words: []string{"damn"}}).Rewrite(ev)
		if left := len(ev.Segment.Alternatives); (left == 0) != final {
			t.Errorf("final: %v, alternatives: %d", final, left)
		}
	}
}

// However a segment comes about, what is rewritten keeps the contract: the stable words above all.
func TestContract(t *testing.T) {
	lexicon := strings.Fields("damn hell yes no . damn, it")
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 1))
		method := stt.FilterMethod(rng.IntN(3))
		r := rewriter(stt.Filter{Method: method, Words: []string{"damn", "hell"}})
		var before, after stttest.Checker
		var all []stt.Word
		stable := 0
		for n := range 6 {
			for i := stable; i < len(all); i++ {
				if rng.IntN(4) == 0 {
					all[i].Text = lexicon[rng.IntN(len(lexicon)-3)]
				}
			}
			for range 1 + rng.IntN(3) {
				all = append(all, words(lexicon[rng.IntN(len(lexicon))])...)
			}
			stable += rng.IntN(len(all) - stable + 1)
			copied := slices.Clone(all)
			for i := range copied {
				at := time.Duration(i) * time.Second
				copied[i].Span, copied[i].Stable = stt.SpanOf(at, at+time.Second), i < stable
			}
			seg := &stt.Segment{ID: "s", Revision: n + 1, Final: n == 5, Span: stt.SpanOf(0, time.Duration(len(all))*time.Second),
				Alternatives: []stt.Alternative{{Text: stt.JoinWords(copied), Words: copied}}}
			if err := before.Event(stt.Event{Kind: stt.EventSegment, Segment: seg.Clone()}, time.Hour); err != nil {
				t.Fatalf("seed %d: the stream itself breaks the contract: %v", seed, err)
			}
			r.Rewrite(&stt.Event{Kind: stt.EventSegment, Segment: seg})
			if err := after.Event(stt.Event{Kind: stt.EventSegment, Segment: seg.Clone()}, time.Hour); err != nil {
				t.Fatalf("seed %d, method %d, revision %d, %q: %v", seed, method, n, seg.Best().Text, err)
			}
		}
	}
}

func TestLanguages(t *testing.T) {
	for _, c := range []struct{ filter, segment, word, want string }{
		{"en-US", "en-US", "", "***"}, {"en-US", "EN-us", "", "***"}, {"en-US", "", "", "***"}, {"", "de-DE", "", "***"}, {"en-US", "de-DE", "", "die"},
		{"en-US", "de-DE", "en-US", "***"}, {"en-US", "en-US", "de-DE", "die"},
	} {
		ev := segment("die")
		ev.Segment.Language, ev.Segment.Alternatives[0].Words[0].Language = c.segment, c.word
		rewriter(stt.Filter{Language: c.filter, Words: []string{"die"}}).Rewrite(ev)
		if got := ev.Segment.Best().Text; got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestSeveralFilters(t *testing.T) {
	ev := segment("one two three")
	rewriter(stt.Filter{Method: stt.FilterTag, Words: []string{"one", "two", "three"}}, stt.Filter{Method: stt.FilterRemove, Words: []string{"one"}},
		stt.Filter{Method: stt.FilterMask, Words: []string{"one", "two"}}).Rewrite(ev)
	if got := ev.Segment.Best(); got.Text != "*** three" || !got.Words[1].Match {
		t.Errorf("%+v", got)
	}
}

func TestLeftAlone(t *testing.T) {
	for _, ev := range []*stt.Event{{Kind: stt.EventProgress, At: 5}, {Kind: stt.EventSegment}, {Kind: stt.EventSegment, Segment: &stt.Segment{Final: true}}} {
		before := *ev
		rewriter(stt.Filter{Words: []string{"damn"}}).Rewrite(ev)
		if !reflect.DeepEqual(*ev, before) {
			t.Errorf("%+v has become %+v", before, *ev)
		}
	}
	ev := segment("[NAME] is here")
	ev.Segment.Alternatives[0].Words[0].Kind = stt.Redaction
	rewriter(stt.Filter{Words: []string{"name"}}).Rewrite(ev)
	if got := ev.Segment.Best().Text; got != "[NAME] is here" {
		t.Errorf("a redaction has become %q", got)
	}
	f := vocabfilter.Feature()
	if f.Wanted(&stt.Config{}) || f.Wanted(&stt.Config{Filters: []stt.Filter{{Name: "upstream's"}}}) || !f.Wanted(&stt.Config{Filters: []stt.Filter{{Words: []string{"a"}}}}) {
		t.Error("wanted by the wrong streams")
	}
}
