package e2e_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The opcodes of frames, and the bit of the last fragment (RFC 6455, section 5.2).
const (
	opMore   = 0x0
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xa
	fin      = 0x80
)

// raw is a WebSocket client without manners: it sends what a case says, byte by byte. It belongs to one goroutine.
type raw struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	out  []byte // what has not been sent yet
}

// address returns a signed address of a server, made by the program itself.
func address(t *testing.T, h *house, s *server) *url.URL {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), h.binary(), "presign", "--url", "ws://"+s.plain, "--session", newSession(),
		"--credentials", filepath.Join(filepath.Dir(s.ca), "credentials"))
	cmd.Env = plainEnv("AWS_CONFIG_FILE=/dev/null")
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("presign: %v", err)
	}
	u, err := url.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// handshake is what a request to upgrade holds beside its first line and its Host.
const handshake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// dial asks a server for a stream of Amazon's protocol, with these headers, and returns its answer.
func dial(t *testing.T, h *house, s *server, headers string) (*raw, *http.Response) {
	t.Helper()
	return upgrade(t, s, address(t, h, s), headers)
}

// upgrade asks a server for what an address names.
func upgrade(t *testing.T, s *server, u *url.URL, headers string) (*raw, *http.Response) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.plain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(caseTime)); err != nil {
		t.Fatal(err)
	}
	c := &raw{t: t, conn: conn, in: bufio.NewReader(conn)}
	c.bytes([]byte("GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host + "\r\n" + headers + "\r\n"))
	c.flush()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, resp
}

// bytes keeps bytes for sending.
func (c *raw) bytes(b []byte) { c.out = append(c.out, b...) }

// flush sends what has been kept. That the server has hung up shows in what it said before.
func (c *raw) flush() {
	_, _ = c.conn.Write(c.out)
	c.out = c.out[:0]
}

// trickle sends what has been kept, a few bytes at a time.
func (c *raw) trickle(step int) {
	for len(c.out) > 0 {
		n := min(step, len(c.out))
		if _, err := c.conn.Write(c.out[:n]); err != nil {
			break
		}
		c.out = c.out[n:]
	}
	c.out = c.out[:0]
}

// frame keeps a frame for sending.
func (c *raw) frame(first byte, payload []byte) {
	var mask [4]byte
	_, _ = rand.Read(mask[:]) // it never fails
	c.bytes(frameHead(first, uint64(len(payload)), true))
	c.bytes(mask[:])
	for i, b := range payload {
		c.out = append(c.out, b^mask[i%4])
	}
}

// frameHead is a frame up to its mask.
func frameHead(first byte, length uint64, masked bool) []byte {
	var bit byte
	if masked {
		bit = 0x80
	}
	switch {
	case length < 126:
		return []byte{first, bit | byte(length)}
	case length < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first, bit | 126}, uint16(length))
	default:
		return binary.BigEndian.AppendUint64([]byte{first, bit | 127}, length)
	}
}

// seconds keeps a message with so much silence for sending, in a frame of its own.
func (c *raw) seconds(s float64) { c.frame(fin|opBinary, event(make([]byte, int(s*32000)))) }

// closing is what a Close holds.
func closing(code uint16, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, code), reason...)
}

// event is an event-stream message with audio, unsigned.
func event(audio []byte) []byte {
	return message(audio, ":message-type", "event", ":event-type", "AudioEvent", ":content-type", "application/octet-stream")
}

// message is an event-stream message.
func message(payload []byte, headers ...string) []byte {
	var h []byte
	for i := 0; i < len(headers); i += 2 {
		h = append(append(h, byte(len(headers[i]))), headers[i]...)
		h = binary.BigEndian.AppendUint16(append(h, 7), uint16(len(headers[i+1]))) // 7: a string
		h = append(h, headers[i+1]...)
	}
	m := binary.BigEndian.AppendUint32(nil, uint32(16+len(h)+len(payload)))
	m = binary.BigEndian.AppendUint32(m, uint32(len(h)))
	m = binary.BigEndian.AppendUint32(m, crc32.ChecksumIEEE(m))
	m = append(append(m, h...), payload...)
	return binary.BigEndian.AppendUint32(m, crc32.ChecksumIEEE(m))
}

// hear reads until the server has hung up, and returns what it said, without partial results and empty events. A Close is
// answered, unless the case has sent its own.
func (c *raw) hear(answer bool) []string {
	c.t.Helper()
	var said []string
	for {
		first, payload, err := c.read()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isReset(err) {
			return append(said, "gone")
		}
		if err != nil {
			return append(said, err.Error())
		}
		switch first {
		case fin | opBinary:
			if s := c.tell(payload); s != "" {
				said = append(said, s)
			}
		case fin | opText: // Speechall's results; Amazon's protocol has none
			said = append(said, "text "+strings.TrimSpace(string(payload)))
		case fin | opPong:
			said = append(said, "pong "+string(payload))
		case fin | opClose:
			if len(payload) < 2 {
				said = append(said, "close")
			} else {
				said = append(said, strings.TrimSpace(fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(payload), payload[2:])))
			}
			if answer {
				c.frame(fin|opClose, payload)
				c.flush()
			}
		default:
			said = append(said, fmt.Sprintf("a frame that begins with %#x", first))
		}
	}
}

// isReset says whether the server has hung up without reading all.
func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}

// read reads a frame, which a server does not mask.
func (c *raw) read() (first byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, nil, err
	}
	length := uint64(head[1])
	switch length {
	case 126:
		var n [2]byte
		_, err = io.ReadFull(c.in, n[:])
		length = uint64(binary.BigEndian.Uint16(n[:]))
	case 127:
		var n [8]byte
		_, err = io.ReadFull(c.in, n[:])
		length = binary.BigEndian.Uint64(n[:])
	}
	if err != nil || length > 1<<24 {
		return 0, nil, fmt.Errorf("a frame of %d bytes: %w", length, err)
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(c.in, payload)
	return head[0], payload, err
}

// tell says what an event-stream message of the server says; nothing for partial results and empty events.
func (c *raw) tell(m []byte) string {
	c.t.Helper()
	if len(m) < 16 || int(binary.BigEndian.Uint32(m)) != len(m) || crc32.ChecksumIEEE(m[:len(m)-4]) != binary.BigEndian.Uint32(m[len(m)-4:]) {
		c.t.Errorf("not an event-stream message: %.200q", m)
		return ""
	}
	split := 12 + int(binary.BigEndian.Uint32(m[4:]))
	headers, body := m[12:split], m[split:len(m)-4]
	if _, name, found := bytes.Cut(headers, []byte(":exception-type\x07\x00")); found {
		var x struct{ Message string }
		if err := json.Unmarshal(body, &x); err != nil {
			c.t.Error(err)
		}
		return fmt.Sprintf("%s: %s", name[1:1+name[0]], x.Message)
	}
	var e struct {
		Transcript struct {
			Results []struct {
				IsPartial    bool
				Alternatives []struct{ Transcript string }
			}
		}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		c.t.Error(err)
		return ""
	}
	for _, r := range e.Transcript.Results {
		if !r.IsPartial {
			return "final: " + r.Alternatives[0].Transcript
		}
	}
	return ""
}
