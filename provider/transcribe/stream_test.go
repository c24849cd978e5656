package transcribe_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// How a server may end a stream, and what the caller is told. Every case has one second of audio, and a result before
// things go wrong.
func TestEnds(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(c *call)
		code  stt.Code // 0: a regular end
		texts []string
	}{
		"in order": {func(c *call) { c.audio(); c.goodbye() }, 0, nil},
		"never": {func(c *call) { c.audio(); c.gone() }, stt.DeadlineExceeded,
			[]string{"has said nothing for 5s after the end of the audio", "last results may be missing"}},
		"without a word":        {func(c *call) { c.audio() }, stt.Unavailable, []string{"the connection was lost"}},
		"in mid-audio":          {func(c *call) { c.next() }, stt.Unavailable, []string{"the connection was lost"}},
		"early, as if in order": {func(c *call) { c.next(); c.goodbye() }, stt.Unavailable, []string{"closed the stream before its end", wire.TextCompleted, "close 1000"}},
		"going away":            {func(c *call) { c.audio(); c.Close(websocket.StatusGoingAway, "deploy") }, stt.Unavailable, []string{"deploy", "close 1001"}},
		"garbage": {func(c *call) { c.Write(c.ctx, websocket.MessageBinary, []byte("garbage")); c.gone() }, stt.Malformed,
			[]string{"not a valid event-stream message"}},
		"an empty message": {func(c *call) { c.Write(c.ctx, websocket.MessageBinary, nil); c.gone() }, stt.Malformed, nil},
		"a text message":   {func(c *call) { c.Write(c.ctx, websocket.MessageText, []byte("hello")); c.gone() }, stt.Malformed, []string{"text message"}},
		"a huge message": {func(c *call) { c.Write(c.ctx, websocket.MessageBinary, make([]byte, 9<<20)); c.gone() }, stt.Malformed,
			[]string{"too long"}},
		"JSON of another shape": {func(c *call) { c.say(`{"Transcript":7}`); c.gone() }, stt.Malformed, []string{"cannot be read"}},
		"a second channel": {func(c *call) {
			c.say(strings.Replace(said("x", 0, 1, false, "x"), `{"ResultId"`, `{"ChannelId":"ch_1","ResultId"`, 1))
			c.gone()
		},
			stt.Malformed, []string{`unknown channel "ch_1"`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, func(call *call) {
					call.say(nothing, said("a", 0, 0.05, false, "hello"))
					c.serve(call)
				})
				s := open(t, f.client(func(o *transcribe.Options) { o.FinishTimeout = 5 * time.Second }), stt.Config{})
				s.Send(context.Background(), stt.Chunk{Data: make([]byte, format.Bytes(time.Second))})
				synctest.Wait() // whoever ends early has ended
				s.CloseSend()
				texts, err := drain(s)
				if !reflect.DeepEqual(texts, []string{"HELLO"}) {
					t.Errorf("heard %q", texts)
				}
				if c.code == 0 {
					if err.Error() != "EOF" {
						t.Errorf("ends with %v", err)
					}
					return
				}
				wantError(t, err, c.code, c.texts...)
				if _, again := s.Recv(context.Background()); again != err {
					t.Errorf("the second time: %v", again)
				}
			})
		})
	}
}

func TestExceptions(t *testing.T) { overBoth(t, testExceptions) }

func testExceptions(t *testing.T) {
	for _, c := range []struct {
		name, msg   string
		first, then stt.Code // as the first thing the server says, and later
	}{
		{wire.BadRequest, "The requested language doesn't support the specified sample rate.", stt.Invalid, stt.Invalid},
		{wire.BadRequest, fmt.Sprintf(wire.TextIdle, 15), stt.Idle, stt.Idle},
		{wire.LimitExceeded, "too many", stt.Quota, stt.Quota},
		{wire.InternalFailure, "oops", stt.Unavailable, stt.Unavailable},
		{wire.Conflict, "Another stream is in progress with the same session ID", stt.Conflict, stt.Conflict},
		{wire.ServiceUnavailable, "later", stt.Exhausted, stt.Unavailable},
		{wire.AccessDenied, "User: arn:aws:x is not authorized", stt.Denied, stt.Denied},
		{wire.UnrecognizedClient, wire.TextUnknownKey, stt.Unauthenticated, stt.Unauthenticated},
		{wire.InvalidSignature, wire.TextSignatureMismatch + "\n\nThe Canonical String for this request should have been\n'GET\nX-Amz-Security-Token=" + token + "'\n", stt.Unauthenticated, stt.Unauthenticated},
		{wire.ExpiredToken, "expired", stt.Expired, stt.Expired},
		{"FutureException", "", stt.Unavailable, stt.Unavailable},
	} {
		for _, begun := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", c.name, begun), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t, func(call *call) {
						if begun {
							call.say(nothing)
						}
						call.raise(c.name, c.msg)
					})
					s := open(t, f.client(), stt.Config{})
					_, err := drain(s)
					want := c.first
					if begun {
						want = c.then
					}
					e := wantError(t, err, want, "amazon "+c.name)
					if e.Peer != "amazon" || e.PeerCode != c.name {
						t.Errorf("said by %q with %q", e.Peer, e.PeerCode)
					}
				})
			})
		}
	}
}

// A server that takes nothing must not hold a stream for ever, before or after the end of the audio.
func TestServerThatDoesNotListen(t *testing.T) { overBoth(t, testServerThatDoesNotListen) }

func testServerThatDoesNotListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(c *call) {
			c.say(nothing)
			<-c.ctx.Done()
		})
		s := open(t, f.client(func(o *transcribe.Options) { o.FinishTimeout = 5 * time.Second }), stt.Config{})
		began := time.Now()
		for range 5 { // more than the connection holds
			send(t, s, time.Second)
		}
		s.CloseSend()
		_, err := drain(s)
		wantError(t, err, stt.DeadlineExceeded, "has taken no audio and said nothing for 5s")
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

