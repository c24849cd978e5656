//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// All of these are in frames of 10 ms.
const (
	// firstMean is how much speech of a stranger is heard before decoding begins.
	firstMean = 10
	// firstWeight is what that mean counts for at least when it is compared with later ones: as much as with 0.2 s of speech.
	firstWeight = modelWeight + 20
	// knownMean is how much speech makes a mean that is not worth starting over for.
	knownMean = 400
	// lead is how much silence is made up before a segment that has none of its own, and trail how much behind.
	lead  = 20
	trail = 5
)

// better is how many times as much as the one in use a mean must be worth for a segment to be gone over again with it.
const better = 2.5

// catchUp is when another pass takes over, in lengths of the segment from where it began. A machine that is not busy goes over
// a segment in a third of its time; meanwhile there is more of it.
const catchUp = 0.6

// segment is one utterance under way: the frames from its first to whatever comes.
//
// Its words come from one pass with one mean from end to end. While the speaker is a stranger, another pass with a better
// mean chases the first, and takes over when it is level. Partials never wait for it.
//
// Finals are the words of the pass under way. From which frame on they wait for the one that chases it depends on the audio alone, and so the
// words do not depend on how busy the machine is. Where finals are accurate, the library goes over the segment again at its end, among the words
// that the pass has found possible anywhere, and with the mean as it is known by then.
type segment struct {
	d     *decoder
	from  int    // the first frame that belongs to it, silence before the speech included
	began int    // where speech begins
	voice []bool // whether frame from+i is speech
	id    string

	pass     *pass // nil before it has begun
	fed      int   // next frame for it
	chase    *chase
	chased   int     // next frame for that
	failed   float64 // what the mean of a chase was worth that the library has failed
	meaned   int     // frames before this one are in the mean
	revision int
	asked    int    // frame up to which the last partial reaches
	text     string // of the last revision given
	hyp      []found
	shift    int // made-up frames that every pass begins with
}

func newSegment(d *decoder, from, began, now int) *segment {
	s := &segment{d: d, from: from, began: began, fed: from, meaned: began, asked: from,
		shift: max(0, lead-(began-from)),
		id:    fmt.Sprintf("seg-%d", (d.start + time.Duration(from)*frameTime).Milliseconds())}
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
	until := s.known()
	if until <= s.from {
		return nil // features come two frames late
	}
	s.learn(min(until, s.d.lastVoice))
	if s.pass == nil {
		if !last && s.d.mean.weight < modelWeight+firstMean {
			return nil
		}
		if err := s.begin(ctx); err != nil {
			return err
		}
	}
	if s.chase != nil {
		s.chase.counts = s.d.frames >= s.chase.due
		if s.chase.counts && s.chase.level() {
			if err := s.takeOver(ctx); err != nil {
				return err
			}
		}
	}
	if err := s.feed(ctx, s.fed, until); err != nil {
		return err
	}
	s.fed = max(s.fed, until)
	if !last && s.worthwhile() {
		if err := s.pursue(ctx); err != nil {
			return err
		}
	}
	if s.chase != nil {
		s.chase.add(s.d.rows.slice(s.chased, s.fed))
		s.chased = s.fed
	}
	return nil
}

// known returns the frame up to which there is something to decode now.
func (s *segment) known() int { return min(s.d.rows.end(), s.d.lastVoice+postRoll, s.d.frames) }

// pursue begins a chase.
func (s *segment) pursue(ctx context.Context) error {
	due := s.d.frames + int(catchUp*float64(s.fed-s.from))
	if err := s.takeOver(ctx); err != nil { // of the one before
		return err
	}
	s.chase, s.chased = newChase(s.d.pool, s.d.cores, s.start(), due), s.from
	return nil
}

// feed searches frames from to until, and does not wait for anybody. On a machine that is far too busy it may take a minute.
func (s *segment) feed(ctx context.Context, from, until int) error {
	s.d.cores.begin()
	defer s.d.cores.end()
	for at := from; at < until; at += stride {
		if err := s.pass.feed(ctx, s.d.rows.slice(at, min(at+stride, until))); err != nil {
			return err
		}
		s.d.working()
	}
	return nil
}

// worthwhile reports whether the mean has become so much better that another pass should begin.
func (s *segment) worthwhile() bool {
	weight := max(s.pass.weight, s.failed)
	if s.chase != nil {
		if !s.chase.counts {
			return false
		}
		weight = max(weight, s.chase.weight)
	}
	return weight < knownMean && s.d.mean.weight >= better*weight
}

// learn takes the speech before frame n into the mean.
func (s *segment) learn(n int) {
	for ; s.meaned < n && s.meaned-s.from < len(s.voice); s.meaned++ {
		if s.voice[s.meaned-s.from] {
			s.d.mean.add(s.d.rows.at(s.meaned))
		}
	}
}

// start is what a pass begins with now.
func (s *segment) start() start {
	return start{mean: s.d.mean.value(), weight: s.d.mean.weight, quiet: s.quietest(), shift: s.shift}
}

// quietest returns the quietest frame so far.
func (s *segment) quietest() []float32 {
	quietest := s.from
	for k := s.from; k < min(s.d.rows.end(), s.from+len(s.voice)); k++ {
		if s.d.rows.at(k)[0] < s.d.rows.at(quietest)[0] {
			quietest = k
		}
	}
	return slices.Clone(s.d.rows.at(quietest))
}

// begin begins the first pass.
func (s *segment) begin(ctx context.Context) (err error) {
	st := s.start()
	st.weight = max(st.weight, firstWeight)
	s.pass, err = newPass(ctx, s.d.pool, st)
	s.fed = s.from
	return err
}

// takeOver waits for the pass that chases, if there is one, and goes on with it. Where the library has failed it, the one there
// is goes on.
func (s *segment) takeOver(ctx context.Context) error {
	if s.chase == nil {
		return nil
	}
	weight := s.chase.weight
	p, err := s.chase.join(ctx)
	s.chase = nil
	if err != nil {
		s.failed = weight
		return ctx.Err()
	}
	behind := s.fed
	s.d.pool.give(s.pass.search)
	s.pass, s.fed = p, s.chased
	if err := s.feed(ctx, s.fed, behind); err != nil {
		return err
	}
	s.fed = max(s.fed, behind)
	return nil
}
