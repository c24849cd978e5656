package speechall

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/dialect"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/job/subtitle"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// conversation is one stream. The handler's goroutine speaks, one other listens.
type conversation struct {
	// Immutable once the reading has begun.
	h       *Handler
	asked   *asked
	session *session.Session
	socket  *dialect.Socket

	began time.Time
	heard atomic.Int64 // when audio last came, since began
	open  atomic.Bool  // audio has come that has not been finalised since
	busy  atomic.Bool  // audio waits for the recognizer to take it: it is not the client who pauses
	left  atomic.Bool  // the client has closed

	// Owned by the listening goroutine.
	first []byte // of the audio, until it is clear what it is
	known bool   // it is
	file  *file  // the audio is one; nil: it is samples
	ended bool   // the audio has

	// Owned by the handler's goroutine.
	scribe wire.Scribe
	cues   int           // told so far
	until  time.Duration // the end of the last cue
	buf    []byte
}

func newConversation(h *Handler, a *asked, ses *session.Session) *conversation {
	return &conversation{h: h, asked: a, session: ses, began: time.Now(),
		scribe: wire.Scribe{Session: uuid.NewSHA1(uuid.Nil, []byte(a.req.ID)), Stream: true, Interim: a.params.Interim}}
}

// note writes a refusal into the log, where nobody else has.
func (h *Handler) note(r *http.Request, protocol string, caller Caller, why error) {
	if errors.As(why, new(logged)) {
		return
	}
	h.opts.Log.LogAttrs(r.Context(), slog.LevelInfo, "request refused", slog.String("protocol", protocol), slog.String("remote", r.RemoteAddr),
		slog.String("caller", caller.Principal.KeyID), slog.String("code", stt.CodeOf(why).String()), slog.String("reason", why.Error()))
}

// tick is how often a stream is looked after while nothing is said.
const tick = time.Second

// speak sends what the session says, until its end. A nil error is a regular end.
func (c *conversation) speak(ctx context.Context) error {
	pinged := time.Now()
	for {
		bounded, cancel := context.WithTimeout(ctx, tick)
		ev, err := c.session.Next(bounded)
		waited := bounded.Err()
		cancel()
		switch {
		case err == nil:
			if err := c.tell(ctx, &ev); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			return nil
		case waited == nil || !errors.Is(err, waited) || ctx.Err() != nil:
			return err
		}
		if every := c.h.opts.Ping; every > 0 && time.Since(pinged) >= every {
			pinged = time.Now()
			if c.socket.Ping(c.h.opts.WriteTimeout) != nil {
				return errGone
			}
		}
		c.settle(ctx)
	}
}

// settle finalises what was said by a client that has paused: it sends no silence, so that no recognizer notices.
func (c *conversation) settle(ctx context.Context) {
	pause := c.h.opts.Pause
	if pause <= 0 || !c.open.Load() || c.busy.Load() || time.Since(c.began)-time.Duration(c.heard.Load()) < pause {
		return
	}
	c.open.Store(false)
	c.flush(ctx)
}

// flush asks for finals of what was said so far. A recognizer that cannot give them on request gives them when it likes, and one that
// has failed says so in Next.
func (c *conversation) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.h.opts.WriteTimeout)
	defer cancel()
	_ = c.session.Flush(ctx)
}

// tell sends what an event means to the client, if anything.
func (c *conversation) tell(ctx context.Context, ev *stt.Event) error {
	if ev.Kind != stt.EventSegment || !ev.Segment.Final && !c.asked.params.Interim {
		return nil
	}
	if c.asked.rewrite != nil { // it costs too much to be done for nobody
		c.asked.rewrite.Rewrite(ev)
	}
	msg, err := c.message(ev.Segment)
	if err != nil || len(msg) == 0 {
		return err
	}
	return c.write(ctx, msg)
}

