//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// partial returns the words so far, if every frames have been fed since the last time; the first ones as soon as there are
// any.
func (s *segment) partial(every int) ([]stt.Word, bool) {
	if s.pass == nil || s.fed == s.asked || s.text != "" && s.fed-s.asked < every {
		return nil, false
	}
	s.asked = s.fed
	s.hyp = s.pass.search.result(s.hyp[:0])
	return s.words(s.hyp, s.fed, false), true
}

// finish ends the pass and returns the final words, and the frame where the segment ends. When the segment had to be
// cut within speech, the last word is left to the next segment.
func (s *segment) finish(ctx context.Context, cut bool) (words []stt.Word, end int, err error) {
	if err := s.advance(ctx, true); err != nil {
		return nil, 0, err
	}
	if s.pass == nil { // over before there was anything of it
		return nil, max(s.from, s.d.frames), nil
	}
	if s.chase != nil && s.chase.counts {
		if err := s.takeOver(ctx); err != nil {
			return nil, 0, err
		}
	}
	s.stopChase()
	if err := s.adapt(); err != nil {
		return nil, 0, err
	}
	end = s.fed
	tail := s.pass.search.window
	if s.d.lastVoice+trail > s.fed {
		tail += trail
	}
	s.pass.quiet = s.quietest()
	if err := s.pass.silence(tail); err != nil {
		return nil, 0, err
	}
	if err := s.lastPasses(ctx); err != nil {
		return nil, 0, err
	}
	if cut && s.d.lastVoice == s.d.frames {
		s.hyp, end = s.withoutLast(end)
	}
	return s.words(s.hyp, end, true), end, nil
}

// adapt gives what is known of the speaker to the second pass.
func (s *segment) adapt() error {
	s.d.cores.begin()
	defer s.d.cores.end()
	return s.pass.adapt(s.d.mean.value())
}

func (s *segment) stopChase() {
	if s.chase != nil {
		s.chase.drop()
		s.chase = nil
	}
}

// lastPasses ends the utterance and takes its hypothesis, which takes the library some time: a hundredth of the segment, or a tenth
// where it searches a second time. Who closes the stream meanwhile need not wait.
func (s *segment) lastPasses(ctx context.Context) error {
	search, from := s.pass.search, s.pass.pool
	s.pass = nil
	hyp := make(chan []found, 1)
	s.d.cores.begin()
	defer s.d.cores.end()
	err := from.run(ctx, search, func() error {
		err := search.end()
		if err == nil {
			hyp <- search.result(nil)
		}
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return failed("decode", err)
	}
	s.hyp = <-hyp
	return nil
}

// close gives back what the segment holds.
func (s *segment) close() {
	s.stopChase()
	if s.pass != nil {
		s.pass.pool.give(s.pass.search)
		s.pass = nil
	}
}

// withoutLast leaves out the last word and what follows it, unless no word is left then, and returns where it began.
func (s *segment) withoutLast(end int) ([]found, int) {
	isWord := func(f found) bool { return spoken(f.word) != "" }
	for i := len(s.hyp) - 1; i > 0; i-- {
		if !isWord(s.hyp[i]) {
			continue
		}
		at := s.from - s.shift + s.hyp[i].from
		if at <= s.from || !slices.ContainsFunc(s.hyp[:i], isWord) {
			break
		}
		return s.hyp[:i], min(end, at)
	}
	return s.hyp, end
}

func (s *segment) words(hyp []found, end int, final bool) []stt.Word {
	at := s.d.start + time.Duration(s.from-s.shift)*frameTime
	return wordsOf(hyp, at, stt.SpanOf(s.d.time(s.from), s.d.time(end)), final)
}

// event returns the next revision, or false when it would say nothing new.
func (s *segment) event(words []stt.Word, final bool) (stt.Event, bool) {
	alt := alternative(words)
	if !final && (alt.Text == "" || alt.Text == s.text) || final && alt.Text == "" && s.revision == 0 {
		return stt.Event{}, false
	}
	s.revision++
	s.text = alt.Text
	seg := &stt.Segment{ID: s.id, Revision: s.revision, Final: final, Language: s.d.set.language,
		Span: stt.SpanOf(s.d.time(s.began), s.d.time(s.fed))}
	if len(words) > 0 {
		seg.Span = stt.SpanOf(words[0].Span.Start, words[len(words)-1].Span.End)
		seg.Alternatives = []stt.Alternative{alt}
	}
	return stt.Event{Kind: stt.EventSegment, Segment: seg}, true
}
