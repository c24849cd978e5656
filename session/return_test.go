package session_test

import (
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// What becomes of a session whose client goes away after half a second of audio with a word in it, and comes back.
func TestReturn(t *testing.T) {
	const half = 500 * time.Millisecond
	for _, c := range []struct {
		name    string
		limits  session.Limits
		first   time.Duration // window of the first
		wait    time.Duration // until the return
		change  func(*session.Request)
		at      time.Duration // where it goes on
		streams int           // opened in all
		first1  string        // the first final that it is given, with its id
	}{
		{"at once", session.Limits{}, time.Hour, 0, nil, half, 1, "script-400000-0 one two"},
		{"before the hold ends", session.Limits{}, time.Hour, 10*time.Second - 1, nil, half, 1, "script-400000-0 one two"},
		{"at the end of the hold", session.Limits{}, time.Hour, 10 * time.Second, nil, half, -1, ""},
		{"after the hold", session.Limits{}, time.Hour, 11 * time.Second, nil, half, 2, "script-400000-0 one"},
		{"a short hold", session.Limits{Hold: time.Second}, time.Hour, 2 * time.Second, nil, half, 2, "script-400000-0 one"},
		{"no hold", session.Limits{Hold: -1}, time.Hour, 1, nil, half, 2, "script-400000-0 one"},
		{"other audio", session.Limits{}, time.Hour, time.Second, func(r *session.Request) { r.Config.Audio.Rate = 8000 }, half, 2, "script-400000-0 one"},
		{"other wishes", session.Limits{}, time.Hour, time.Second, func(r *session.Request) { r.Config.Interim.Off = true }, half, 2, "script-400000-0 one"},
		{"without a window", session.Limits{}, time.Hour, time.Second, func(r *session.Request) { r.Resume = 0 }, 0, 2, "script-400000-0 one two"},
		{"the first had none", session.Limits{}, 0, time.Second, nil, 0, 2, "script-400000-0 one two"},
		{"the last moment of the window", session.Limits{}, time.Minute, time.Minute - 1, nil, half, 2, "script-400000-0 one"},
		{"window over", session.Limits{}, time.Minute, time.Minute, nil, 0, 2, "script-400000-0 one two"},
		{"window over during the hold", session.Limits{Hold: time.Hour}, time.Minute, 2 * time.Minute, nil, 0, 2, "script-400000-0 one two"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gate{}
				rec := &picky{Recognizer: script.New(script.Options{Script: parse(t, "0.4-0.6 one@0.4-0.45 two@0.5-0.6")}), can: func(*stt.Capabilities) {}}
				service := session.NewService(session.Options{Recognizer: rec, Gate: g, Limits: c.limits})
				began := time.Now()
				cl := attend(t, open(t, service, lasting(mono16k, c.first)), map[string]stt.Segment{})
				if err := cl.ses.Write(t.Context(), make([]byte, mono16k.Bytes(half))); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				cl.gone(0)
				<-time.After(c.wait - time.Since(began))
				r := lasting(mono16k, time.Hour)
				if c.change != nil {
					c.change(r)
				}
				ses := open(t, service, r)
				if ses.ResumedAt() != c.at {
					t.Errorf("goes on at %v, expected %v", ses.ResumedAt(), c.at)
				}
				h := speak(t, ses, make([]byte, r.Config.Audio.Bytes(time.Second)))
				if h.err != io.EOF || len(h.finals) == 0 {
					t.Fatalf("%d finals and %v", len(h.finals), h.err)
				}
				if got := h.finals[0].ID + " " + h.finals[0].Best().Text; c.first1 != "" && got != c.first1 {
					t.Errorf("the first final is %q, expected %q", got, c.first1)
				}
				ids := map[string]bool{}
				for _, f := range h.finals {
					if ids[f.ID] {
						t.Errorf("two finals have the id %q", f.ID)
					}
					ids[f.ID] = true
				}
				if n := len(rec.opened); c.streams > 0 && n != c.streams {
					t.Errorf("%d streams were opened, expected %d", n, c.streams)
				}
				ses.Close(h.err)
				<-time.After(3 * time.Hour)
				synctest.Wait()
				if g.in.Load() != g.out.Load() {
					t.Errorf("the gate let %d in and %d out", g.in.Load(), g.out.Load())
				}
			})
		})
	}
}

