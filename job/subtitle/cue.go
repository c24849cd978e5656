package subtitle

import (
	"slices"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Cue is one subtitle.
type Cue struct {
	Start, End time.Duration // whole milliseconds; Start is before End
	Lines      []string      // one or two; never empty, without line breaks
}

// Options say how cues are to be. The zero value is what subtitles usually are.
type Options struct {
	Width int           // characters in a line at most; 0 means 42
	Lines int           // lines in a cue at most; 0 means 2
	Most  time.Duration // the longest cue; 0 means 7 s
	Least time.Duration // how long a cue stays at least where the next one lets it; 0 means 1 s
	Pace  int           // characters that people read in a second, for how long a cue stays; 0 means 17
	Pause time.Duration // silence at which a cue ends whatever there is to come; 0 means 1.5 s
	// After is where the cues before have ended: none begins earlier.
	After time.Duration
	// Open says that there are segments to come, so that the last cue ends with its words.
	Open bool
}

func (o Options) withDefaults() Options {
	or := func(v *time.Duration, usual time.Duration) {
		if *v <= 0 {
			*v = usual
		}
	}
	if o.Width <= 0 {
		o.Width = 42
	}
	o.Width = max(o.Width, 2) // a square character must fit
	if o.Lines <= 0 {
		o.Lines = 2
	}
	if o.Pace <= 0 {
		o.Pace = 17
	}
	or(&o.Most, 7*time.Second)
	or(&o.Least, time.Second)
	or(&o.Pause, 1500*time.Millisecond)
	return o
}

// Cues makes cues of finals. Segments may be in any order and may overlap, as those of several speakers do; cues are ordered and do
// not.
func Cues(segments []stt.Segment, o Options) []Cue {
	o = o.withDefaults()
	var cues []Cue
	at := o.After
	for i := range segments {
		tokens := o.tokens(&segments[i], at)
		if len(tokens) > 0 {
			at = max(at, tokens[len(tokens)-1].end)
		}
		for len(tokens) > 0 {
			n := o.take(tokens)
			cues = append(cues, Cue{Start: tokens[0].start, End: tokens[n-1].end, Lines: o.lines(tokens[:n])})
			tokens = tokens[n:]
		}
	}
	slices.SortStableFunc(cues, func(a, b Cue) int { return int(min(max(a.Start-b.Start, -1), 1)) })
	o.settle(cues)
	return cues
}

// shortest is how long a cue stays at least that another one follows too soon.
const shortest = 300 * time.Millisecond

// settle rounds the times of ordered cues, parts those that overlap and lets them stay until they can be read.
func (o Options) settle(cues []Cue) {
	last := o.After.Round(time.Millisecond)
	for i := range cues {
		c := &cues[i]
		c.Start, c.End = c.Start.Round(time.Millisecond), c.End.Round(time.Millisecond)
		if i > 0 {
			before := &cues[i-1]
			before.End = min(before.End, max(c.Start, before.Start+shortest))
			last = before.End
		}
		c.Start = max(c.Start, last)
		c.End = min(max(c.End, c.Start+time.Millisecond), c.Start+o.Most)
	}
	for i := range cues {
		c := &cues[i]
		stay := min(max(o.Least, time.Duration(c.width())*time.Second/time.Duration(o.Pace)), o.Most)
		end := max(c.End, c.Start+stay).Round(time.Millisecond)
		switch {
		case i+1 < len(cues):
			c.End = max(c.End, min(end, cues[i+1].Start))
		case !o.Open:
			c.End = end
		}
	}
}

func (c *Cue) width() int {
	n := 0
	for _, line := range c.Lines {
		n += width(line)
	}
	return n
}
