package speechall

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/dialect"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

const (
	closeWait = 2 * time.Second // for the peer's Close frame after ours
	// lastWords is how long a client that closes is kept waiting for its Close to be answered, so that it gets the results still to
	// come: closing is how clients of this protocol say that they have said everything.
	lastWords = 5 * time.Second
)

// stream answers a request for a WebSocket.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request) {
	if !dialect.IsUpgrade(r) {
		refuse(w, stt.Errorf(stt.Invalid, "this address takes a WebSocket (wss:// or ws://) for a stream, and a POST for a file"))
		return
	}
	caller, err := h.identify(r, true)
	if err != nil {
		refuse(w, err) // strangers leave no line in the log
		return
	}
	p, err := parse(r)
	if err == nil && p.Interim && !p.Format.JSON() {
		err = stt.InvalidOption("interim_results", "true", `"output_format" json, verbose_json or json_text beside it, which say what is final`)
	}
	var a *asked
	if err == nil {
		var req *session.Request
		var giveBack func()
		if req, giveBack, err = h.reserve(r, caller, opStream, ProtocolStream); err == nil {
			defer giveBack()
			a, err = h.plan(r, caller, req, p, nil)
		}
	}
	if err != nil {
		h.note(r, ProtocolStream, caller, err)
		refuse(w, err)
		return
	}
	h.serve(w, r, a)
}

// serve runs a stream from upgrade to Close. The handler's goroutine owns the connection and is its writer.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, a *asked) {
	ses, err := h.opts.Sessions.Open(r.Context(), a.req)
	if err != nil {
		refuse(w, err)
		return
	}
	a.announce(w.Header(), ses.Model())
	c := newConversation(h, a, ses)
	if c.socket, err = dialect.Upgrade(w, r, &h.buffers, c.closing); err != nil {
		ses.Close(&stt.Error{Code: stt.Malformed, Op: "open", Msg: "the WebSocket handshake failed", Err: err})
		return
	}
	// The request's context ends with the handler, not with the hijacked connection.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	var reading sync.WaitGroup
	reading.Go(func() { // owned by this handler; ends when the socket does, or with what cannot be read on from
		var failed error
		guarded(&failed, func() { c.read(ctx) })
		if failed != nil {
			ses.Abort(failed)
		}
	})
	var why error
	guarded(&why, func() { why = c.speak(ctx) })
	c.farewell(ctx, why)
	cancel()
	ses.Abort(errGone) // so that a Write that waits for the recognizer ends
	reading.Wait()
	c.abandon()
	if c.left.Load() && errors.Is(why, errGone) {
		why = nil // a client that closes and does not wait has ended its stream all the same
	}
	ses.Close(why)
}

// farewell says why a stream ends, and goodbye.
func (c *conversation) farewell(ctx context.Context, why error) {
	if why == nil {
		c.socket.Goodbye(websocket.StatusNormalClosure, "", closeWait)
		return
	}
	if errors.Is(why, errGone) {
		c.socket.Drop()
		return
	}
	x := wire.ErrorOf(why)
	code := websocket.StatusCode(x.CloseCode())
	if errors.Is(why, errTooBig) {
		code = websocket.StatusMessageTooBig
	}
	if c.asked.params.Format.JSON() { // anything else would be taken for what was said
		if c.write(ctx, x.Body()) != nil {
			c.socket.Drop()
			return
		}
	}
	c.socket.Goodbye(code, x.Message, closeWait)
}

// errTooBig is the reason that has a status of its own.
var errTooBig = &stt.Error{Code: stt.Malformed, Op: "receive", Msg: "the message is too long; send less audio at a time"}

// read reads the client's messages until the audio ends, and then waits with it for the results.
func (c *conversation) read(ctx context.Context) {
	for {
		msg, text, err := c.socket.Read(ctx, c.h.opts.MaxMessage)
		var end bool
		switch {
		case errors.Is(err, dialect.ErrTooBig):
			err = errTooBig
		case err != nil:
			c.session.Abort(errGone)
			return
		case text:
			end, err = c.control(ctx, msg)
		default:
			err = c.audio(ctx, msg)
		}
		if err == nil && !end {
			continue
		}
		c.over(ctx, err)
		c.attend(ctx)
		return
	}
}

// attend reads on after the end of the audio, so that pings are answered while results are still to come. What the client says does
// not matter any more.
func (c *conversation) attend(ctx context.Context) {
	for {
		if _, _, err := c.socket.Read(ctx, c.h.opts.MaxMessage); err != nil {
			return
		}
	}
}

// closing is called when the client's Close has arrived. It ends the audio, and the client gets what was said if it comes soon.
func (c *conversation) closing(open <-chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	c.left.Store(true)
	if !c.ended {
		c.over(ctx, nil)
	}
	select {
	case <-open:
	case <-ctx.Done():
	}
}

// guarded calls do and turns a panic into an error: a bug in one stream ends that stream, with its slot and its socket, and no
// other.
func guarded(err *error, do func()) {
	defer func() {
		if p := recover(); p != nil {
			*err = &stt.Error{Code: stt.Internal, Op: "serve", Msg: "the stream failed unexpectedly", Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	do()
}
