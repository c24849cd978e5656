package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// recording is a file whose samples can be read.
type recording interface {
	Format() audio.Format
	Duration() time.Duration
	Position() int64
	ReadSamples(dst []int16) (int, error)
	Incomplete() error // valid after io.EOF
}

// pump moves a recording into a session.
type pump struct {
	from     recording
	format   stt.Format
	realtime bool
	show     *screen
}

func newPump(from recording, format stt.Format, realtime bool, show *screen) *pump {
	return &pump{from: from, format: format, realtime: realtime, show: show}
}

// run sends everything and ends the audio. With realtime, each chunk leaves when a microphone would have had it.
func (p *pump) run(ctx context.Context, ses *session.Session) error {
	samples := make([]int16, p.format.Bytes(chunk)/2)
	var raw []byte
	began := time.Now()
	for {
		n, err := p.fill(samples)
		if n > 0 {
			if p.realtime {
				if err := sleepUntil(ctx, began.Add(p.position())); err != nil {
					return err
				}
			}
			raw = audio.AppendBytes(raw[:0], samples[:n])
			if err := ses.Write(ctx, raw); err != nil {
				return err
			}
			p.show.sent(p.position())
		}
		if errors.Is(err, io.EOF) {
			err = p.from.Incomplete()
			if err == nil {
				return ses.CloseSend(ctx)
			}
		}
		if err != nil {
			return &stt.Error{Code: stt.Malformed, Op: "read", Msg: fmt.Sprintf("the recording cannot be read beyond %v", p.position().Round(time.Millisecond)), Err: err}
		}
	}
}

// fill reads until samples is full or the recording ends.
func (p *pump) fill(samples []int16) (n int, err error) {
	for n < len(samples) && err == nil {
		var m int
		m, err = p.from.ReadSamples(samples[n:])
		n += m
	}
	return n, err
}

// position is the audio time read so far.
func (p *pump) position() time.Duration {
	return audio.FramesToDuration(p.from.Position(), p.format.Rate)
}

func sleepUntil(ctx context.Context, at time.Time) error {
	wait := time.NewTimer(time.Until(at))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
