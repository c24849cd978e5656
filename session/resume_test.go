package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// lasting is request with a window.
func lasting(f stt.Format, window time.Duration) *session.Request {
	r := request(f)
	r.Resume = window
	return r
}

var errGone = stt.Errorf(stt.Canceled, "the client went away")

// client is a connection to a session whose owner does what a dialect does.
type client struct {
	t   testing.TB
	ses *session.Session
	h   heard
	all map[string]stt.Segment // finals by id; told again they must be the same
	end chan struct{}
}

func attend(t testing.TB, ses *session.Session, all map[string]stt.Segment) *client {
	c := &client{t: t, ses: ses, all: all, end: make(chan struct{})}
	go func() { // owned by the client; ends with the session
		defer close(c.end)
		c.h = listen(t.Context(), ses)
		why := c.h.err
		if !errors.Is(why, io.EOF) {
			ses.Lose(errGone)
		}
		ses.Close(why)
	}()
	return c
}

// gone breaks the connection, and returns when the server has noticed. What it was told in the last moment it never received.
func (c *client) gone(unheard int) {
	c.ses.Lose(errGone)
	<-c.end
	n := max(len(c.h.finals)-unheard, 0)
	c.collect(c.h.finals[:n])
}

func (c *client) collect(finals []stt.Segment) {
	for _, f := range finals {
		if before, ok := c.all[f.ID]; ok && before.Best().Text != f.Best().Text {
			c.t.Errorf("segment %q was %q and is %q", f.ID, before.Best().Text, f.Best().Text)
		}
		c.all[f.ID] = f
	}
}

// said is what the finals say, word by word, with times.
func said(all map[string]stt.Segment) (words []string) {
	var list []stt.Word
	for _, seg := range all {
		list = append(list, seg.Best().Words...)
	}
	slices.SortStableFunc(list, func(a, b stt.Word) int { return int(a.Span.Start - b.Span.Start) })
	for _, w := range list {
		words = append(words, fmt.Sprintf("%s@%v", w.Text, w.Span.Start))
	}
	return words
}

// nothingLeft checks that all has been given back.
func nothingLeft(t testing.TB, s *session.Service, r *teller, g *gate) {
	t.Helper()
	synctest.Wait()
	if n := r.open.Load(); n != 0 || s.Active() != 0 {
		t.Errorf("%d streams and %d sessions are left", n, s.Active())
	}
	if g != nil && g.in.Load() != g.out.Load() {
		t.Errorf("the gate let %d in and %d out", g.in.Load(), g.out.Load())
	}
}

