package stttest

import (
	"errors"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Checker judges one stream's events against rules 1 to 4 of the contract. The zero value is ready; it is for one
// goroutine. It remembers every segment: for streams of days, make a new one now and then.
type Checker struct {
	// Start is the session time at which the stream began.
	Start stt.Time
	// Tolerance is the resolution of times, for what travelled over a wire that rounds them.
	Tolerance time.Duration
	// Overlap allows finals to overlap, for models that claim it.
	Overlap bool

	segments map[string]*revision
	channels map[int]*channelState
	finals   []stt.Segment
	partials int
}

type channelState struct {
	lastEnd  stt.Time // end of the last final
	progress stt.Time
}

// Finals returns the final segments seen so far, without those that were withdrawn.
func (c *Checker) Finals() []stt.Segment { return c.finals }

// Partials returns how many partial revisions were seen.
func (c *Checker) Partials() int { return c.partials }

// Progress returns the progress said for a channel, or Start when none was.
func (c *Checker) Progress(channel int) stt.Time { return c.channel(channel).progress }

// Event judges the next event. accepted is the session time up to which audio may have been accepted by then.
func (c *Checker) Event(ev stt.Event, accepted stt.Time) error {
	switch ev.Kind {
	case stt.EventSegment:
		if ev.Segment == nil {
			return errors.New("a segment event without a segment")
		}
		return c.segment(ev, accepted)
	case stt.EventProgress:
		return c.progress(ev, accepted)
	case stt.EventSpeechStart, stt.EventSpeechEnd, stt.EventEndpoint, stt.EventFlushed:
		return c.inRange(ev.Kind.String(), ev.At, accepted)
	case stt.EventRelabel:
		return c.relabel(ev.Relabel)
	case stt.EventEndpointRetracted, stt.EventLanguage:
		return nil
	case stt.EventUsage:
		if ev.Usage == nil {
			return errors.New("a usage event without usage")
		}
		return nil
	case stt.EventWarning:
		if ev.Warning == nil {
			return errors.New("a warning event without a warning")
		}
		return nil
	default:
		return fmt.Errorf("an event of unknown kind %d", ev.Kind)
	}
}

// End judges the state at io.EOF.
func (c *Checker) End(accepted stt.Time) error {
	for ch := range c.channels {
		if p := c.channels[ch].progress; !c.near(p, accepted) {
			return fmt.Errorf("rule 4: at io.EOF the progress of channel %d is %v, the audio accepted %v", ch, p, accepted)
		}
	}
	if len(c.channels) == 0 && accepted > c.Start+c.Tolerance {
		return fmt.Errorf("rule 4: io.EOF without any progress after audio up to %v", accepted)
	}
	for id, r := range c.segments {
		if !r.final {
			return fmt.Errorf("rule 2: segment %q had partials, but no final before io.EOF", id)
		}
	}
	return nil
}

func (c *Checker) channel(i int) *channelState {
	if c.channels == nil {
		c.channels = map[int]*channelState{}
	}
	if c.channels[i] == nil {
		c.channels[i] = &channelState{lastEnd: c.Start, progress: c.Start}
	}
	return c.channels[i]
}

func (c *Checker) near(a, b stt.Time) bool { return a >= b-c.Tolerance && a <= b+c.Tolerance }

func (c *Checker) inRange(what string, t, accepted stt.Time) error {
	if t < c.Start-c.Tolerance || t > accepted+c.Tolerance {
		return fmt.Errorf("rule 1: %s at %v is outside of the audio accepted, %v to %v", what, t, c.Start, accepted)
	}
	return nil
}

func (c *Checker) progress(ev stt.Event, accepted stt.Time) error {
	if err := c.inRange("progress", ev.At, accepted); err != nil {
		return err
	}
	ch := c.channel(ev.Channel)
	if ev.At < ch.progress {
		return fmt.Errorf("rule 4: progress falls from %v to %v", ch.progress, ev.At)
	}
	ch.progress = ev.At
	return nil
}

func (c *Checker) segment(ev stt.Event, accepted stt.Time) error {
	s := ev.Segment
	switch {
	case s.ID == "":
		return errors.New("rule 2: a segment without an ID")
	case s.Channel != ev.Channel:
		return fmt.Errorf("segment %q: channel %d in an event of channel %d", s.ID, s.Channel, ev.Channel)
	}
	// What has been said counts, also when something is wrong with it.
	switch {
	case !s.Final:
		c.partials++
	case len(s.Alternatives) > 0:
		c.finals = append(c.finals, *s)
	}
	if err := c.revise(s); err != nil {
		return fmt.Errorf("segment %q revision %d: %w", s.ID, s.Revision, err)
	}
	if err := c.times(s, accepted); err != nil {
		return fmt.Errorf("segment %q revision %d: %w", s.ID, s.Revision, err)
	}
	for i := range s.Alternatives {
		if err := alternative(&s.Alternatives[i]); err != nil {
			return fmt.Errorf("segment %q revision %d alternative %d: %w", s.ID, s.Revision, i, err)
		}
	}
	return nil
}

// times checks rules 1 and 4.
func (c *Checker) times(s *stt.Segment, accepted stt.Time) error {
	ch := c.channel(s.Channel)
	if s.Span.Known {
		if err := c.span("the segment", s.Span, accepted); err != nil {
			return err
		}
		if s.Span.Start < ch.progress-c.Tolerance {
			return fmt.Errorf("rule 4: starts at %v, before the progress of %v", s.Span.Start, ch.progress)
		}
		if s.Final && !c.Overlap && s.Span.Start < ch.lastEnd-c.Tolerance {
			return fmt.Errorf("rule 1: starts at %v, before the previous final ended at %v", s.Span.Start, ch.lastEnd)
		}
		if s.Final && len(s.Alternatives) > 0 {
			ch.lastEnd = max(ch.lastEnd, s.Span.End)
		}
	}
	for _, alt := range s.Alternatives {
		last := c.Start
		for i, w := range alt.Words {
			if !w.Span.Known {
				continue
			}
			if err := c.span(fmt.Sprintf("word %d (%q)", i, w.Text), w.Span, accepted); err != nil {
				return err
			}
			if w.Span.Start < ch.progress-c.Tolerance {
				return fmt.Errorf("rule 4: word %d (%q) starts at %v, before the progress of %v", i, w.Text, w.Span.Start, ch.progress)
			}
			if w.Span.Start < last-c.Tolerance {
				return fmt.Errorf("rule 1: word %d (%q) starts at %v, before the word before it at %v", i, w.Text, w.Span.Start, last)
			}
			last = w.Span.Start
		}
	}
	return nil
}

func (c *Checker) span(what string, s stt.Span, accepted stt.Time) error {
	if s.End < s.Start {
		return fmt.Errorf("rule 1: %s ends at %v, before it starts at %v", what, s.End, s.Start)
	}
	if err := c.inRange(what+" (start)", s.Start, accepted); err != nil {
		return err
	}
	return c.inRange(what+" (end)", s.End, accepted)
}

func alternative(a *stt.Alternative) error {
	if a.Confidence.Known && (a.Confidence.Value < 0 || a.Confidence.Value > 1) {
		return fmt.Errorf("confidence %v is not in 0..1", a.Confidence.Value)
	}
	if a.Words == nil {
		return nil
	}
	if joined := stt.JoinWords(a.Words); joined != a.Text {
		return fmt.Errorf("the text is %q, its words make %q", a.Text, joined)
	}
	for i, w := range a.Words {
		if w.Text == "" {
			return fmt.Errorf("word %d is empty", i)
		}
		if w.Confidence.Known && (w.Confidence.Value < 0 || w.Confidence.Value > 1) {
			return fmt.Errorf("word %d (%q): confidence %v is not in 0..1", i, w.Text, w.Confidence.Value)
		}
	}
	return nil
}
