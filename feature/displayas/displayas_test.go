package displayas_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/displayas"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

var phrases = []stt.Phrase{
	{Text: "los-angeles", DisplayAs: "Los Angeles"}, {Text: "F.B.I.", DisplayAs: "FBI"}, {Text: "em-pee-three", DisplayAs: "MP3"}, {Text: "em-pee-three-player", DisplayAs: "MP3 player"},
	{Text: "kubernetes", DisplayAs: "Kubernetes"}, {Text: "plain"}, {Text: "acme", DisplayAs: "ACME Inc."},
}

func rewriter() feature.Rewriter { return displayas.Feature().New(&stt.Config{Phrases: phrases}) }

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

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"from los angeles to":               "from Los Angeles to",
		"Los Angeles, yes":                  "Los Angeles, yes",
		"LOS ANGELES":                       "Los Angeles",
		"los-angeles":                       "Los Angeles",
		"the f b i knows":                   "the FBI knows",
		"the F.B.I. knows":                  "the FBI. knows",
		"an em pee three":                   "an MP3",
		"an em pee three player here":       "an MP3 player here",
		"an em pee three, player":           "an MP3 player", // marks may yet change
		"em pee em pee three":               "em pee MP3",
		"plain acme":                        "plain ACME Inc.",
		"\"kubernetes\"":                    "\"Kubernetes\"",
		"los and angeles":                   "los and angeles",
		"los . angeles":                     "los. angeles",
		"kubernetes kubernetes. kubernetes": "Kubernetes Kubernetes. Kubernetes",
		"":                                  "",
	} {
		for _, final := range []bool{false, true} {
			ev := &stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Final: final, Alternatives: []stt.Alternative{{Words: words(text)}}}}
			ev.Segment.Alternatives[0].Text = stt.JoinWords(ev.Segment.Alternatives[0].Words)
			rewriter().Rewrite(ev)
			best := ev.Segment.Best()
			if best.Text != want || stt.JoinWords(best.Words) != want || best.Words == nil {
				t.Errorf("%q becomes %q, words %q; expected %q", text, best.Text, stt.JoinWords(best.Words), want)
			}
			once := ev.Segment.Clone()
			rewriter().Rewrite(ev)
			if !reflect.DeepEqual(once, ev.Segment) {
				t.Errorf("%q: twice is not once: %+v", text, ev.Segment)
			}
		}
		if strings.Contains(text, " . ") {
			continue // a text has no marks that stand alone
		}
		ev := &stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Alternatives: []stt.Alternative{{Text: text}}}}
		rewriter().Rewrite(ev)
		if best := ev.Segment.Best(); best.Text != want || best.Words != nil {
			t.Errorf("the text %q becomes %q, words %v", text, best.Text, best.Words)
		}
	}
}

func TestMergedWord(t *testing.T) {
	all := words("the em pee three works")
	for i := range all {
		at := time.Duration(i) * time.Second
		all[i].Span, all[i].Confidence = stt.SpanOf(at, at+time.Second/2), stt.ConfidenceOf(0.9-float64(i)/10)
	}
	ev := &stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Final: true, Alternatives: []stt.Alternative{{Words: all,
		Entities: []stt.Entity{{Type: "THING", First: 1, End: 4}, {Type: "VERB", First: 4, End: 5}, {Type: "LETTER", First: 2, End: 3}}}}}}
	rewriter().Rewrite(ev)
	best := ev.Segment.Best()
	w := best.Words[1]
	if len(best.Words) != 3 || w.Text != "MP3" || w.Span != stt.SpanOf(time.Second, 3*time.Second+time.Second/2) || w.Confidence != stt.ConfidenceOf(0.6) || w.NormalForm() != "mp3" {
		t.Errorf("%+v", best.Words)
	}
	if want := []stt.Entity{{Type: "THING", First: 1, End: 2}, {Type: "VERB", First: 2, End: 3}, {Type: "LETTER", First: 1, End: 2}}; !slices.Equal(best.Entities, want) {
		t.Errorf("%+v", best.Entities)
	}
}

func TestWanted(t *testing.T) {
	f := displayas.Feature()
	if f.Wanted(&stt.Config{}) || f.Wanted(&stt.Config{Phrases: []stt.Phrase{{Text: "plain"}}}) || !f.Wanted(&stt.Config{Phrases: phrases}) {
		t.Error("wanted by the wrong streams")
	}
	ev := &stt.Event{Kind: stt.EventProgress}
	rewriter().Rewrite(ev) // and does not fail
}

// However a segment comes about, what is rewritten keeps the contract: the stable words above all.
func TestContract(t *testing.T) {
	for seed := range uint64(1000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var before, after stttest.Checker
		r := displayas.Feature().New(&stt.Config{Phrases: append(slices.Clone(phrases), stt.Phrase{Text: "los", DisplayAs: "Los X"}, stt.Phrase{Text: "b", DisplayAs: "be bee"},
			stt.Phrase{Text: "pee-three", DisplayAs: "P3"}, stt.Phrase{Text: "em-pee", DisplayAs: "M.P."}, stt.Phrase{Text: "kubernetes-and-los", DisplayAs: "K and Los"})})
		for n, ev := range conversation(rng) {
			if err := before.Event(stt.Event{Kind: ev.Kind, Segment: ev.Segment.Clone()}, time.Hour); err != nil {
				t.Fatalf("seed %d: the stream itself breaks the contract: %v", seed, err)
			}
			r.Rewrite(&ev)
			if err := after.Event(stt.Event{Kind: ev.Kind, Segment: ev.Segment.Clone()}, time.Hour); err != nil {
				t.Fatalf("seed %d, revision %d, %q: %v", seed, n, ev.Segment.Best().Text, err)
			}
		}
	}
}

// conversation returns the revisions of one segment: words become stable from the left, and those that are not may change.
func conversation(rng *rand.Rand) []stt.Event {
	lexicon := strings.Fields("em pee three player los angeles f b i kubernetes and")
	var all []stt.Word
	var events []stt.Event
	stable := 0
	revisions := 3 + rng.IntN(6)
	for n := range revisions {
		final := n == revisions-1
		for i := stable; i < len(all); i++ {
			if rng.IntN(4) == 0 {
				all[i].Text = lexicon[rng.IntN(len(lexicon))]
			}
		}
		for range max(rng.IntN(4), 1-len(all)) {
			all = append(all, stt.Word{Text: lexicon[rng.IntN(len(lexicon))]})
		}
		stable += rng.IntN(len(all) - stable + 1)
		copied := slices.Clone(all)
		for i := range copied {
			at := time.Duration(i) * time.Second
			copied[i].Span, copied[i].Stable = stt.SpanOf(at, at+time.Second), i < stable
		}
		if copied == nil {
			copied = []stt.Word{}
		}
		events = append(events, stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "s", Revision: n + 1, Final: final,
			Span: stt.SpanOf(0, time.Duration(len(all))*time.Second), Alternatives: []stt.Alternative{{Text: stt.JoinWords(copied), Words: copied}}}})
	}
	return events
}

func Example() {
	ev := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Alternatives: []stt.Alternative{{Text: "we fly to los angeles"}}}}
	displayas.Feature().New(&stt.Config{Phrases: []stt.Phrase{{Text: "Los-Angeles", DisplayAs: "Los Angeles"}}}).Rewrite(&ev)
	fmt.Println(ev.Segment.Best().Text)
	// Output: we fly to Los Angeles
}
