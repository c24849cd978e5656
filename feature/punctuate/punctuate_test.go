package punctuate_test

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/punctuate"
	"github.com/earshot-stt/earshot/stt"
)

// chain is what a session makes of the features for a model that has nothing.
func chain(t testing.TB, cfg stt.Config) feature.Chain {
	t.Helper()
	c, native := feature.Select(punctuate.Features(), &cfg, stt.FeatureWords)
	if native != 0 {
		t.Fatalf("a model without case and marks is asked for %q", native)
	}
	return c
}

// spoken is what a config says about the language.
func spoken(tags ...string) stt.Config { return stt.Config{Languages: stt.Languages{Tags: tags}} }

// segment returns an event with one alternative, of words one second long, or of text alone.
func segment(text string, final, withWords bool) stt.Event {
	alt := stt.Alternative{Text: text}
	if withWords {
		alt.Words = split(text)
	}
	return stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "s", Final: final, Alternatives: []stt.Alternative{alt}}}
}

func split(text string) []stt.Word {
	words := []stt.Word{}
	for w := range fields(text) {
		at := time.Duration(len(words)) * time.Second
		words = append(words, stt.Word{Text: w, Span: stt.SpanOf(at, at+900*time.Millisecond), Stable: true})
	}
	return words
}

func TestTexts(t *testing.T) {
	for _, c := range []struct{ tag, in, partial, final string }{
		{"en-US", "good morning", "Good morning", "Good morning."},
		{"en-GB", "how are you", "How are you", "How are you?"},
		{"EN", "i think i'm sure i’ll say i've heard i'd go", "I think I'm sure I’ll say I've heard I'd go", "I think I'm sure I’ll say I've heard I'd go."},
		{"", "what do i do", "What do I do", "What do I do?"},
		{"en-US", "i'd've come", "I'd've come", "I'd've come."},
		{"en-US", "in it is ice", "In it is ice", "In it is ice."},
		// left as it is
		{"en-US", "Good morning.", "Good morning.", "Good morning."},
		{"en-US", "iPhone sales are up", "iPhone sales are up", "iPhone sales are up."},
		{"en-US", "mp3 is a format", "mp3 is a format", "mp3 is a format."},
		{"en-US", "main.go has it", "main.go has it", "main.go has it."},
		{"en-US", "earshot_test is one", "earshot_test is one", "earshot_test is one."},
		{"en-US", "me@example.com is mine", "me@example.com is mine", "me@example.com is mine."},
		{"en-US", "c++ is a language", "c++ is a language", "c++ is a language."},
		{"en-US", "*** you", "*** you", "*** you."},
		{"en-US", "[NAME] called", "[NAME] called", "[NAME] called."},
		{"en-US", "how are you!", "How are you!", "How are you!"},
		{"en-US", "wait…", "Wait…", "Wait…"},
		{"en-US", "first,", "First,", "First,"},
		{"en-US", "(it was late.)", "(It was late.)", "(It was late.)"},
		{"en-US", "he said \"go.\"", "He said \"go.\"", "He said \"go.\""},
		{"en-US", "“hello there”", "“Hello there”", "“Hello there”."},
		{"en-US", "the dogs'", "The dogs'", "The dogs'."},
		{"en-US", "'cause i, i say so", "'Cause I, I say so", "'Cause I, I say so."},
		{"en-US", "e-mail works", "E-mail works", "E-mail works."},
		{"en-US", "", "", ""},
		// other languages
		{"de-DE", "was ist das", "Was ist das", "Was ist das."},
		{"it-IT", "tutti i ragazzi", "Tutti i ragazzi", "Tutti i ragazzi."},
		{"fr-FR", "école fermée", "École fermée", "École fermée."},
		{"fr-FR", "e\u0301cole", "E\u0301cole", "E\u0301cole."},
		{"es-ES", "¿cómo estás?", "¿Cómo estás?", "¿Cómo estás?"},
		{"ru-RU", "добрый день", "Добрый день", "Добрый день."},
		{"tr-TR", "istanbul ve ılgaz", "İstanbul ve ılgaz", "İstanbul ve ılgaz."},
		{"az", "it", "İt", "İt."},
		{"hr-HR", "ǆep", "ǅep", "ǅep."}, // title case, not upper
		{"de-DE", "ß", "ß", "ß."},
		{"ka-GE", "გამარჯობა", "გამარჯობა", "გამარჯობა."},
		{"hi-IN", "नमस्ते दुनिया", "नमस्ते दुनिया", "नमस्ते दुनिया।"},
		{"zh-CN", "你好", "你好", "你好。"},
		{"ja-JP", "こんにちは", "こんにちは", "こんにちは。"},
		{"zh-CN", "你好！", "你好！", "你好！"},
		{"ar-SA", "كيف حالك؟", "كيف حالك؟", "كيف حالك؟"},
	} {
		var cfg stt.Config
		if c.tag != "" {
			cfg = spoken(c.tag)
		}
		for _, withWords := range []bool{false, true} {
			for _, final := range []bool{false, true} {
				want := c.partial
				if final {
					want = c.final
				}
				ev := segment(c.in, final, withWords)
				for _, round := range []string{"once", "twice"} {
					chain(t, cfg).Rewrite(&ev)
					if got := ev.Segment.Best().Text; got != want {
						t.Errorf("%s %q (final %v, words %v, %s): %q, expected %q", c.tag, c.in, final, withWords, round, got, want)
					}
				}
			}
		}
	}
}

