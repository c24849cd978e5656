package session_test

import (
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// A second stream with the same id ends the first, is served although there is one slot only, and begins at 0.
func TestConflict(t *testing.T) {
	for _, window := range []time.Duration{0, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			rec, g := &teller{rate: 16000, slots: 1}, &gate{}
			service := session.NewService(session.Options{Recognizer: rec, Gate: g})
			first := attend(t, open(t, service, lasting(mono16k, window)), map[string]stt.Segment{})
			if err := first.ses.Write(t.Context(), make([]byte, 3200)); err != nil {
				t.Fatal(err)
			}
			second := open(t, service, lasting(mono16k, window))
			<-first.end
			wantCode(t, first.h.err, stt.Conflict, "same session id")
			wantCode(t, first.ses.Write(t.Context(), make([]byte, 2)), stt.Conflict)
			if window > 0 {
				wantCode(t, first.ses.CloseSend(t.Context()), stt.Conflict)
				wantCode(t, first.ses.Flush(t.Context()), stt.Conflict)
			}
			first.ses.Abort(errGone)
			first.ses.Finish(t.Context(), errGone)
			if want := map[bool]time.Duration{true: 100 * time.Millisecond}[window > 0]; second.ResumedAt() != want {
				t.Errorf("the second begins at %v, expected %v", second.ResumedAt(), want)
			}
			if h := speak(t, second, make([]byte, 3200)); h.err != io.EOF {
				t.Errorf("the second ended with %v", h.err)
			}
			second.Close(io.EOF)
			nothingLeft(t, service, rec, g)
		})
	}
}

// Who asks for what cannot be had, another caller, and who has no id end nobody.
func TestNoConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &teller{rate: 16000}
		service := session.NewService(session.Options{Recognizer: rec})
		first := open(t, service, lasting(mono16k, time.Hour))
		wrong := request(mono16k)
		wrong.Config.Speakers.On = true
		_, err := service.Open(t.Context(), wrong)
		wantCode(t, err, stt.Unsupported)
		other, nameless, again := request(mono16k), request(mono16k), request(mono16k)
		other.Caller, nameless.ID, again.ID = "SOMEBODY", "", ""
		for _, r := range []*session.Request{other, nameless, again} {
			if ses := open(t, service, r); ses.ResumedAt() != 0 {
				t.Errorf("begins at %v", ses.ResumedAt())
			}
		}
		if n := service.Active(); n != 4 {
			t.Errorf("%d sessions are open, expected 4", n)
		}
		if h := speak(t, first, make([]byte, 3200)); h.err != io.EOF {
			t.Errorf("the first ended with %v", h.err)
		}
	})
}

// Many come at the same moment with one id and one slot: each is served in turn, and the last stays.
func TestConcurrentOpens(t *testing.T) {
	for _, window := range []time.Duration{0, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			rec, g := &teller{rate: 16000, slots: 1}, &gate{}
			service := session.NewService(session.Options{Recognizer: slowOpener{rec}, Gate: g, Limits: session.Limits{Finish: time.Hour}})
			var all sync.WaitGroup // of this bubble, which waits for it
			var conflicts atomic.Int64
			for range 20 {
				all.Go(func() {
					ses, err := service.Open(t.Context(), lasting(mono16k, window))
					if err != nil {
						t.Error(err)
						return
					}
					err = listen(t.Context(), ses).err
					if stt.CodeOf(err) == stt.Conflict {
						conflicts.Add(1)
					}
					ses.Close(err)
				})
			}
			<-time.After(30 * time.Minute)
			synctest.Wait()
			if n, c := service.Active(), conflicts.Load(); n != 1 || c != 19 {
				t.Errorf("%d are active and %d were ended, expected 1 and 19", n, c)
			}
			ctx, cancel := contextFor(t, time.Second)
			defer cancel()
			service.Drain(ctx)
			all.Wait()
			nothingLeft(t, service, rec, g)
		})
	}
}
