package session_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(mono16k))
		if ses.ID() != "session-1" || ses.Model() != script.ModelID {
			t.Errorf("session %q of model %q", ses.ID(), ses.Model())
		}
		h := speak(t, ses, make([]byte, mono16k.Bytes(length)))
		if h.err != io.EOF {
			t.Fatal(h.err)
		}
		sameWords(t, h, length)
		for range 3 {
			if _, err := ses.Next(t.Context()); err != io.EOF {
				t.Errorf("Next after the end: %v, expected io.EOF", err)
			}
			if err := ses.CloseSend(t.Context()); err != nil {
				t.Errorf("CloseSend again: %v", err)
			}
		}
		wantCode(t, ses.Write(t.Context(), make([]byte, 3200)), stt.Closed, "no more audio")
	})
}

// Flush gives finals, and the audio goes on.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(mono16k))
		if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(2500*time.Millisecond))); err != nil {
			t.Fatal(err)
		}
		if err := ses.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		finals := 0
		for {
			ev, err := ses.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == stt.EventFlushed {
				break
			}
			if ev.Kind == stt.EventSegment && ev.Segment.Final {
				finals++
			}
		}
		h := speak(t, ses, make([]byte, mono16k.Bytes(length-2500*time.Millisecond)))
		if h.err != io.EOF || finals != 2 || !slices.Equal(h.words(), []string{"you", "very", "well"}) {
			t.Errorf("%d finals before the flush, then %q and %v", finals, h.words(), h.err)
		}
	})
}

// Finish gives the finals of what was said and then the reason.
func TestFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(mono16k))
		if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(2300*time.Millisecond))); err != nil {
			t.Fatal(err)
		}
		why := stt.Errorf(stt.Malformed, "a bad frame")
		ses.Finish(t.Context(), why)
		ses.Finish(t.Context(), stt.Errorf(stt.Internal, "a later reason"))
		h := listen(t.Context(), ses)
		if h.err != error(why) {
			t.Errorf("ended with %v, expected %v", h.err, why)
		}
		sameWords(t, h, 2300*time.Millisecond)
		if err := ses.Write(t.Context(), make([]byte, 2)); err != error(why) {
			t.Errorf("Write afterwards: %v, expected %v", err, why)
		}
	})
}

// What a recognizer died of is what Next says, however the write side met it.
func TestRecognizerDies(t *testing.T) {
	for name, end := range map[string]func(*session.Session, error){
		"finish": func(s *session.Session, err error) { s.Finish(t.Context(), err) },
		"abort":  func(s *session.Session, err error) { s.Abort(err) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Die, At: 1900 * time.Millisecond})}), request(mono16k))
				for range 20 {
					if err := ses.Write(t.Context(), make([]byte, 3200)); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				err := ses.Write(t.Context(), make([]byte, 3200))
				wantCode(t, err, stt.Unavailable)
				end(ses, err)
				h := listen(t.Context(), ses)
				wantCode(t, h.err, stt.Unavailable, "died at 1.9s")
				if name == "finish" {
					sameWords(t, h, 1900*time.Millisecond)
				}
			})
		})
	}
}

func TestAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(mono16k))
		if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(length))); err != nil {
			t.Fatal(err)
		}
		why := stt.Errorf(stt.Denied, "the key was taken away")
		ses.Abort(why)
		ses.Abort(stt.Errorf(stt.Internal, "a later reason"))
		if h := listen(t.Context(), ses); h.err != error(why) {
			t.Errorf("ended with %v, expected %v", h.err, why)
		}
		if err := ses.Write(t.Context(), make([]byte, 2)); err != error(why) {
			t.Errorf("Write: %v, expected %v", err, why)
		}
	})
}

// Abort ends a session that is finishing, too: the first reason stays, and nobody waits.
func TestAbortAfterFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Stall, At: time.Second})}), request(mono16k))
		if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(2*time.Second))); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		ses.Finish(t.Context(), stt.Errorf(stt.Malformed, "a bad frame"))
		ses.Abort(stt.Errorf(stt.Unavailable, "the server ends"))
		wantCode(t, listen(t.Context(), ses).err, stt.Malformed, "a bad frame")
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

