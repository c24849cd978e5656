package stttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func (c *caseRun) models() {
	models, err := c.rec.Models(c.ctx())
	if err != nil || len(models) == 0 {
		c.t.Fatalf("Models gives %d models, %v", len(models), err)
	}
	seen := map[string]bool{}
	for _, m := range models {
		switch {
		case m.ID == "":
			c.t.Error("a model without an ID")
		case seen[m.ID]:
			c.t.Errorf("model %q is there twice", m.ID)
		case len(m.Can.Formats) == 0:
			c.t.Errorf("model %q takes no format", m.ID)
		}
		seen[m.ID] = true
	}
	c.ownModels(models)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if s, err := c.rec.Open(done, c.Config); err == nil {
		_ = c.closed(s)
		c.t.Error("rule 9: Open with a canceled context succeeds")
	}
	unknown := c.Config
	unknown.Model = "no-such-model"
	s, err := c.rec.Open(c.ctx(), unknown)
	if err == nil {
		_ = c.closed(s)
		c.t.Fatal("Open with an unknown model succeeds")
	}
	if code := stt.CodeOf(err); code != stt.NotFound && code != stt.Invalid && code != stt.Unsupported {
		c.t.Errorf("Open with an unknown model: code %v (%v); expected not-found, invalid or unsupported", code, err)
	}
}

// ownModels overwrites what Models has given and asks again.
func (c *caseRun) ownModels(models []stt.Model) {
	want := fmt.Sprint(models)
	for i := range models {
		for j := range models[i].Can.Formats {
			models[i].Can.Formats[j].Rate = -1
		}
		for j := range models[i].Can.Languages {
			models[i].Can.Languages[j] = "overwritten"
		}
		models[i].ID = "overwritten"
	}
	again, err := c.rec.Models(c.ctx())
	if err != nil {
		c.t.Fatalf("the second Models: %v", err)
	}
	if got := fmt.Sprint(again); strings.Contains(got, "overwritten") || len(again) == len(models) && got != want {
		c.t.Errorf("the result of Models does not belong to the caller: after overwriting it is\n  %s\nand was\n  %s", got, want)
	}
}

// eachCut is rules 1 to 6: the same audio in different pieces, each judged, all with the same words, and with the same
// finals where the model claims to be deterministic.
func (h *Harness) eachCut(t *testing.T) {
	var reference []stt.Segment
	for _, how := range h.cuts() {
		h.each(t, how.name, func(c *caseRun) {
			k := c.open(c.Config)
			sender := k.speak(how, c.Audio)
			k.listen(nil)
			k.finish(sender)
			finals := k.checker.Finals()
			c.judge(k)
			if reference == nil {
				reference = finals
			}
			if c.claims(stt.FeatureDeterministic) {
				c.same("rule 6: cut "+how.name, finals, reference)
			}
		})
	}
}

// judge checks the words and the promises that every whole run must show.
func (c *caseRun) judge(k *talk) {
	finals := k.checker.Finals()
	c.sameWords(finals)
	if len(finals) == 0 {
		c.t.Fatal("no finals at all; the harness's Audio must hold speech")
	}
	if c.has.Has(stt.FeatureInterim) && k.checker.Partials() == 0 {
		c.t.Error("claims interim, but gave no partial")
	}
	if c.has.Has(stt.FeatureSpeechEvents) && (k.kinds[stt.EventSpeechStart] == 0 || k.kinds[stt.EventSpeechEnd] == 0) {
		c.t.Errorf("claims speech-events, but gave %d starts and %d ends", k.kinds[stt.EventSpeechStart], k.kinds[stt.EventSpeechEnd])
	}
	if _, can := k.stream.(stt.Updater); c.has.Has(stt.FeatureUpdate) && !can {
		c.t.Error("claims update, but the stream does not implement stt.Updater")
	}
	for i := range finals {
		best := finals[i].Best()
		if c.has.Has(stt.FeatureWords) {
			if best.Words == nil {
				c.t.Errorf("claims words, but the final %q has none", best.Text)
			}
			for _, w := range best.Words {
				if !w.Span.Known {
					c.t.Errorf("claims words with times, but %q has none", w.Text)
				}
			}
		}
		if c.has.Has(stt.FeatureConfidence) && !slices.ContainsFunc(best.Words, func(w stt.Word) bool { return w.Confidence.Known }) {
			c.t.Errorf("claims confidence, but no word of %q has any", best.Text)
		}
	}
}

