//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio/vad"
	"github.com/earshot-stt/earshot/stt"
)

// ear is an engine.Output that keeps everything.
type ear struct {
	backlog float64
	events  []stt.Event
}

func (e *ear) Emit(ev stt.Event) error { e.events = append(e.events, ev); return nil }
func (e *ear) Backlog() float64        { return e.backlog }
func (e *ear) Working()                {}

// byHand decodes samples block by block, without the queues of a stream, and calls after behind each.
func byHand(t *testing.T, r *Recognizer, samples []int16, out *ear, after func(heard time.Duration)) {
	t.Helper()
	cfg := config()
	set, err := r.settingsOf(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.gate.enter(); err != nil {
		t.Fatal(err)
	}
	d, err := r.decoder(r.served[0], set, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	heard := 0
	for block := range slices.Chunk(samples, int(blockTime*vad.Rate/time.Second)) {
		if err := d.Decode(t.Context(), block, out); err != nil {
			t.Fatal(err)
		}
		heard += len(block)
		after(time.Duration(heard) * time.Second / vad.Rate)
	}
	if err := d.Finish(t.Context(), out); err != nil {
		t.Fatal(err)
	}
}

// Partials begin soon after the speech does, the median within half a second of audio, and at the end less than half of the words
// are wrong: the model is a small one, and the voice was compressed.
func TestReadAloud(t *testing.T) {
	t.Parallel()
	texts := transcripts(t, testData+"librivox/transcription")
	if len(texts) != 5 {
		t.Fatalf("%d transcripts", len(texts))
	}
	var waits []time.Duration
	wrong, total := 0, 0
	for file, text := range texts {
		g := readingOf(t, testData+"librivox/"+file+".wav")
		t.Logf("%s: speech at %v, first words when %v have been heard", file, g.speech, g.first)
		waits = append(waits, g.first-g.speech)
		if len(g.finals) == 0 {
			t.Errorf("%s: no final", file)
		}
		wrong += mistakes(strings.Fields(text), strings.Fields(textOf(g.finals)))
		total += len(strings.Fields(text))
	}
	slices.Sort(waits)
	if d := waits[len(waits)/2]; d > 500*time.Millisecond {
		t.Errorf("the median of the waits is %v", d)
	}
	if rate := float64(wrong) / float64(total); rate > 0.45 {
		t.Errorf("%.1f %% of %d words are wrong; want 45 %% at most", 100*rate, total)
	}
}

// Finals depend on the audio alone: not on how fast it comes, and so not on how busy the machine is.
func TestPace(t *testing.T) {
	t.Parallel()
	for how, values := range map[string]map[string]string{finalsFast: {"finals": finalsFast}, finalsAccurate: nil} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			const file = austen + "0870.wav" // long enough for three passes that take over
			slow := &ear{}
			tick := time.NewTicker(blockTime)
			defer tick.Stop()
			byHand(t, sharedEngine(t, values), samplesOf(t, file), slow, func(time.Duration) { <-tick.C })
			if a, b := alone(t, values, file), finals(slow.events); len(a) == 0 || !sameWords(a, b) {
				t.Errorf("at once %+v; at the pace of speech %+v", a, b)
			}
		})
	}
}

// sameWords compares all but the revision, which counts partials.
func sameWords(a, b []stt.Segment) bool {
	return slices.EqualFunc(a, b, func(x, y stt.Segment) bool {
		x.Revision = y.Revision
		return reflect.DeepEqual(x, y)
	})
}

// A machine that is behind says less in between, and the same at the end.
func TestOverload(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, small)
	clip := samplesOf(t, goforward)
	idle, busy := &ear{}, &ear{backlog: 0.9}
	byHand(t, r, join(clip, clip), idle, func(time.Duration) {})
	byHand(t, r, join(clip, clip), busy, func(time.Duration) {})
	partials := func(e *ear) int {
		return len(slices.DeleteFunc(slices.Clone(e.events), func(ev stt.Event) bool { return ev.Kind != stt.EventSegment || ev.Segment.Final }))
	}
	if a, b := partials(idle), partials(busy); b == 0 || 2*b > a {
		t.Errorf("%d partials when idle, %d when behind; expected fewer than half, and some", a, b)
	}
	if a, b := finals(idle.events), finals(busy.events); !sameWords(a, b) {
		t.Errorf("finals %+v when idle, %+v when behind", a, b)
	}
}

// A chase that is given up, at whatever moment, gives its search back.
func TestChaseDropped(t *testing.T) {
	r := openEngine(t, with(small, "slots", "1"))
	p := r.served[0].pool
	rows := make([]float32, 100*r.served[0].front.size)
	st := start{mean: make([]float32, r.served[0].front.size), quiet: rows[:r.served[0].front.size], shift: 5}
	for name, leave := range map[string]func(*chase){
		"at once": func(c *chase) { c.drop() },
		"behind":  func(c *chase) { c.add(rows); c.drop() },
		"in join": func(c *chase) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			c.add(rows)
			if got, err := c.join(ctx); err == nil {
				p.give(got.search) // it was done before anybody looked at ctx
			}
		},
		"joined": func(c *chase) {
			c.add(rows)
			got, err := c.join(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.give(got.search)
		},
	} {
		for range 5 {
			leave(newChase(p, r.cores, st, 0))
		}
		p.work.Wait()
		if p.total != len(p.idle) || p.total > p.most {
			t.Errorf("%s: %d searches, %d of them idle, at most %d", name, p.total, len(p.idle), p.most)
		}
	}
}

// Each model answers for its languages, and is told by name.
func TestSeveralModels(t *testing.T) {
	t.Parallel()
	english, err := stt.Records(debianModel)
	if err != nil {
		t.Fatal(err)
	}
	english[0]["language"] = "fr" // whatever it understands, it is another model than the first
	r := openEngine(t, map[string]string{"slots": "1", "models": stt.FormatRecords([]map[string]string{smallModel("turtle", "en-US"), english[0]})})
	models, err := r.Models(t.Context())
	if err != nil || len(models) != 2 || models[0].ID != "turtle" || models[1].ID != english[0]["name"] {
		t.Fatalf("models %+v, %v", models, err)
	}
	clip := samplesOf(t, austen+"0930.wav")
	for tag, large := range map[string]bool{"": false, "en-US": false, "en-GB": false, "fr": true, "fr-FR": true, "fr-CA": true} {
		cfg := config()
		if tag != "" {
			cfg.Languages.Tags = []string{tag}
		}
		text := textOf(finals(transcribe(t, r, cfg, clip, 3200)))
		if strings.Contains(text, "amiable") != large { // no turtle knows the word
			t.Errorf("language %q: %q, which is not what the model for it says", tag, text)
		}
	}
	cfg := config()
	cfg.Languages.Tags = []string{"es-US"}
	if _, err := r.Open(t.Context(), cfg); stt.CodeOf(err) != stt.Unsupported {
		t.Errorf("es-US: %v", err)
	}
}
