package transcribe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
	"github.com/earshot-stt/earshot/wire/eventstream"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

const (
	blockTime = 100 * time.Millisecond // of audio in a message; the service recommends 50 to 200 ms
	leastTime = 50 * time.Millisecond  // shorter pieces are collected
)

// errSilent ends the reading from a server that has been given up.
var errSilent = errors.New("the server says nothing")

// client is one stream: a goroutine that writes audio and one that reads results. The reader says how it ends.
type client struct {
	core   *stream.Core
	conn   *websocket.Conn
	format stt.Format
	sealer *wire.Sealer // nil: bare messages; owned by the writer
	watch  watch        // told by both

	listener wire.Listener // owned by the reader
	asked    chan struct{} // closed by the writer before the end of the audio is sent
}

func newStream(conn *websocket.Conn, cfg *stt.Config, sealer *wire.Sealer, finish time.Duration) stt.Stream {
	c := &client{conn: conn, format: cfg.Audio, sealer: sealer, watch: watch{limit: finish},
		listener: wire.Listener{Start: cfg.Start, Partial: !cfg.Interim.Off},
		asked:    make(chan struct{}),
		core:     stream.New(stream.Options{Format: cfg.Audio, Start: cfg.Start, NoFlush: true})}
	c.core.Go(c.write)
	c.core.Go(c.read)
	return c.core
}

// write sends audio until it ends. When it cannot, the connection is gone, and the reader finds out why. Owned by core.
func (c *client) write(ctx context.Context) {
	audio := make([]byte, c.format.Bytes(blockTime))
	least := c.format.Bytes(leastTime)
	var msg []byte
	for {
		n, mark, err := c.core.Read(ctx, audio, least)
		if err != nil {
			return // closed
		}
		if n > 0 {
			if msg, err = c.send(ctx, msg[:0], audio[:n]); err != nil {
				return
			}
		}
		if mark != stream.End {
			continue
		}
		close(c.asked)
		if _, err = c.send(ctx, msg[:0], nil); err == nil {
			c.watch.expect(ending)
		}
		return
	}
}

// send writes one message, for as long as the watch has patience with a server that does not take it: the reader, which the
// watch ends, takes the connection with it.
func (c *client) send(ctx context.Context, msg, audio []byte) ([]byte, error) {
	var err error
	if c.sealer != nil {
		msg, err = c.sealer.AppendAudio(msg, audio, time.Now())
	} else {
		msg, err = wire.AppendAudio(msg, audio)
	}
	if err != nil {
		return msg, err
	}
	c.watch.expect(taking)
	if err = c.conn.Write(ctx, websocket.MessageBinary, msg); err == nil {
		c.watch.expect(nothing)
	}
	return msg, err
}

// read receives results until the server ends the stream. Owned by core.
func (c *client) read(ctx context.Context) {
	defer c.conn.CloseNow() // the stream is over, however it ended
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer c.watch.start(func() { cancel(errSilent) })()
	if err := c.receive(ctx); err != nil {
		c.core.Fail(err)
		return
	}
	for _, ev := range c.listener.Rest() {
		if c.core.Emit(ev) != nil {
			return
		}
	}
	c.core.Finish()
}

func (c *client) receive(ctx context.Context) *stt.Error {
	var m eventstream.Message
	for begun := false; ; begun = true {
		c.watch.listen(true)
		kind, msg, err := c.conn.Read(ctx)
		c.watch.listen(false)
		if err != nil {
			return c.lost(ctx, err)
		}
		if kind != websocket.MessageBinary {
			return &stt.Error{Code: stt.Malformed, Op: "receive", Peer: peer, Msg: "the server sent a text message; the protocol has binary ones only"}
		}
		out, err := wire.ReadOutput(msg, &m)
		if err != nil {
			return stt.AsError(err)
		}
		if out.Exception != nil {
			return wire.ErrorOf(*out.Exception, begun)
		}
		if out.Event == nil {
			continue
		}
		events, err := c.listener.Events(out.Event, c.core.Accepted())
		if err != nil {
			return stt.AsError(err)
		}
		for _, ev := range events {
			if c.core.Emit(ev) != nil {
				return nil // closed
			}
		}
	}
}

// lost says what the end of the connection means: nil for a regular end.
func (c *client) lost(ctx context.Context, err error) *stt.Error {
	var ce websocket.CloseError
	closed := errors.As(err, &ce)
	asked := false
	select {
	case <-c.asked:
		asked = true
	default:
	}
	switch {
	case closed && ce.Code == websocket.StatusNormalClosure && asked:
		return nil
	case errors.Is(context.Cause(ctx), errSilent):
		return c.watch.silent()
	case closed:
		return &stt.Error{Code: stt.Unavailable, Op: "receive", Peer: peer, PeerCode: fmt.Sprintf("close %d", ce.Code),
			Msg: fmt.Sprintf("the server closed the stream before its end (%q)", ce.Reason)}
	case errors.Is(err, websocket.ErrMessageTooBig):
		return &stt.Error{Code: stt.Malformed, Op: "receive", Peer: peer, Msg: "the server sent a message that is too long: " + err.Error()}
	default:
		// The cause as text only: io.EOF is in it, which would tell callers that all has been said.
		return &stt.Error{Code: stt.Unavailable, Op: "receive", Peer: peer, Msg: "the connection was lost", Err: errors.New(err.Error())}
	}
}