// Somebody whose place is gone when he comes back may try again: what there was for him is still there.
func TestReturnRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, g := &teller{rate: 16000, slots: 1}, &gate{}
		service := session.NewService(session.Options{Recognizer: rec, Gate: g, Limits: session.Limits{Hold: time.Second}})
		c := attend(t, open(t, service, lasting(mono16k, time.Hour)), map[string]stt.Segment{})
		if err := c.ses.Write(t.Context(), []byte{1, 0, 0, 0, 2, 0}); err != nil {
			t.Fatal(err)
		}
		c.gone(0)
		blocker := request(mono16k)
		blocker.ID = "another"
		_, err := service.Open(t.Context(), blocker)
		wantCode(t, err, stt.Exhausted) // the slot is held
		<-time.After(time.Second)
		synctest.Wait()
		in := open(t, service, blocker) // and given up
		for range 3 {
			_, err := service.Open(t.Context(), lasting(mono16k, time.Hour))
			wantCode(t, err, stt.Exhausted)
		}
		in.Close(nil)
		h := speak(t, open(t, service, lasting(mono16k, time.Hour)), []byte{3, 0})
		if got := h.words(); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("heard %q", got)
		}
	})
}

// What was lost, broken or bad stays out of the way of who comes back.
func TestReturnAfterFailure(t *testing.T) {
	for name, end := range map[string]func(*session.Session){
		"bad audio": func(s *session.Session) { s.Finish(t.Context(), stt.Errorf(stt.Malformed, "a bad frame")) },
		"aborted":   func(s *session.Session) { s.Abort(stt.Errorf(stt.Denied, "taken away")) },
		"dies":      func(s *session.Session) { _ = s.Write(t.Context(), make([]byte, mono16k.Bytes(2*time.Second))) },
		"regular":   func(s *session.Session) { _ = s.CloseSend(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec := &picky{Recognizer: scripted(t, script.Fault{Kind: script.Die, At: 2 * time.Second}), can: func(*stt.Capabilities) {}}
				service := session.NewService(session.Options{Recognizer: rec})
				ses := open(t, service, lasting(mono16k, time.Hour))
				if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(time.Second))); err != nil {
					t.Fatal(err)
				}
				end(ses)
				ses.Close(listen(t.Context(), ses).err)
				again := open(t, service, lasting(mono16k, time.Hour))
				if at := again.ResumedAt(); at < time.Second || at > 3*time.Second || len(rec.opened) != 2 {
					t.Errorf("goes on at %v with %d streams", at, len(rec.opened))
				}
			})
		})
	}
}

// A container begins anew: what was said is given first, and nothing is held for long.
func TestReturnWithContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flac := readFile(t, "../audio/testdata/bursts.flac")
		f := stt.Format{Encoding: stt.FLAC, Rate: 16000, Channels: 1}
		service := session.NewService(session.Options{Recognizer: ear{16000}})
		c := attend(t, open(t, service, lasting(f, time.Hour)), map[string]stt.Segment{})
		if err := c.ses.Write(t.Context(), flac[:len(flac)-4]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.gone(9)
		synctest.Wait()
		ses := open(t, service, lasting(f, time.Hour))
		if at := ses.ResumedAt(); at < 500*time.Millisecond || at > burstLength {
			t.Errorf("goes on at %v", at)
		}
		h := speak(t, ses, flac)
		if h.err != io.EOF || len(h.finals) < 3 || h.finals[0].Span.Start > 250*time.Millisecond {
			t.Errorf("heard %d finals and %v", len(h.finals), h.err)
		}
	})
}
