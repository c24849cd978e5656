package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// web is the HTTP server: one instance on all listeners, and a second one for connections on which HTTP/2 begins although
// nobody has agreed on it.
//
// A client that offers no ALPN, as older SDKs do, is taken for one of HTTP/1.1 by package net/http, which then finds the
// preface of HTTP/2 where a request should be. The handler hands that connection over to the second instance, which knows
// HTTP/2 without TLS and does not ask what is below.
type web struct {
	first, second *http.Server
	prior         *handover
}

// newWeb returns a server. Bodies have no timeouts: streams are long, and sessions have deadlines of their own.
func newWeb(handler http.Handler, log *slog.Logger) *web {
	w := &web{prior: newHandover()}
	w.first = newHTTP(w.prefaces(handler), log)
	w.first.Protocols.SetHTTP1(true)
	w.first.Protocols.SetHTTP2(true)
	w.second = newHTTP(handler, log)
	return w
}

// maxHeader is how much of a request may come before its body, in bytes: the longest query of any protocol must fit, and what is wrong with
// a longer one is best told by who reads it.
const maxHeader = wire.MaxQuery + 64<<10

func newHTTP(handler http.Handler, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{Handler: handler, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return context.Background() },
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 250,
			// What a client may send that nobody has read yet. A stream whose engine is behind must not use up what its
			// neighbours on the same connection need, so it gets a small part: 4 s of audio at 16 kHz.
			MaxReceiveBufferPerStream:     128 << 10,
			MaxReceiveBufferPerConnection: 4<<20 - 1,
			// A peer that is gone without a word is found out 25 s after it was heard last: not long after its stream has ended
			// for want of audio.
			SendPingTimeout: 10 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: 10 * time.Second,
		}}
}

// serve serves on a listener until Shutdown or Close. A nil error is a regular end.
func (w *web) serve(l net.Listener) error { return regular(w.first.Serve(l)) }

// serveHandedOver serves the connections that the first instance hands over, until Shutdown or Close.
func (w *web) serveHandedOver() error { return regular(w.second.Serve(w.prior)) }

func regular(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// shutdown takes no more connections and waits until those that there are have nothing to do, or until ctx is done.
func (w *web) shutdown(ctx context.Context) error {
	var both sync.WaitGroup
	var err error
	both.Go(func() { err = w.second.Shutdown(ctx) }) // owned by shutdown; ends with ctx at the latest
	first := w.first.Shutdown(ctx)
	both.Wait()
	return errors.Join(first, err)
}

// close ends all connections at once, but for those that became WebSockets.
func (w *web) close() {
	_ = w.first.Close() // the errors of listeners, which are gone anyway
	_ = w.second.Close()
}

// prefaces hands connections over that begin with the preface of HTTP/2 (RFC 9113 section 3.4), of which net/http makes a
// request with the method PRI.
func (w *web) prefaces(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != "PRI" || r.ProtoMajor != 2 || r.RequestURI != "*" || r.Host != "" || len(r.Header) > 0 {
			next.ServeHTTP(rw, r)
			return
		}
		conn, buffered, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			http.Error(rw, "This connection cannot go on with HTTP/2.", http.StatusBadRequest)
			return
		}
		early, err := buffered.Reader.Peek(buffered.Reader.Buffered())
		if err == nil {
			err = conn.SetDeadline(time.Time{}) // the second instance sets its own
		}
		if err != nil {
			conn.Close()
			return
		}
		const read = "PRI * HTTP/2.0\r\n\r\n"
		w.prior.give(&handedOver{Conn: conn, early: bytes.NewReader(append([]byte(read), early...))})
	})
}

// handover is a listener of connections that somebody else has accepted. It implements net.Listener.
type handover struct {
	conns chan net.Conn
	done  chan struct{} // closed by Close
	once  sync.Once
}

func newHandover() *handover {
	return &handover{conns: make(chan net.Conn), done: make(chan struct{})}
}

// give hands a connection over, and closes it when nobody takes connections any more.
func (h *handover) give(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.done:
		c.Close()
	}
}

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr implements net.Listener.
func (h *handover) Addr() net.Addr { return nowhere{} }

type nowhere struct{}

func (nowhere) Network() string { return "handed over" }
func (nowhere) String() string  { return "handed over" }

// handedOver is a connection of which something has been read. It is a plain net.Conn to package net/http, also over TLS.
type handedOver struct {
	net.Conn
	early *bytes.Reader // owned by the reading goroutine; nil: used up
}

// Read implements net.Conn.
func (c *handedOver) Read(p []byte) (int, error) {
	if c.early != nil {
		n, err := c.early.Read(p)
		if err != io.EOF {
			return n, err
		}
		c.early = nil
	}
	return c.Conn.Read(p)
}
