package transcribe_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
)

// A server that says nothing, takes what it gets and answers no ping is gone: the stream goes on with another connection, also where
// there is nothing to send.
func TestServerThatAnswersNoPing(t *testing.T) {
	for _, audio := range []time.Duration{0, 500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			f, calls := inTurn(t, func(c *call) {
				c.say(nothing)
				<-c.ctx.Done()
			}, func(c *call) { c.audio(); c.goodbye() })
			s := open(t, f.client(persistent, func(o *transcribe.Options) { o.FinishTimeout = 5 * time.Second }), stt.Config{})
			if audio > 0 {
				send(t, s, audio)
			}
			began := time.Now()
			done := time.AfterFunc(2*time.Minute, func() { s.CloseSend() })
			defer done.Stop()
			var at time.Duration
			var lines []string
			for {
				ev, err := s.Recv(t.Context())
				if err != nil {
					if err != io.EOF {
						t.Error(err)
					}
					break
				}
				if ev.Kind == stt.EventWarning && at == 0 {
					at, lines = time.Since(began), append(lines, ev.Warning.Msg)
				}
			}
			// Twenty seconds of silence, which may begin anywhere between two looks, and then the timeout.
			if at < 25*time.Second || at > 45*time.Second || calls.Load() != 2 || !strings.Contains(strings.Join(lines, "\n"), "not even to a ping") {
				t.Errorf("%v of audio: after %v, %d connections: %q", audio, at, calls.Load(), lines)
			}
		})
	}
}

// A server that has nothing to say and answers its pings is left in peace.
func TestServerThatAnswersPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, calls := inTurn(t, func(c *call) { c.say(nothing); c.audio(); c.goodbye() })
		s := open(t, f.client(persistent, func(o *transcribe.Options) { o.FinishTimeout = 5 * time.Second }), stt.Config{})
		send(t, s, 100*time.Millisecond)
		done := time.AfterFunc(time.Hour, func() { s.CloseSend() })
		defer done.Stop()
		if _, err := drain(s); err != io.EOF || calls.Load() != 1 {
			t.Errorf("%d connections, %v", calls.Load(), err)
		}
	})
}
