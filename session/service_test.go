package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/feature/punctuate"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// gate counts who goes in and out.
type gate struct {
	in, out atomic.Int64
	err     error
}

func (g *gate) Admit(context.Context, *session.Request) (func(), error) {
	if g.err != nil {
		return nil, g.err
	}
	g.in.Add(1)
	return func() { g.out.Add(1) }, nil
}

// Whatever becomes of a stream, the gate gets back what it gave, once, and the meter hears of those that were opened, once.
func TestGateAndMeter(t *testing.T) {
	full := &stt.Error{Code: stt.Quota, Msg: "enough for today"}
	for _, c := range []struct {
		name             string
		gate             *gate
		rec              stt.Recognizer
		change           func(*session.Request)
		code             stt.Code
		admits, recorded int64
		err              stt.Code // of the stream that was recorded
	}{
		{name: "regular", gate: &gate{}, rec: scripted(t, script.Fault{}), admits: 1, recorded: 1},
		{name: "dies", gate: &gate{}, rec: scripted(t, script.Fault{Kind: script.Die, At: time.Second}), admits: 1, recorded: 1, err: stt.Unavailable},
		{name: "gate", gate: &gate{err: full}, rec: scripted(t, script.Fault{}), code: stt.Quota},
		{name: "recognizer refuses", gate: &gate{}, rec: scripted(t, script.Fault{Kind: script.Refuse}), code: stt.Exhausted, admits: 1},
		{name: "not offered", gate: &gate{}, rec: scripted(t, script.Fault{}), change: func(r *session.Request) { r.Config.Speakers.On = true },
			code: stt.Unsupported},
		{name: "no models", gate: &gate{}, rec: modelless{err: errors.New("down")}, code: stt.Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &meter{}
				service := session.NewService(session.Options{Recognizer: c.rec, Gate: c.gate, Meter: m})
				r := request(mono16k)
				if c.change != nil {
					c.change(r)
				}
				ses, err := service.Open(t.Context(), r)
				if stt.CodeOf(err) != c.code {
					t.Fatalf("Open: %v, expected code %v", err, c.code)
				}
				if err == nil {
					if c.gate.out.Load() != 0 || service.Active() != 1 {
						t.Errorf("%d have left and %d are active while the stream is open", c.gate.out.Load(), service.Active())
					}
					h := speak(t, ses, cut(make([]byte, mono16k.Bytes(length)), 3200)...)
					ses.Close(h.err)
					ses.Close(h.err)
				}
				if in, out := c.gate.in.Load(), c.gate.out.Load(); in != c.admits || out != c.admits {
					t.Errorf("%d in, %d out, expected %d", in, out, c.admits)
				}
				if int64(len(m.all)) != c.recorded {
					t.Fatalf("%d recorded, expected %d", len(m.all), c.recorded)
				}
				for _, u := range m.all {
					if stt.CodeOf(u.Err) != c.err || u.Model != script.ModelID || u.Request != r {
						t.Errorf("recorded %+v", u)
					}
					if c.err == 0 && (u.Audio != length || u.Finals != 3 || u.Partials < 3 || u.Err != nil) {
						t.Errorf("recorded %+v, expected %v of audio and three finals", u, length)
					}
				}
			})
		})
	}
}

// Drain waits for the streams that run, and refuses new ones.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})})
		began := time.Now()
		var talking sync.WaitGroup // of this bubble, which waits for it
		for i := range 3 {
			r := request(mono16k)
			r.ID = fmt.Sprint(i)
			ses := open(t, service, r)
			talking.Go(func() {
				if err := drip(t.Context(), ses, mono16k, time.Duration(i+1)*time.Second); err != nil {
					t.Error(err)
				}
				ses.CloseSend(t.Context())
				h := listen(t.Context(), ses)
				if h.err != io.EOF {
					t.Error(h.err)
				}
				ses.Close(h.err)
			})
		}
		if service.Draining() || service.Active() != 3 {
			t.Errorf("draining %v, active %d", service.Draining(), service.Active())
		}
		ctx, cancel := contextFor(t, 30*time.Second)
		defer cancel()
		talking.Go(func() {
			<-time.After(time.Second / 2)
			if !service.Draining() {
				t.Error("not draining")
			}
			_, err := service.Open(t.Context(), request(mono16k))
			wantCode(t, err, stt.Unavailable, "shutting down", "connect again")
		})
		service.Drain(ctx)
		if took := time.Since(began); took != 3*time.Second || service.Active() != 0 {
			t.Errorf("drained after %v with %d active", took, service.Active())
		}
		talking.Wait()
		service.Drain(ctx) // at once
	})
}

