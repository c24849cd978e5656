package stttest_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// vocabulary is what the ear understands: samples of value i are word i, and 0 is silence.
var vocabulary = []string{"", "good", "morning", "everybody", "how", "are", "you", "very", "well"}

var mono = stt.Format{Rate: 8000, Channels: 1}

// said is the audio that the ear is tested with: "good morning everybody", "how are you" and "very well".
func said() (audio []byte, words []string) {
	say := func(word int, d time.Duration) {
		for range mono.Bytes(d) / 2 {
			audio = binary.LittleEndian.AppendUint16(audio, uint16(word))
		}
		if word > 0 {
			words = append(words, vocabulary[word])
		}
	}
	word := 1
	for _, n := range []int{3, 3, 2} {
		say(0, 300*time.Millisecond)
		for range n {
			say(word, 240*time.Millisecond)
			word++
		}
	}
	say(0, 300*time.Millisecond)
	return audio, words
}

// ear is a sound recognizer that listens to its audio, and the defects of a harness on request. Whatever else is to be
// wrong with it is put around it.
type ear struct {
	defect stttest.Defect
	can    stt.Capabilities
}

func newEar(d stttest.Defect) *ear {
	return &ear{defect: d, can: stt.Capabilities{Formats: []stt.Format{{Channels: 1}}, Languages: []string{"en-US"},
		Has: stt.FeatureInterim | stt.FeatureFlush | stt.FeatureSpeechEvents | stt.FeatureProgress |
			stt.FeatureDeterministic | stt.FeatureWords | stt.FeatureConfidence | stt.FeatureStable}}
}

func (e *ear) Models(context.Context) ([]stt.Model, error) {
	can := e.can
	can.Formats = append([]stt.Format(nil), can.Formats...)
	can.Languages = append([]string(nil), can.Languages...)
	return []stt.Model{{ID: "ear", Can: can}}, nil
}

func (e *ear) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	models, _ := e.Models(ctx)
	if _, err := stt.FindModel(models, &cfg); err != nil {
		return nil, err
	}
	if e.defect == stttest.Refuses {
		return nil, stt.Errorf(stt.Exhausted, "no ear is free")
	}
	l := &listener{cfg: cfg, defect: e.defect, now: cfg.Start,
		core: stream.New(stream.Options{Format: cfg.Audio, Start: cfg.Start, NoFlush: !e.can.Has.Has(stt.FeatureFlush)})}
	l.core.Go(l.work)
	return l.core, nil
}

// tick is the audio that the ear takes at a time, pause the silence after which a segment ends.
const (
	tick  = 10 * time.Millisecond
	pause = 200 * time.Millisecond
)

type listener struct {
	cfg    stt.Config
	defect stttest.Defect
	core   *stream.Core

	now      stt.Time
	word     int      // that is being said; 0: silence
	start    stt.Time // of that word
	old      bool     // that word has been given already, before a flush
	words    []stt.Word
	open     bool // a segment is open
	segment  int
	revision int
}

func (l *listener) work(ctx context.Context) {
	raw := make([]byte, l.cfg.Audio.Bytes(tick))
	for {
		n, mark, err := l.core.Read(ctx, raw, len(raw))
		if err != nil {
			return
		}
		if n > 0 {
			l.hear(int(binary.LittleEndian.Uint16(raw)), l.cfg.Audio.Duration(int64(n)))
		}
		switch {
		case l.defect == stttest.Dies && l.now-l.cfg.Start >= time.Second:
			l.core.Fail(stt.Errorf(stt.Unavailable, "the ear is gone"))
			return
		case l.defect == stttest.Stalls && l.now-l.cfg.Start >= 500*time.Millisecond:
			<-ctx.Done()
			return
		case mark == stream.Flush:
			l.flush()
			l.emit(stt.Event{Kind: stt.EventFlushed, At: l.now})
		case mark == stream.End && l.defect == stttest.NeverEnds:
			l.giveUp(ctx)
			return
		case mark == stream.End:
			l.flush()
			l.core.Finish()
			return
		}
	}
}

