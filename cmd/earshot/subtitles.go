package main

import (
	"io"

	"github.com/earshot-stt/earshot/job/subtitle"
	"github.com/earshot-stt/earshot/stt"
)

// The formats of subtitles.
const (
	formatSRT = "srt"
	formatVTT = "vtt"
)

// subtitled says what does not go together with subtitles.
func (c *transcribeCmd) subtitled() error {
	switch {
	case c.Format != formatSRT && c.Format != formatVTT:
		return nil
	case len(c.Files) > 1:
		return stt.InvalidOption("--format", c.Format, "text or json for more than one recording")
	case c.Partials == "always":
		return stt.InvalidOption("--partials", c.Partials, "auto or never with subtitles")
	}
	return nil
}

// subtitles keeps what was said until the recording has ended: how long a subtitle stays depends on the next. Other formats go to the
// screen at once.
type subtitles struct {
	format string
	out    io.Writer
	show   *screen
	said   []stt.Segment
}

func newSubtitles(env *environment, c *transcribeCmd, show *screen) *subtitles {
	return &subtitles{format: c.Format, out: env.out, show: show}
}

// event takes an event. The error is that of standard output.
func (s *subtitles) event(ev *stt.Event) error {
	if s.format != formatSRT && s.format != formatVTT || ev.Kind != stt.EventSegment || !ev.Segment.Final {
		return s.show.event(ev)
	}
	s.said = append(s.said, *ev.Segment)
	return s.show.event(&stt.Event{Kind: stt.EventSegment, Segment: &stt.Segment{Final: true}}) // the partial is over
}

// write writes the subtitles. The error is that of standard output.
func (s *subtitles) write() error {
	var b []byte
	switch s.format {
	case formatSRT:
		b = subtitle.AppendSRT(nil, subtitle.Cues(s.said, subtitle.Options{}), 1)
	case formatVTT:
		b = subtitle.AppendVTT([]byte(subtitle.HeaderVTT), subtitle.Cues(s.said, subtitle.Options{}))
	}
	_, err := s.out.Write(b)
	return err
}