func TestAbortWithoutReason(t *testing.T) {
	ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(mono16k))
	ses.Abort(nil)
	wantCode(t, listen(t.Context(), ses).err, stt.Canceled, "ended")
}

// Abort at any moment, from anywhere, unblocks both sides and leaves nothing behind; the bubble would see it.
func TestAbortAtAnyMoment(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for try := range 40 {
		at := time.Duration(r.Int64N(int64(6 * time.Second)))
		fault := []script.Fault{{}, {Kind: script.Slow, Factor: 2}, {Kind: script.Stall, At: time.Second}, {Kind: script.Die, At: 3 * time.Second}}[try%4]
		from := []stt.Format{mono16k, {Rate: 8000, Channels: 2}}[try/4%2]
		synctest.Test(t, func(t *testing.T) {
			rec := &picky{Recognizer: scripted(t, fault), can: only(mono16k)}
			service := session.NewService(session.Options{Recognizer: rec, Limits: session.Limits{Idle: 2 * time.Second, Stream: 5 * time.Second}})
			ses := open(t, service, request(from))
			why := stt.Errorf(stt.Denied, "taken away")
			var all sync.WaitGroup // of this bubble, which waits for it
			for range 3 {
				all.Go(func() {
					<-time.After(at)
					ses.Abort(why)
				})
			}
			all.Go(func() {
				if err := drip(t.Context(), ses, from, 4*time.Second); err != nil {
					ses.Finish(t.Context(), err)
					return
				}
				_ = ses.CloseSend(t.Context()) // fails when the session has been aborted
			})
			h := listen(t.Context(), ses)
			all.Wait()
			ses.Close(h.err)
			if code := stt.CodeOf(h.err); code != stt.Denied && at < 2*time.Second {
				t.Errorf("aborted at %v, ended with %v (seed %d)", at, h.err, seed)
			}
			if n := service.Active(); n != 0 {
				t.Errorf("%d sessions are left (seed %d)", n, seed)
			}
		})
	}
}

// Close is idempotent, and ends what still runs.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &meter{}
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Meter: m})
		ses := open(t, service, request(mono16k))
		if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(length))); err != nil {
			t.Fatal(err)
		}
		ses.Close(stt.Errorf(stt.Canceled, "gone"))
		ses.Close(nil)
		ses.Abort(errors.New("late"))
		if len(m.all) != 1 || stt.CodeOf(m.all[0].Err) != stt.Canceled || service.Active() != 0 {
			t.Errorf("recorded %v, %d active", m.all, service.Active())
		}
		wantCode(t, ses.Write(t.Context(), make([]byte, 2)), stt.Closed)
		if _, err := ses.Next(t.Context()); stt.CodeOf(err) != stt.Closed {
			t.Errorf("Next after Close: %v", err)
		}
	})
}

// A CloseSend that was given up is not the last word.
func TestCloseSendAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &picky{Recognizer: scripted(t, script.Fault{Kind: script.Slow, Factor: 5}), can: only(mono16k)}
		from := stt.Format{Rate: 48000, Channels: 1}
		ses := open(t, session.NewService(session.Options{Recognizer: rec, Limits: session.Limits{Finish: time.Minute}}), request(from))
		if err := ses.Write(t.Context(), make([]byte, from.Bytes(5200*time.Millisecond))); err != nil { // the queue is full
			t.Fatal(err)
		}
		short, cancel := contextFor(t, 100*time.Millisecond)
		defer cancel()
		if err := ses.CloseSend(short); err == nil {
			t.Fatal("CloseSend did not have to wait; the test is worth nothing")
		}
		if err := ses.CloseSend(t.Context()); err != nil {
			t.Fatal(err)
		}
		h := listen(t.Context(), ses)
		if h.err != io.EOF {
			t.Error(h.err)
		}
		sameWords(t, h, length)
	})
}
