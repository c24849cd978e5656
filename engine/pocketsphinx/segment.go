//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// All of these are in frames of 10 ms.
const (
	// firstMean is how much speech of a stranger is heard before decoding begins.
	firstMean = 50
	// knownMean is how much speech makes a mean that is not worth starting over for.
	knownMean = 300
	// stride is how much is fed between two looks at the context.
	stride = 10
	// lead is how much silence is made up before a segment that has none of its own, and behind.
	lead = 20
)

// segment is one utterance under way: the frames from its first to whatever comes.
type segment struct {
	d     *decoder
	from  int    // the first frame that belongs to it, silence before the speech included
	began int    // where speech begins
	voice []bool // whether frame from+i is speech
	id    string

	open     bool      // the search has begun
	fed      int       // next frame to feed
	shift    int       // made-up frames fed before frame from
	used     []float32 // the mean in use
	weight   float64   // what it was worth
	meaned   int       // frames before this one are in the mean
	revision int
	asked    int    // frame up to which the last partial reaches
	text     string // of the last revision given
	hyp      []found
}

func newSegment(d *decoder, from, began, now int) *segment {
	s := &segment{d: d, from: from, began: began, fed: from, meaned: began, asked: from,
		used: make([]float32, d.rows.size),
		id:   fmt.Sprintf("seg-%d", (d.start + time.Duration(from)*frameTime).Milliseconds())}
	for i := from; i < now; i++ {
		s.voice = append(s.voice, i >= began)
	}
	return s
}

// hear takes the verdict about the next frame.
func (s *segment) hear(speech bool) { s.voice = append(s.voice, speech) }

func (s *segment) length() int { return len(s.voice) }

// pauseEnough returns how long a pause ends the segment before it has to end anyway: anything from 0.25 s on in the
// last third of what is allowed, and a tenth of a second in the last tenth.
func (s *segment) pauseEnough(longest, silence int) int {
	switch {
	case 10*s.length() >= 9*longest:
		return min(10, silence)
	case 3*s.length() >= 2*longest:
		return min(25, silence)
	default:
		return silence
	}
}

// advance decodes what has become known. last says that no more will.
func (s *segment) advance(ctx context.Context, last bool) error {
	until := min(s.d.rows.end(), s.d.lastVoice+postRoll)
	s.learn(min(until, s.d.lastVoice))
	if !last && !s.open && s.d.mean.weight < modelWeight+firstMean {
		return nil
	}
	if err := s.begin(ctx, last); err != nil {
		return err
	}
	for s.fed < until {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(s.fed+stride, until)
		if err := s.feed(s.fed, n); err != nil {
			return err
		}
		s.fed = n
	}
	return nil
}

// learn takes the speech before frame n into the mean.
func (s *segment) learn(n int) {
	for ; s.meaned < n && s.meaned-s.from < len(s.voice); s.meaned++ {
		if s.voice[s.meaned-s.from] {
			s.d.mean.add(s.d.rows.at(s.meaned))
		}
	}
}

// begin starts the search, and starts it over when the speaker is known much better than before.
func (s *segment) begin(ctx context.Context, last bool) error {
	m := s.d.mean
	better := 2.2
	if last {
		better = 1.15 // this one counts, and is the last
	}
	if s.open && (s.weight >= knownMean || m.weight < better*s.weight) {
		return nil
	}
	if s.open {
		if err := s.d.endSearch(ctx, s.d.search.end); err != nil {
			return failed("decode", err)
		}
	}
	if err := s.d.search.start(); err != nil {
		return failed("decode", err)
	}
	s.open, s.fed, s.weight = true, s.from, m.weight
	m.value(s.used)
	s.shift = max(0, lead-(s.began-s.from))
	for range s.shift {
		if err := s.silence(); err != nil {
			return err
		}
	}
	return nil
}

// feed searches on with frames from to n.
func (s *segment) feed(from, n int) error {
	buf := make([]float32, 0, stride*len(s.used))
	for k := from; k < n; k++ {
		for i, x := range s.d.rows.at(k) {
			buf = append(buf, x-s.used[i])
		}
	}
	if err := s.d.search.feed(buf); err != nil {
		return failed("decode", err)
	}
	return nil
}

// silence feeds one frame that sounds like the quietest of the segment.
func (s *segment) silence() error {
	quietest := s.from
	for k := s.from; k < min(s.d.rows.end(), s.from+len(s.voice)); k++ {
		if s.d.rows.at(k)[0] < s.d.rows.at(quietest)[0] {
			quietest = k
		}
	}
	return s.feed(quietest, quietest+1)
}

// partial returns the words so far, if every frames have been fed since the last time.
func (s *segment) partial(every int) ([]stt.Word, bool) {
	if !s.open || s.fed-s.asked < every {
		return nil, false
	}
	s.asked = s.fed
	s.hyp = s.d.search.result(s.hyp[:0])
	return s.words(s.hyp, s.fed, false), true
}

// finish ends the search and returns the final words, and the frame where the segment ends. When the segment had to be
// cut within speech, the last word is left to the next segment.
func (s *segment) finish(ctx context.Context, cut bool) (words []stt.Word, end int, err error) {
	if err := s.advance(ctx, true); err != nil {
		return nil, 0, err
	}
	end = s.fed
	tail := s.d.search.window
	if s.d.lastVoice+lead > s.fed {
		tail += lead
	}
	for range tail {
		if err := s.silence(); err != nil {
			return nil, 0, err
		}
	}
	if err := s.d.endSearch(ctx, s.lastPasses(s.d.search)); err != nil {
		return nil, 0, failed("decode", err)
	}
	if cut && s.d.lastVoice == s.d.frames {
		s.hyp, end = s.withoutLast(end)
	}
	return s.words(s.hyp, end, true), end, nil
}

// lastPasses returns what ends the utterance and takes its final hypothesis: asking for that takes the library long, too.
func (s *segment) lastPasses(search *search) func() error {
	return func() error {
		err := search.end()
		if err == nil {
			s.hyp = search.result(s.hyp[:0])
		}
		return err
	}
}

// withoutLast leaves out the last word and what follows it, unless it is the only one, and returns where it began.
func (s *segment) withoutLast(end int) ([]found, int) {
	for i := len(s.hyp) - 1; i > 0; i-- {
		if spoken(s.hyp[i].word) != "" {
			return s.hyp[:i], min(end, s.from-s.shift+s.hyp[i].from)
		}
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
