package transcribe_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
)

const patience = 30 * time.Second

func patient(o *transcribe.Options) { o.FinishTimeout = patience }

// behind is a server that takes two seconds for a second of audio and says where it is: with results, or with nothing but a
// sign of life. Each second of the audio is a final of its own.
func behind(c *call, words bool) {
	heard := 0
	for {
		in, err := c.next()
		if err != nil {
			return
		}
		if in.End {
			break
		}
		before := heard / format.Bytes(time.Second)
		heard += len(in.Audio)
		<-time.After(2 * format.Duration(int64(len(in.Audio))))
		if n := heard / format.Bytes(time.Second); n > before {
			c.say(nothing)
			if words {
				c.say(said(fmt.Sprint(n), float64(n)-0.9, float64(n)-0.1, false, fmt.Sprint("word ", n)))
			}
		}
	}
	c.say(said("last", 59.95, 60, false, "last"))
	c.goodbye()
}

// What has been handed to the connection has not reached the server: a recording that is sent faster than it is decoded is
// waited for as long as the server shows that it goes on, however long it takes and however much the connection holds.
func TestServerThatIsBehind(t *testing.T) { overBoth(t, testServerThatIsBehind) }

func testServerThatIsBehind(t *testing.T) {
	for _, buffer := range []int{1 << 10, 64 << 10, 4 << 20} {
		for _, words := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d bytes under way, words %v", buffer, words), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t, func(c *call) { behind(c, words) })
					f.net.Buffer = buffer
					s := open(t, f.client(patient), stt.Config{})
					began := time.Now()
					sent := make(chan error, 1)
					go func() { // owned by the test, which receives from sent; ends with the audio or the stream
						for range 60 {
							if err := s.Send(context.Background(), stt.Chunk{Data: make([]byte, format.Bytes(time.Second))}); err != nil {
								sent <- err
								return
							}
						}
						sent <- s.CloseSend()
					}()
					texts, err := drain(s)
					if err.Error() != "EOF" {
						t.Errorf("ends with %v after %v", err, time.Since(began))
					}
					want := 1
					if words {
						want += 60
					}
					if len(texts) != want || texts[len(texts)-1] != "LAST" {
						t.Errorf("%d results, expected %d: %q", len(texts), want, texts)
					}
					if took := time.Since(began); took < 2*time.Minute {
						t.Errorf("ends after %v; the server takes two minutes", took)
					}
					if err := <-sent; err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// A server that has no ear for minutes and says so is waited for, with a message half taken.
func TestServerThatTakesNothingForAWhile(t *testing.T) {
	overBoth(t, testServerThatTakesNothingForAWhile)
}

func testServerThatTakesNothingForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(c *call) {
			for range 12 {
				<-time.After(10 * time.Second)
				c.say(nothing)
			}
			c.audio()
			c.say(said("a", 0.5, 1, false, "one"))
			c.goodbye()
		})
		s := open(t, f.client(patient), stt.Config{})
		for range 5 { // more than the connection holds
			send(t, s, time.Second)
		}
		s.CloseSend()
		if texts, err := drain(s); err.Error() != "EOF" || len(texts) != 1 {
			t.Errorf("%q, then %v", texts, err)
		}
	})
}

// The server is given up after finish_timeout without a word, counted from the last one, and not a moment before.
func TestServerThatFallsSilent(t *testing.T) { overBoth(t, testServerThatFallsSilent) }

func testServerThatFallsSilent(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(c *call)
		after time.Duration // from the opening
		texts []string
	}{
		"after the end of the audio": {func(c *call) {
			c.audio()
			c.gone()
		}, patience, []string{"said nothing for 30s after the end of the audio", "last results may be missing"}},
		"some words after the end of the audio": {func(c *call) {
			c.audio()
			for range 5 {
				<-time.After(patience - time.Second)
				c.say(nothing)
			}
			c.gone()
		}, 5*(patience-time.Second) + patience, []string{"said nothing for 30s after the end of the audio"}},
		"and takes nothing": {func(c *call) {
			<-c.ctx.Done()
		}, patience, []string{"has taken no audio", "said nothing for 30s"}},
		"and takes nothing, after some words": {func(c *call) {
			for range 5 {
				<-time.After(patience - time.Second)
				c.say(nothing)
			}
			<-c.ctx.Done()
		}, 5*(patience-time.Second) + patience, []string{"has taken no audio", "said nothing for 30s"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, newFake(t, c.serve).client(patient), stt.Config{})
				began := time.Now()
				for range 5 { // more than the connection holds
					send(t, s, time.Second)
				}
				s.CloseSend()
				_, err := drain(s)
				wantError(t, err, stt.DeadlineExceeded, c.texts...)
				if took := time.Since(began); took != c.after {
					t.Errorf("after %v, expected %v", took, c.after)
				}
			})
		})
	}
}

