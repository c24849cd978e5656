package stream

import (
	"context"
	"fmt"
	"io"

	"github.com/earshot-stt/earshot/stt"
)

// Mark says what stands behind the audio that Read returned.
type Mark uint8

// The marks.
const (
	More  Mark = iota // more audio may follow
	Flush             // the caller asked for finals of everything up to here
	End               // no more audio will come
)

// Read fills buf with the next audio and returns once at least atLeast bytes are there or a mark follows; then n may be
// less, and 0. It returns at most len(buf) bytes, always whole frames when len(buf) is. A mark is returned once, with
// the last bytes before it; End is returned again at every further call. The error is ctx's, or Closed once the stream
// has ended by Finish, Fail or Close.
//
// One goroutine of the worker may call Read. buf must hold a frame at least.
func (c *Core) Read(ctx context.Context, buf []byte, atLeast int) (n int, m Mark, err error) {
	atLeast = min(atLeast, len(buf))
	for {
		c.mu.Lock()
		if c.closed || c.ended != nil {
			c.mu.Unlock()
			return 0, End, &stt.Error{Code: stt.Closed, Op: "read", Msg: "the stream has ended"}
		}
		n, m, ok := c.in.take(buf, atLeast, c.sendDone)
		c.mu.Unlock()
		if ok {
			if n > 0 || m == Flush { // there is room again
				wake(c.sender)
			}
			return n, m, nil
		}
		if err := wait(ctx, c.reader); err != nil {
			return 0, More, err
		}
	}
}

// Backlog returns how much audio waits to be read, as a share of MaxAhead. Workers widen their partials when it passes
// one half; it passes one only when a single chunk is longer than MaxAhead. Any goroutine may call it.
func (c *Core) Backlog() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return float64(c.in.len()) / float64(max(c.limit, 1))
}

// Emit gives an event to the receiver and owns it no longer. It blocks while the receiver is MaxEvents behind, and
// returns an error when the stream has ended or been closed: the worker stops then. Progress that is not ahead of what
// was said before is dropped. An event that cannot be, such as a segment event without a segment, fails the stream.
// One goroutine of the worker may call Emit at a time; Finish and Fail may come from another.
func (c *Core) Emit(ev stt.Event) error {
	if err := c.nonsense(&ev); err != nil {
		c.Fail(err)
		return err
	}
	for {
		c.mu.Lock()
		err := c.emittable()
		done := err == nil && c.out.push(ev, c.opts.MaxEvents)
		c.mu.Unlock()
		if err != nil {
			return err
		}
		if done {
			wake(c.receiver)
			return nil
		}
		// Close tells the emitter too, so no context is needed here.
		<-c.emitter
	}
}

// nonsense returns what is wrong with an event that no receiver should have to deal with, or nil.
func (c *Core) nonsense(ev *stt.Event) *stt.Error {
	channels := max(c.opts.Channels, 1)
	switch {
	case ev.Kind == 0:
		return &stt.Error{Code: stt.Internal, Op: "emit", Msg: "the recognizer gave an event without a kind"}
	case ev.Kind == stt.EventSegment && ev.Segment == nil:
		return &stt.Error{Code: stt.Internal, Op: "emit", Msg: "the recognizer gave a segment event without a segment"}
	case ev.Channel < 0 || ev.Channel >= channels:
		return &stt.Error{Code: stt.Internal, Op: "emit", Want: fmt.Sprintf("0 to %d", channels-1),
			Msg: fmt.Sprintf("the recognizer gave an event of channel %d in a stream of %d", ev.Channel, channels)}
	default:
		return nil
	}
}

// emittable returns why no event is taken any more, or nil. c.mu is held.
func (c *Core) emittable() error {
	if c.closed || c.ended != nil {
		return &stt.Error{Code: stt.Closed, Op: "emit", Msg: "the stream has ended"}
	}
	return nil
}

// Finish says that all events have been given. Recv then yields what is left, the progress up to the end of the audio
// where it has not been said, and io.EOF. Whoever stops before the end of the audio calls Fail instead: Finish declares
// all audio accepted to be decided. Any goroutine may call it.
func (c *Core) Finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.emittable() != nil {
		return
	}
	c.out.complete(c.end())
	c.ended = io.EOF
	c.in.drop()
	c.wakeAll()
}

// Fail ends the stream with an error, which Recv returns after the events given before. The first end counts: a Fail
// after Finish, Fail or Close has no effect. Any goroutine may call it.
func (c *Core) Fail(err *stt.Error) {
	if err == nil {
		err = &stt.Error{Code: stt.Internal, Msg: "the recognizer failed without a reason"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.emittable() != nil {
		return
	}
	c.ended = err
	c.in.drop()
	c.wakeAll()
}