// message writes a segment in the format of the client. It is empty for what the client need not know.
func (c *conversation) message(seg *stt.Segment) (msg []byte, err error) {
	p := &c.asked.params
	blank := strings.TrimSpace(seg.Best().Text) == ""
	if blank && !(seg.Final && p.Interim) { // who has seen a text must hear that nothing is left of it
		return nil, nil
	}
	c.buf = c.buf[:0]
	switch p.Format {
	case wire.FormatText:
		c.buf = append(c.buf, seg.Best().Text...)
	case wire.FormatSRT, wire.FormatVTT:
		c.subtitle(seg)
	default:
		u := c.scribe.Utterance(seg)
		if !p.Format.Detailed() {
			u = wire.Transcription{ID: u.ID, Text: u.Text, Final: u.Final}
		}
		c.buf, err = wire.AppendJSON(c.buf, u)
	}
	return c.buf, err
}

// subtitle writes the cues of a segment. All messages of a stream, one behind the other, are a file of subtitles.
func (c *conversation) subtitle(seg *stt.Segment) {
	cues := subtitle.Cues([]stt.Segment{*seg}, subtitle.Options{After: c.until, Open: true})
	if len(cues) == 0 {
		return
	}
	if c.asked.params.Format == wire.FormatSRT {
		c.buf = subtitle.AppendSRT(c.buf, cues, c.cues+1)
	} else {
		if c.cues == 0 {
			c.buf = append(c.buf, subtitle.HeaderVTT...)
		}
		c.buf = subtitle.AppendVTT(c.buf, cues)
	}
	c.cues += len(cues)
	c.until = cues[len(cues)-1].End
}

func (c *conversation) write(ctx context.Context, msg []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.h.opts.WriteTimeout)
	defer cancel()
	if c.socket.WriteText(ctx, msg) != nil {
		return errGone // or it takes nothing of what it is sent
	}
	return nil
}

// control takes a text message.
func (c *conversation) control(ctx context.Context, msg []byte) (end bool, err error) {
	what, err := wire.ParseControl(msg)
	switch {
	case err != nil:
		return false, err
	case what == wire.CloseStream:
		return true, nil
	case what == wire.Finalize:
		c.open.Store(false)
		c.flush(ctx)
	default: // KeepAlive
		return false, c.alive(ctx)
	}
	return false, nil
}

// audio takes a binary message: samples, or a part of a file.
func (c *conversation) audio(ctx context.Context, msg []byte) error {
	c.mark()
	c.busy.Store(true)
	defer func() {
		c.mark()
		c.busy.Store(false)
	}()
	if !c.known {
		c.first = append(c.first, msg...)
		if _, more := job.Container(c.first); more {
			return nil
		}
		return c.decide(ctx)
	}
	return c.take(ctx, msg)
}

func (c *conversation) mark() {
	c.heard.Store(int64(time.Since(c.began)))
	c.open.Store(true)
}

// decide finds out what the audio is by its first bytes, and takes them.
func (c *conversation) decide(ctx context.Context) error {
	first := c.first
	c.known, c.first = true, nil
	if kind, _ := job.Container(first); kind != "" {
		c.file = c.newFile(ctx)
	}
	return c.take(ctx, first)
}

// take hands on audio of which it is known what it is.
func (c *conversation) take(ctx context.Context, data []byte) error {
	if c.file != nil {
		return c.file.write(data)
	}
	// A second at a time, so that a long message waits for the recognizer as short ones would.
	for second := wire.StreamFormat.Bytes(time.Second); len(data) > 0; {
		n := min(len(data), second)
		if err := c.session.Write(ctx, data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// over ends the audio: where the client has said so, or where it has made a mistake.
func (c *conversation) over(ctx context.Context, mistake error) {
	c.ended = true
	if mistake == nil && !c.known && len(c.first) > 0 {
		mistake = c.decide(ctx)
	}
	if err := c.endFile(); mistake == nil {
		mistake = err
	}
	if mistake != nil {
		c.session.Finish(ctx, mistake)
	} else if err := c.session.CloseSend(ctx); err != nil {
		c.session.Abort(err)
	}
}
