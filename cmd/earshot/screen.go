package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/earshot-stt/earshot/stt"
)

// screen shows what is heard: finals on standard output, and on a terminal one line on standard error that is rewritten with
// the partial, and with a progress bar when the recording is not paced. Its methods may be called concurrently.
type screen struct {
	out      io.Writer
	errs     io.Writer
	line     io.Writer // nil: no line to rewrite
	width    int       // of the terminal, columns
	json     bool
	label    string // the file, where there are several
	model    string // that answers, where it is known
	channels bool   // each on its own
	lines    bool   // partials as lines of their own
	bar      time.Duration

	mu      sync.Mutex // guards all below
	partial string
	at      time.Duration // sent
	shown   string
}

func newScreen(env *environment, c *transcribeCmd, label string, length time.Duration) *screen {
	s := &screen{out: env.out, errs: env.errOut, json: c.Format == "json", label: label, lines: c.Partials == "always"}
	if fd := int(env.errOut.Fd()); c.Partials == "auto" && term.IsTerminal(fd) {
		s.line = env.errOut
		if s.width, _, _ = term.GetSize(fd); s.width < 20 {
			s.width = 80
		}
	}
	if !c.Realtime {
		s.bar = length
	}
	return s
}

// sent notes how much has been sent.
func (s *screen) sent(at time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at
	if s.bar > 0 {
		s.draw()
	}
}

// event shows an event. The error is that of standard output: nobody reads any more.
func (s *screen) event(ev *stt.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev.Kind {
	case stt.EventSegment:
		return s.segment(ev.Segment)
	case stt.EventWarning:
		s.clear()
		fmt.Fprintf(s.errs, "earshot: %s\n", printable(warning(ev.Warning)))
		s.draw()
	}
	return nil
}

// warning is what somebody at a terminal is told: the sentence that is meant for callers, where there is one.
func warning(e *stt.Error) string {
	if e.Msg != "" {
		return e.Msg
	}
	return e.Error()
}

func (s *screen) segment(seg *stt.Segment) error {
	text := printable(seg.Best().Text)
	if !seg.Final {
		s.partial = text
		if s.lines {
			return s.print(seg, "… ")
		}
		s.draw()
		return nil
	}
	s.partial = ""
	s.clear()
	if text == "" {
		return nil
	}
	err := s.print(seg, "")
	s.draw()
	return err
}

// print writes one segment to standard output.
func (s *screen) print(seg *stt.Segment, prefix string) error {
	if s.json {
		return json.NewEncoder(s.out).Encode(s.object(seg))
	}
	if s.channels {
		prefix = fmt.Sprintf("ch_%d: %s", seg.Channel, prefix)
	}
	if s.label != "" {
		prefix = s.label + ": " + prefix
	}
	_, err := fmt.Fprintf(s.out, "%s%s\n", prefix, printable(seg.Best().Text))
	return err
}

// segmentJSON is a segment as --format json prints it. Times are seconds.
type segmentJSON struct {
	File    string     `json:"file,omitempty"`
	Model   string     `json:"model,omitempty"`   // that answers, where this program knows it
	Channel string     `json:"channel,omitempty"` // ch_0 or ch_1, where each is transcribed on its own
	Final   bool       `json:"final"`
	Start   float64    `json:"start"`
	End     float64    `json:"end"`
	Text    string     `json:"text"`
	Words   []wordJSON `json:"words,omitempty"`
}

type wordJSON struct {
	Text       string   `json:"text"`
	Start      float64  `json:"start"`
	End        float64  `json:"end"`
	Confidence *float64 `json:"confidence,omitempty"`
	Mark       bool     `json:"punctuation,omitempty"`
}

func (s *screen) object(seg *stt.Segment) segmentJSON {
	best := seg.Best()
	o := segmentJSON{File: s.label, Model: s.model, Final: seg.Final, Start: seconds(seg.Span.Start), End: seconds(seg.Span.End), Text: best.Text}
	if s.channels {
		o.Channel = fmt.Sprintf("ch_%d", seg.Channel)
	}
	for _, w := range best.Words {
		j := wordJSON{Text: w.Text, Start: seconds(w.Span.Start), End: seconds(w.Span.End), Mark: w.Kind == stt.Punctuation}
		if w.Confidence.Known {
			v := float64(int(w.Confidence.Value*10000+0.5)) / 10000
			j.Confidence = &v
		}
		o.Words = append(o.Words, j)
	}
	return o
}

func seconds(t stt.Time) float64 { return float64(t.Round(time.Millisecond).Milliseconds()) / 1000 }

// draw rewrites the line. s.mu is held.
func (s *screen) draw() {
	if s.line == nil {
		return
	}
	text := s.progress() + tail(s.partial, s.width-1-utf8.RuneCountInString(s.progress()))
	if text == s.shown {
		return
	}
	s.shown = text
	fmt.Fprintf(s.line, "\r\x1b[2K%s", text)
}

func (s *screen) progress() string {
	if s.bar <= 0 {
		return ""
	}
	const cells = 16
	share := min(float64(s.at)/float64(s.bar), 1)
	full := int(share * cells)
	return fmt.Sprintf("[%s%s] %3.0f%% ", strings.Repeat("=", full), strings.Repeat(" ", cells-full), share*100)
}

// clear empties the line, so that something else can be printed. s.mu is held.
func (s *screen) clear() {
	if s.line != nil && s.shown != "" {
		fmt.Fprint(s.line, "\r\x1b[2K")
		s.shown = ""
	}
}

// done leaves the terminal as it was.
func (s *screen) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
}

// tail returns the end of a text that fits into so many columns.
func tail(text string, columns int) string {
	runes := []rune(text)
	if len(runes) <= columns {
		return text
	}
	if columns < 2 {
		return ""
	}
	return "…" + string(runes[len(runes)-columns+1:])
}

// printable returns a text without control characters: it may come from a server, and a terminal would act on them.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}
