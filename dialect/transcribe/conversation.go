package transcribe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// signOfLife is the distance between two messages while nobody speaks. The service does the same.
const signOfLife = time.Second

// errGone says that the client is not there any more.
var errGone = &stt.Error{Code: stt.Canceled, Op: "receive", Msg: "the client went away without ending the stream"}

// outlet is where a conversation's messages go.
type outlet interface {
	// write sends one message, for Options.WriteTimeout at most. The handler's goroutine calls it. An error means that nobody
	// takes messages any more.
	write(ctx context.Context, msg []byte) error
}

// conversation is one stream, whatever transport it goes over: what the client's messages mean, and what it is told. The
// handler's goroutine speaks, one other listens.
type conversation struct {
	h       *Handler
	op      wire.Operation
	out     outlet
	session *session.Session
	caller  caller
	second  int  // bytes of a second of audio
	sealed  bool // audio must come in signed messages

	// Owned by the listening goroutine.
	reader wire.Reader
	waited time.Duration // for the recognizer to take audio, so far
	ended  bool          // the audio has

	// Owned by the handler's goroutine.
	speaker wire.Speaker
	buf     []byte
}

func (h *Handler) newConversation(a *asked) *conversation {
	c := &conversation{h: h, op: a.op, caller: a.caller, second: a.req.Config.Audio.Bytes(time.Second)}
	if !h.opts.Unverified {
		c.reader.Verifier = a.caller.frames
	}
	c.speaker = wire.Speaker{Session: uuid.NewSHA1(uuid.Nil, []byte(a.req.ID)), Stability: a.params.EnablePartialResultsStabilization,
		Channels: a.params.EnableChannelIdentification, Speakers: a.params.ShowSpeakerLabel, Medical: a.params.Medical,
		Identify: a.params.IdentifyLanguage || a.params.IdentifyMultipleLanguages}
	return c
}

// note writes a refusal into the log. One without attributes has been logged already.
func (h *Handler) note(r *http.Request, protocol string, why error, attrs []slog.Attr) {
	if attrs == nil {
		return
	}
	attrs = append(attrs, slog.String("protocol", protocol), slog.String("remote", r.RemoteAddr),
		slog.String("code", wire.ExceptionOf(why).Name), slog.String("reason", why.Error()))
	h.opts.Log.LogAttrs(r.Context(), slog.LevelInfo, "stream refused", attrs...)
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
	if c.out.write(ctx, c.buf) != nil {
		return errGone // or it takes nothing of what it is sent
	}
	return nil
}

// handOver closes the session at once where another connection takes its id: that waits for it, and not for the goodbye to
// a client that may be gone.
func (c *conversation) handOver(why error) {
	if stt.CodeOf(why) == stt.Conflict {
		c.session.Close(why)
	}
}

// release lets go of the session, so that a Write that waits for the recognizer ends; not where the caller may come back.
func (c *conversation) release(why error) {
	if errors.Is(why, errGone) {
		c.session.Lose(errGone)
	} else {
		c.session.Abort(errGone)
	}
}

// listen runs read, which reads the client's messages. A bug in it ends the stream.
func (c *conversation) listen(read func()) {
	var failed error
	guarded(&failed, read)
	if failed != nil {
		c.session.Abort(failed)
	}
}

// over ends the audio: where the client has said so, or where it has made a mistake.
func (c *conversation) over(ctx context.Context, mistake error) {
	c.ended = true
	if mistake != nil {
		c.session.Finish(ctx, mistake)
	} else if err := c.session.CloseSend(ctx); err != nil {
		c.session.Abort(err)
	}
}

// message takes one message of the client; end says that it was the last.
func (c *conversation) message(ctx context.Context, msg []byte) (end bool, err error) {
	in, err := c.reader.Read(msg)
	if sigv4.ReasonOf(err) == sigv4.SignatureMismatch && c.h.renew(ctx, &c.caller) {
		in, err = c.reader.Read(msg)
	}
	if over := c.h.still(ctx, &c.caller); over != nil {
		err = over
	}
	if err == nil {
		err = c.judge(&in)
	}
	if err != nil {
		return false, err
	}
	if c.h.opts.StrictChunks && c.second > 0 && len(in.Audio) > c.second {
		return false, &stt.Error{Code: stt.Malformed, Op: "receive", Msg: wire.TextTooBig}
	}
	// A second at a time, so that a long chunk waits for the recognizer as short ones would.
	piece := c.second
	if piece <= 0 { // a container: what is in its bytes is not known here
		piece = len(in.Audio)
	}
	before := time.Now()
	for len(in.Audio) > 0 {
		n := min(len(in.Audio), piece)
		if err := c.session.Write(ctx, in.Audio[:n]); err != nil {
			return false, err
		}
		in.Audio = in.Audio[n:]
	}
	c.waited += time.Since(before)
	return in.End, nil
}

// judge looks at the envelope of a message that can be read: is there one where there must be, and is its date not too far
// from now? A client whose audio we were slow to take is not late by that.
func (c *conversation) judge(in *wire.Input) error {
	limit := c.h.opts.ChunkAge
	switch signed := !in.Date.IsZero(); {
	case !signed && c.sealed && !in.End:
		return &stt.Error{Code: stt.Malformed, Op: "receive", Msg: wire.TextUnsigned}
	case signed && limit > 0:
		return wire.Late(in.Date, time.Now(), c.waited, limit)
	}
	return nil
}
