package speechall

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
)

// usual is the language of a request that names none.
const usual = "en"

// StreamFormat is what clients stream: 16 kHz, mono, signed 16-bit little-endian.
var StreamFormat = stt.Format{Encoding: stt.PCM16, Rate: 16000, Channels: 1}

// Config returns what a session is asked for. can is what the model can do, with what the server does in its place. The API calls
// some parameters hints that work where they work; those that the model can make nothing of are left out, and ignored names them.
// Audio is [StreamFormat], to be replaced for a file.
func (p *Params) Config(can *stt.Capabilities) (cfg stt.Config, ignored []string) {
	cfg = stt.Config{Audio: StreamFormat, Prompt: p.Prompt, Temp: p.Temperature}
	cfg.Interim.Off = !p.Interim
	cfg.Text.NoPunctuation = !p.Punctuation
	tag, _ := Tag(p.Language) // it has been checked
	switch {
	case tag != "":
		cfg.Languages.Tags = []string{closest(tag, can)}
	case can.Has.Has(stt.FeatureIdentify):
		cfg.Languages.Mode = stt.LanguageIdentify
	case len(can.Languages) == 1:
		cfg.Languages.Tags = []string{can.Languages[0]}
	default: // the language of requests that name none, where the model has it
		if tag := closest(usual, can); can.Serves(tag) {
			cfg.Languages.Tags = []string{tag}
		}
		ignored = append(ignored, "language")
	}
	switch {
	case !p.Diarization:
	case can.Has.Has(stt.FeatureSpeakers):
		cfg.Speakers = stt.Speakers{On: true, Max: p.Speakers}
	default:
		ignored = append(ignored, "diarization")
	}
	switch {
	case len(p.Vocabulary) == 0:
	case can.Has.Has(stt.FeaturePhrases):
		for _, term := range p.Vocabulary {
			cfg.Phrases = append(cfg.Phrases, stt.Phrase{Text: term})
		}
	default:
		ignored = append(ignored, "custom_vocabulary")
	}
	return cfg, ignored
}

// Scribe writes down what a session says. It is for one goroutine. The zero value is ready for a file.
type Scribe struct {
	// Session is what the identifiers of a stream's utterances are derived from.
	Session uuid.UUID
	// Stream gives words their text under both names.
	Stream bool
	// Interim marks every utterance as final or not.
	Interim bool

	speakers map[string]string // by the name that the recognizer has for them
	last     stt.Time          // the furthest that is known to have been said
}

// Utterance returns a segment of a stream. All its revisions have one identifier.
func (s *Scribe) Utterance(seg *stt.Segment) Transcription {
	best := seg.Best()
	t := Transcription{ID: uuid.NewSHA1(s.Session, []byte(seg.ID)).String(), Text: best.Text, Language: ISO(seg.Language)}
	t.Segments = []Segment{s.segment(seg)}
	t.Words = s.words(seg)
	if s.Interim {
		final := seg.Final
		t.Final = &final
	}
	return t
}

// File returns all that was said in a file. language is what segments are in that do not say.
func (s *Scribe) File(id, language string, segments []stt.Segment) Transcription {
	t := Transcription{ID: id}
	texts := make([]string, 0, len(segments))
	for i := range segments {
		seg := &segments[i]
		if seg.Best().Text == "" {
			continue
		}
		texts = append(texts, seg.Best().Text)
		t.Segments = append(t.Segments, s.segment(seg))
		t.Words = append(t.Words, s.words(seg)...)
		if t.Language == "" {
			t.Language = ISO(seg.Language)
		}
	}
	t.Text = Join(texts)
	t.Language = cmp.Or(t.Language, ISO(language))
	return t
}

func (s *Scribe) segment(seg *stt.Segment) Segment {
	best := seg.Best()
	out := Segment{Text: best.Text, Speaker: s.speaker(seg.Speaker), Confidence: fraction(best.Confidence)}
	if seg.Span.Known {
		start, end := Seconds(seg.Span.Start), Seconds(seg.Span.End)
		out.Start, out.End = &start, &end
	}
	return out
}

// words returns the words of a segment. Marks are in the text only, as in the vendor's samples. A word must have times: one whose
// times nobody knows is at the end of the one before.
func (s *Scribe) words(seg *stt.Segment) []Word {
	if seg.Span.Known {
		s.last = max(s.last, seg.Span.Start)
	}
	best := seg.Best()
	var words []Word
	for i := range best.Words {
		w := &best.Words[i]
		if w.Kind == stt.Punctuation {
			continue
		}
		span := w.Span
		if !span.Known {
			span = stt.SpanOf(s.last, s.last)
		}
		s.last = max(s.last, span.End)
		out := Word{Word: w.Text, Start: Seconds(span.Start), End: Seconds(span.End), Confidence: fraction(w.Confidence)}
		out.Speaker = s.speaker(cmp.Or(w.Speaker, seg.Speaker))
		if s.Stream {
			out.Text = out.Word
		}
		words = append(words, out)
	}
	return words
}

// speaker returns the name of a speaker as the API has it: they are numbered in the order in which they are first heard.
func (s *Scribe) speaker(name string) string {
	if name == "" {
		return ""
	}
	if s.speakers == nil {
		s.speakers = map[string]string{}
	}
	if s.speakers[name] == "" {
		s.speakers[name] = fmt.Sprintf("Speaker %d", len(s.speakers))
	}
	return s.speakers[name]
}

func fraction(c stt.Confidence) *Fraction {
	if !c.Known {
		return nil
	}
	f := Fraction(c.Value)
	return &f
}

// Join makes one text of several: with a space between two, except where either is written without spaces.
func Join(texts []string) string {
	var b strings.Builder
	var before rune
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		if first, _ := utf8.DecodeRuneInString(text); before != 0 && !dense(before) && !dense(first) {
			b.WriteByte(' ')
		}
		b.WriteString(text)
		before, _ = utf8.DecodeLastRuneInString(text)
	}
	return b.String()
}

// dense reports whether a character is of a script without spaces between words.
func dense(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xff65
}
