package transcribe

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/provider"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

const (
	blockTime = 100 * time.Millisecond // of audio in a message; the service recommends 50 to 200 ms
	leastTime = 50 * time.Millisecond  // shorter pieces are collected
)

// errSilent ends the reading from a server that has been given up.
var errSilent = errors.New("the server says nothing")

// client is one stream, over one connection after the other: a goroutine that reads results and says how the stream ends,
// and for each connection one that writes audio. A connection begins with the audio of the first sample that the ones before
// it have not decided, so nothing that it can say has been said in a final, and the server's times count from there.
type client struct {
	// Immutable.
	core     *stream.Core
	format   stt.Format
	start    stt.Time
	partials bool
	opts     *Options
	dial     func(ctx context.Context, limit time.Duration) (line, error)

	tape  *provider.Tape
	ended atomic.Bool // all audio of the caller is on the tape; set by a writer

	// Owned by the reader.
	retry   provider.Retry
	decided stt.Time // progress
	shown   ledger
	running bool // a server has said something other than an exception
	down    bool // the caller has been told that the connection was lost, and no server has spoken since
}

func newStream(first line, cfg *stt.Config, opts *Options, dial func(context.Context, time.Duration) (line, error)) stt.Stream {
	c := &client{format: cfg.Audio, start: cfg.Start, decided: cfg.Start, partials: !cfg.Interim.Off, opts: opts, dial: dial,
		retry: provider.Retry{For: opts.ReconnectFor, Random: opts.Random},
		core:  stream.New(stream.Options{Format: cfg.Audio, Start: cfg.Start, NoFlush: true})}
	keep := opts.MaxReplay
	if opts.ReconnectFor <= 0 {
		keep = 0
	}
	c.tape = provider.NewTape(cfg.Audio, keep)
	c.core.Go(func(ctx context.Context) { c.run(ctx, c.link(first, 0)) })
	return c.core
}

// link makes a connection the stream's current one.
func (c *client) link(l line, number int) *link {
	return &link{client: c, line: l, number: number, opened: time.Now(), watch: watch{limit: c.opts.FinishTimeout},
		listener: wire.Listener{Start: c.decided, Partial: c.partials}}
}

// run leads the stream over its connections. Owned by core.
func (c *client) run(ctx context.Context, l *link) {
	for l != nil { // as long as provider.Retry has patience
		end := l.talk(ctx)
		if end.err == nil {
			if l.settle() && l.give(l.listener.Rest()) {
				c.core.Finish()
			}
			return
		}
		l = c.resume(ctx, l, end)
	}
}

// fetch takes audio of the caller and puts it on the tape. The error is that of stream.Core.Read.
func (c *client) fetch(ctx context.Context, audio []byte, least int) (int, stream.Mark, error) {
	n, mark, err := c.core.Read(ctx, audio, least)
	if err == nil {
		c.tape.Append(audio[:n])
	}
	if mark == stream.End && err == nil {
		c.ended.Store(true)
	}
	return n, mark, err
}

// begin notes that the server has spoken on this connection. The result is false when the stream has been closed.
func (l *link) begin() bool {
	if l.begun {
		return true
	}
	l.begun, l.running = true, true
	if !l.down {
		return true
	}
	l.down = false
	return l.core.Emit(l.connected()) == nil
}

// give hands events to the caller and notes what they decide. The result is false when the stream has been closed.
func (l *link) give(events []stt.Event) bool {
	for _, ev := range events {
		if ev.Kind == stt.EventSegment {
			if !l.settle() {
				return false
			}
			l.shown.note(&ev, l.number)
		}
		at, kind := ev.At, ev.Kind // the receiver owns the rest
		if l.core.Emit(ev) != nil {
			return false
		}
		if kind == stt.EventProgress && at > l.decided {
			l.decided, l.moved = at, true
			l.tape.Decide(at - l.start)
		}
	}
	return true
}

// settle withdraws the segments that connections before this one have left without a final: what there is to say about
// their audio, this one says. It is called before it says the first of that. The result is false when the stream has been
// closed.
func (l *link) settle() bool {
	if l.settled {
		return true
	}
	l.settled = true
	return l.withdraw()
}
