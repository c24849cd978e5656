package transcribe_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// Types and flags of HTTP/2 frames, RFC 9113 section 6.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameReset        = 0x3
	frameSettings     = 0x4
	framePing         = 0x6
	frameGoAway       = 0x7
	frameWindowUpdate = 0x8

	flagAck        = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4

	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

// framer is a client that sends HTTP/2 frames as no library would, and notes what it is told. It has one stream at a time.
type framer struct {
	notes
	t      *testing.T
	conn   net.Conn
	stream uint32
	sealer *wire.Sealer
	ended  chan struct{} // closed when the connection is over

}

// framed connects and says the preface; window is how much of a response the client takes before it has read it, in bytes.
func (h *house) framed(t *testing.T, window uint32) *framer {
	t.Helper()
	c := &framer{t: t, conn: h.dial(t), ended: make(chan struct{})}
	settings := binary.BigEndian.AppendUint32([]byte{0, 4}, window) // SETTINGS_INITIAL_WINDOW_SIZE
	c.bytes(append([]byte(preface), h2frame(frameSettings, 0, 0, settings)...))
	go func() { // owned by the test; ends with the connection
		defer close(c.ended)
		c.listen()
	}()
	t.Cleanup(func() {
		c.conn.Close()
		<-c.ended
	})
	return c
}

// bytes sends what no library would. A server that has gone is no concern of this client.
func (c *framer) bytes(b []byte) { _, _ = c.conn.Write(b) }

func h2frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// literal appends a header that is neither compressed nor kept (RFC 7541 section 6.2.2). Names and values are short.
func literal(dst []byte, name, value string) []byte {
	for _, s := range []string{"\x00", name, value} {
		if s == "\x00" {
			dst = append(dst, 0)
			continue
		}
		if n := len(s); n < 127 {
			dst = append(dst, byte(n))
		} else {
			dst = append(dst, 127)
			for n -= 127; n >= 128; n >>= 7 {
				dst = append(dst, byte(n)|128)
			}
			dst = append(dst, byte(n))
		}
		dst = append(dst, s...)
	}
	return dst
}

// open sends the headers of a stream, with further ones if given, and makes the sealer of its messages.
func (c *framer) open(more ...string) {
	c.t.Helper()
	header := http.Header{"Content-Type": {"application/vnd.amazon.eventstream"}, "X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash},
		"X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Media-Encoding": {"pcm"}, "X-Amzn-Transcribe-Sample-Rate": {"16000"}}
	seed, err := signer().SignHeaders("POST", "http://"+host+wire.PathHTTP2, header, "", time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	block := literal(nil, ":method", "POST")
	block = literal(block, ":scheme", "http")
	block = literal(block, ":authority", host)
	block = literal(block, ":path", wire.PathHTTP2)
	for name := range header {
		block = literal(block, strings.ToLower(name), header.Get(name))
	}
	for i := 0; i < len(more); i += 2 {
		block = literal(block, more[i], more[i+1])
	}
	c.stream = max(c.stream+2, 1) | 1
	c.sealer = sealerWith(c.t, signer(), seed)
	c.bytes(h2frame(frameHeaders, flagEndHeaders, c.stream, block))
	synctest.Wait()
}

// data sends a frame of the request's body.
func (c *framer) data(b []byte) { c.bytes(h2frame(frameData, 0, c.stream, b)) }

// end ends the request.
func (c *framer) end() { c.bytes(h2frame(frameData, flagEndStream, c.stream, nil)) }

// seal returns a signed message with silence; none is the empty frame.
func (c *framer) seal(d time.Duration) []byte {
	c.t.Helper()
	msg, err := c.sealer.AppendAudio(nil, make([]byte, int(perSecond*d.Seconds())), time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return msg
}

// audio sends silence in messages of 100 ms, each when the last has been dealt with.
func (c *framer) audio(d time.Duration) {
	for ; d > 0; d -= 100 * time.Millisecond {
		c.data(c.seal(100 * time.Millisecond))
		synctest.Wait()
	}
}

func (c *framer) reset(code uint32) {
	c.bytes(h2frame(frameReset, 0, c.stream, binary.BigEndian.AppendUint32(nil, code)))
}

// expect checks what has been told since the last time, as raw's does.
func (c *framer) expect(want ...string) {
	c.t.Helper()
	c.check(c.t, want)
}

// listen notes what the server says: settings, pings and windows aside.
func (c *framer) listen() {
	bodies := map[uint32][]byte{} // what has come of a message, by stream
	for {
		var head [9]byte
		if _, err := io.ReadFull(c.conn, head[:]); err != nil {
			c.note("gone")
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(c.conn, payload); err != nil {
			c.note("gone")
			return
		}
		switch kind, flags := head[3], head[4]; kind {
		case frameSettings:
			if flags&flagAck == 0 {
				c.bytes(h2frame(frameSettings, flagAck, 0, nil))
			}
		case framePing:
			if flags&flagAck == 0 {
				c.bytes(h2frame(framePing, flagAck, 0, payload))
			}
		case frameWindowUpdate:
		case frameHeaders:
			c.note("headers " + status(payload))
			if flags&flagEndStream != 0 {
				c.note("end")
			}
		case frameData:
			stream := binary.BigEndian.Uint32(head[5:])
			bodies[stream] = c.messages(append(bodies[stream], payload...))
			if flags&flagEndStream != 0 {
				c.note("end")
			}
		case frameReset:
			c.note(fmt.Sprint("reset ", binary.BigEndian.Uint32(payload)))
		case frameGoAway:
			c.note(fmt.Sprint("goaway ", binary.BigEndian.Uint32(payload[4:])))
		default:
			c.note(fmt.Sprintf("a frame of the type %d", kind))
		}
	}
}

// messages notes the whole messages that b begins with, and returns the rest.
func (c *framer) messages(b []byte) []byte {
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint32(b))
		if n < eventstream.Overhead || n > len(b) {
			break
		}
		c.note(message(b[:n]))
		b = b[n:]
	}
	return b
}

// status returns the status of a block of headers, as far as the static table of RFC 7541 has it.
func status(block []byte) string {
	if at := int(block[0]) &^ 0x80; block[0]&0x80 != 0 && at >= 8 && at <= 14 {
		return strconv.Itoa([]int{200, 204, 206, 304, 400, 404, 500}[at-8])
	}
	return "another status"
}
