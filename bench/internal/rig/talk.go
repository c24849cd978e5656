package rig

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Heard is what a recognizer said of some audio.
type Heard struct {
	Words    []string // of the finals, in lower case and without marks
	Partials int
}

// Config is what the programs ask recognizers for: what the Amazon protocol asks for by default.
func Config() stt.Config {
	return stt.Config{Audio: Format, Languages: stt.Languages{Tags: []string{"en-US"}}}
}

// Talk streams audio in chunks of 100 ms and returns what the recognizer said. pace is how many seconds of audio are sent in a
// second; 0 sends as fast as audio is taken.
func Talk(ctx context.Context, r stt.Recognizer, pcm []byte, pace float64) (Heard, error) {
	s, err := r.Open(ctx, Config())
	if err != nil {
		return Heard{}, err
	}
	defer s.Close()
	sent := make(chan error, 1)
	go func() { // owned by Talk; ends with the audio, or with the stream, which Talk closes
		sent <- send(ctx, s, pcm, pace)
	}()
	var h Heard
	for {
		ev, err := s.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return h, <-sent
		}
		if err != nil {
			return h, err
		}
		switch {
		case ev.Kind != stt.EventSegment:
		case ev.Segment.Final:
			h.Words = append(h.Words, Words(ev.Segment.Best().Text)...)
		default:
			h.Partials++
		}
	}
}

func send(ctx context.Context, s stt.Stream, pcm []byte, pace float64) error {
	chunk := Format.Bytes(100 * time.Millisecond)
	clock := NewPacer(time.Now(), pace)
	for at := 0; at < len(pcm); at += chunk {
		piece := pcm[at:min(at+chunk, len(pcm))]
		if err := clock.Wait(ctx, Format.Duration(int64(at+len(piece)))); err != nil {
			return err
		}
		if err := s.Send(ctx, stt.Chunk{Data: piece, Offset: Format.Duration(int64(at))}); err != nil {
			return err
		}
	}
	return s.CloseSend()
}

// Words returns the words of a text in lower case, without the marks around them.
func Words(text string) []string {
	var words []string
	for w := range strings.FieldsSeq(strings.ToLower(text)) {
		if w = strings.Trim(w, ".,;:!?\"()"); w != "" {
			words = append(words, w)
		}
	}
	return words
}

// Pacer keeps step with audio time. One goroutine may use it.
type Pacer struct {
	begin time.Time
	pace  float64
	late  time.Duration
}

// NewPacer returns a pacer whose audio begins at begin and runs pace times as fast as the clock; 0 never waits.
func NewPacer(begin time.Time, pace float64) *Pacer { return &Pacer{begin: begin, pace: pace} }

// Wait returns when audio has been recorded up to a time, or when ctx is done.
func (p *Pacer) Wait(ctx context.Context, audio time.Duration) error {
	if p.pace <= 0 {
		return ctx.Err()
	}
	wait := time.Until(p.begin.Add(time.Duration(float64(audio) / p.pace)))
	if wait <= 0 {
		p.late = max(p.late, -wait)
		return ctx.Err()
	}
	return Pause(ctx, wait)
}

// Pause waits, or returns ctx's error when that is done first.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Late returns by how much a Wait was behind its time at most.
func (p *Pacer) Late() time.Duration { return p.late }
