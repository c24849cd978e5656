package drill_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stttest"
)

// clients are the ways in which streams reach the server. A new one is a line here: options of the provider, or of another.
var clients = []client{
	{"websocket", map[string]string{}},
	{"websocket, signed frames", map[string]string{"sign_frames": "true"}},
	{"http2", map[string]string{"transport": "http2"}},
}

// client is a real client of the protocol.
type client struct {
	name    string
	options map[string]string
}

// patience is the time-outs of a client, on the wall.
type patience struct{ open, finish, reconnect time.Duration }

// A client that may wait in vain waits briefly. Another one waits for as long as a machine may be busy with something else.
var (
	brief = patience{open: 3 * time.Second, finish: 3 * time.Second, reconnect: 20 * time.Second}
	long  = patience{open: 30 * time.Second, finish: 30 * time.Second, reconnect: 60 * time.Second}
)

// open returns a recognizer that streams to an address.
func (c client) open(ctx context.Context, addr, credentials string, reconnect bool, p patience) (stt.Recognizer, error) {
	options := map[string]string{"endpoint": "ws://" + addr, "region": "us-east-1", "credentials_file": credentials,
		"open_timeout": p.open.String(), "finish_timeout": p.finish.String(), "reconnect_for": "0s"}
	if reconnect {
		options["reconnect_for"] = p.reconnect.String()
	}
	maps.Copy(options, c.options)
	driver := transcribe.Driver()
	return driver.Open(ctx, options, func(string) string { return "" })
}

// task is what is streamed.
type task struct {
	session string // id
	length  time.Duration
	piece   time.Duration // in which the caller sends
	partial bool
}

// lengths are those that streams have. There are few, so that runs without faults can be kept.
var lengths = []time.Duration{0, 300 * time.Millisecond, 1700 * time.Millisecond, 3 * time.Second, 6 * time.Second}

// newTask draws a task.
func newTask(r *rand.Rand) task {
	return task{session: fmt.Sprintf("%08x-%04x-4000-8000-%012x", r.Uint32(), r.Uint32N(1<<16), r.Uint64N(1<<48)), length: lengths[r.IntN(len(lengths))], piece: time.Duration(10+r.IntN(900)) * time.Millisecond, partial: r.IntN(3) > 0}
}

var format = stt.Format{Rate: 8000, Channels: 1}

// heard is what came of a stream.
type heard struct {
	finals  []stt.Segment
	resumed []stt.Time // where each connection after the first began, once it spoke
	err     error      // io.EOF at the regular end
	breach  error      // of the contract of streams
	took    time.Duration
}

// converse opens a stream, says everything and hears everything.
func converse(ctx context.Context, rec stt.Recognizer, t task) (h heard) {
	began := time.Now()
	defer func() { h.took = time.Since(began) }()
	cfg := stt.Config{Session: t.session, Audio: format, Languages: stt.Languages{Tags: []string{"en-US"}}, Interim: stt.Interim{Off: !t.partial}}
	s, err := rec.Open(ctx, cfg)
	if err != nil {
		h.err = err
		return h
	}
	defer s.Close()
	sent := make(chan error, 1)
	go func() { // owned by converse, which receives from sent; ends with the audio or the stream
		sent <- speak(ctx, s, t)
	}()
	end := format.Duration(int64(format.Bytes(t.length)))
	checker := stttest.Checker{Tolerance: time.Millisecond}
	for h.err == nil { // every stream has an end, or ctx has
		var ev stt.Event
		if ev, h.err = s.Recv(ctx); h.err != nil {
			break
		}
		if ev.Kind == stt.EventWarning && strings.HasPrefix(ev.Warning.Msg, "connected again") {
			h.resumed = append(h.resumed, checker.Progress(0))
		}
		if err := checker.Event(ev, end); err != nil && h.breach == nil {
			h.breach = err
		}
	}
	if h.err == io.EOF && h.breach == nil {
		h.breach = checker.End(end)
	}
	s.Close()
	if err := <-sent; err != nil && h.err == io.EOF && h.breach == nil {
		h.breach = fmt.Errorf("the stream has ended well, but sending failed: %w", err)
	}
	h.finals = checker.Finals()
	return h
}

func speak(ctx context.Context, s stt.Stream, t task) error {
	audio := make([]byte, format.Bytes(t.length))
	for chunk := range slices.Chunk(audio, format.Bytes(t.piece)) {
		if err := s.Send(ctx, stt.Chunk{Data: chunk}); err != nil {
			return err
		}
	}
	return s.CloseSend()
}

// sameFinals says where finals differ from the first of those that are expected; with whole, there must be all of them.
func sameFinals(got, want []stt.Segment, whole bool) error {
	if len(got) > len(want) || whole && len(got) < len(want) {
		return fmt.Errorf("%d finals where runs without faults have %d", len(got), len(want))
	}
	ids := map[string]bool{}
	for i := range got {
		a, b := got[i].Best(), want[i].Best()
		ok := a.Text == b.Text && near(got[i].Span, want[i].Span) && len(a.Words) == len(b.Words) && !ids[got[i].ID]
		for j := 0; ok && j < len(a.Words); j++ {
			x, y := a.Words[j], b.Words[j]
			ok = x.Text == y.Text && near(x.Span, y.Span) && x.Confidence == y.Confidence
		}
		if !ok {
			return fmt.Errorf("final %d is %q (%v, %v), without faults %q (%v, %v)", i, a.Text, got[i].Span, a.Words, b.Text, want[i].Span, b.Words)
		}
		ids[got[i].ID] = true
	}
	return nil
}

// later returns finals as they are when the audio before them is longer, and none that then ends after until.
func later(finals []stt.Segment, by, until stt.Time) []stt.Segment {
	var all []stt.Segment
	for _, s := range finals {
		s.Span = shifted(s.Span, by)
		if s.Span.End > until+time.Millisecond {
			break
		}
		best := s.Best()
		words := slices.Clone(best.Words)
		for i := range words {
			words[i].Span = shifted(words[i].Span, by)
		}
		s.Alternatives = []stt.Alternative{{Text: best.Text, Words: words}}
		all = append(all, s)
	}
	return all
}

func shifted(s stt.Span, by stt.Time) stt.Span {
	if s.Known {
		s.Start += by
		s.End += by
	}
	return s
}

// near allows for the wire, which has times in milliseconds.
func near(a, b stt.Span) bool {
	return a.Known == b.Known && (a.Start-b.Start).Abs() <= time.Millisecond && (a.End-b.End).Abs() <= time.Millisecond
}

// wantError says what is wrong with an error that a stream ended with. With conflict, the server may not know yet that an
// earlier connection is gone.
func wantError(err error, conflict bool) error {
	var e *stt.Error
	switch text := err.Error(); {
	case !errors.As(err, &e) || e.Msg == "":
		return fmt.Errorf("the error is a %T without a message: %w", err, err)
	case conflict && e.Code == stt.Conflict: // the server still has the connection over which nothing came
	case e.Code != stt.Unavailable && e.Code != stt.DeadlineExceeded:
		return fmt.Errorf("a lost connection is no reason for %v: %w", e.Code, err)
	case strings.Contains(text, "X-Amz-") || len(text) > 2000:
		return fmt.Errorf("the text of the error shows too much: %.200q", text)
	}
	return nil
}
