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
	opened   = `event TranscriptEvent {"Transcript":{"Results":[]}}`
	words    = `event TranscriptEvent {"Transcript":{"Results":[{"Alternatives":[`
	farewell = "close 1000 Streaming completed successfully"
	tooBig   = `exception BadRequestException {"Message":"Your stream is too big.`
	idle     = `exception BadRequestException {"Message":"Your request timed out because no new audio was received for 15 seconds."}`
	refused  = "close 1008 BadRequestException"
)

// hostile is what goes wrong on one connection, and nobody else notices. Each case ends when nothing of it is left on the
// server, or says how long that takes.
var hostile = []struct {
	name string
	do   func(t *testing.T, h *house)
	left time.Duration // until the server has let go of it
}{
	{"connects and vanishes", func(t *testing.T, h *house) { h.dial(t).Close() }, 0},
	{"connects and says nothing", func(t *testing.T, h *house) { h.dial(t) }, 10 * time.Second},
	{"vanishes in the handshake", func(t *testing.T, h *house) {
		target, _ := presign(t, usual)
		c := raw{t: t, conn: h.dial(t)}
		c.bytes(request(target, handshaking+goodKey)[:100])
		synctest.Wait()
		c.conn.Close()
	}, 0},
	{"vanishes before the answer to the handshake", func(t *testing.T, h *house) {
		target, _ := presign(t, usual)
		c := raw{t: t, conn: h.dial(t)}
		c.bytes(request(target, handshaking+goodKey))
		c.conn.Close()
	}, 0},
	{"vanishes in a frame", func(t *testing.T, h *house) {
		c := h.connect(t)
		msg := frame(fin|opBinary, bare(t, 3200))
		c.bytes(msg[:len(msg)/2])
		synctest.Wait()
		c.conn.Close()
	}, 0},
	{"vanishes in a frame's header", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.bytes([]byte{fin | opBinary, 0xfe})
		synctest.Wait()
		c.conn.Close()
	}, 0},
	{"vanishes between frames", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.audio(time.Second)
		c.conn.Close()
	}, 0},
	{"vanishes right after the end of its audio", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.audio(time.Second)
		c.send(fin|opBinary, nil)
		c.conn.Close()
	}, 0},
	{"ends its direction", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.audio(time.Second)
		_ = c.conn.(interface{ CloseWrite() error }).CloseWrite() // of the network in memory, it cannot fail
		c.expect(opened, "gone")
	}, 0},
	{"says goodbye and stays", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.audio(1200 * time.Millisecond)
		c.send(fin|opClose, nil)
		c.expect(opened, words, farewell, "gone")
	}, 0},
	{"never answers the server's Close", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.send(fin|opText, []byte("?"))
		c.expect(opened, "exception BadRequestException", refused)
	}, 2 * time.Second},
	{"goes on sending after the server's Close", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.send(fin|opText, []byte("?"))
		c.expect(opened, "exception BadRequestException", refused)
		stop := make(chan struct{})
		go func() { // owned by the test; ends when the server lets go of the connection
			defer close(stop)
			for msg := frame(fin|opBinary, bare(t, 3200)); ; <-time.After(time.Millisecond) {
				if _, err := c.conn.Write(msg); err != nil {
					return
				}
			}
		}()
		<-stop
	}, 0},
	{"sends a byte a second", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.expect(opened)
		for _, b := range frame(fin|opBinary, bare(t, 3200))[:15] {
			c.bytes([]byte{b})
			pass(time.Second)
		}
		c.expect(idle, refused)
	}, 2 * time.Second},
	{"sends a byte a second of a Close", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.audio(1200 * time.Millisecond)
		c.bytes([]byte{fin | opClose})
		c.expect(opened, words, farewell)
	}, 2 * time.Second},
	{"sends pings only", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.expect(opened)
		for range 14 {
			pass(time.Second)
			c.send(fin|opPing, []byte("here"))
			c.expect("pong here")
		}
		pass(time.Second)
		c.expect(idle, refused)
	}, 2 * time.Second},
	{"closes in the middle of a message", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.audio(1200 * time.Millisecond)
		msg := bare(t, 3200)
		c.send(opBinary, msg[:100])
		c.send(fin|opClose, closing(1000, ""))
		c.expect(opened, words, farewell, "gone")
	}, 0},
	{"goes on after its Close", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.audio(1200 * time.Millisecond)
		c.bytes(bytes.Join([][]byte{frame(fin|opClose, closing(1000, "")), frame(fin|opBinary, bare(t, 32000)), frame(fin|opClose, nil)}, nil))
		c.expect(opened, words, farewell, "gone")
	}, 0},
	{"closes with a code that may not be sent", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.audio(1200 * time.Millisecond)
		c.send(fin|opClose, closing(1005, ""))
		c.expect(opened, words, farewell)
	}, 2 * time.Second},
	{"closes with half a code", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.send(fin|opClose, []byte{3})
		c.expect(opened, farewell)
	}, 2 * time.Second},
	{"closes with a reason that is too long", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.send(fin|opClose, closing(1000, strings.Repeat("x", 200)))
		c.expect(opened, farewell, "gone")
	}, 0},
	{"does not mask", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.bytes([]byte{fin | opBinary, 3, 1, 2, 3})
		c.expect(opened, "gone")
	}, 0},
	{"claims a gigabyte and vanishes", func(t *testing.T, h *house) {
		c := h.connect(t)
		before := allocated()
		c.bytes(append(head(fin|opBinary, 1<<30), "a few bytes"...))
		synctest.Wait()
		if grown := allocated() - before; grown > 1<<20 {
			t.Errorf("a frame that claims a gigabyte made the server allocate %d bytes", grown)
		}
		c.expect(opened)
		c.conn.Close()
	}, 0},
	{"claims a gigabyte and sends some", func(t *testing.T, h *house) {
		c := h.connect(t)
		before := allocated()
		c.bytes(append(head(fin|opBinary, 1<<30), make([]byte, 1<<20+1)...))
		c.expect(opened, tooBig, refused)
		if grown := allocated() - before; grown > 32<<20 {
			t.Errorf("a frame that claims a gigabyte made the server allocate %d bytes for the first megabyte", grown)
		}
	}, 2 * time.Second},
	{"claims a gigabyte in fragments", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.send(opBinary, make([]byte, 1<<19))
		c.bytes(append(head(0, 1<<30), make([]byte, 1<<19+1)...))
		c.expect(opened, tooBig, refused)
	}, 2 * time.Second},
	{"claims a length that does not exist", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.bytes(head(fin|opBinary, 1<<63))
		c.expect(opened, "gone")
	}, 0},
	{"claims a gigabyte of event-stream message", func(t *testing.T, h *house) {
		c := h.connect(t)
		before := allocated()
		c.send(fin|opBinary, []byte("\x40\x00\x00\x00\x00\x00\x00\x00\x4c\xbf\x1d\x84\x00\x00\x00\x00"))
		c.expect(opened, "exception BadRequestException", refused)
		if grown := allocated() - before; grown > 1<<20 {
			t.Errorf("a message that claims a gigabyte made the server allocate %d bytes", grown)
		}
	}, 2 * time.Second},
	{"reserved bit 1, as compressed frames have it", violation(fin|0x40|opBinary, "x"), 0},
	{"reserved bit 2", violation(fin|0x20|opBinary, "x"), 0},
	{"reserved bit 3", violation(fin|0x10|opBinary, "x"), 0},
	{"unknown opcode", violation(fin|0x3, "x"), 0},
	{"unknown control opcode", violation(fin|0xb, "x"), 0},
	{"ping in fragments", violation(opPing, "x"), 0},
	{"ping that is too long", violation(fin|opPing, strings.Repeat("x", 126)), 0},
	{"continues what has not begun", violation(fin, "x"), 0},
	{"begins anew in the middle of a message", func(t *testing.T, h *house) {
		c := h.connect(t)
		c.send(opBinary, []byte("x"))
		c.send(fin|opBinary, []byte("x"))
		c.expect(opened, "close 1002", "gone")
	}, 0},
}

