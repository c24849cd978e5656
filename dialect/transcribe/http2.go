package transcribe

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// answerPost answers a request to the HTTP/2 path of an operation.
func (h *Handler) answerPost(w http.ResponseWriter, r *http.Request, in *incoming) {
	w.Header().Set("x-amzn-request-id", in.id)
	if r.Method != http.MethodPost || r.ProtoMajor < 2 {
		wrongDoor(w, r, in)
		return
	}
	refuse := func(places chan struct{}, err error, attrs ...slog.Attr) {
		h.refusePost(w, r, in.op, places, err, attrs...)
	}
	if a := h.admit(r, in, refuse); a != nil {
		h.serveHTTP2(w, r, a)
	}
}

// overHTTP2 is a conversation whose messages are the bodies of a request and its response. It implements outlet.
type overHTTP2 struct {
	*conversation
	w     http.ResponseWriter
	rc    *http.ResponseController
	body  *eventstream.Decoder // owned by the listening goroutine, as is the request's body behind it
	begun chan struct{}        // closed when the listening begins
}

// write sends one message. A client that takes nothing for so long has its stream reset.
func (c *overHTTP2) write(_ context.Context, msg []byte) error {
	if err := c.rc.SetWriteDeadline(time.Now().Add(c.h.opts.WriteTimeout)); err != nil {
		return err
	}
	if _, err := c.w.Write(msg); err != nil {
		return err
	}
	if err := c.rc.Flush(); err != nil {
		return err
	}
	return c.rc.SetWriteDeadline(time.Time{}) // it would end the stream later, with nothing to write
}

// serveHTTP2 runs a stream from the response's headers to its end. The handler's goroutine is the response's writer.
func (h *Handler) serveHTTP2(w http.ResponseWriter, r *http.Request, a *asked) {
	c := &overHTTP2{conversation: h.newConversation(a), w: w, rc: http.NewResponseController(w),
		body: eventstream.NewDecoder(r.Body, h.opts.MaxMessage), begun: make(chan struct{})}
	c.out = c
	c.sealed = !h.opts.Unverified // whoever can write into the connection must not be able to speak for the caller
	ctx := r.Context()            // ends when the client resets the stream or its connection breaks
	ses, err := h.opts.Sessions.Open(ctx, a.req)
	if err != nil {
		h.refusePost(w, r, a.op, h.known, err)
		return
	}
	c.session = ses
	var reading sync.WaitGroup
	// Owned by this handler; ends with the request's body, and linger sees to it that the body ends.
	reading.Go(func() { c.listen(func() { c.read(ctx, r.Body) }) })
	<-c.begun // reading is what answers an Expect: 100-continue, which may not come behind the response's own headers
	var why error
	guarded(&why, func() {
		c.begin(a)
		why = c.speak(ctx)
	})
	c.handOver(why)
	switch {
	case ctx.Err() != nil && stt.CodeOf(why) != stt.Internal, errors.Is(why, errGone): // a bug is one, whoever is there
		why = errGone
	case why != nil:
		c.raise(ctx, why)
	}
	c.release(why)
	c.linger(&reading, why)
	ses.Close(why)
}

// begin sends the headers of the response, at once: SDKs send no audio before they have them.
func (c *overHTTP2) begin(a *asked) {
	header := c.w.Header()
	header.Set("Content-Type", "application/vnd.amazon.eventstream")
	announce(header, c.session)
	a.params.Echo(header)
	c.w.WriteHeader(http.StatusOK) // the first message takes them with it
}

// raise sends the exception that ends a stream.
func (c *overHTTP2) raise(ctx context.Context, why error) {
	msg, err := wire.AppendException(nil, c.op.ExceptionOf(why))
	if err == nil {
		_ = c.write(ctx, msg) // a client that is gone is no news
	}
}

const (
	// lingerTime is how long a client that is still sending has to read why its stream has ended, before its request is reset.
	lingerTime = 300 * time.Millisecond
	// partingTime is how long the end of the request of a client may take that has ended its audio. Most send both at once; who
	// ends the request when the response has ended waits for just that, since the response ends with the handler.
	partingTime = 100 * time.Millisecond
)

// linger waits until the client has ended its request, for a moment only, and sees to it that the listening ends.
func (c *overHTTP2) linger(reading *sync.WaitGroup, why error) {
	wait := lingerTime
	switch {
	case why == nil:
		wait = partingTime
	case errors.Is(why, errGone):
		wait = 0
	}
	// An error means a body that has ended already, or a connection that is gone.
	_ = c.rc.SetReadDeadline(time.Now().Add(wait))
	reading.Wait()
}

// read reads the client's messages until the audio ends, and passes over whatever comes behind that.
func (c *overHTTP2) read(ctx context.Context, body io.Reader) {
	close(c.begun)
	for {
		msg, err := c.body.NextFrame()
		var end bool
		if err == nil {
			end, err = c.message(ctx, msg)
		} else if err = c.broken(ctx, err); errors.Is(err, errGone) {
			c.session.Lose(err)
			return
		}
		if err != nil || end {
			c.over(ctx, err)
			_, _ = io.Copy(io.Discard, body) // ends with the body, or with linger
			return
		}
	}
}

// broken says why there is no next message: errGone, or what is wrong with the one that there is.
func (c *overHTTP2) broken(ctx context.Context, err error) error {
	var frame *eventstream.Error
	e := &stt.Error{Code: stt.Malformed, Op: "receive", Err: err}
	switch {
	case ctx.Err() != nil:
		return errGone
	case errors.Is(err, io.EOF), errors.Is(err, eventstream.ErrTruncated):
		e.Msg, e.Err = wire.TextNoEmptyFrame, nil // io.EOF would mean a regular end
	case errors.Is(err, eventstream.ErrTooLong):
		e.Msg = wire.TextTooBig
	case errors.As(err, &frame):
		e.Msg = "the message is not a valid event-stream message: " + frame.Error()
	default:
		return errGone
	}
	return e
}