// giveUp waits for a peer that never ends.
func (l *listener) giveUp(ctx context.Context) {
	select {
	case <-time.After(time.Second):
		l.core.Fail(stt.Errorf(stt.DeadlineExceeded, "the peer has not ended the stream within 1s"))
	case <-ctx.Done():
	}
}

// emit ignores the error: Read tells as well when nobody listens any more.
func (l *listener) emit(ev stt.Event) { _ = l.core.Emit(ev) }

func (l *listener) hear(word int, d time.Duration) {
	at := l.now
	l.now += d
	if word != l.word {
		l.endWord(at)
		l.word, l.start, l.old = word, at, false
		if word > 0 && !l.open {
			l.open = true
			l.emit(stt.Event{Kind: stt.EventProgress, At: at})
			l.emit(stt.Event{Kind: stt.EventSpeechStart, At: at})
		}
	}
	switch {
	case word > 0:
	case !l.open:
		l.emit(stt.Event{Kind: stt.EventProgress, At: l.now})
	case l.now-l.start >= pause:
		l.final()
	}
}

// endWord gives a partial with the word that has ended.
func (l *listener) endWord(at stt.Time) {
	if l.word == 0 || l.old {
		return
	}
	l.words = append(l.words, stt.Word{Text: vocabulary[l.word%len(vocabulary)], Span: stt.SpanOf(l.start, at)})
	if !l.cfg.Interim.Off {
		l.say(false)
	}
}

func (l *listener) flush() {
	l.endWord(l.now)
	l.old = true
	l.final()
}

func (l *listener) final() {
	l.open = false
	if len(l.words) == 0 {
		return
	}
	end := l.words[len(l.words)-1].Span.End
	l.say(true)
	l.words = nil
	l.segment++
	l.revision = 0
	l.emit(stt.Event{Kind: stt.EventSpeechEnd, At: end})
	l.emit(stt.Event{Kind: stt.EventEndpoint, At: l.now, Endpoint: stt.EndpointSilence})
	l.emit(stt.Event{Kind: stt.EventProgress, At: end})
}

func (l *listener) say(final bool) {
	l.revision++
	words := append([]stt.Word(nil), l.words...)
	for i := range words {
		words[i].Stable = l.cfg.Interim.Stability != stt.StabilityOff && (final || i < len(words)-1)
		if final {
			words[i].Confidence = stt.ConfidenceOf(0.9)
		}
	}
	l.emit(stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{ID: fmt.Sprintf("ear-%d", l.segment),
		Revision: l.revision, Final: final, Span: stt.SpanOf(words[0].Span.Start, words[len(words)-1].Span.End),
		Alternatives: []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}}})
}

// harness judges the ear, with what is put around it.
func harness(around func(*ear) stt.Recognizer) stttest.Harness {
	audio, words := said()
	return stttest.Harness{
		New:     func(_ *testing.T, d stttest.Defect) stt.Recognizer { return around(newEar(d)) },
		Defects: []stttest.Defect{stttest.Dies, stttest.Stalls, stttest.Refuses, stttest.NeverEnds},
		Config:  stt.Config{Audio: mono},
		Audio:   audio,
		Words:   words,
		Bubble:  true,
	}
}

// What the breakages are put around is sound itself; otherwise they would prove nothing.
func TestSound(t *testing.T) {
	sound := func(e *ear) stt.Recognizer { return e }
	t.Run("bubble", func(t *testing.T) { stttest.Run(t, harness(sound)) })
	t.Run("clock", func(t *testing.T) {
		h := harness(sound)
		h.Bubble = false
		stttest.Run(t, h)
	})
	t.Run("modest", func(t *testing.T) { // a recognizer that promises little is not held to more
		h := harness(func(e *ear) stt.Recognizer { e.can.Has = 0; return e })
		h.Defects, h.Words = nil, nil
		stttest.Run(t, h)
	})
}
