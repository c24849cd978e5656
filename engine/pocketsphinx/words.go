package pocketsphinx

import (
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// frameTime is the time from one frame of features to the next.
const frameTime = 10 * time.Millisecond

// found is one entry of a hypothesis as the library gives it.
type found struct {
	word     string
	from, to int // frames of the utterance, to exclusive
	prob     float64
}

// spoken returns the word to show for an entry of the dictionary: without the mark of a pronunciation, as in "read(2)",
// and "" for silence, noise and the marks of a sentence.
func spoken(entry string) string {
	if entry == "" || strings.HasPrefix(entry, "<") || strings.HasPrefix(entry, "[") || strings.HasPrefix(entry, "++") {
		return ""
	}
	if i := strings.LastIndexByte(entry, '('); i > 0 && strings.HasSuffix(entry, ")") && digits(entry[i+1:len(entry)-1]) {
		entry = entry[:i]
	}
	return entry
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// wordsOf turns a hypothesis into words: at is the session time of its frame 0, limits are where they have to lie.
// Confidence is set in finals only, because the library has none before.
func wordsOf(hyp []found, at stt.Time, limits stt.Span, final bool) []stt.Word {
	var words []stt.Word
	last := limits.Start
	for _, f := range hyp {
		text := spoken(f.word)
		if text == "" {
			continue
		}
		start := min(max(at+time.Duration(f.from)*frameTime, last), limits.End)
		end := min(max(at+time.Duration(f.to)*frameTime, start), limits.End)
		w := stt.Word{Text: text, Span: stt.SpanOf(start, end)}
		if final {
			w.Confidence = stt.ConfidenceOf(f.prob)
		}
		words = append(words, w)
		last = start
	}
	return words
}

// alternative returns the one reading that words make.
func alternative(words []stt.Word) stt.Alternative {
	alt := stt.Alternative{Text: stt.JoinWords(words), Words: words}
	sum := 0.0
	for i := range words {
		if !words[i].Confidence.Known {
			return alt
		}
		sum += float64(words[i].Confidence.Value)
	}
	alt.Confidence = stt.ConfidenceOf(sum / float64(len(words)))
	return alt
}
