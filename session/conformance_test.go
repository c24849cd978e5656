package session_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/punctuate"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// behind is a recognizer whose streams are sessions.
type behind struct {
	stt.Recognizer
	service *session.Service
}

func (b behind) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ses, err := b.service.Open(ctx, &session.Request{Config: cfg})
	if err != nil {
		return nil, err
	}
	return &adapter{ses: ses, frame: cfg.Audio.FrameBytes()}, nil
}

// adapter is a session as a stream.
type adapter struct {
	ses     *session.Session
	frame   int
	reading sync.Mutex // Close waits for the read side, as whoever closes a session does
}

func (a *adapter) Send(ctx context.Context, c stt.Chunk) error {
	if len(c.Data)%a.frame != 0 { // sessions take any cut
		return stt.Errorf(stt.Malformed, "part of a frame")
	}
	return a.ses.Write(ctx, c.Data)
}

func (a *adapter) Flush(ctx context.Context) error { return a.ses.Flush(ctx) }
func (a *adapter) CloseSend() error                { return a.ses.CloseSend(context.Background()) }

func (a *adapter) Recv(ctx context.Context) (stt.Event, error) {
	a.reading.Lock()
	defer a.reading.Unlock()
	return a.ses.Next(ctx)
}

func (a *adapter) Close() error {
	a.ses.Abort(stt.Errorf(stt.Closed, "the stream has been closed"))
	a.reading.Lock()
	defer a.reading.Unlock()
	a.ses.Close(nil)
	return nil
}

var faults = map[stttest.Defect]script.Fault{
	stttest.Dies:    {Kind: script.Die, At: 2500 * time.Millisecond},
	stttest.Stalls:  {Kind: script.Stall, At: time.Second},
	stttest.Refuses: {Kind: script.Refuse},
}

// TestConformance: a session keeps the contract that the stream behind it keeps, with features and without, and with audio
// that has to be converted first.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		from      stt.Format
		features  []feature.Feature
		tolerance time.Duration
	}{
		{"bare", mono16k, nil, 0},
		{"punctuate", mono16k, punctuate.Features(), 0},
		{"resampled", stt.Format{Rate: 8000, Channels: 2}, punctuate.Features(), 25 * time.Millisecond}, // a block of the engine and the filter
	} {
		t.Run(c.name, func(t *testing.T) {
			words := parse(t, conversation).Text(length)
			stttest.Run(t, stttest.Harness{
				New: func(t *testing.T, d stttest.Defect) stt.Recognizer {
					rec := &picky{Recognizer: scripted(t, faults[d]), can: func(m *stt.Capabilities) { m.Formats = []stt.Format{mono16k} }}
					return behind{rec, session.NewService(session.Options{Recognizer: rec, Features: c.features,
						Limits: session.Limits{Idle: time.Hour, Stream: time.Hour}})}
				},
				Defects:   []stttest.Defect{stttest.Dies, stttest.Stalls, stttest.Refuses},
				Config:    stt.Config{Audio: c.from, Languages: stt.Languages{Tags: []string{"en-US"}}},
				Audio:     make([]byte, c.from.Bytes(length)),
				Words:     words,
				Tolerance: c.tolerance,
				Bubble:    true,
			})
		})
	}
}
