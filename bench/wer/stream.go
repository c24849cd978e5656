package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/stt"
)

// pacing says how audio is streamed.
type pacing struct {
	speed    float64       // seconds of audio in a second; 0: as fast as it is taken
	chunk    time.Duration // of audio sent at once
	language string        // BCP 47
}

// Bounds on waiting for a free place in the server.
const (
	fullWait  = 500 * time.Millisecond
	fullTries = 120
)

// word is a recognised word in the form in which it is compared.
type word struct {
	text  string
	start time.Duration // in the take
	timed bool          // start is known
}

// outcome is what came of streaming a take. Times of day are this machine's.
type outcome struct {
	take     *take
	words    []word
	partials int
	segment  time.Duration // length of the last final segment
	late     time.Duration // how far the audio was sent behind its time at most

	clock    clock
	first    time.Time // of the first partial, or of the first final where there was none; zero: nothing was said
	lastByte time.Time // of handing over the end of the audio
	last     time.Time // of the last final; zero: none
}

// stream sends a take through a recognizer. While the server has no place for it, it waits for one.
func stream(ctx context.Context, r stt.Recognizer, t *take, p pacing) (*outcome, error) {
	for tries := 1; ; tries++ {
		o, err := streamOnce(ctx, r, t, p)
		if err == nil || stt.CodeOf(err) != stt.Exhausted || tries == fullTries {
			return o, err
		}
		if err := rig.Pause(ctx, fullWait); err != nil {
			return nil, err
		}
	}
}

func streamOnce(ctx context.Context, r stt.Recognizer, t *take, p pacing) (*outcome, error) {
	s, err := r.Open(ctx, stt.Config{Audio: format, Languages: stt.Languages{Tags: []string{p.language}}})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	o := &outcome{take: t}
	sent := make(chan error, 1)
	go func() { // owned by streamOnce; ends with the audio, or with the stream, which streamOnce closes
		sent <- o.send(ctx, s, p)
	}()
	if err := o.receive(ctx, s); err != nil {
		return nil, err
	}
	if err := <-sent; err != nil {
		return nil, err
	}
	return o, nil
}

// send writes the audio, each chunk when a microphone would have had it. It owns clock, late and lastByte until it returns.
func (o *outcome) send(ctx context.Context, s stt.Stream, p pacing) error {
	var raw []byte
	pcm, size := o.take.pcm, samplesOf(p.chunk)
	o.clock = clock{begin: time.Now(), speed: p.speed, chunk: p.chunk}
	pace := rig.NewPacer(o.clock.begin, p.speed)
	for at := 0; at < len(pcm); at += size {
		piece := pcm[at:min(at+size, len(pcm))]
		if err := pace.Wait(ctx, timeOf(at+len(piece))); err != nil {
			return err
		}
		o.lastByte = time.Now()
		if p.speed > 0 {
			o.late = max(o.late, o.lastByte.Sub(o.clock.spoken(timeOf(at+len(piece)))))
		}
		o.clock.sent = append(o.clock.sent, o.lastByte)
		raw = audio.AppendBytes(raw[:0], piece)
		if err := s.Send(ctx, stt.Chunk{Data: raw, Offset: timeOf(at)}); err != nil {
			return err
		}
	}
	return s.CloseSend()
}

// receive reads what is said, to the end.
func (o *outcome) receive(ctx context.Context, s stt.Stream) error {
	for {
		ev, err := s.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if ev.Kind == stt.EventWarning && ev.Warning != nil {
			return ev.Warning // a connection that was lost and made again would spoil the figures
		}
		if ev.Kind != stt.EventSegment || len(ev.Segment.Alternatives) == 0 {
			continue
		}
		now := time.Now()
		if o.first.IsZero() {
			o.first = now
		}
		if !ev.Segment.Final {
			o.partials++
			continue
		}
		o.last = now
		o.segment = ev.Segment.Span.End - ev.Segment.Span.Start
		o.words = append(o.words, wordsOf(ev.Segment.Best())...)
	}
}

// wordsOf returns the words of an alternative, with their times where it has them. Of a word that is several in the form that
// is compared, the first has the time.
func wordsOf(a stt.Alternative) []word {
	var words []word
	if a.Words == nil {
		for _, text := range normalise(a.Text) {
			words = append(words, word{text: text})
		}
		return words
	}
	for _, w := range a.Words {
		for i, text := range normalise(w.Text) {
			words = append(words, word{text: text, start: w.Span.Start, timed: i == 0 && w.Span.Known})
		}
	}
	return words
}

func texts(words []word) []string {
	all := make([]string, len(words))
	for i := range words {
		all[i] = words[i].text
	}
	return all
}

// clock knows when a moment of the audio was.
type clock struct {
	begin time.Time
	speed float64
	chunk time.Duration
	sent  []time.Time // when each chunk was handed over
}

// spoken returns the time of day at which the moment at of the audio was said, for somebody who speaks at the pace of the
// streaming. Without a pace it is when its chunk was handed over.
func (c *clock) spoken(at time.Duration) time.Time {
	if c.speed > 0 {
		return c.begin.Add(time.Duration(float64(at) / c.speed))
	}
	if len(c.sent) == 0 {
		return c.begin
	}
	return c.sent[min(max(int(at/c.chunk), 0), len(c.sent)-1)]
}
