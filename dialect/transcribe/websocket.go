package transcribe

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/dialect"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

const (
	closeWait   = 2 * time.Second // for the peer's Close frame after ours
	refusalTime = 2 * time.Second // for everything that a refused client is told
	// lastWords is how long a client that closes in the middle of its audio is kept waiting for its Close to be answered, so
	// that it gets the results still to come.
	lastWords = time.Second
)

// refuse tells a client why there is no stream: the upgrade, one exception, a Close. It takes one of places, which bounds the
// log as well. A refusal without attributes has been logged already.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, op wire.Operation, places chan struct{}, why error, attrs ...slog.Attr) {
	if h.mustWait(places, why) {
		h.note(r, Protocol, why, attrs)
		sayWait(w, op, why)
		return
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		http.Error(w, "Too many connections are being refused at the moment; try again.", http.StatusServiceUnavailable)
		return
	}
	h.note(r, Protocol, why, attrs)
	socket, err := dialect.Upgrade(w, r, &h.buffers, nil)
	if err != nil {
		return // it has been answered
	}
	ctx, cancel := context.WithTimeout(context.Background(), refusalTime)
	defer cancel()
	tell(ctx, socket, op.ExceptionOf(why))
}

// tell says why a stream ends, and goodbye.
func tell(ctx context.Context, socket *dialect.Socket, x wire.Exception) {
	msg, err := wire.AppendException(nil, x)
	if err == nil {
		err = socket.Write(ctx, msg)
	}
	if err != nil {
		socket.Drop()
		return
	}
	code := websocket.StatusInternalError
	if x.Fault() {
		code = websocket.StatusPolicyViolation
	}
	socket.Goodbye(code, x.Name, closeWait)
}

// overSocket is a conversation over a WebSocket. It implements outlet.
type overSocket struct {
	*conversation
	socket *dialect.Socket
}

func (c *overSocket) write(ctx context.Context, msg []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.h.opts.WriteTimeout)
	defer cancel()
	return c.socket.Write(ctx, msg)
}

// serve runs a stream from upgrade to Close. The handler's goroutine owns the connection and is its writer.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, a *asked) {
	c := &overSocket{conversation: h.newConversation(a)}
	c.out = c
	ses, err := h.opts.Sessions.Open(r.Context(), a.req)
	if err != nil {
		h.refuse(w, r, a.op, h.known, err)
		return
	}
	c.session = ses
	if c.socket, err = dialect.Upgrade(announcer{w, ses}, r, &h.buffers, c.closing); err != nil {
		ses.Close(&stt.Error{Code: stt.Malformed, Op: "open", Msg: "the WebSocket handshake failed", Err: err})
		return
	}
	// The request's context ends with the handler, not with the hijacked connection.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	var reading sync.WaitGroup
	reading.Go(func() { c.listen(func() { c.read(ctx) }) }) // owned by this handler; ends when the socket does, or with what cannot be read on from
	var why error
	guarded(&why, func() { why = c.speak(ctx) })
	c.handOver(why)
	switch {
	case why == nil:
		if !c.socket.Goodbye(websocket.StatusNormalClosure, wire.TextCompleted, closeWait) && a.req.Resume > 0 {
			c.session.Lose(errGone) // who comes back is told the last results again: they may not have arrived
		}
	case errors.Is(why, errGone):
		c.socket.Drop()
	default:
		bounded, stop := context.WithTimeout(ctx, h.opts.WriteTimeout)
		tell(bounded, c.socket, c.op.ExceptionOf(why))
		stop()
	}
	cancel()
	c.release(why)
	reading.Wait()
	ses.Close(why)
}

// read reads the client's messages until the audio ends, and then waits with it for the results.
func (c *overSocket) read(ctx context.Context) {
	for {
		msg, text, err := c.socket.Read(ctx, c.h.opts.MaxMessage)
		var end bool
		switch {
		case errors.Is(err, dialect.ErrTooBig):
			err = &stt.Error{Code: stt.Malformed, Op: "receive", Msg: wire.TextTooBig}
		case err != nil:
			c.session.Lose(errGone)
			return
		case text:
			end, err = textMessage(msg)
		default:
			end, err = c.message(ctx, msg)
		}
		if err == nil && !end {
			continue
		}
		c.over(ctx, err)
		c.attend(ctx)
		return
	}
}

// attend reads on after the end of the audio, so that pings are answered while results are still to come. What the client
// says does not matter any more, and whether it is still there shows when it is sent something.
func (c *overSocket) attend(ctx context.Context) {
	for {
		if _, _, err := c.socket.Read(ctx, c.h.opts.MaxMessage); err != nil {
			return
		}
	}
}

// textMessage takes a text message. The protocol has none, but one framework says "end" in JSON before it closes.
func textMessage(msg []byte) (end bool, err error) {
	word := strings.ToLower(string(msg[:min(len(msg), 256)]))
	if len(msg) <= 256 && (strings.Trim(word, " \t\r\n\"") == "end" || strings.Contains(strings.ReplaceAll(word, " ", ""), `"event":"end"`)) {
		return true, nil
	}
	return false, &stt.Error{Code: stt.Malformed, Op: "receive", Msg: wire.TextUnexpectedFrame}
}

// closing is called when the client's Close has arrived. Where audio was still expected, that ends it, and the client gets
// what was said, and why where the stream fails, if it comes soon. After the end of the audio it gets all that is to come.
func (c *overSocket) closing(open <-chan struct{}) {
	ctx, cancel := context.Background(), func() {} // the session bounds how long results may take
	if !c.ended {
		ctx, cancel = context.WithTimeout(ctx, lastWords)
		_ = c.session.CloseSend(ctx) // a session that has failed tells the handler why
	}
	defer cancel()
	select {
	case <-open:
	case <-ctx.Done():
	}
}
