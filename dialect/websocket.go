package dialect

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// ErrTooBig is returned by Socket.Read for a message beyond its limit, and from then on: the rest of the message stands in
// the way.
var ErrTooBig = errors.New("message is too big")

// handshakeTime is how long a client may take nothing of the answer to its handshake.
const handshakeTime = 5 * time.Second

// Socket is the server's end of a WebSocket. One goroutine may read and one may write at a time.
type Socket struct {
	conn *websocket.Conn
	net  *heldConn

	// Owned by the reading goroutine.
	buffers *Buffers
	buf     *[]byte // of the last message; nil: given back
	tooBig  bool
}

// Buffers is memory for messages that sockets share: a socket has some only while its owner works on a message, which is rarely
// and briefly, and an idle one has none. The zero value is ready; its use is safe for concurrent calls.
type Buffers struct{ pool sync.Pool }

// longestShared is the longest buffer that is kept for the next message of any socket, in bytes: a second of audio at 48 kHz.
const longestShared = 100 << 10

func (b *Buffers) take() *[]byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return buf
	}
	return new([]byte)
}

func (b *Buffers) give(buf *[]byte) {
	if cap(*buf) <= longestShared {
		*buf = (*buf)[:0]
		b.pool.Put(buf)
	}
}

// IsUpgrade reports whether r asks for a WebSocket.
func IsUpgrade(r *http.Request) bool {
	for _, v := range r.Header.Values("Upgrade") {
		for token := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "websocket") {
				return true
			}
		}
	}
	return false
}

// Upgrade turns a request into a WebSocket. It offers no compression and no subprotocol, and does not look at the Origin,
// because the credentials are in the request itself and never in cookies. When it fails it has answered.
//
// onClose is called on the reading goroutine when the peer's Close frame has arrived and before it is answered: a peer that
// says goodbye right after its last audio still gets what is written until onClose returns. There is nothing to wait for
// once open is closed: our own Close has gone out, or the connection is dropped. onClose may be nil, and so may buffers for a
// socket with memory of its own.
func Upgrade(w http.ResponseWriter, r *http.Request, buffers *Buffers, onClose func(open <-chan struct{})) (*Socket, error) {
	// A client that sends requests and reads no answers would hold the handshake for ever. An error means a writer that
	// cannot be hijacked either.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(handshakeTime))
	hw := &hijacker{ResponseWriter: w, onClose: onClose}
	conn, err := websocket.Accept(hw, tolerant(r), &websocket.AcceptOptions{
		InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // the connection may serve another request
		return nil, err
	}
	conn.SetReadLimit(-1) // Read has its own limit, so that the peer can be told before the connection ends
	if buffers == nil {
		buffers = new(Buffers)
	}
	return &Socket{conn: conn, net: hw.conn, buffers: buffers}, nil
}

// tolerant returns r as the WebSocket library wants it. Some published clients send a second Sec-WebSocket-Key of their own
// making after the one of their library; the first one that is a key counts.
func tolerant(r *http.Request) *http.Request {
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) < 2 {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("Sec-WebSocket-Key", keys[0])
	for _, k := range keys {
		if b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(k)); err == nil && len(b) == 16 {
			r.Header.Set("Sec-WebSocket-Key", k)
			break
		}
	}
	return r
}

// Read returns the next message, valid until the next call, and whether it is text. ctx ends the connection when it is
// done. The error is ErrTooBig for a message of more than limit bytes, else that of the connection.
func (s *Socket) Read(ctx context.Context, limit int) (msg []byte, text bool, err error) {
	if s.buf != nil {
		s.buffers.give(s.buf)
		s.buf = nil
	}
	if s.tooBig {
		return nil, false, ErrTooBig
	}
	typ, r, err := s.conn.Reader(ctx)
	if err != nil {
		return nil, false, err
	}
	s.buf = s.buffers.take()
	if msg, err = s.fill(r, *s.buf, limit); err != nil {
		return nil, false, err
	}
	return msg, typ == websocket.MessageText, nil
}

// fill reads a message to its end into buf, or into a longer one that replaces it.
func (s *Socket) fill(r io.Reader, buf []byte, limit int) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)] // grows as append does, by what has come and not by what was claimed
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
		*s.buf = buf
		switch {
		case len(buf) > limit:
			s.tooBig = true
			return nil, ErrTooBig
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		}
	}
}

// Write sends a binary message. ctx ends the connection when it is done before the message has been taken.
func (s *Socket) Write(ctx context.Context, msg []byte) error {
	return s.conn.Write(ctx, websocket.MessageBinary, msg)
}

// WriteText sends a text message, which must be UTF-8. ctx is as in Write.
func (s *Socket) WriteText(ctx context.Context, msg []byte) error {
	return s.conn.Write(ctx, websocket.MessageText, msg)
}

// Ping shows the peer, and whatever is between, that somebody is here; the answer is taken care of while somebody reads. It waits for
// bound at most until the ping has been taken. It is for the writing goroutine.
func (s *Socket) Ping(bound time.Duration) error { return s.net.ping(bound) }

// Goodbye sends a Close frame and waits for the peer's, for the given time at most, whatever the peer sends meanwhile. The
// reason is cut to what a Close frame holds. Then the connection is gone and both sides are unblocked. answered says whether the
// peer's Close has come, and thus whether the peer has got what was sent before ours.
func (s *Socket) Goodbye(code websocket.StatusCode, reason string, wait time.Duration) (answered bool) {
	const longest = 123 // bytes, RFC 6455 section 5.5
	if len(reason) > longest {
		reason = strings.ToValidUTF8(reason[:longest], "")
	}
	// The library discards what is left of a message without a bound of its own.
	bound := time.AfterFunc(wait, func() {
		s.net.release()
		_ = s.net.SetDeadline(time.Unix(1, 0)) // one that cannot be set is closed already
	})
	defer bound.Stop()
	err := s.conn.Close(code, reason)
	return err == nil || websocket.CloseStatus(err) != -1 // with a code of its own
}

// Drop ends the connection without a word and unblocks both sides.
func (s *Socket) Drop() {
	s.net.release()
	_ = s.conn.CloseNow() // nobody is left to be told
}

// unendedConn is a connection whose end is no end. The library takes io.EOF for the end of a message wherever it comes, so half a message
// would pass for a whole one when the connection breaks off there.
type unendedConn struct{ net.Conn }

// Read implements net.Conn.
func (c unendedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// hijacker hands the library a connection that sees Close frames first.
type hijacker struct {
	http.ResponseWriter
	onClose func(open <-chan struct{})
	conn    *heldConn
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	// No deadline of the HTTP server applies any more.
	if err := conn.SetDeadline(time.Time{}); err != nil {
		conn.Close()
		return nil, nil, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	h.conn = newHeldConn(unendedConn{conn}, append([]byte(nil), early...), h.onClose)
	// The HTTP server keeps its buffers as long as the handler runs: they serve on, rather than others beside them.
	rw.Reader.Reset(h.conn)
	rw.Writer.Reset(h.conn)
	return h.conn, rw, nil
}
