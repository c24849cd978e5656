package speechall

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"sync"
	"time"
)

// textual makes a WebSocket of text messages and pings out of one of binary messages: the socket that all dialects share sends
// binary messages only, and the clients of this protocol read text. It hands the library a connection that says so in the first byte of
// every message (RFC 6455, section 5.2).
type textual struct {
	http.ResponseWriter
	conn *textConn
}

// Unwrap is for http.ResponseController.
func (t *textual) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Hijack implements http.Hijacker.
func (t *textual) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	t.conn = &textConn{Conn: conn}
	return t.conn, rw, nil
}

// The first bytes of frames: the last of a message, and its kind.
const (
	frameText   = 0x81
	frameBinary = 0x82
	framePing   = 0x89
)

// textConn is a connection on which a server writes frames, which are not masked.
type textConn struct {
	net.Conn

	mu     sync.Mutex // guards all below, and the order of writes
	header [10]byte
	have   int    // bytes of the header seen
	body   uint64 // bytes of the payload still to come
}

// Write implements net.Conn.
func (c *textConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := p
	for i := 0; i < len(p); {
		if c.body > 0 {
			n := min(c.body, uint64(len(p)-i))
			c.body -= n
			i += int(n)
			continue
		}
		c.header[c.have] = p[i]
		if c.have == 0 && p[i] == frameBinary {
			if &out[0] == &p[0] {
				out = append([]byte(nil), p...) // the library's own buffer stays as it is
			}
			out[i] = frameText
		}
		c.have++
		i++
		if n, whole := c.length(); whole {
			c.body, c.have = n, 0
		}
	}
	return c.Conn.Write(out)
}

// length returns the payload's length once the header is complete.
func (c *textConn) length() (uint64, bool) {
	if c.have < 2 {
		return 0, false
	}
	switch short := c.header[1] & 0x7f; short {
	case 126:
		return uint64(binary.BigEndian.Uint16(c.header[2:])), c.have == 4
	case 127:
		return binary.BigEndian.Uint64(c.header[2:]), c.have == 10
	default:
		return uint64(short), true
	}
}

// ping sends an empty ping, unless a message is half way out: then there is a sign of life already. It waits no longer than wait.
func (c *textConn) ping(wait time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.have > 0 || c.body > 0 {
		return nil
	}
	if err := c.SetWriteDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	_, err := c.Conn.Write([]byte{framePing, 0})
	if err == nil {
		err = c.SetWriteDeadline(time.Time{})
	}
	return err
}