// While there is audio to come and the server takes what comes, its silence is that of the room.
func TestSilenceIsNoFault(t *testing.T) { overBoth(t, testSilenceIsNoFault) }

func testSilenceIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, newFake(t, func(c *call) { c.audio(); c.goodbye() }).client(patient), stt.Config{})
		for range 20 {
			send(t, s, time.Second)
			<-time.After(patience / 2)
		}
		<-time.After(10 * patience)
		s.CloseSend()
		if _, err := drain(s); err.Error() != "EOF" {
			t.Error(err)
		}
	})
}

// A caller that does not fetch results holds up the reading of what the server says. That is no silence of the server's.
func TestCallerThatIsBehind(t *testing.T) { overBoth(t, testCallerThatIsBehind) }

func testCallerThatIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const finals = 1000
		f := newFake(t, func(c *call) {
			c.audio()
			for n := range finals {
				c.say(said(fmt.Sprint(n), float64(n)/finals, float64(n+1)/finals, false, "word"))
			}
			c.goodbye()
		})
		s := open(t, f.client(patient), stt.Config{})
		send(t, s, time.Second)
		s.CloseSend()
		<-time.After(10 * patience)
		texts, err := drain(s)
		if err.Error() != "EOF" || len(texts) != finals {
			t.Errorf("%d of %d finals, then %v", len(texts), finals, err)
		}
	})
}

// mute is a peer that takes connections and never answers.
func mute(t *testing.T) *testkit.Network {
	n := testkit.NewNetwork()
	ended := make(chan struct{})
	go func() { // owned by the test; ends with the listener
		defer close(ended)
		var all []net.Conn
		for {
			c, err := n.Accept()
			if err != nil {
				break
			}
			all = append(all, c)
		}
		for _, c := range all {
			c.Close()
		}
	}()
	t.Cleanup(func() {
		n.Close()
		<-ended
	})
	return n
}

func TestOpeningThatIsNotAnswered(t *testing.T) { overBoth(t, testOpeningThatIsNotAnswered) }

func testOpeningThatIsNotAnswered(t *testing.T) {
	wait := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, c := range map[string]struct {
		limit  time.Duration // the option
		caller time.Duration // the caller's own limit; 0: none
		source func(ctx context.Context) error
		after  time.Duration
		code   stt.Code
		texts  []string
	}{
		"the server": {0, 0, nil, 15 * time.Second, stt.Unavailable,
			[]string{"the server has not answered within 15s", "://memory:8080/stream-transcription"}},
		"the server, with another limit":               {40 * time.Second, 0, nil, 40 * time.Second, stt.Unavailable, []string{"the server has not answered within 40s"}},
		"the credentials":                              {0, 0, wait, 15 * time.Second, stt.Unavailable, []string{"the source of AWS credentials has not answered within 15s"}},
		"the caller has more time":                     {0, time.Minute, nil, 15 * time.Second, stt.Unavailable, []string{"the server has not answered"}},
		"the caller has less time":                     {0, 14 * time.Second, nil, 14 * time.Second, stt.DeadlineExceeded, nil},
		"the caller has less time for the credentials": {0, 14 * time.Second, wait, 14 * time.Second, stt.DeadlineExceeded, nil},
		"the credentials' own deadline": {0, 0, func(context.Context) error { return context.DeadlineExceeded },
			0, stt.DeadlineExceeded, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{t: t, net: mute(t)}
				r := f.client(func(o *transcribe.Options) {
					o.OpenTimeout = c.limit
					if c.source != nil {
						o.Credentials = failing(c.source)
					}
				})
				ctx := context.Background()
				if c.caller > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.caller)
					defer cancel()
				}
				began := time.Now()
				_, err := r.Open(ctx, stt.Config{Audio: format})
				e := wantError(t, err, c.code, c.texts...)
				if took := time.Since(began); took != c.after {
					t.Errorf("after %v, expected %v", took, c.after)
				}
				if c.code == stt.Unavailable && e.Peer != "amazon" {
					t.Errorf("said of %q", e.Peer)
				}
			})
		})
	}
}

// The limit is for the opening: a stream lives longer.
func TestOpenTimeoutEndsWithTheOpening(t *testing.T) { overBoth(t, testOpenTimeoutEndsWithTheOpening) }

func testOpenTimeoutEndsWithTheOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(c *call) { c.audio(); c.goodbye() })
		s := open(t, f.client(func(o *transcribe.Options) { o.OpenTimeout = time.Second }), stt.Config{})
		<-time.After(time.Minute)
		send(t, s, time.Second)
		s.CloseSend()
		if _, err := drain(s); err.Error() != "EOF" {
			t.Error(err)
		}
	})
}