func TestSpacesStay(t *testing.T) {
	for in, want := range map[string]string{" \thello  i am\n": " \tHello  I am.", "   ": "   ", "¿ hola": "¿ Hola.", "…": "…"} {
		ev := segment(in, true, false)
		chain(t, stt.Config{}).Rewrite(&ev)
		if got := ev.Segment.Best().Text; got != want {
			t.Errorf("%q becomes %q, expected %q", in, got, want)
		}
	}
}

// TestWords looks at the words of a final in full.
func TestWords(t *testing.T) {
	at := func(from, to int) stt.Span {
		return stt.SpanOf(time.Duration(from)*time.Second, time.Duration(to)*time.Second)
	}
	words := []stt.Word{
		{Text: "well", Span: at(0, 1), Stable: true, Confidence: stt.ConfidenceOf(0.5)},
		{Text: ",", Kind: stt.Punctuation, Glue: true, Span: at(1, 1), Stable: true},
		{Text: "do", Span: at(1, 2), Stable: true},
		{Text: "i", Span: at(2, 3), Stable: true, Speaker: "0"},
		{Text: "know", Norm: "no", Span: at(3, 4), Stable: true, Speaker: "0", Language: "en-AU"},
	}
	ev := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "s", Final: true, Span: at(0, 4),
		Alternatives: []stt.Alternative{{Text: stt.JoinWords(words), Words: words, Entities: []stt.Entity{{First: 0, End: 5}}}}}}
	chain(t, spoken("de-DE", "en-US")).Rewrite(&ev) // fixed: German, but for the word that says otherwise
	want := []stt.Word{
		{Text: "Well", Norm: "well", Span: at(0, 1), Stable: true, Confidence: stt.ConfidenceOf(0.5)},
		{Text: ",", Kind: stt.Punctuation, Glue: true, Span: at(1, 1), Stable: true},
		{Text: "do", Span: at(1, 2), Stable: true},
		{Text: "i", Span: at(2, 3), Stable: true, Speaker: "0"},
		{Text: "know", Norm: "no", Span: at(3, 4), Stable: true, Speaker: "0", Language: "en-AU"},
		{Text: "?", Kind: stt.Punctuation, Glue: true, Span: at(4, 4), Stable: true, Language: "en-AU"},
	}
	got := ev.Segment.Best()
	if len(got.Words) != len(want) || got.Text != "Well, do i know?" || got.Entities[0].End != 5 {
		t.Fatalf("%q %+v", got.Text, got)
	}
	for i := range want {
		if got.Words[i] != want[i] {
			t.Errorf("word %d is %+v, expected %+v", i, got.Words[i], want[i])
		}
	}
}

func TestUnknownSpan(t *testing.T) {
	ev := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "s", Final: true,
		Alternatives: []stt.Alternative{{Text: "yes", Words: []stt.Word{{Text: "yes"}}}}}}
	chain(t, stt.Config{}).Rewrite(&ev)
	if w := ev.Segment.Best().Words; len(w) != 2 || w[1].Span != (stt.Span{}) || w[1].Stable {
		t.Errorf("a mark behind a word without time is %+v", w)
	}
}

// TestPieces: models that work in pieces of words glue them together.
func TestPieces(t *testing.T) {
	for _, c := range []struct {
		pieces []string // with + in front: glued
		want   string
	}{
		{[]string{"and", "i", "+'m"}, "And I'm."},
		{[]string{"and", "i", "+phone"}, "And iphone."},
		{[]string{"hawai", "+i", "nice"}, "Hawaii nice."},
		{[]string{"and", "i", "+,", "we"}, "And I, we."},
	} {
		var words []stt.Word
		for _, p := range c.pieces {
			w := stt.Word{Text: p}
			if p[0] == '+' {
				w.Text, w.Glue = p[1:], true
			}
			if w.Text == "," {
				w.Kind = stt.Punctuation
			}
			words = append(words, w)
		}
		ev := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "s", Final: true,
			Alternatives: []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}}}
		chain(t, stt.Config{}).Rewrite(&ev)
		if got := ev.Segment.Best().Text; got != c.want {
			t.Errorf("%q becomes %q, expected %q", c.pieces, got, c.want)
		}
	}
}

