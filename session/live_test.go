package session_test

import (
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// A session that is ended from outside takes no more audio, says the finals of what was said, and then why.
func TestEndFromOutside(t *testing.T) {
	quota := stt.Errorf(stt.Quota, "the day's audio is used up")
	for _, c := range []struct {
		name  string
		fault script.Fault
		said  time.Duration // audio before the end
		by    func(*session.Service, *session.Session) bool
	}{
		{"at once", script.Fault{}, 0, func(_ *session.Service, s *session.Session) bool { return s.End(quota) }},
		{"between segments", script.Fault{}, 1800 * time.Millisecond, func(_ *session.Service, s *session.Session) bool { return s.End(quota) }},
		{"in the middle of a segment", script.Fault{}, time.Second, func(_ *session.Service, s *session.Session) bool { return s.End(quota) }},
		{"by its serial", script.Fault{}, 2300 * time.Millisecond, func(v *session.Service, s *session.Session) bool { return v.End(s.Serial(), quota) }},
		{"a slow recognizer", script.Fault{Kind: script.Slow, Factor: 3}, 2300 * time.Millisecond, func(_ *session.Service, s *session.Session) bool { return s.End(quota) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := session.NewService(session.Options{Recognizer: scripted(t, c.fault)})
				ses := open(t, service, request(mono16k))
				heard := make(chan heard, 1)
				go func() { heard <- listen(t.Context(), ses) }() // owned by the test, which receives
				if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(c.said))); err != nil {
					t.Fatal(err)
				}
				if !c.by(service, ses) {
					t.Error("nobody was ended")
				}
				wantCode(t, ses.Write(t.Context(), make([]byte, 3200)), stt.Quota)
				h := <-heard
				if h.err != error(quota) {
					t.Errorf("ended with %v, expected %v", h.err, quota)
				}
				sameWords(t, h, c.said)
				if c.by(service, ses) {
					t.Error("ended a second time")
				}
			})
		})
	}
}

// Whoever writes in the middle of it learns why, as with every error of Write, and the dialect's Finish changes nothing.
func TestEndWhileWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Stall, At: time.Second}), Limits: session.Limits{Lag: time.Hour, Finish: 3 * time.Second}})
		ses := open(t, service, request(mono16k))
		why := stt.Errorf(stt.Denied, "ended by an administrator")
		wrote := make(chan error, 1)
		go func() { // owned by the test, which receives
			err := drip(t.Context(), ses, mono16k, time.Minute)
			ses.Finish(t.Context(), err)
			wrote <- err
		}()
		heard := make(chan heard, 1)
		go func() { heard <- listen(t.Context(), ses) }() // owned by the test, which receives
		<-time.After(30 * time.Second)                    // the queue is full by now
		began := time.Now()
		if !ses.End(why) {
			t.Fatal("nobody was ended")
		}
		wantCode(t, <-wrote, stt.Denied)
		if took := time.Since(began); took != 0 {
			t.Errorf("Write waited for %v more", took)
		}
		wantCode(t, (<-heard).err, stt.Denied)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("a recognizer that stalls kept the session for %v", took)
		}
	})
}

// A session whose audio has ended is not ended again: it has its own end.
func TestEndTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})})
		ses := open(t, service, request(mono16k))
		if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(length))); err != nil {
			t.Fatal(err)
		}
		if err := ses.CloseSend(t.Context()); err != nil {
			t.Fatal(err)
		}
		if service.End(ses.Serial(), nil) {
			t.Error("a session was ended whose audio was over")
		}
		h := listen(t.Context(), ses)
		if h.err != io.EOF {
			t.Errorf("ended with %v, expected io.EOF", h.err)
		}
		sameWords(t, h, length)
		ses.Close(nil)
		if ses.End(nil) || service.End(ses.Serial(), nil) || service.End("", nil) {
			t.Error("a session was ended that is closed")
		}
	})
}

func TestEndWithoutReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(mono16k))
		ses.End(nil)
		wantCode(t, listen(t.Context(), ses).err, stt.Canceled, "ended")
	})
}

// End at any moment, whatever the caller does: both sides come to their end, and nothing is left.
func TestEndAtAnyMoment(t *testing.T) {
	for i := range 60 {
		at := time.Duration(i) * 97 * time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			m := &meter{}
			service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Meter: m})
			r := request(mono16k)
			r.Resume = []time.Duration{0, time.Minute}[i%2]
			ses := open(t, service, r)
			var all sync.WaitGroup // of this bubble, which waits for it
			for range 2 {
				all.Go(func() {
					<-time.After(at)
					service.End(ses.Serial(), stt.Errorf(stt.Quota, "used up"))
				})
			}
			all.Go(func() {
				err := drip(t.Context(), ses, mono16k, length)
				if err != nil {
					ses.Finish(t.Context(), err)
					return
				}
				_ = ses.CloseSend(t.Context()) // fails when the session has been ended
			})
			h := listen(t.Context(), ses)
			all.Wait()
			ses.Close(h.err)
			if at < length && stt.CodeOf(h.err) != stt.Quota || at > length && h.err != io.EOF {
				t.Errorf("ended at %v with %v", at, h.err)
			}
			if len(m.all) != 1 || service.Active() != 0 {
				t.Errorf("ended at %v: %d records, %d sessions", at, len(m.all), service.Active())
			}
			if at < length {
				sameWords(t, h, m.all[0].Audio)
			}
			service.Drain(t.Context())
		})
	}
}

