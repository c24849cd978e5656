package script

import (
	"context"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// block is the audio time that the engine takes at a time.
const block = 20 * time.Millisecond

// decoder says the script of one stream.
type decoder struct {
	rec    *Recognizer
	fault  Fault // what this stream suffers from; Kind None: nothing
	cfg    stt.Config
	script Script // what has not been said in finals, first segment first

	now      stt.Time // audio heard
	samples  int64
	word     int  // words of script[0] that have been said in a partial
	revision int  // of script[0]
	speaking bool // somebody speaks: a speech start has been given
	begun    bool // script[0] has been announced by progress
	part     int  // how often script[0] has been cut by flushes
	partial  stt.Time
}

func (d *decoder) Decode(ctx context.Context, samples []int16, out engine.Output) error {
	d.samples += int64(len(samples))
	d.now = d.cfg.Start + d.cfg.Audio.Duration(2*d.samples)
	if err := d.suffer(ctx, d.cfg.Audio.Duration(2*int64(len(samples)))); err != nil {
		return err
	}
	for len(d.script) > 0 {
		done, err := d.advance(out)
		if err != nil || !done {
			return err
		}
	}
	return out.Emit(stt.Event{Kind: stt.EventProgress, At: d.now})
}

// suffer plays the fault on a block of audio.
func (d *decoder) suffer(ctx context.Context, audio time.Duration) error {
	if d.fault.Kind == None || d.now < d.fault.At {
		return nil
	}
	switch d.fault.Kind {
	case Die:
		return &stt.Error{Code: stt.Unavailable, Op: "decode", Msg: fmt.Sprintf("the scripted engine died at %v of audio, as asked", d.fault.At)}
	case Stall:
		<-ctx.Done()
		return ctx.Err()
	case Slow:
		wait := time.NewTimer(time.Duration(float64(audio) * d.fault.Factor))
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// advance says what is due of the first segment; done means that it has been said to its end.
func (d *decoder) advance(out engine.Output) (done bool, err error) {
	seg := &d.script[0]
	if d.now <= seg.Start {
		return false, out.Emit(stt.Event{Kind: stt.EventProgress, At: d.now})
	}
	if err := d.begin(out, seg); err != nil {
		return false, err
	}
	said := d.word
	for d.word < len(seg.Words) && seg.Words[d.word].End <= d.now {
		d.word++
	}
	if d.now < seg.End {
		if d.word == said || d.cfg.Interim.Off || d.now-d.partial < d.cfg.Interim.Every {
			return false, nil
		}
		d.partial = d.now
		return false, d.say(out, false)
	}
	if err := d.say(out, true); err != nil {
		return false, err
	}
	d.next(1)
	if err := d.end(out, seg.End); err != nil {
		return false, err
	}
	if err := out.Emit(stt.Event{Kind: stt.EventEndpoint, At: d.now, Endpoint: stt.EndpointSilence}); err != nil {
		return false, err
	}
	return true, d.emit(out, stt.EventProgress, seg.End)
}

// begin announces a segment once. Speech that a flush has cut in two begins once, too.
func (d *decoder) begin(out engine.Output, seg *Segment) error {
	if d.begun {
		return nil
	}
	d.begun = true
	if err := d.emit(out, stt.EventProgress, seg.Start); err != nil || d.speaking {
		return err
	}
	d.speaking = true
	return d.emit(out, stt.EventSpeechStart, seg.Start)
}

// end says that nobody speaks any more.
func (d *decoder) end(out engine.Output, at stt.Time) error {
	d.speaking = false
	return d.emit(out, stt.EventSpeechEnd, at)
}

func (d *decoder) emit(out engine.Output, kind stt.Kind, at stt.Time) error {
	return out.Emit(stt.Event{Kind: kind, At: max(at, d.cfg.Start)})
}

// next goes on to a later segment.
func (d *decoder) next(n int) {
	d.script = d.script[n:]
	d.word, d.revision, d.part, d.begun = 0, 0, 0, false
}

// say gives a revision of the first segment with the words said so far.
func (d *decoder) say(out engine.Output, final bool) error {
	seg := &d.script[0]
	d.revision++
	s := &stt.Segment{ID: fmt.Sprintf("script-%d-%d", seg.Start.Microseconds(), d.part), Revision: d.revision,
		Span: stt.SpanOf(seg.Start, d.reach(seg, final)), Final: final}
	if len(d.cfg.Languages.Tags) > 0 {
		s.Language = d.cfg.Languages.Tags[0]
	}
	words := make([]stt.Word, d.word)
	for i, w := range seg.Words[:d.word] {
		words[i] = stt.Word{Text: w.Text, Span: stt.SpanOf(w.Start, w.End)}
		words[i].Stable = d.cfg.Interim.Stability != stt.StabilityOff && (final || i < d.word-1)
		if final {
			// Some value that differs from word to word and is the same each time.
			words[i].Confidence = stt.ConfidenceOf(1 - float64((i+len(w.Text))%10)/20)
		}
	}
	if d.word > 0 {
		s.Alternatives = []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}
	}
	return out.Emit(stt.Event{Kind: stt.EventSegment, Segment: s})
}

// reach returns how far a revision reaches into a segment: to what has been heard of it, but for a final not into a word that
// is being said and belongs to the next one.
func (d *decoder) reach(seg *Segment, final bool) stt.Time {
	end := min(d.now, seg.End)
	if final && d.word < len(seg.Words) {
		end = min(end, max(seg.Words[d.word].Start, seg.Start))
	}
	return end
}

// Flush gives a final of the words said so far; the rest of the segment becomes a segment of its own.
func (d *decoder) Flush(_ context.Context, out engine.Output) error {
	if len(d.script) == 0 || !d.begun {
		return nil
	}
	if d.word > 0 || d.revision > 0 {
		if err := d.say(out, true); err != nil {
			return err
		}
	}
	rest := d.script[0]
	rest.Words = rest.Words[d.word:]
	at := d.now
	if len(rest.Words) > 0 {
		// A word that is being said is not decided yet.
		at = min(at, rest.Words[0].Start)
	}
	rest.Start = at
	part := d.part + 1
	d.next(0)
	d.part = part
	d.script = append(Script{rest}, d.script[1:]...)
	if len(rest.Words) == 0 {
		d.next(1)
		if err := d.end(out, at); err != nil {
			return err
		}
	}
	return d.emit(out, stt.EventProgress, at)
}

// Finish gives a final of the words said so far. The rest is never said.
func (d *decoder) Finish(_ context.Context, out engine.Output) error {
	if len(d.script) == 0 || d.word+d.revision == 0 {
		return nil
	}
	return d.say(out, true)
}

func (d *decoder) Close() { d.rec.open.Add(-1) }