// TestAlternatives: all are rewritten, also when their words share an array, and a withdrawn segment stays withdrawn.
func TestAlternatives(t *testing.T) {
	words := split("how are you hello there")
	ev := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "s", Final: true, Alternatives: []stt.Alternative{
		{Text: "how are you", Words: words[:3]}, {Text: "hello there", Words: words[3:]}, {Text: "i see"}, {}, {Words: []stt.Word{}}}}}
	chain(t, stt.Config{}).Rewrite(&ev)
	for i, want := range []string{"How are you?", "Hello there.", "I see.", "", ""} {
		alt := ev.Segment.Alternatives[i]
		if alt.Text != want || alt.Words != nil && stt.JoinWords(alt.Words) != want {
			t.Errorf("alternative %d is %q (%q), expected %q", i, alt.Text, stt.JoinWords(alt.Words), want)
		}
	}
	gone := stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: "s", Final: true}}
	chain(t, stt.Config{}).Rewrite(&gone)
	if gone.Segment.Alternatives != nil {
		t.Errorf("a withdrawn segment comes back as %+v", gone.Segment.Alternatives)
	}
}

func TestLanguageOfSegment(t *testing.T) {
	many := func(tags ...string) stt.Config {
		cfg := spoken(tags...)
		cfg.Languages.Mode = stt.LanguageIdentify
		return cfg
	}
	for _, c := range []struct {
		cfg  stt.Config
		tag  string
		want string
	}{
		{spoken("it-IT"), "", "Do i know."},
		{spoken("it-IT"), "en-US", "Do I know?"},
		{spoken("en-US"), "it-IT", "Do i know."},
		{many("it-IT", "en-US"), "", "Do I know?"},
		{many("it-IT", "en-US"), "it-IT", "Do i know."},
		{many("it-IT", "de-DE"), "", "Do i know."},
		{stt.Config{}, "ja", "Do i know。"},
	} {
		ev := segment("do i know", true, true)
		ev.Segment.Language = c.tag
		chain(t, c.cfg).Rewrite(&ev)
		if got := ev.Segment.Best().Text; got != c.want {
			t.Errorf("%v, segment %q: %q, expected %q", c.cfg.Languages, c.tag, got, c.want)
		}
	}
}

func TestSwitches(t *testing.T) {
	for _, c := range []struct {
		text stt.TextStyle
		has  stt.Feature
		want string
	}{
		{stt.TextStyle{}, 0, "How am I?"},
		{stt.TextStyle{NoCase: true}, 0, "how am i?"},
		{stt.TextStyle{NoPunctuation: true}, 0, "How am I"},
		{stt.TextStyle{NoPunctuation: true, NoCase: true}, 0, "how am i"},
		{stt.TextStyle{}, stt.FeatureCase, "how am i?"},
		{stt.TextStyle{}, stt.FeaturePunctuation, "How am I"},
		{stt.TextStyle{}, stt.FeaturePunctuation | stt.FeatureCase, "how am i"},
	} {
		c2, native := feature.Select(punctuate.Features(), &stt.Config{Text: c.text}, c.has)
		if native != c.has {
			t.Errorf("%+v: native %q, expected %q", c.text, native, c.has)
		}
		for _, withWords := range []bool{false, true} {
			ev := segment("how am i", true, withWords)
			c2.Rewrite(&ev)
			if got := ev.Segment.Best().Text; got != c.want {
				t.Errorf("%+v on a model with %q: %q, expected %q", c.text, c.has, got, c.want)
			}
		}
	}
	// Switched off by the operator, the features are still the model's if it has them, and nothing is done here.
	off := punctuate.Features()
	for i := range off {
		off[i].New = nil
	}
	if rest, native := feature.Select(off, &stt.Config{}, stt.FeatureCase); rest != nil || native != stt.FeatureCase {
		t.Errorf("switched off: %v, %q", rest, native)
	}
}

func TestOtherEvents(t *testing.T) {
	for k := range stt.EventWarning + 2 {
		ev := stt.Event{Kind: k, Channel: 1, At: time.Second}
		chain(t, stt.Config{}).Rewrite(&ev)
		if ev.Kind != k || ev.Channel != 1 || ev.At != time.Second || ev.Segment != nil {
			t.Errorf("%v becomes %+v", k, ev)
		}
	}
}