func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Slow, Factor: 2})})
		if all := service.Sessions(); len(all) != 0 {
			t.Errorf("%d sessions before the first", len(all))
		}
		r := request(mono16k)
		r.Account, r.Key, r.Operation = "000000000001", "KEY", "Start"
		first := open(t, service, r)
		began := time.Now()
		<-time.After(time.Second)
		other := request(mono16k)
		other.ID = "session-2"
		other.Config.Languages = stt.Languages{}
		second := open(t, service, other)
		if err := first.Write(t.Context(), make([]byte, mono16k.Bytes(2*time.Second))); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		all := service.Sessions()
		if len(all) != 2 || all[0].Serial != first.Serial() || all[1].Serial != second.Serial() {
			t.Fatalf("got %+v, expected both, the oldest first", all)
		}
		l := all[0]
		if l.Request != r || l.Model != script.ModelID || l.Language != "en-US" || !l.Since.Equal(began) || l.Audio != 2*time.Second || l.Ending {
			t.Errorf("got %+v", l)
		}
		if l.Lag <= time.Second || l.Lag > 2*time.Second {
			t.Errorf("the decoder is %v behind, expected nearly all of 2s", l.Lag)
		}
		if all[1].Audio != 0 || all[1].Lag != 0 {
			t.Errorf("got %+v, expected nothing yet", all[1])
		}
		first.End(nil)
		if l := service.Sessions()[0]; !l.Ending {
			t.Error("the session that is ended does not say so")
		}
		wantCode(t, listen(t.Context(), first).err, stt.Canceled)
		first.Close(nil)
		if all := service.Sessions(); len(all) != 1 || all[0].Serial != second.Serial() {
			t.Errorf("got %+v, expected the other one", all)
		}
	})
}

// Asking who is there waits for nobody, least of all for a Write that waits for the recognizer.
func TestSessionsWhileWriteWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Stall, At: time.Second}), Limits: session.Limits{Lag: time.Hour}})
		ses := open(t, service, request(mono16k))
		wrote := make(chan error, 1)
		go func() { wrote <- drip(t.Context(), ses, mono16k, time.Minute) }() // owned by the test, which receives
		<-time.After(40 * time.Second)
		began := time.Now()
		all := service.Sessions()
		if time.Since(began) != 0 || len(all) != 1 || all[0].Audio < 5*time.Second || all[0].Audio > 7*time.Second {
			t.Errorf("after %v: %+v, expected the audio that the queue holds", time.Since(began), all)
		}
		ses.Abort(nil)
		<-wrote
	})
}

// Every session has a serial of its own, whatever id its caller chose; what is taken up again is another session and counts from 0.
func TestSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &meter{}
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Meter: m})
		var serials []string
		for range 3 {
			r := request(mono16k)
			r.Resume = time.Hour
			ses := open(t, service, r)
			serials = append(serials, ses.Serial())
			if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(time.Second))); err != nil {
				t.Fatal(err)
			}
			if l := service.Sessions(); len(l) != 1 || l[0].Audio != time.Second {
				t.Errorf("got %+v, expected a second of audio", l)
			}
			gone := stt.Errorf(stt.Canceled, "gone")
			ses.Lose(gone)
			ses.Close(gone)
		}
		slices.Sort(serials)
		if len(slices.Compact(serials)) != 3 || len(serials[0]) < 20 {
			t.Errorf("serials %q, expected three long ones", serials)
		}
		for i, u := range m.all {
			if u.Audio != time.Second || !slices.Contains(serials, u.Serial) || u.Language != "en-US" {
				t.Errorf("record %d is %+v", i, u)
			}
		}
		service.Drain(t.Context())
	})
}

// Who counts is told of who got no session, too, and of every session before it is none any more.
func TestMeterRefused(t *testing.T) {
	m := &meter{}
	service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Meter: m})
	r := request(mono16k)
	r.Config.Model = "nobody"
	if _, err := service.Open(t.Context(), r); err == nil {
		t.Fatal("opened a model that there is not")
	}
	service.Drain(t.Context())
	if _, err := service.Open(t.Context(), request(mono16k)); err == nil {
		t.Fatal("opened while draining")
	}
	if want := []string{"not-found AKIDEXAMPLE", "unavailable AKIDEXAMPLE"}; !slices.Equal(m.refused, want) || len(m.all) != 0 {
		t.Errorf("told of %q, expected %q", m.refused, want)
	}
}

func TestPayer(t *testing.T) {
	if who := (&session.Request{Caller: "C"}).Payer(); who != "C" {
		t.Errorf("got %q, expected the caller", who)
	}
	if who := (&session.Request{Caller: "C", Key: "K"}).Payer(); who != "K" {
		t.Errorf("got %q, expected the key", who)
	}
}