// Who has not ended by then is ended.
func TestDrainAborts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})})
		began := time.Now()
		var talking sync.WaitGroup // of this bubble, which waits for it
		for i := range 3 {
			r := request(mono16k)
			r.ID = fmt.Sprint(i)
			ses := open(t, service, r)
			talking.Go(func() {
				h := listen(t.Context(), ses)
				wantCode(t, h.err, stt.Unavailable, "shutting down")
				ses.Close(h.err)
			})
		}
		forgotten := open(t, service, request(mono16k)) // nobody closes it
		ctx, cancel := contextFor(t, 10*time.Second)
		defer cancel()
		service.Drain(ctx)
		if took := time.Since(began); took != 15*time.Second || service.Active() != 1 {
			t.Errorf("drained after %v with %d active, expected 15s and the one that nobody closes", took, service.Active())
		}
		wantCode(t, forgotten.Write(t.Context(), make([]byte, 2)), stt.Unavailable)
		talking.Wait()
	})
}

// A stream that opens while the server begins to end is refused, and nothing of it stays.
func TestOpenWhileDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, m := &gate{}, &meter{}
		service := session.NewService(session.Options{Recognizer: slowOpener{scripted(t, script.Fault{})}, Gate: g, Meter: m})
		opened := make(chan error, 1)
		go func() { // owned by the test, which receives
			_, err := service.Open(t.Context(), request(mono16k))
			opened <- err
		}()
		synctest.Wait()
		service.Drain(t.Context())
		wantCode(t, <-opened, stt.Unavailable, "shutting down")
		if g.in.Load() != 1 || g.out.Load() != 1 || len(m.all) != 0 {
			t.Errorf("%d in, %d out, %d recorded", g.in.Load(), g.out.Load(), len(m.all))
		}
	})
}

// One line when a stream opens and one when it closes, with the reason; never audio, text or more than is asked for.
func TestLog(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault script.Fault
		close func(error) error
		lines []string // what each line must hold
	}{
		{"regular", script.Fault{}, nil,
			[]string{`msg="stream opened"`, `msg="stream closed"|code=ok|reason=completed|heard=5s|finals=3`}},
		{"dies", script.Fault{Kind: script.Die, At: time.Second}, nil,
			[]string{`msg="stream opened"`, `msg="stream closed"|code=unavailable|reason=|died at 1s`}},
		{"client leaves", script.Fault{}, func(error) error { return stt.Errorf(stt.Canceled, "the client went away") },
			[]string{`msg="stream opened"`, `msg="stream closed"|code=canceled|reason="the client went away"`}},
		{"refused", script.Fault{Kind: script.Refuse}, nil,
			[]string{`msg="stream refused"|code=exhausted|slots`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				service := session.NewService(session.Options{Recognizer: scripted(t, c.fault), Features: punctuate.Features(),
					Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
				r := request(mono16k)
				r.Config.Vendor = map[string]string{"token": "sesame"}
				r.Config.Prompt = "sesame"
				if ses, err := service.Open(t.Context(), r); err == nil {
					audio := bytes.Repeat([]byte("PCMx"), mono16k.Bytes(length)/4)
					why := speak(t, ses, cut(audio, 3200)...).err
					if c.close != nil {
						why = c.close(why)
					}
					ses.Close(why)
					ses.Close(why)
				}
				lines := strings.Split(strings.TrimSpace(log.String()), "\n")
				if len(lines) != len(c.lines) {
					t.Fatalf("%d lines, expected %d:\n%s", len(lines), len(c.lines), log.String())
				}
				for i, line := range lines {
					for want := range strings.SplitSeq(c.lines[i]+"|session=session-1|protocol=test|caller=AKIDEXAMPLE|remote=192.0.2.7:1234", "|") {
						if !strings.Contains(line, want) {
							t.Errorf("line %q does not say %q", line, want)
						}
					}
				}
				for _, secret := range []string{"sesame", "PCMx", "UENN", "morning", "Morning", "very", "well"} {
					if strings.Contains(log.String(), secret) {
						t.Errorf("the log holds %q:\n%s", secret, log.String())
					}
				}
			})
		})
	}
}
