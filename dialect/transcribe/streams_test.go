package transcribe_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// The same audio gives the same words, wherever the frames of HTTP/2 cut its messages.
func TestCutAtEachByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{})
		c := h.framed(t, wide)
		c.open()
		for range 12 {
			for _, b := range c.seal(100 * time.Millisecond) {
				c.data([]byte{b})
			}
		}
		for _, b := range c.seal(0) {
			c.data([]byte{b})
		}
		c.end()
		c.expect(accepted, opened, words, "end")
		h.empty(t)
	})
}

// Streams on one connection do not know of each other.
func TestManyStreamsOnOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{})
		c := h.framed(t, wide)
		const many = 60
		open := make([]*framer, many)
		for i := range open {
			c.open()
			open[i] = &framer{t: t, conn: c.conn, stream: c.stream, sealer: c.sealer}
		}
		if n := h.sessions.Active(); n != many {
			t.Errorf("%d streams are open, expected %d", n, many)
		}
		for range 12 {
			for _, s := range open {
				s.data(s.seal(100 * time.Millisecond))
			}
			synctest.Wait()
		}
		for i, s := range open {
			if i%2 == 0 {
				s.reset(8)
				continue
			}
			s.data(s.seal(0))
			s.end()
		}
		said := strings.Join(c.heard(), "\n")
		if finals, ends := strings.Count(said, `"IsPartial":false`), strings.Count(said, "\nend"); finals != many/2 || ends != many/2 {
			t.Errorf("%d finals and %d ends, expected %d of each", finals, ends, many/2)
		}
		h.empty(t)
	})
}

// A client that gives no room for results is given up when it has taken nothing for WriteTimeout, and its neighbour on the
// same connection is not.
func TestTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{Idle: time.Hour}, dialect.Options{WriteTimeout: 4 * time.Second})
		c := h.framed(t, 200) // room for the first event
		c.open()
		silent := c.stream
		quiet := *c.sealer
		c.open()
		c.bytes(h2frame(frameWindowUpdate, 0, c.stream, binary.BigEndian.AppendUint32(nil, wide))) // for this one only
		other := &framer{t: t, conn: c.conn, stream: silent, sealer: &quiet}
		for range 12 {
			other.data(other.seal(100 * time.Millisecond))
			c.audio(100 * time.Millisecond)
		}
		pass(4*time.Second - time.Millisecond)
		if n := h.sessions.Active(); n != 2 {
			t.Errorf("%d sessions are open before the time is over", n)
		}
		pass(time.Millisecond)
		if n := h.sessions.Active(); n != 1 {
			t.Errorf("%d sessions are open; only the neighbour's should be", n)
		}
		c.data(c.seal(0))
		c.end()
		said := strings.Join(c.heard(), "\n")
		if !strings.Contains(said, "reset 2") || !strings.Contains(said, `"IsPartial":false`) || !strings.HasSuffix(said, "end") {
			t.Errorf("the client was told\n%s", said)
		}
		h.empty(t)
	})
}

// A client that reads nothing of its connection at all holds nothing for long either.
func TestConnectionThatIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{Idle: time.Hour}, dialect.Options{WriteTimeout: 4 * time.Second})
		finish := h.neighbour(t)
		h.net.Buffer = 1 << 10
		conn := h.dial(t)
		c := &framer{t: t, conn: conn}
		c.bytes(append([]byte(preface), h2frame(frameSettings, 0, 0, nil)...))
		c.open()
		for range 40 {
			c.data(c.seal(100 * time.Millisecond))
			synctest.Wait()
		}
		pass(10 * time.Second)
		if n, m := h.handling.Load(), h.sessions.Active(); n != 1 || m != 1 {
			t.Errorf("%d handlers and %d sessions are open; only the neighbour's should be", n, m)
		}
		conn.Close()
		finish()
		h.empty(t)
	})
}

// A recording that is sent faster than it is decoded is taken to its end, however old its messages are by then: they came in
// time, and it is not the client's doing that they waited.
func TestEngineBehindHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := script.Fault{Kind: script.Slow, Factor: 10}
		h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation), Fault: slow}),
			Limits: session.Limits{Lag: time.Hour, Finish: time.Hour}}, dialect.Options{ChunkAge: time.Minute})
		p := posted(t, h)
		began := time.Now()
		for range 60 {
			msg, err := p.sealer.AppendAudio(nil, make([]byte, perSecond), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			p.send(msg)
		}
		end, err := p.sealer.AppendAudio(nil, nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		p.send(end)
		p.out.Close()
		<-p.ended
		if took := time.Since(began); took < 9*time.Minute {
			t.Errorf("sixty seconds of audio took %v; the test wants an engine that takes ten minutes", took)
		}
		p.expect("200", opened, words, words, words, "end")
		h.empty(t)
	})
}

// posted opens a stream as SDKs do.
func posted(t *testing.T, h *house) *post {
	t.Helper()
	p := &post{t: t, path: wire.PathHTTP2, method: "POST", signer: signer(), header: http.Header{
		"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash},
		"X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Media-Encoding": {"pcm"}, "X-Amzn-Transcribe-Sample-Rate": {"16000"}}}
	p.do(h.net.Client())
	return p
}

// TestDrill sends streams in frames of any length and lets most of them end at any byte in one way or another. Those that
// reach their end have all their words, and nothing of any is left.
func TestDrill(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 11))
				h := scripted(t, conversation, session.Limits{Idle: 15 * time.Second}, dialect.Options{ChunkAge: 5 * time.Minute})
				c := h.framed(t, wide)
				for range 4 { // on one connection
					c.open()
					var body []byte
					for range 20 {
						body = append(body, c.seal(100*time.Millisecond)...)
					}
					body = append(body, c.seal(0)...)
					end, at := r.IntN(5), r.IntN(len(body))
					if end == 0 {
						at = len(body)
					}
					for rest := body[:at]; len(rest) > 0; {
						n := min(1+r.IntN([]int{3, 100, 16 << 10}[r.IntN(3)]), len(rest))
						c.data(rest[:n])
						rest = rest[n:]
						if r.IntN(10) == 0 {
							pass(time.Duration(r.IntN(100)) * time.Millisecond)
						}
					}
					switch end {
					case 1:
						c.reset(8)
					case 2: // says nothing any more
						pass(16 * time.Second)
					case 3:
						c.data([]byte("garbage that is longer than a prelude"))
						c.end()
					default:
						c.end()
					}
					said := strings.Join(c.heard(), "\n")
					finals := strings.Count(said, `"IsPartial":false`)
					switch {
					case end == 0 && (finals != 1 || !strings.HasSuffix(said, "end") || strings.Contains(said, "exception")):
						t.Errorf("a whole stream was told\n%s", said)
					case end > 1 && !strings.Contains(said, "exception BadRequestException"):
						t.Errorf("a stream that ended at byte %d of %d in way %d was told\n%s", at, len(body), end, said)
					}
					if n := h.sessions.Active(); n != 0 {
						t.Errorf("%d sessions are left over", n)
					}
				}
				if r.IntN(2) == 0 {
					c.open()
					c.audio(time.Second)
				}
				c.conn.Close()
				pass(time.Second)
				h.empty(t)
			})
		})
	}
}
