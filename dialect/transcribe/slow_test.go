package transcribe_test

import (
	"bufio"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// A client that reads nothing is given up when it has taken nothing for WriteTimeout, and everything is freed.
func TestNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{Idle: time.Hour}, dialect.Options{WriteTimeout: 4 * time.Second})
		h.net.Buffer = 1 << 10
		target, _ := presign(t, usual)
		c := raw{t: t, conn: h.dial(t)}
		finish := h.neighbour(t)
		c.bytes(request(target, handshaking+goodKey))
		synctest.Wait()
		c.audio(4 * time.Second)
		pass(4*time.Second - time.Millisecond)
		if n := h.sessions.Active(); n != 2 {
			t.Errorf("%d sessions are open before the time is over", n)
		}
		pass(time.Millisecond)
		if n := h.sessions.Active(); n != 1 {
			t.Errorf("%d sessions are open; only the neighbour's should be", n)
		}
		finish()
		h.empty(t)
	})
}

// A client that reads no answers holds neither a handshake nor a place among the refused for long.
func TestNeverReadsTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{Refused: 1})
		plain := request(wire.PathWebSocket, "") // answered with 426
		c := raw{t: t, conn: h.dial(t)}
		c.bytes(plain)
		synctest.Wait()
		answer := make([]byte, 4096)
		n, err := c.conn.Read(answer)
		if err != nil {
			t.Fatal(err)
		}
		h.net.Buffer = 2*n + 50 // there is no room left for a handshake's answer
		c = raw{t: t, conn: h.dial(t)}
		c.bytes(slices.Concat(plain, plain, request(wire.PathWebSocket, handshaking+goodKey)))
		pass(time.Second)
		if n := h.handling.Load(); n != 1 {
			t.Fatalf("%d handlers; the test wants one that cannot get rid of its answer", n)
		}
		pass(7 * time.Second)
		h.empty(t)
		if got := h.handshake(t, request(wire.PathWebSocket, handshaking+goodKey)); got.resp.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("the next one was answered with %s: the place has not been given back", got.resp.Status)
		}
		pass(4 * time.Second)
		h.empty(t)
	})
}

// Pings and control frames are answered in the middle of a message, and the message is whole.
func TestFragments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{})
		c := h.connect(t)
		msg := bare(t, 2*perSecond)
		for first := byte(opBinary); len(msg) > 20000; first = 0 {
			c.send(first, msg[:20000])
			c.send(fin|opPing, []byte("still here"))
			msg = msg[20000:]
		}
		c.send(0, nil)
		c.send(fin, msg)
		c.expect(opened, "pong still here", "pong still here", "pong still here", words)
		c.send(fin|opBinary, nil)
		c.expect(farewell)
		c.conn.Close()
		pass(0)
		h.empty(t)
	})
}

// While the engine is behind by less than it lets callers be ahead, control frames are answered at once.
func TestPingsWhileDecodingIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := parse(t, conversation)
		h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: s, Fault: script.Fault{Kind: script.Slow, Factor: 100}})}, dialect.Options{})
		c := h.connect(t)
		c.audio(4 * time.Second)
		c.send(fin|opPing, []byte("x"))
		c.expect(opened, "pong x")
		c.conn.Close()
		pass(0)
		h.empty(t)
	})
}

// The same after the end of the audio; and a Close then does not cost the client its last words, however long they take.
func TestAfterTheEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  []byte
		want []string
	}{
		{"the audio has ended", frame(fin|opBinary, nil), []string{words, farewell}},
		{"the client has made a mistake", frame(fin|opText, []byte("?")), []string{words, "exception BadRequestException", refused}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := script.Fault{Kind: script.Slow, Factor: 10}
				h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation), Fault: slow})}, dialect.Options{})
				c := h.connect(t)
				c.audio(1200 * time.Millisecond)
				c.bytes(tt.end)
				c.expect(opened)
				pass(5 * time.Second)
				c.send(fin|opPing, []byte("x"))
				c.send(fin|opBinary, []byte("something"))
				c.expect("pong x")
				c.send(fin|opClose, closing(1000, ""))
				pass(6 * time.Second)
				c.expect() // the engine needs twelve seconds
				pass(2 * time.Second)
				c.expect(append(tt.want, "gone")...)
				h.empty(t)
			})
		})
	}
}

// A stream that fails at the moment in which the client closes: it is told why before its Close is answered.
func TestFailsWhileTheClientCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := parse(t, conversation)
		h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: s, Fault: script.Fault{Kind: script.Die, At: time.Second}})}, dialect.Options{})
		for range 50 {
			c := h.connect(t)
			c.bytes(append(frame(fin|opBinary, bare(t, 2*perSecond)), frame(fin|opClose, closing(1000, ""))...))
			c.expect(opened, "exception ServiceUnavailableException", "close 1011 ServiceUnavailableException", "gone")
		}
		h.empty(t)
	})
}

// Sockets that are refused are few and do not last, and streams with good credentials do not notice them.
func TestRefusedSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{Idle: 15 * time.Second}, dialect.Options{})
		finish := h.neighbour(t)
		const limit = 32
		target, _ := presign(t, usual)
		bad := request(strings.Replace(target, "sample-rate=16000", "sample-rate=16001", 1), handshaking+goodKey)
		for round := range 3 {
			told := 0
			for range 300 {
				c := h.handshake(t, bad) // and never answers the server's Close
				switch c.resp.StatusCode {
				case http.StatusSwitchingProtocols:
					told++
					c.expect("exception InvalidSignatureException", "close 1008 InvalidSignatureException")
				case http.StatusServiceUnavailable:
				default:
					t.Fatalf("refused with %s", c.resp.Status)
				}
			}
			if told != limit {
				t.Errorf("round %d: %d sockets were told why; expected %d and 503 for the others", round, told, limit)
			}
			if n := h.handling.Load(); n != limit+1 {
				t.Errorf("round %d: %d handlers; expected the %d refused and the neighbour's", round, n, limit)
			}
			if again := h.connect(t); again != nil { // a stream with good credentials begins as ever
				again.expect(opened)
				again.conn.Close()
			}
			pass(4 * time.Second)
			if n := h.handling.Load(); n != 1 {
				t.Errorf("round %d: %d handlers after four seconds; only the neighbour's should be there", round, n)
			}
		}
		finish()
		h.empty(t)
	})
}

// Refused clients that neither read nor write are let go, too.
func TestRefusedNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{Refused: 2})
		h.net.Buffer = 300 // less than the exception
		for range 2 {
			c := raw{t: t, conn: h.dial(t)}
			c.bytes(request(wire.PathWebSocket, handshaking+goodKey))
		}
		pass(0)
		c := raw{t: t, conn: h.dial(t)}
		c.bytes(request(wire.PathWebSocket, handshaking+goodKey))
		resp, err := http.ReadResponse(bufio.NewReader(c.conn), nil)
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("the third was answered with %v, %v; expected 503", resp, err)
		}
		pass(10 * time.Second)
		h.empty(t)
	})
}