// Audio that is cut at any sample over any number of connections gives the words and times of the unbroken run, whether the stream was
// held or not, whatever was not received of the last moment.
func TestResumeProperty(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for try := range 60 {
		synctest.Test(t, func(t *testing.T) {
			f := stt.Format{Rate: 8000, Channels: 1}
			audio := speech(r, 4000)
			rec, g := &teller{rate: 8000, slots: 1}, &gate{}
			whole := map[string]stt.Segment{}
			c := &client{t: t, all: whole}
			c.collect(speak(t, open(t, session.NewService(session.Options{Recognizer: &teller{rate: 8000}}), request(f)), audio).finals)

			service := session.NewService(session.Options{Recognizer: rec, Gate: g, Limits: session.Limits{Hold: 5 * time.Second}})
			got := map[string]stt.Segment{}
			at := 0
			for range 1 + r.IntN(6) {
				ses := open(t, service, lasting(f, time.Hour))
				if want := f.Duration(int64(at)); ses.ResumedAt() != want {
					t.Errorf("resumed at %v, expected %v (seed %d, try %d)", ses.ResumedAt(), want, seed, try)
				}
				c := attend(t, ses, got)
				for range r.IntN(20) {
					<-time.After(20 * time.Millisecond) // real time
					n := min(2*(1+r.IntN(200)), len(audio)-at)
					if err := ses.Write(t.Context(), audio[at:at+n]); err != nil {
						t.Fatal(err)
					}
					at += n
				}
				if r.IntN(2) == 0 {
					synctest.Wait()
				}
				c.gone(r.IntN(3)) // what came within the last second was perhaps not received
				if r.IntN(3) == 0 {
					<-time.After(6 * time.Second) // the stream is wound up: words are whole samples here, and none is cut
				}
			}
			ses := open(t, service, lasting(f, time.Hour))
			c = attend(t, ses, got)
			if err := ses.Write(t.Context(), audio[at:]); err != nil {
				t.Fatal(err)
			}
			if err := ses.CloseSend(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-c.end
			c.collect(c.h.finals)
			if a, b := said(got), said(whole); !slices.Equal(a, b) {
				t.Errorf("heard\n%v\nexpected\n%v\n(seed %d, try %d)", a, b, seed, try)
			}
			service.Drain(t.Context())
			nothingLeft(t, service, rec, g)
		})
	}
}

// A stream that is resampled goes on where it was, too.
func TestResumeResampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := stt.Format{Rate: 44100, Channels: 2}
		rec := &picky{Recognizer: scripted(t, script.Fault{}), can: only(mono16k)}
		service := session.NewService(session.Options{Recognizer: rec})
		audio := tone(from, length)
		whole := session.NewService(session.Options{Recognizer: &picky{Recognizer: scripted(t, script.Fault{}), can: only(mono16k)}})
		want := speak(t, open(t, whole, request(from)), audio)
		got := map[string]stt.Segment{}
		at := 0
		for _, n := range []int{44100, 4 * 999, 3 + 4*70001, 4} {
			c := attend(t, open(t, service, lasting(from, time.Hour)), got)
			at -= at % 4 // of a frame that was cut the client knows
			if resumed := from.Duration(int64(at)); c.ses.ResumedAt() != resumed {
				t.Errorf("resumed at %v, expected %v", c.ses.ResumedAt(), resumed)
			}
			if err := c.ses.Write(t.Context(), audio[at:at+n]); err != nil {
				t.Fatal(err)
			}
			at += n
			synctest.Wait()
			c.gone(1)
		}
		at -= at % 4
		h := speak(t, open(t, service, lasting(from, time.Hour)), audio[at:])
		(&client{t: t, all: got}).collect(h.finals)
		var spans []string
		for _, f := range want.finals {
			spans = append(spans, fmt.Sprint(f.ID, f.Span, f.Best().Text))
		}
		for _, s := range spans {
			id := slices.Collect(func(yield func(string) bool) {
				for _, f := range got {
					yield(fmt.Sprint(f.ID, f.Span, f.Best().Text))
				}
			})
			if !slices.Contains(id, s) {
				t.Errorf("no final %s among %q", s, id)
			}
		}
		rec.mu.Lock()
		defer rec.mu.Unlock()
		if len(rec.opened) != 1 || mono16k.Duration(int64(len(rec.heard))) != length {
			t.Errorf("%d streams were opened and heard %v, expected one and %v", len(rec.opened), mono16k.Duration(int64(len(rec.heard))), length)
		}
	})
}

// slow is a recognizer whose streams take as long to take audio as it lasts.
type slow struct{ stt.Recognizer }

func (r slow) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	s, err := r.Recognizer.Open(ctx, cfg)
	return slowStream{s, cfg.Audio}, err
}

type slowStream struct {
	stt.Stream
	format stt.Format
}

func (s slowStream) Send(ctx context.Context, c stt.Chunk) error {
	time.Sleep(s.format.Duration(int64(len(c.Data)))) // of the test's bubble
	return s.Stream.Send(ctx, c)
}

// A client that has gone cannot keep a Write at work for much longer than its stream would be held: a message of a few bytes may hold
// hours of silence.
func TestGoneInALongWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := session.NewService(session.Options{Recognizer: slow{scripted(t, script.Fault{})}, Limits: session.Limits{Hold: 3 * time.Second}})
		ses := open(t, service, lasting(stt.Format{Encoding: stt.FLAC, Rate: 8000, Channels: 1}, time.Hour))
		began := time.Now()
		time.AfterFunc(2*time.Second, func() { ses.Lose(errGone) })
		err := ses.Write(t.Context(), bomb(t, 20))
		if took := time.Since(began); !errors.Is(err, errGone) || took < 5*time.Second || took > 7*time.Second {
			t.Errorf("Write took %v: %v", took, err)
		}
		ses.Close(errGone)
		service.Drain(t.Context())
	})
}

// What one message may hold is bounded, whoever waits for it.
func TestLongestMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ses := open(t, session.NewService(session.Options{Recognizer: scripted(t, script.Fault{})}), request(stt.Format{Encoding: stt.FLAC, Rate: 8000, Channels: 1}))
		go func() { // ends with the session
			for {
				if _, err := ses.Next(context.Background()); err != nil {
					return
				}
			}
		}()
		wantCode(t, ses.Write(t.Context(), bomb(t, 40)), stt.Malformed, "more than 5m0s of audio")
		ses.Close(nil)
	})
}
