package testkit

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Network is a listener and the way to it. Like TCP, its connections hold what has been written and not yet read, up to
// Buffer bytes a direction. It implements net.Listener.
type Network struct {
	// Buffer is how much a connection holds in each direction; 0 means 64 KiB. Set it before the first Dial.
	Buffer int

	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// NewNetwork returns a network with one listener, itself.
func NewNetwork() *Network {
	return &Network{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept implements net.Listener.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Connections stay open.
func (n *Network) Close() error {
	n.once.Do(func() { close(n.done) })
	return nil
}

// Addr implements net.Listener.
func (n *Network) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "memory" }
func (address) String() string  { return "memory" }

// Dial connects to the listener. The address does not matter.
func (n *Network) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	buffer := n.Buffer
	if buffer <= 0 {
		buffer = 64 << 10
	}
	up, down := newHalf(buffer), newHalf(buffer)
	client := &conn{in: down, out: up}
	server := &conn{in: up, out: down}
	if err := ctx.Err(); err != nil { // not one time in two
		return nil, err
	}
	select {
	case n.conns <- server:
		return client, nil
	case <-n.done:
		return nil, errors.New("connection refused: nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Client returns an HTTP client whose every address leads to the listener. Nothing stays open behind it.
func (n *Network) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: n.Dial, DisableKeepAlives: true}}
}

// conn is one end of a connection.
type conn struct{ in, out *half }

func (c *conn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *conn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *conn) LocalAddr() net.Addr         { return address{} }
func (c *conn) RemoteAddr() net.Addr        { return address{} }

// Close ends both directions: the peer reads what has been written and then io.EOF, and cannot write any more.
func (c *conn) Close() error {
	c.out.end(io.EOF, net.ErrClosed)
	c.in.end(net.ErrClosed, io.ErrClosedPipe)
	return nil
}

// CloseWrite ends the direction to the peer.
func (c *conn) CloseWrite() error {
	c.out.end(io.EOF, io.ErrClosedPipe)
	return nil
}

func (c *conn) SetDeadline(t time.Time) error {
	c.in.readBy.set(t)
	c.out.writeBy.set(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.readBy.set(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.writeBy.set(t)
	return nil
}

// half is one direction.
type half struct {
	mu       sync.Mutex // guards all but the deadlines
	buf      []byte
	limit    int
	readEnd  error         // what reading gives once buf is empty; nil while open
	writeEnd error         // what writing gives; nil while open
	changed  chan struct{} // closed and replaced at every change

	readBy, writeBy deadline
}

func newHalf(limit int) *half {
	return &half{limit: limit, changed: make(chan struct{}),
		readBy: deadline{passed: make(chan struct{})}, writeBy: deadline{passed: make(chan struct{})}}
}

// tell wakes whoever waits. h.mu is held.
func (h *half) tell() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *half) end(read, write error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readEnd == nil {
		h.readEnd = read
	}
	if read == net.ErrClosed { // the reader itself has gone
		h.readEnd, h.buf = read, nil
	}
	h.writeEnd = write
	h.tell()
}

func (h *half) read(p []byte) (int, error) {
	for {
		if h.readBy.over() {
			return 0, os.ErrDeadlineExceeded
		}
		h.mu.Lock()
		switch {
		case len(h.buf) > 0:
			n := copy(p, h.buf)
			h.buf = h.buf[n:]
			h.tell()
			h.mu.Unlock()
			return n, nil
		case h.readEnd != nil:
			defer h.mu.Unlock()
			return 0, h.readEnd
		case len(p) == 0:
			h.mu.Unlock()
			return 0, nil
		}
		changed := h.changed
		h.mu.Unlock()
		select {
		case <-changed:
		case <-h.readBy.wait():
		}
	}
}

func (h *half) write(p []byte) (n int, err error) {
	for {
		if h.writeBy.over() {
			return n, os.ErrDeadlineExceeded
		}
		h.mu.Lock()
		if h.writeEnd != nil {
			defer h.mu.Unlock()
			return n, h.writeEnd
		}
		if room := h.limit - len(h.buf); room > 0 {
			m := min(room, len(p))
			h.buf = append(h.buf, p[:m]...)
			p, n = p[m:], n+m
			h.tell()
		}
		changed := h.changed
		h.mu.Unlock()
		if len(p) == 0 {
			return n, nil
		}
		select {
		case <-changed:
		case <-h.writeBy.wait():
		}
	}
}

// deadline is a point in time that can be moved while somebody waits for it.
type deadline struct {
	mu     sync.Mutex
	moves  int // how often it has been set, so that a timer that fires late finds itself out of date
	timer  *time.Timer
	passed chan struct{} // closed when the time has come
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moves++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	select {
	case <-d.passed:
		d.passed = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		close(d.passed)
		return
	}
	move := d.moves
	d.timer = time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.moves == move {
			close(d.passed)
		}
	})
}

func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}

func (d *deadline) over() bool {
	select {
	case <-d.wait():
		return true
	default:
		return false
	}
}
