package transcribe_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

const (
	host        = "memory:8080"
	sessionID   = "00000000-0000-4000-8000-000000000001"
	usual       = "language-code=en-US&media-encoding=pcm&sample-rate=16000&session-id=" + sessionID
	perSecond   = 32000 // bytes of audio, as asked for in usual
	opText      = 0x1
	opBinary    = 0x2
	opClose     = 0x8
	opPing      = 0x9
	fin         = 0x80
	handshaking = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
	goodKey     = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	goodAccept  = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" // RFC 6455, section 1.3
)

// presign returns what stands in the request line, and the seed of the frames' signatures.
func presign(t *testing.T, query string) (target, seed string) {
	t.Helper()
	signed, seed, err := signer().Presign("GET", "ws://"+host+wire.PathWebSocket+"?"+query, time.Minute, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return requestURI(t, signed), seed
}

func signer() sigv4.Signer {
	return sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: keyID, Secret: secret}, Region: "us-east-1"}
}

func requestURI(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

// request returns the bytes of a handshake.
func request(target, headers string) []byte {
	return []byte("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "\r\n")
}

// dial connects without a word.
func (h *house) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := h.net.Dial(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// raw is a client that says what a test wants it to, and notes what it is told.
type raw struct {
	notes
	t    *testing.T
	conn net.Conn
	resp *http.Response
	seed string
}

// notes is what a client is told, in lines: as render has it, "gone" at the end of the connection.
type notes struct {
	mu    sync.Mutex // guards told
	told  []string
	begun bool // the first event has been told; owned by the test
}

func (n *notes) note(said string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, said)
}

// connect opens a stream with the usual query, and has the empty result that comes first.
func (h *house) connect(t *testing.T) *raw {
	t.Helper()
	return h.connectTo(t, usual)
}

// connectTo is connect with another query.
func (h *house) connectTo(t *testing.T, query string) *raw {
	t.Helper()
	target, seed := presign(t, query)
	c := h.handshake(t, request(target, handshaking+goodKey))
	c.seed = seed
	if c.resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake was answered with %s", c.resp.Status)
	}
	synctest.Wait()
	return c
}

// handshake sends a request and begins to listen once it is answered.
func (h *house) handshake(t *testing.T, req []byte) *raw {
	t.Helper()
	c := &raw{t: t, conn: h.dial(t)}
	c.bytes(req)
	r := bufio.NewReader(c.conn)
	var err error
	if c.resp, err = http.ReadResponse(r, &http.Request{Method: "GET"}); err != nil {
		t.Fatalf("the handshake was not answered: %v", err)
	}
	if c.resp.StatusCode != http.StatusSwitchingProtocols {
		return c
	}
	ended := make(chan struct{})
	go func() { // owned by the test; ends with the connection
		defer close(ended)
		c.listen(r)
	}()
	t.Cleanup(func() {
		c.conn.Close()
		<-ended
	})
	return c
}

func (c *raw) listen(r *bufio.Reader) {
	for {
		said, err := render(r)
		if err != nil {
			said = "gone"
		}
		c.note(said)
		if err != nil {
			return
		}
	}
}

// render reads a server's frame and puts it in a line.
func render(r *bufio.Reader) (string, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	n := uint64(head[1])
	switch n {
	case 126:
		var b [2]byte
		_, _ = io.ReadFull(r, b[:]) // the payload's read fails too
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, _ = io.ReadFull(r, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return "", err
	}
	switch head[0] {
	case fin | opBinary:
		return message(payload), nil
	case fin | opClose:
		if n < 2 {
			return "close", nil
		}
		return strings.TrimSpace(fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(payload), payload[2:])), nil
	case fin | 0xa:
		return "pong " + string(payload), nil
	}
	return fmt.Sprintf("a frame that begins with %#02x, which no client expects", head[0]), nil
}

func message(b []byte) string {
	var m eventstream.Message
	if err := eventstream.DecodeExact(b, &m); err != nil {
		return "not an event-stream message: " + err.Error()
	}
	kind, _ := m.Headers.Get(eventstream.HeaderMessageType).Text()
	name, _ := m.Headers.Get(eventstream.HeaderEventType).Text()
	if kind == eventstream.MessageTypeException {
		name, _ = m.Headers.Get(eventstream.HeaderExceptionType).Text()
	}
	return kind + " " + name + " " + string(m.Payload)
}

// bytes sends what no library would. A server that has gone is no concern of this client.
func (c *raw) bytes(b []byte) { _, _ = c.conn.Write(b) }

// frame returns a masked frame; first holds FIN, reserved bits and opcode.
func frame(first byte, payload []byte) []byte {
	b := head(first, uint64(len(payload)))
	for i, p := range payload {
		b = append(b, p^"mask"[i%4])
	}
	return b
}

// head returns the beginning of a masked frame that claims n bytes.
func head(first byte, n uint64) []byte {
	b := []byte{first}
	switch {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), n)
	}
	return append(b, "mask"...)
}

func (c *raw) send(first byte, payload []byte) { c.bytes(frame(first, payload)) }

// audio sends silence in bare messages of 100 ms, each when the last has been dealt with.
func (c *raw) audio(d time.Duration) {
	for ; d > 0; d -= 100 * time.Millisecond {
		c.send(fin|opBinary, bare(c.t, perSecond/10))
		synctest.Wait()
	}
}

// bare returns a message with n bytes of silence.
func bare(t *testing.T, n int) []byte {
	t.Helper()
	msg, err := wire.AppendAudio(nil, make([]byte, n))
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func closing(code uint16, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, code), reason...)
}

// heard returns what has been told since the last time.
func (n *notes) heard() []string {
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	told := n.told
	n.told = nil
	return told
}

// expect checks what has been told since the last time, partials and later signs of life aside. Each is the beginning of a line.
func (c *raw) expect(want ...string) {
	c.t.Helper()
	c.check(c.t, want)
}

func (n *notes) check(t *testing.T, want []string) {
	t.Helper()
	var got []string
	for _, line := range n.heard() {
		empty := strings.HasSuffix(line, `"Results":[]}}`)
		if !strings.Contains(line, `"IsPartial":true`) && !(empty && n.begun) {
			got = append(got, line)
		}
		n.begun = n.begun || empty
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("the client was told\n\t%s\nexpected\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			return
		}
	}
}