// Messages hold 50 to 100 ms of audio, however it comes; the last may hold less. The audio is all there.
func TestChunksOnTheWire(t *testing.T) { overBoth(t, testChunksOnTheWire) }

func testChunksOnTheWire(t *testing.T) {
	for _, piece := range []int{2, 200, 1600, 2222, 3200, 32000, 160000} {
		t.Run(fmt.Sprint(piece), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := make(chan int, 1)
				f := newFake(t, func(c *call) {
					n, _ := c.audio()
					got <- n
					c.goodbye()
				})
				s := open(t, f.client(), stt.Config{})
				total := 0
				for total < 64_000 && total/piece < 5000 {
					if err := s.Send(context.Background(), stt.Chunk{Data: make([]byte, piece)}); err != nil {
						t.Fatal(err)
					}
					total += piece
				}
				s.CloseSend()
				if _, err := drain(s); err.Error() != "EOF" {
					t.Fatal(err)
				}
				if n := <-got; n != total {
					t.Errorf("%d bytes arrive of %d", n, total)
				}
				chunks := f.last().chunks
				for i, n := range chunks {
					if n > format.Bytes(100*time.Millisecond) || n < format.Bytes(50*time.Millisecond) && i < len(chunks)-1 || n%2 != 0 {
						t.Errorf("message %d of %d has %d bytes", i, len(chunks), n)
					}
				}
			})
		})
	}
}

func TestWhatIsAsked(t *testing.T) { overBoth(t, testWhatIsAsked) }

func testWhatIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(c *call) { c.audio(); c.goodbye() })
		r := f.client()
		const id = "b4526fcf-5eee-4361-8192-d1cb9e9d6887"
		for session, want := range map[string]string{id: id, "call 17": ""} {
			s := open(t, r, stt.Config{Session: session, Languages: stt.Languages{Tags: []string{"de-DE"}}, Interim: stt.Interim{Stability: stt.StabilityLow}})
			s.CloseSend()
			drain(s)
			q := f.last().query
			if got := q.Get("session-id"); got != want || q.Has("session-id") != (want != "") {
				t.Errorf("session %q is asked for as %q", session, got)
			}
			if q.Get("language-code") != "de-DE" || q.Get("partial-results-stability") != "low" || q.Get("sample-rate") != "16000" || q.Get("media-encoding") != "pcm" {
				t.Errorf("asked for %v", q)
			}
		}
		// What cannot be asked is refused before anybody is called.
		if _, err := r.Open(context.Background(), stt.Config{Audio: format, Phrases: []stt.Phrase{{Text: "x"}}}); err == nil {
			t.Error("phrases are taken")
		} else {
			wantError(t, err, stt.Unsupported, "vocabulary")
		}
		if _, err := r.Open(context.Background(), stt.Config{Audio: format, Model: "other"}); err == nil {
			t.Error("another model is taken")
		} else {
			wantError(t, err, stt.NotFound, `"other"`)
		}
	})
}

// The server counts from the beginning of its stream, the caller from that of the session. Partials without a final are
// made finals when the stream ends well.
func TestStart(t *testing.T) { overBoth(t, testStart) }

func testStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(c *call) {
			c.audio()
			c.say(said("a", 0.5, 1, false, "one"), said("b", 1.25, 1.5, true, "two"))
			c.goodbye()
		})
		s := open(t, f.client(), stt.Config{Start: time.Hour})
		send(t, s, 2*time.Second)
		s.CloseSend()
		var got []string
		for range 100 {
			ev, err := s.Recv(context.Background())
			if err != nil {
				break
			}
			if ev.Kind == stt.EventProgress {
				if n := len(got) - 1; n >= 0 && strings.HasPrefix(got[n], "progress") {
					got = got[:n] // whether one covers the other is a matter of who is faster
				}
				got = append(got, fmt.Sprint("progress ", ev.At))
			} else {
				got = append(got, fmt.Sprintf("%s %v %v-%v", ev.Segment.Best().Text, ev.Segment.Final, ev.Segment.Span.Start, ev.Segment.Span.End))
			}
		}
		want := []string{"one true 1h0m0.5s-1h0m1s", "progress 1h0m1s", "two false 1h0m1.25s-1h0m1.5s", "two true 1h0m1.25s-1h0m1.5s", "progress 1h0m2s"}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Times beyond the audio that was sent are brought back to it.
func TestTimesBeyondTheAudio(t *testing.T) { overBoth(t, testTimesBeyondTheAudio) }

func testTimesBeyondTheAudio(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(c *call) {
			c.audio()
			c.say(said("a", 0.5, 99, false, "one"))
			c.goodbye()
		})
		s := open(t, f.client(), stt.Config{})
		send(t, s, time.Second)
		s.CloseSend()
		ev, err := s.Recv(context.Background())
		if err != nil || ev.Segment == nil || ev.Segment.Span != stt.SpanOf(500*time.Millisecond, time.Second) {
			t.Errorf("%+v, %v", ev.Segment, err)
		}
	})
}

// Closing a stream ends the connection, also while the server says nothing and takes nothing.
func TestCloseLeavesNothing(t *testing.T) { overBoth(t, testCloseLeavesNothing) }

func testCloseLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		f := newFake(t, func(c *call) {
			defer close(gone)
			c.gone()
		})
		s := open(t, f.client(), stt.Config{})
		send(t, s, time.Second)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-gone
		_, err := s.Recv(context.Background())
		wantError(t, err, stt.Closed)
	})
}
