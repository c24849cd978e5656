package session_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// teller is a recognizer that says what the samples say: a sample that is not 0 is a word, and a segment ends with 40 of silence.
// Nothing that is lost, doubled or put elsewhere stays hidden. It has so many slots; 0: any number.
type teller struct {
	slots int64
	rate  int
	open  atomic.Int64
}

func (r *teller) Models(context.Context) ([]stt.Model, error) {
	return []stt.Model{{ID: "teller", Can: stt.Capabilities{Formats: []stt.Format{{Rate: r.rate, Channels: 1}}, Has: stt.FeatureWords}}}, nil
}

func (r *teller) Open(_ context.Context, cfg stt.Config) (stt.Stream, error) {
	if n := r.open.Add(1); r.slots > 0 && n > r.slots {
		r.open.Add(-1)
		return nil, stt.Errorf(stt.Exhausted, "all slots are taken")
	}
	return engine.NewStream(engine.Options{Format: cfg.Audio, Start: cfg.Start, Block: time.Millisecond}, &telling{r: r, cfg: cfg}), nil
}

type telling struct {
	r     *teller
	cfg   stt.Config
	heard int64
	quiet int
	said  int
	words []stt.Word
}

func (d *telling) Decode(_ context.Context, samples []int16, out engine.Output) error {
	for _, s := range samples {
		at := d.cfg.Start + d.cfg.Audio.Duration(2*d.heard)
		d.heard++
		if s == 0 {
			if d.quiet++; d.quiet == 40 {
				if err := d.say(out, true); err != nil {
					return err
				}
			}
			continue
		}
		d.quiet = 0
		d.words = append(d.words, stt.Word{Text: fmt.Sprint(s), Span: stt.SpanOf(at, at)})
		if err := d.say(out, false); err != nil {
			return err
		}
	}
	return nil
}

func (d *telling) say(out engine.Output, final bool) error {
	if len(d.words) == 0 {
		return nil
	}
	words := slices.Clone(d.words)
	seg := &stt.Segment{ID: fmt.Sprint(d.said), Revision: len(words), Final: final, Span: stt.SpanOf(words[0].Span.Start, words[len(words)-1].Span.End),
		Alternatives: []stt.Alternative{{Text: stt.JoinWords(words), Words: words}}}
	if final {
		seg.Revision++
		d.said++
		d.words = nil
	}
	return out.Emit(stt.Event{Kind: stt.EventSegment, Segment: seg})
}

func (d *telling) Flush(_ context.Context, out engine.Output) error  { return d.say(out, true) }
func (d *telling) Finish(_ context.Context, out engine.Output) error { return d.say(out, true) }
func (d *telling) Close()                                            { d.r.open.Add(-1) }

// speech returns samples with numbered words in them.
func speech(r *rand.Rand, n int) []byte {
	var b []byte
	word, silence := int16(0), 0
	for range n {
		var v int16
		if silence > 0 {
			silence--
		} else if r.IntN(3) == 0 {
			word++
			v = word
			if r.IntN(6) == 0 {
				silence = 30 + r.IntN(40)
			}
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}
