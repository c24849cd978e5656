package dialect

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// heldConn is a connection that calls onClose before it lets a Close frame through to the library that reads from it. The
// library answers a Close frame at once and sends nothing afterwards, as RFC 6455 section 5.5.1 has it; but clients exist
// that close right after their last audio and still read, and their last words would be lost. Once our own Close frame has
// gone out there is nothing to hold the other for.
type heldConn struct {
	net.Conn
	onClose func(open <-chan struct{})

	// Owned by the reading goroutine.
	pending []byte // read from the connection, not given on
	held    bool   // pending begins with a Close frame
	frames  frameScanner

	writing sync.Mutex // guards sent, and the order of writes
	sent    frameScanner

	once sync.Once
	free bool          // a Close frame has been met; owned by the reading goroutine
	open chan struct{} // closed when Close frames may go through
}

func newHeldConn(conn net.Conn, early []byte, onClose func(open <-chan struct{})) *heldConn {
	if onClose == nil {
		onClose = func(<-chan struct{}) {}
	}
	return &heldConn{Conn: conn, pending: early, onClose: onClose, open: make(chan struct{})}
}

// release lets Close frames through from now on. Any goroutine may call it.
func (c *heldConn) release() { c.once.Do(func() { close(c.open) }) }

// Read implements net.Conn.
func (c *heldConn) Read(p []byte) (int, error) {
	if c.held {
		c.held, c.free = false, true
		select {
		case <-c.open:
		default:
			c.onClose(c.open)
		}
	}
	n := copy(p, c.pending)
	if n > 0 {
		c.pending = c.pending[n:]
	} else {
		var err error
		if n, err = c.Conn.Read(p); n == 0 || err != nil {
			return n, err
		}
	}
	if c.free {
		return n, nil
	}
	at, found := c.frames.scan(p[:n])
	if !found {
		return n, nil
	}
	// What stands before the Close frame goes on now, the frame itself with the next call.
	c.pending = append(append([]byte(nil), p[at:n]...), c.pending...)
	c.held = true
	if at == 0 {
		return c.Read(p)
	}
	return at, nil
}

// Write implements net.Conn.
func (c *heldConn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	n, err := c.Conn.Write(p)
	if _, found := c.sent.scan(p[:n]); found || err != nil {
		c.release()
	}
	return n, err
}

// ping sends an empty ping (RFC 6455 section 5.5.2), unless a frame is half way out, which is a sign of life already, or our Close has
// gone out, after which nothing may. It waits for bound at most.
func (c *heldConn) ping(bound time.Duration) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.sent.inside() {
		return nil
	}
	select {
	case <-c.open:
		return nil
	default:
	}
	if err := c.SetWriteDeadline(time.Now().Add(bound)); err != nil {
		return err
	}
	_, err := c.Conn.Write([]byte{0x80 | opPing, 0})
	if err == nil {
		err = c.SetWriteDeadline(time.Time{})
	}
	return err
}

// frameScanner follows the frames of one direction, RFC 6455 section 5.2. It never judges them: that is the library's business.
type frameScanner struct {
	header [14]byte
	have   int    // bytes of the header seen
	body   uint64 // bytes of the payload still to come
}

// inside reports whether a frame has begun and not ended.
func (f *frameScanner) inside() bool { return f.have > 0 || f.body > 0 }

// Opcodes, RFC 6455 section 5.2.
const (
	opClose = 8
	opPing  = 9
)

// scan goes through the next bytes and returns where in them a Close frame begins: its first byte says what it is.
func (f *frameScanner) scan(p []byte) (at int, found bool) {
	for i := 0; i < len(p); {
		if f.body > 0 {
			n := min(f.body, uint64(len(p)-i))
			f.body -= n
			i += int(n)
			continue
		}
		if f.have == 0 && p[i]&0x0f == opClose {
			return i, true
		}
		f.header[f.have] = p[i]
		f.have++
		i++
		if n, ok := f.length(); ok {
			f.body, f.have = n, 0
		}
	}
	return 0, false
}

// length returns the payload's length once the header is complete.
func (f *frameScanner) length() (uint64, bool) {
	if f.have < 2 {
		return 0, false
	}
	need := 2
	if f.header[1]&0x80 != 0 {
		need += 4 // the mask
	}
	switch short := f.header[1] & 0x7f; short {
	case 126:
		need += 2
		return uint64(binary.BigEndian.Uint16(f.header[2:])), f.have >= need
	case 127:
		need += 8
		return binary.BigEndian.Uint64(f.header[2:]), f.have >= need
	default:
		return uint64(short), f.have >= need
	}
}
