package transcribe_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/session"
)

const (
	wide     = 64 << 10 // a window that holds all that a test is told
	accepted = "headers 200"
	noEnd    = `exception BadRequestException {"Message":"A complete signal was sent without the preceding empty frame."}`
	forged   = `exception BadRequestException {"Message":"The request signature we calculated does not match`
	notEvent = `exception BadRequestException {"Message":"the message is not a valid event-stream message`
)

// hostile2 is hostile over HTTP/2.
var hostile2 = []struct {
	name string
	do   func(t *testing.T, h *house)
	left time.Duration // until the server has let go of it
}{
	{"vanishes behind the preface", func(t *testing.T, h *house) { h.framed(t, wide).conn.Close() }, 0},
	{"vanishes behind the headers", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.conn.Close()
	}, 0},
	{"vanishes in a frame", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.bytes(h2frame(frameData, 0, c.stream, c.seal(100*time.Millisecond))[:1000])
		synctest.Wait()
		c.conn.Close()
	}, 0},
	{"vanishes right after the end of its audio", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(time.Second)
		c.data(c.seal(0))
		c.end()
		c.conn.Close()
	}, 0},
	{"cancels in the middle", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(time.Second)
		c.reset(8)
		c.expect(accepted, opened)
	}, 0},
	{"cancels while results are on their way", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.data(c.seal(2 * time.Second))
		c.data(c.seal(0))
		c.reset(8)
	}, 0},
	{"opens and cancels, again and again", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		for range 50 {
			c.open()
			c.reset(8)
		}
		c.conn.Close()
	}, 0},
	{"ends its request without the empty frame", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(1200 * time.Millisecond)
		c.end()
		c.expect(accepted, opened, words, noEnd, "end")
	}, 0},
	{"ends its request inside a message", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(1200 * time.Millisecond)
		c.data(c.seal(100 * time.Millisecond)[:500])
		c.end()
		c.expect(accepted, opened, words, noEnd, "end")
	}, 0},
	{"ends its request inside a prelude", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.data([]byte{0, 0})
		c.end()
		c.expect(accepted, opened, noEnd, "end")
	}, 0},
	{"ends its audio and not its request", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(1200 * time.Millisecond)
		c.data(c.seal(0))
		c.expect(accepted, opened, words)
		pass(100 * time.Millisecond) // and not longer: it may wait for the end of the response
		c.expect("end", "reset 0")
	}, 0},
	{"goes on after the end of its audio", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(1200 * time.Millisecond)
		c.data(c.seal(0))
		c.data(bytes.Repeat([]byte("?"), 10_000))
		c.end()
		c.expect(accepted, opened, words, "end")
	}, 0},
	{"goes on after its mistake", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.data(bytes.Repeat([]byte("?"), 10_000))
		c.expect(accepted, opened, notEvent)
		c.data(bytes.Repeat([]byte("?"), 10_000))
		pass(300 * time.Millisecond)
		c.expect("end", "reset 0")
	}, 0},
	{"sends a wrong checksum", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(1200 * time.Millisecond)
		msg := c.seal(100 * time.Millisecond)
		msg[len(msg)-1] ^= 1
		c.data(msg)
		c.end()
		c.expect(accepted, opened, words, notEvent, "end")
	}, 0},
	{"sends a message that somebody has changed", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(1200 * time.Millisecond)
		own := c.sealer
		c.sealer = sealerWith(t, signer(), strings.Repeat("0", 64)) // a link that is none of this chain
		c.data(c.seal(100 * time.Millisecond))
		c.sealer = own
		c.end()
		c.expect(accepted, opened, words, forged, "end")
	}, 0},
	{"leaves a message of its chain out", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		c.audio(1200 * time.Millisecond)
		c.seal(100 * time.Millisecond)
		c.data(c.seal(100 * time.Millisecond))
		c.end()
		c.expect(accepted, opened, words, forged, "end")
	}, 0},
	{"sends a message twice", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		msg := c.seal(time.Second)
		c.data(msg)
		c.data(msg)
		c.end()
		c.expect(accepted, opened, words, forged, "end")
	}, 0},
	{"claims a gigabyte", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		before := allocated()
		c.data([]byte("\x40\x00\x00\x00\x00\x00\x00\x00\x4c\xbf\x1d\x84\x00\x00\x00\x00"))
		c.expect(accepted, opened, tooBig)
		if grown := allocated() - before; grown > 1<<20 {
			t.Errorf("a message that claims a gigabyte made the server allocate %d bytes", grown)
		}
		c.end()
		c.expect("end")
	}, 0},
	{"sends a byte a second", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		for _, b := range c.seal(100 * time.Millisecond)[:15] {
			c.data([]byte{b})
			pass(time.Second)
		}
		c.expect(accepted, opened, idle)
	}, 300 * time.Millisecond},
	{"sends empty frames only", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		for range 15 {
			c.data(nil)
			pass(time.Second)
		}
		c.expect(accepted, opened, idle)
	}, 300 * time.Millisecond},
	{"sends more than its window", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.open()
		for range 80 { // of which the server reads nothing before the frame is whole
			c.bytes(h2frame(frameData, 0, c.stream, make([]byte, 16<<10))[:9])
		}
		c.conn.Close()
	}, 0},
	{"opens a stream with a number that is not its own", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.bytes(h2frame(frameHeaders, flagEndHeaders, 2, literal(nil, ":method", "POST")))
		c.expect("goaway 1")
		c.conn.Close()
	}, time.Second},
	{"never ends its headers", func(t *testing.T, h *house) {
		c := h.framed(t, wide)
		c.bytes(h2frame(frameHeaders, 0, 1, literal(nil, ":method", "POST")))
		synctest.Wait()
		c.conn.Close()
	}, time.Second},
}

// TestHostileHTTP2 plays each case beside another stream, which comes to its end undisturbed.
func TestHostileHTTP2(t *testing.T) {
	for _, tt := range hostile2 {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{Idle: 15 * time.Second}, dialect.Options{})
				finish := h.neighbour(t)
				tt.do(t, h)
				pass(tt.left)
				if n, m := h.handling.Load(), h.sessions.Active(); n != 1 || m != 1 {
					t.Errorf("%d handlers and %d sessions are open; only the neighbour's should be", n, m)
				}
				finish()
				h.empty(t)
			})
		})
	}
}
