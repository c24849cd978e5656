package transcribe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/dialect"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

const (
	closeWait   = 2 * time.Second // for the peer's Close frame after ours
	refusalTime = 2 * time.Second // for everything that a refused client is told
	// signOfLife is the distance between two messages while nobody speaks. The service does the same.
	signOfLife = time.Second
	// lastWords is how long a client that closes in the middle of its audio is kept waiting for its Close to be answered, so
	// that it gets the results still to come.
	lastWords = time.Second
)

// errGone says that the client is not there any more.
var errGone = &stt.Error{Code: stt.Canceled, Op: "receive", Msg: "the client went away without ending the stream"}

// refuse tells a client why there is no stream: the upgrade, one exception, a Close. It takes one of places, which bounds the
// log as well. A refusal without attributes has been logged already.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, places chan struct{}, why error, attrs ...slog.Attr) {
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		http.Error(w, "Too many connections are being refused at the moment; try again.", http.StatusServiceUnavailable)
		return
	}
	if attrs != nil {
		attrs = append(attrs, slog.String("protocol", Protocol), slog.String("remote", r.RemoteAddr),
			slog.String("code", wire.ExceptionOf(why).Name), slog.String("reason", why.Error()))
		h.opts.Log.LogAttrs(r.Context(), slog.LevelInfo, "stream refused", attrs...)
	}
	socket, err := dialect.Upgrade(w, r, &h.buffers, nil)
	if err != nil {
		return // it has been answered
	}
	ctx, cancel := context.WithTimeout(context.Background(), refusalTime)
	defer cancel()
	tell(ctx, socket, why)
}

// tell says why a stream ends, and goodbye.
func tell(ctx context.Context, socket *dialect.Socket, why error) {
	x := wire.ExceptionOf(why)
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

// conversation is one stream over one socket.
type conversation struct {
	h       *Handler
	socket  *dialect.Socket
	session *session.Session
	second  int // bytes of a second of audio

	reader  wire.Reader // owned by the reading goroutine
	ended   bool        // the audio has; owned by the reading goroutine
	speaker wire.Speaker
	buf     []byte // owned by the handler's goroutine
}

func (h *Handler) newConversation(a *asked) *conversation {
	c := &conversation{h: h, second: a.req.Config.Audio.Bytes(time.Second)}
	c.reader.Verifier = a.caller.frames
	c.speaker = wire.Speaker{Session: uuid.NewSHA1(uuid.Nil, []byte(a.req.ID)), Stability: a.params.EnablePartialResultsStabilization,
		Channels: a.params.EnableChannelIdentification, Speakers: a.params.ShowSpeakerLabel,
		Identify: a.params.IdentifyLanguage || a.params.IdentifyMultipleLanguages}
	return c
}

// serve runs a stream from upgrade to Close. The handler's goroutine owns the connection and is its writer.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, a *asked) {
	c := h.newConversation(a)
	ses, err := h.opts.Sessions.Open(r.Context(), a.req)
	if err != nil {
		h.refuse(w, r, h.known, err)
		return
	}
	c.session = ses
	if c.socket, err = dialect.Upgrade(modelNamer{w, ses.Model()}, r, &h.buffers, c.closing); err != nil {
		ses.Close(&stt.Error{Code: stt.Malformed, Op: "open", Msg: "the WebSocket handshake failed", Err: err})
		return
	}
	// The request's context ends with the handler, not with the hijacked connection.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	var reading sync.WaitGroup
	reading.Go(func() { c.listen(ctx) }) // owned by this handler; ends when the socket does, or with what cannot be read on from
	var why error
	guarded(&why, func() { why = c.speak(ctx) })
	switch {
	case why == nil:
		c.socket.Goodbye(websocket.StatusNormalClosure, wire.TextCompleted, closeWait)
	case errors.Is(why, errGone):
		c.socket.Drop()
	default:
		bounded, stop := context.WithTimeout(ctx, h.opts.WriteTimeout)
		tell(bounded, c.socket, why)
		stop()
	}
	cancel()
	ses.Abort(errGone) // a Write that waits for the recognizer ends now
	reading.Wait()
	ses.Close(why)
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

// speak sends what the session says, until its end. A nil error is a regular end.
func (c *conversation) speak(ctx context.Context) error {
	// One event at once: some SDKs hand the stream to their caller only when the first has come.
	if err := c.send(ctx, &wire.TranscriptEvent{}); err != nil {
		return err
	}
	last := time.Now()
	for {
		ev, err := c.session.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		out := c.speaker.Event(&ev)
		if out == nil && ev.Kind == stt.EventProgress && time.Since(last) >= signOfLife {
			out = &wire.TranscriptEvent{} // silence: the client sees that its audio is being heard
		}
		if out == nil {
			continue
		}
		if err := c.send(ctx, out); err != nil {
			return err
		}
		last = time.Now()
	}
}

func (c *conversation) send(ctx context.Context, ev *wire.TranscriptEvent) error {
	var err error
	if c.buf, err = wire.AppendTranscript(c.buf[:0], ev); err != nil {
		return &stt.Error{Code: stt.Internal, Op: "send", Msg: "a result could not be encoded", Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, c.h.opts.WriteTimeout)
	defer cancel()
	if c.socket.Write(ctx, c.buf) != nil {
		return errGone // or it takes nothing of what it is sent
	}
	return nil
}

// listen reads the client's messages until the audio ends, and then waits with it for the results.
func (c *conversation) listen(ctx context.Context) {
	var failed error
	guarded(&failed, func() { c.read(ctx) })
	if failed != nil {
		c.session.Abort(failed)
	}
}

func (c *conversation) read(ctx context.Context) {
	for {
		msg, text, err := c.socket.Read(ctx, c.h.opts.MaxMessage)
		var end bool
		switch {
		case errors.Is(err, dialect.ErrTooBig):
			err = &stt.Error{Code: stt.Malformed, Op: "receive", Msg: wire.TextTooBig}
		case err != nil:
			c.session.Abort(errGone)
			return
		case text:
			end, err = textMessage(msg)
		default:
			end, err = c.message(ctx, msg)
		}
		if err == nil && !end {
			continue
		}
		c.ended = true
		if err != nil {
			c.session.Finish(ctx, err)
		} else if err := c.session.CloseSend(ctx); err != nil {
			c.session.Abort(err)
		}
		c.attend(ctx)
		return
	}
}

// attend reads on after the end of the audio, so that pings are answered while results are still to come. What the client
// says does not matter any more, and whether it is still there shows when it is sent something.
func (c *conversation) attend(ctx context.Context) {
	for {
		if _, _, err := c.socket.Read(ctx, c.h.opts.MaxMessage); err != nil {
			return
		}
	}
}

// message takes one binary message; end says that it was the last.
func (c *conversation) message(ctx context.Context, msg []byte) (end bool, err error) {
	in, err := c.reader.Read(msg)
	if err != nil {
		return false, err
	}
	if c.h.opts.StrictChunks && len(in.Audio) > c.second {
		return false, &stt.Error{Code: stt.Malformed, Op: "receive", Msg: wire.TextTooBig}
	}
	// A second at a time, so that a long chunk waits for the recognizer as short ones would.
	for len(in.Audio) > 0 {
		n := min(len(in.Audio), c.second)
		if err := c.session.Write(ctx, in.Audio[:n]); err != nil {
			return false, err
		}
		in.Audio = in.Audio[n:]
	}
	return in.End, nil
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
func (c *conversation) closing(open <-chan struct{}) {
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
