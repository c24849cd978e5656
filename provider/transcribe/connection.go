package transcribe

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/stt"
)

// Transport is how the messages of the protocol travel.
type Transport string

// The transports. The service has the same operations over both.
const (
	WebSocket Transport = "websocket"
	HTTP2     Transport = "http2"
)

// connection is an open stream of messages, whatever it is made of. One goroutine may read and one write at a time; drop may
// be called by any.
type connection interface {
	// read returns the next message, valid until the next call. The connection is dropped when ctx is done first.
	read(ctx context.Context) ([]byte, error)
	// write sends one message. The connection is dropped when ctx is done first.
	write(ctx context.Context, msg []byte) error
	// finish says that no more messages follow, where the transport has a word for it.
	finish()
	// ended says what an error of read means, where the server has ended the connection by itself; asked is whether it had
	// been sent the end of the audio. known is false where the connection was lost.
	ended(err error, asked bool) (end ending, known bool)
	// drop ends the connection without a word and unblocks both sides.
	drop()
}

// pinger is a connection whose transport does not find out by itself that nobody is there any more.
type pinger interface {
	// ping asks whether the server is still there, and waits for the answer, which read takes in.
	ping(ctx context.Context) error
}

// socket is a connection by WebSocket.
type socket struct{ conn *websocket.Conn }

// errText says that the server has sent a message that the protocol has no use for.
var errText = errors.New("a text message")

func (s socket) read(ctx context.Context) ([]byte, error) {
	kind, msg, err := s.conn.Read(ctx)
	if err == nil && kind != websocket.MessageBinary {
		err = errText
	}
	return msg, err
}

func (s socket) write(ctx context.Context, msg []byte) error {
	return s.conn.Write(ctx, websocket.MessageBinary, msg)
}

func (s socket) ping(ctx context.Context) error { return s.conn.Ping(ctx) }

func (s socket) finish() {} // the empty message has said it

func (s socket) drop() { _ = s.conn.CloseNow() } // nobody is left to be told

// outages are the codes of a Close with which a server, or what stands before it, says that it cannot go on: going away, no
// code, internal error, service restart, try again later, bad gateway (RFC 6455 section 7.4 and the registry of IANA).
var outages = []websocket.StatusCode{websocket.StatusGoingAway, websocket.StatusNoStatusRcvd, websocket.StatusInternalError,
	websocket.StatusServiceRestart, websocket.StatusTryAgainLater, websocket.StatusBadGateway}

func (s socket) ended(err error, asked bool) (ending, bool) {
	var ce websocket.CloseError
	switch {
	case errors.As(err, &ce) && ce.Code == websocket.StatusNormalClosure && asked:
		return ending{}, true
	case errors.As(err, &ce):
		e := &stt.Error{Code: stt.Unavailable, Op: "receive", Peer: peer, PeerCode: fmt.Sprintf("close %d", ce.Code),
			Msg: fmt.Sprintf("the server closed the stream before its end (%q)", ce.Reason)}
		return ending{err: e, brief: fmt.Sprintf("the server closed it with %d", ce.Code), again: slices.Contains(outages, ce.Code)}, true
	case errors.Is(err, websocket.ErrMessageTooBig):
		return tooLong(err), true
	case errors.Is(err, errText):
		return failed(&stt.Error{Code: stt.Malformed, Op: "receive", Peer: peer, Msg: "the server sent a text message; the protocol has binary ones only"}), true
	}
	return ending{}, false
}

func tooLong(err error) ending {
	return failed(&stt.Error{Code: stt.Malformed, Op: "receive", Peer: peer, Msg: "the server sent a message that is too long: " + err.Error()})
}