// sameWords is rule 5.
func (c *caseRun) sameWords(finals []stt.Segment) {
	c.t.Helper()
	if c.Words == nil {
		return
	}
	if got := wordsOf(finals); !slices.Equal(got, c.Words) {
		c.t.Errorf("rule 5: the finals hold\n  %s\nexpected\n  %s", strings.Join(got, " "), strings.Join(c.Words, " "))
	}
}

// same compares finals, IDs and revision numbers aside.
func (c *caseRun) same(what string, got, want []stt.Segment) {
	c.t.Helper()
	if len(got) != len(want) {
		c.t.Errorf("%s: %d finals, expected %d", what, len(got), len(want))
		return
	}
	got, want = byChannel(got), byChannel(want)
	for i := range got {
		a, b := got[i].Best(), want[i].Best()
		if a.Text != b.Text || got[i].Span != want[i].Span || !slices.Equal(a.Words, b.Words) {
			c.t.Errorf("%s: final %d is\n  %v %q %v\nexpected\n  %v %q %v", what, i,
				got[i].Span, a.Text, a.Words, want[i].Span, b.Text, b.Words)
		}
	}
}

func (c *caseRun) noAudio() {
	k := c.open(c.Config)
	sender := k.speak(cut{}, nil)
	k.listen(func(ev stt.Event) {
		if ev.Kind == stt.EventSegment {
			c.t.Errorf("rule 7: a segment without audio: %q", ev.Segment.Best().Text)
		}
	})
	k.finish(sender)
}

func (c *caseRun) end() {
	k := c.open(c.Config)
	sender := k.speak(allCuts[0], c.Audio)
	k.listen(nil)
	if err := <-sender; err != nil {
		c.t.Fatalf("sending: %v", err)
	}
	if err := k.stream.CloseSend(); err != nil {
		c.t.Errorf("rule 7: the second CloseSend: %v", err)
	}
	if err := k.send(c.Audio[:c.Config.Audio.FrameBytes()]); stt.CodeOf(err) != stt.Closed {
		c.t.Errorf("rule 7: Send after CloseSend returns %v; expected code closed", err)
	}
	k.close()
	k.close()
	if err := k.send(c.Audio[:c.Config.Audio.FrameBytes()]); stt.CodeOf(err) != stt.Closed {
		c.t.Errorf("rule 11: Send after Close returns %v; expected code closed", err)
	}
}

// start opens the stream in the middle of a session.
func (c *caseRun) start() {
	cfg := c.Config
	cfg.Start += 90 * time.Second
	k := c.open(cfg)
	sender := k.speak(allCuts[0], c.Audio)
	k.listen(nil)
	k.finish(sender)
}

func (c *caseRun) finalsOnly() {
	cfg := c.Config
	cfg.Interim.Off = true
	k := c.open(cfg)
	sender := k.speak(allCuts[0], c.Audio)
	k.listen(nil)
	k.finish(sender)
	if n := k.checker.Partials(); n > 0 {
		c.t.Errorf("%d partials although Interim.Off", n)
	}
	c.sameWords(k.checker.Finals())
}

// stability is rule 3 with words marked as early as they can be.
func (c *caseRun) stability() {
	if !c.claims(stt.FeatureStable) {
		return
	}
	cfg := c.Config
	cfg.Interim = stt.Interim{Stability: stt.StabilityHigh}
	k := c.open(cfg)
	sender := k.speak(c.cuts()[0], c.Audio)
	stable := 0
	k.listen(func(ev stt.Event) {
		if ev.Segment != nil && !ev.Segment.Final {
			stable += stableWords(ev.Segment)
		}
	})
	k.finish(sender)
	if stable == 0 {
		c.t.Error("claims stable, but no word of a partial is")
	}
	c.sameWords(k.checker.Finals())
}