// violation is a frame that the WebSocket protocol does not allow, told with its own code.
func violation(first byte, payload string) func(t *testing.T, h *house) {
	return func(t *testing.T, h *house) {
		c := h.connect(t)
		c.send(first, []byte(payload))
		c.expect(opened, "close 1002", "gone")
	}
}

// TestHostile plays each case beside another stream, which comes to its end undisturbed.
func TestHostile(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{Idle: 15 * time.Second}, dialect.Options{})
				finish := h.neighbour(t)
				tt.do(t, h)
				if tt.left > 0 {
					pass(tt.left - time.Millisecond)
					if h.handling.Load() == 1 && tt.left < 10*time.Second {
						t.Errorf("the server let go before %v", tt.left)
					}
					pass(time.Millisecond)
				}
				synctest.Wait()
				if n, m := h.handling.Load(), h.sessions.Active(); n != 1 || m != 1 {
					t.Errorf("%d handlers and %d sessions are open; only the neighbour's should be", n, m)
				}
				finish()
				h.empty(t)
			})
		})
	}
}

// neighbour starts a stream that sends a little audio every second, and returns what ends it and checks all of it.
func (h *house) neighbour(t *testing.T) (finish func()) {
	t.Helper()
	c := h.connectTo(t, strings.Replace(usual, sessionID, "00000000-0000-4000-8000-00000000000a", 1))
	c.audio(time.Second)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // owned by the test; ends when finish is called
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
				c.send(fin|opBinary, bare(t, 2))
			}
		}
	}()
	return func() {
		t.Helper()
		close(stop)
		<-stopped
		c.audio(800 * time.Millisecond)
		c.send(fin|opBinary, nil)
		c.expect(opened, words+`{"Items":[{"Confidence":0.8,"Content":"good"`, farewell)
		c.send(fin|opClose, closing(1000, ""))
		c.expect("gone")
	}
}
