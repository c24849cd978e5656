package stream

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Defaults of [Options].
const (
	DefaultMaxAhead  = 5 * time.Second
	DefaultMaxEvents = 256
)

// Options says how a stream behaves. Only Format must be set.
type Options struct {
	// Format is the audio to come. It must have fixed frames.
	Format stt.Format
	// Start is the session time of the first sample.
	Start stt.Time
	// MaxAhead is how much audio Send takes ahead of the worker; 0 means DefaultMaxAhead. A single chunk longer than
	// that is taken whole when the queue has room; a limit below one frame means one frame.
	MaxAhead time.Duration
	// MaxEvents is how many events wait for the receiver before Emit blocks; 0 means DefaultMaxEvents.
	MaxEvents int
	// NoFlush makes Flush fail with Unsupported, for upstreams that cannot.
	NoFlush bool
	// Channels is the number of channels that events may speak of; 0 means one. Each has its own progress.
	Channels int
}

// Core implements stt.Stream over a worker. The application's methods follow the rules of stt.Stream; the worker's
// methods say who may call them.
type Core struct {
	opts   Options // immutable
	limit  int     // immutable: bytes that may wait before Send blocks
	ctx    context.Context
	cancel context.CancelFunc // by Close
	work   sync.WaitGroup     // the goroutines started with Go

	mu       sync.Mutex // guards all below
	in       input
	out      output
	accepted int64 // bytes taken by Send
	sendDone bool  // CloseSend was called
	closed   bool  // Close was called
	ended    error // nil while running; io.EOF after Finish, the *stt.Error after Fail

	// Each of these holds at most one token: the side named is told to look again. One goroutine waits on each.
	sender, reader, emitter, receiver chan struct{}
}

// New returns a running stream without a worker yet.
func New(opts Options) *Core {
	if opts.MaxAhead <= 0 {
		opts.MaxAhead = DefaultMaxAhead
	}
	if opts.MaxEvents <= 0 {
		opts.MaxEvents = DefaultMaxEvents
	}
	token := func() chan struct{} { return make(chan struct{}, 1) }
	ctx, cancel := context.WithCancel(context.Background())
	limit := max(opts.Format.Bytes(opts.MaxAhead), opts.Format.FrameBytes())
	c := &Core{opts: opts, limit: limit, ctx: ctx, cancel: cancel,
		sender: token(), reader: token(), emitter: token(), receiver: token()}
	c.out.progress = make([]stt.Time, max(opts.Channels, 1))
	for i := range c.out.progress {
		c.out.progress[i] = opts.Start
	}
	return c
}

// Go runs work on a goroutine that the stream owns. ctx is done when the stream is closed, and Close waits for work to
// return. A panic in work fails the stream and nothing else. Some work must call Finish or Fail before the last of it
// returns: until then Recv waits.
//
// Go is called before the stream is handed out, or from work that runs.
func (c *Core) Go(work func(ctx context.Context)) {
	c.work.Go(func() { // owned by the stream; ends when work returns, which Close asks for and awaits
		defer func() {
			if p := recover(); p != nil {
				c.Fail(&stt.Error{Code: stt.Internal, Msg: "the recognizer failed unexpectedly",
					Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())})
			}
		}()
		work(c.ctx)
	})
}

// Send implements stt.Stream.
func (c *Core) Send(ctx context.Context, chunk stt.Chunk) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	frame := c.opts.Format.FrameBytes()
	if frame == 0 || len(chunk.Data)%frame != 0 {
		return &stt.Error{Code: stt.Malformed, Op: "send", Option: "audio", Want: fmt.Sprintf("a multiple of %d bytes", frame),
			Msg: fmt.Sprintf("a chunk of %d bytes does not hold whole frames of %d bytes", len(chunk.Data), frame)}
	}
	for {
		c.mu.Lock()
		err := c.writable("send")
		if err == nil && (c.in.len() < c.limit || len(chunk.Data) == 0) {
			c.in.append(chunk.Data)
			c.accepted += int64(len(chunk.Data))
			c.mu.Unlock()
			wake(c.reader)
			return nil
		}
		c.mu.Unlock()
		if err != nil {
			return err
		}
		if err := wait(ctx, c.sender); err != nil {
			return err
		}
	}
}

// writable returns why the write side is of no use any more, or nil. c.mu is held.
func (c *Core) writable(op string) error {
	switch {
	case c.closed:
		return &stt.Error{Code: stt.Closed, Op: op, Msg: "the stream has been closed"}
	case c.sendDone:
		return &stt.Error{Code: stt.Closed, Op: op, Msg: "the stream takes no more audio after CloseSend"}
	case c.ended == io.EOF:
		return &stt.Error{Code: stt.Closed, Op: op, Msg: "the stream has been ended by the recognizer"}
	case c.ended != nil:
		return &stt.Error{Code: stt.CodeOf(c.ended), Op: op, Msg: "the stream has failed; Recv has the reason"}
	default:
		return nil
	}
}

// Flush implements stt.Stream. It does not wait for the finals; the worker answers in order. It blocks while maxFlushes
// of them wait for the worker, so that nobody can fill the memory with them.
func (c *Core) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for {
		c.mu.Lock()
		err := c.writable("flush")
		if err == nil && c.opts.NoFlush {
			err = &stt.Error{Code: stt.Unsupported, Op: "flush", Option: "flush", Msg: "this recognizer cannot finalise on request"}
		}
		marked := err == nil && c.in.mark()
		c.mu.Unlock()
		switch {
		case err != nil:
			return err
		case marked:
			wake(c.reader)
			return nil
		}
		if err := wait(ctx, c.sender); err != nil {
			return err
		}
	}
}

// CloseSend implements stt.Stream. After Close it fails with Closed; after a failure it succeeds, for Recv has the reason.
func (c *Core) CloseSend() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return &stt.Error{Code: stt.Closed, Op: "close-send", Msg: "the stream has been closed"}
	}
	c.sendDone = true
	wake(c.reader)
	wake(c.sender)
	return nil
}

// Recv implements stt.Stream.
func (c *Core) Recv(ctx context.Context) (stt.Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return stt.Event{}, err
		}
		c.mu.Lock()
		ev, ok := c.out.pop()
		ended, closed := c.ended, c.closed
		c.mu.Unlock()
		switch {
		case ok:
			wake(c.emitter)
			return ev, nil
		case ended != nil:
			return stt.Event{}, ended
		case closed:
			return stt.Event{}, &stt.Error{Code: stt.Closed, Op: "recv", Msg: "the stream has been closed"}
		}
		if err := wait(ctx, c.receiver); err != nil {
			return stt.Event{}, err
		}
	}
}

// Close implements stt.Stream. It must not be called by the stream's own work, for which it waits.
func (c *Core) Close() error {
	c.mu.Lock()
	c.closed = true
	c.in.drop()
	c.out.drop()
	c.mu.Unlock()
	c.cancel()
	c.wakeAll()
	c.work.Wait()
	return nil
}

// Accepted returns the session time up to which audio has been accepted. Any goroutine may call it.
func (c *Core) Accepted() stt.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end()
}

func (c *Core) end() stt.Time { return c.opts.Start + c.opts.Format.Duration(c.accepted) }

func (c *Core) wakeAll() {
	for _, side := range []chan struct{}{c.sender, c.reader, c.emitter, c.receiver} {
		wake(side)
	}
}

func wake(side chan struct{}) {
	select {
	case side <- struct{}{}:
	default: // told already
	}
}

// wait blocks until the side is told to look again. A done context wins only when there is nothing to look at.
func wait(ctx context.Context, side chan struct{}) error {
	select {
	case <-side:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
