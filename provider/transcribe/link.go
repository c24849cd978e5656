package transcribe

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
	"github.com/earshot-stt/earshot/wire/eventstream"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// line is an open connection.
type line struct {
	conn   connection
	sealer *wire.Sealer // nil: bare messages
}

// link is one connection of a stream: a goroutine that writes audio, and the stream's own, which reads results.
type link struct {
	*client
	line   // the sealer is owned by the writer
	number int
	opened time.Time
	watch  watch       // told by both
	asked  atomic.Bool // set by the writer before it sends the end of the audio

	// Owned by the reader.
	listener wire.Listener
	begun    bool // the server has said something other than an exception
	moved    bool // something has been decided
	settled  bool // what earlier connections left open has been withdrawn
}

// ending is how a connection ends; the zero value is the regular end of the stream.
type ending struct {
	err   *stt.Error
	brief string // the reason in few words, for a sentence about the connection
	again bool   // nothing is wrong with the request: another connection may do better
}

// talk runs the connection to its end.
func (l *link) talk(ctx context.Context) ending {
	ctx, cancel := context.WithCancelCause(ctx)
	written := make(chan struct{})
	l.core.Go(func(context.Context) { // owned by talk, which awaits written; ends with the audio, the connection or ctx
		defer close(written)
		l.write(ctx)
	})
	pinged := make(chan struct{})
	if p, ok := l.conn.(pinger); ok {
		l.core.Go(func(context.Context) { // owned by talk, which awaits pinged; ends with the connection or ctx
			defer close(pinged)
			l.ping(ctx, p)
		})
	} else {
		close(pinged)
	}
	stop := l.watch.start(func() { cancel(errSilent) })
	end := l.receive(ctx)
	stop()
	cancel(nil)
	l.conn.drop() // it is over, however it ended
	<-written
	<-pinged
	return end
}

// pingAfter is how long a server says nothing before it is asked whether it is there. Where nobody is, a connection takes audio for a
// long time without a complaint, or nothing at all happens where there is none to send.
const pingAfter = 20 * time.Second

// ping asks a server that says nothing whether it is there. Whether it answers in time is for the watch to say.
func (l *link) ping(ctx context.Context, conn pinger) {
	next := time.NewTicker(pingAfter)
	defer next.Stop()
	for { // until the connection is over
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		if !l.watch.quiet(pingAfter) {
			continue
		}
		l.watch.ping(true)
		err := conn.ping(ctx)
		l.watch.ping(false)
		if err != nil {
			return // the reader finds out why
		}
	}
}

// write sends audio until it ends: first what the server is owed from before, then what comes. When it cannot, the connection
// is gone, and the reader finds out why.
func (l *link) write(ctx context.Context) {
	audio := make([]byte, l.format.Bytes(blockTime))
	least := l.format.Bytes(leastTime)
	var msg []byte
	for {
		var err error
		n, mark := l.tape.Next(audio), stream.More
		if n == 0 {
			if n, mark, err = l.fetch(ctx, audio, least); err != nil {
				return // the stream is closed, or the connection over
			}
			l.tape.Next(audio)
		}
		if n > 0 {
			if msg, err = l.send(ctx, msg[:0], audio[:n]); err != nil {
				return
			}
		}
		if mark != stream.End {
			continue
		}
		l.asked.Store(true)
		if _, err = l.send(ctx, msg[:0], nil); err == nil {
			l.watch.expect(finishing)
			l.conn.finish()
		}
		return
	}
}

// send writes one message, for as long as the watch has patience with a server that does not take it: the reader, which the
// watch ends, takes the connection with it.
func (l *link) send(ctx context.Context, msg, audio []byte) ([]byte, error) {
	var err error
	if l.sealer != nil {
		msg, err = l.sealer.AppendAudio(msg, audio, time.Now())
	} else {
		msg, err = wire.AppendAudio(msg, audio)
	}
	if err != nil {
		return msg, err
	}
	l.watch.expect(taking)
	if err = l.conn.write(ctx, msg); err == nil {
		l.watch.expect(nothing)
	}
	return msg, err
}

// receive gives what the server says to the caller, until the connection ends.
func (l *link) receive(ctx context.Context) ending {
	var m eventstream.Message
	for {
		l.watch.listen(true)
		msg, err := l.conn.read(ctx)
		l.watch.listen(false)
		if err != nil {
			return l.lost(ctx, err)
		}
		out, err := wire.ReadOutput(msg, &m)
		if err != nil {
			return failed(stt.AsError(err))
		}
		if out.Exception != nil {
			return l.raised(*out.Exception)
		}
		if !l.begin() {
			return ending{} // closed
		}
		if out.Event == nil {
			continue
		}
		events, err := l.listener.Events(out.Event, l.start+l.tape.Sent())
		if err != nil {
			return failed(stt.AsError(err))
		}
		if !l.give(events) {
			return ending{} // closed
		}
	}
}

// failed is an ending that no other connection would mend.
func failed(err *stt.Error) ending { return ending{err: err, brief: err.Msg} }

// passing are the exceptions that say nothing against the request. What is not known here is taken for a refusal.
var passing = []string{wire.InternalFailure, wire.ServiceUnavailable, wire.LimitExceeded, "InternalFailure", "InternalServerException",
	"ServiceUnavailable", "ThrottlingException"}

// raised says what an exception means. With the first thing that a server says at all it refuses the stream, which is
// reported as a failing Open is; later, what passes is waited for. A server that does not know yet that the connection before
// is gone may take this one for a second stream of the same session.
func (l *link) raised(x wire.Exception) ending {
	end := failed(wire.ErrorOf(x, l.begun))
	switch end.err.Code {
	case stt.Unavailable, stt.Exhausted, stt.Quota:
		end.again = l.running && slices.Contains(passing, x.Name)
	case stt.Conflict:
		end.again = l.running && !l.begun
	}
	return end
}

// lost says what the end of the connection means.
func (l *link) lost(ctx context.Context, err error) ending {
	end, known := l.conn.ended(err, l.asked.Load())
	switch {
	case known && end.err == nil:
		return end
	case errors.Is(context.Cause(ctx), errSilent):
		end := failed(l.watch.silent())
		end.again = end.err.Op != "receive" // after the end of the audio it has had its time
		return end
	case known:
		return end
	default:
		// The cause as text only: io.EOF is in it, which would tell callers that all has been said.
		e := &stt.Error{Code: stt.Unavailable, Op: "receive", Peer: peer, Msg: "the connection was lost", Err: errors.New(err.Error())}
		return ending{err: e, brief: cause(err), again: true}
	}
}

// cause is why a connection is lost, in few words.
func cause(err error) string {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server hung up"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset"
	}
	// What package net/http says of a stream that was reset: "stream error: stream ID 1; INTERNAL_ERROR; received from peer".
	if _, after, ok := strings.Cut(err.Error(), "stream error: stream ID "); ok {
		if parts := strings.Split(after, "; "); len(parts) > 1 {
			return "the server broke it off with " + parts[1]
		}
	}
	for { // an error holds finitely many
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
