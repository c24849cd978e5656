package speechall

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// file is audio in a container that came where samples were expected: it is decoded as it comes. The listening goroutine owns it.
type file struct {
	in   *io.PipeWriter
	done chan error // holds what the decoding ended with
	over bool       // done has been read

	turn sync.Mutex // held by who writes to the session
}

// newFile begins to decode a file into the session.
func (c *conversation) newFile(ctx context.Context) *file {
	r, w := io.Pipe()
	f := &file{in: w, done: make(chan error, 1)}
	go func() { // owned by the conversation, whose endFile or abandon awaits it; ends with the pipe or the session
		var err error
		guarded(&err, func() {
			in := &job.Input{Body: &limited{r: r, left: c.h.opts.MaxBody, over: c.h.tooBig}, Owner: c.asked.req.Account,
				Interrupt: func() { _ = r.CloseWithError(errDecoded) }} // never fails
			_, err = c.h.opts.Jobs.Decode(ctx, in, wire.StreamFormat.Rate, func(pcm []byte) error {
				f.turn.Lock()
				defer f.turn.Unlock()
				return c.session.Write(ctx, pcm)
			})
		})
		_ = r.CloseWithError(errDecoded) // never fails
		f.done <- err
	}()
	return f
}

// errDecoded is what a write to a file gives that is not decoded any more.
var errDecoded = errors.New("the file has been decoded to its end, or as far as it can be")

// alive shows the session that its client is there, unless it is about to take audio anyway.
func (c *conversation) alive(ctx context.Context) error {
	if f := c.file; f != nil {
		if !f.turn.TryLock() {
			return nil
		}
		defer f.turn.Unlock()
	}
	return c.session.Write(ctx, []byte{0, 0}) // one sample of silence is the smallest thing that counts as a sign of life
}

// write hands on a part of the file. What stands behind its end is passed over.
func (f *file) write(data []byte) error {
	if f.over {
		return nil
	}
	if _, err := f.in.Write(data); err != nil {
		f.over = true
		return <-f.done
	}
	return nil
}

// endFile ends a file and waits until all of it has been decoded.
func (c *conversation) endFile() error {
	f := c.file
	if f == nil || f.over {
		return nil
	}
	f.over = true
	_ = f.in.Close() // never fails
	return <-f.done
}

// abandon waits for the end of a file that was not ended. The session must have been aborted, and the reading have ended.
func (c *conversation) abandon() {
	if f := c.file; f != nil && !f.over {
		f.over = true
		_ = f.in.CloseWithError(&stt.Error{Code: stt.Canceled, Op: "receive", Msg: errGone.Msg}) // never fails
		<-f.done                                                                                 //nolint:errcheck // the stream has a reason already
	}
}
