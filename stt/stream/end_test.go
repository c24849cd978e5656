package stream_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

func TestFinish(t *testing.T) {
	const start = time.Minute
	at := func(ms int) stt.Event { return progress(start + time.Duration(ms)*time.Millisecond) }
	for _, c := range []struct {
		name       string
		given, got []stt.Event // around 100 ms of audio
	}{
		{"nothing said", nil, []stt.Event{at(100), on(1, at(100))}},
		{"a final and no progress", []stt.Event{final("a", 1)}, []stt.Event{final("a", 1), at(100), on(1, at(100))}},
		{"some progress waits", []stt.Event{final("a", 1), on(1, at(30))},
			[]stt.Event{final("a", 1), on(1, at(30)), at(100), on(1, at(100))}},
		{"progress that waits is completed in place", []stt.Event{on(1, at(100)), at(40)}, []stt.Event{on(1, at(100)), at(100)}},
		{"all progress", []stt.Event{at(100), on(1, at(100)), endpoint}, []stt.Event{at(100), on(1, at(100)), endpoint}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, stream.Options{Start: start, Channels: 2, MaxEvents: max(len(c.given), 1)}, func(t *testing.T, core *stream.Core) {
				send(t, core, audio(0, 200))
				closeSend(t, core)
				emit(t, core, c.given...)
				core.Finish() // does not block, though the queue is full
				core.Finish()
				core.Fail(stt.Errorf(stt.Internal, "too late"))
				expectCode(t, "Emit after Finish", core.Emit(endpoint), stt.Closed)
				expect(t, core, c.got...)
				expectEOF(t, core)
			})
		})
	}
}

func TestFinishWithoutAudio(t *testing.T) {
	bubble(t, stream.Options{Start: time.Minute}, func(t *testing.T, c *stream.Core) {
		closeSend(t, c)
		c.Finish()
		expectEOF(t, c)
		c.Close()
		expectEOF(t, c)
	})
}

func TestFinishEndsTheWriteSide(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 20))
		sent := make(chan error)
		go func() { sent <- c.Send(context.Background(), stt.Chunk{Data: audio(0, 2)}) }() // ends when Send returns
		synctest.Wait()
		c.Finish()
		expectCode(t, "a Send that waits", <-sent, stt.Closed)
		expectCode(t, "Send", c.Send(t.Context(), stt.Chunk{Data: audio(0, 2)}), stt.Closed)
		expectCode(t, "Flush", c.Flush(t.Context()), stt.Closed)
		closeSend(t, c)
		expect(t, c, progress(10*time.Millisecond)) // of the audio accepted, not of what was refused
		expectEOF(t, c)
	})
}

func TestCloseSendEndsTheWriteSide(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 20))
		closeSend(t, c)
		expectCode(t, "Send", c.Send(t.Context(), stt.Chunk{Data: audio(0, 2)}), stt.Closed)
		expectCode(t, "an empty Send", c.Send(t.Context(), stt.Chunk{}), stt.Closed)
		expectCode(t, "Flush", c.Flush(t.Context()), stt.Closed)
		read(t, c, 100, 1, 0, 20, stream.End)
	})
}

func TestFail(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 20))
		emit(t, c, final("a", 1))
		sent := make(chan error)
		go func() { sent <- c.Send(context.Background(), stt.Chunk{Data: audio(0, 2)}) }() // ends when Send returns
		readErr := make(chan error)
		synctest.Wait()

		failure := &stt.Error{Code: stt.Unavailable, Msg: "the peer has gone"}
		c.Fail(failure)
		c.Fail(stt.Errorf(stt.Internal, "later"))
		c.Finish()
		expectCode(t, "a Send that waits", <-sent, stt.Unavailable)
		expectCode(t, "Send", c.Send(t.Context(), stt.Chunk{Data: audio(0, 2)}), stt.Unavailable)
		expectCode(t, "Flush", c.Flush(t.Context()), stt.Unavailable)
		expectCode(t, "Emit", c.Emit(final("b", 1)), stt.Closed)
		if err := c.Send(t.Context(), stt.Chunk{}); err == nil || errors.Is(err, failure) || !strings.Contains(err.Error(), "Recv has the reason") {
			t.Errorf("Send says %v; expected that the stream has failed", err)
		}
		closeSend(t, c)

		// The worker's other goroutine is told as well, and does not wait for audio for ever.
		go func() { // ends when Read returns
			_, _, err := c.Read(context.Background(), make([]byte, 10), 1)
			readErr <- err
		}()
		expectCode(t, "Read", <-readErr, stt.Closed)

		expect(t, c, final("a", 1))
		for range 3 {
			if _, err := c.Recv(soon(t)); err != error(failure) {
				t.Fatalf("Recv returns %v; expected the failure itself", err)
			}
		}
		c.Close()
		if _, err := c.Recv(soon(t)); err != error(failure) {
			t.Fatalf("Recv after Close returns %v; expected the failure itself", err)
		}
	})
}

func TestFailWakesBothSides(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		ends := make(chan error, 2)
		go func() { // ends when Read returns
			_, _, err := c.Read(context.Background(), make([]byte, 10), 1)
			ends <- err
		}()
		go func() { // ends when Recv returns
			_, err := c.Recv(context.Background())
			ends <- err
		}()
		synctest.Wait()
		c.Fail(stt.Errorf(stt.Unavailable, "gone"))
		for range 2 {
			if err := <-ends; err == nil {
				t.Error("a side that waits is not told")
			}
		}
	})
}

func TestFailWithoutReason(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		c.Fail(nil)
		_, err := c.Recv(soon(t))
		expectCode(t, "Recv", err, stt.Internal)
		expectCode(t, "Send", c.Send(t.Context(), stt.Chunk{}), stt.Internal)
	})
}

func TestPanic(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		c.Go(func(ctx context.Context) {
			_ = c.Emit(final("a", 1))
			var none []int
			none[3]++
		})
		synctest.Wait()
		expect(t, c, final("a", 1))
		_, err := c.Recv(soon(t))
		expectCode(t, "Recv", err, stt.Internal)
		e := stt.AsError(err)
		if strings.Contains(e.Msg, "index") || strings.Contains(e.Msg, "goroutine") {
			t.Errorf("the message for callers holds internals: %q", e.Msg)
		}
		if e.Err == nil || !strings.Contains(e.Err.Error(), "index out of range") || !strings.Contains(e.Err.Error(), "end_test.go") {
			t.Errorf("the cause for the log is %v; expected the panic and where it was", e.Err)
		}
	})
}

func TestClose(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 20))
		emit(t, c, final("a", 1))
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := c.Recv(t.Context()) // what waited is dropped
		expectCode(t, "Recv", err, stt.Closed)
		expectCode(t, "Send", c.Send(t.Context(), stt.Chunk{Data: audio(0, 2)}), stt.Closed)
		expectCode(t, "Flush", c.Flush(t.Context()), stt.Closed)
		expectCode(t, "CloseSend", c.CloseSend(), stt.Closed)
		expectCode(t, "Emit", c.Emit(endpoint), stt.Closed)
		_, _, err = c.Read(t.Context(), make([]byte, 10), 1)
		expectCode(t, "Read", err, stt.Closed)
		c.Finish()
		c.Fail(stt.Errorf(stt.Internal, "too late"))
		_, err = c.Recv(t.Context())
		expectCode(t, "Recv", err, stt.Closed)
	})
}

func TestCloseWaitsForWork(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		var ended [2]time.Time
		for i := range ended {
			c.Go(func(ctx context.Context) {
				<-ctx.Done()
				<-time.After(time.Duration(i+1) * time.Second) // the rest of a block
				ended[i] = time.Now()
			})
		}
		before := time.Now()
		c.Close()
		if took := time.Since(before); took != 2*time.Second {
			t.Errorf("Close took %v, expected the 2s that the slowest goroutine needs", took)
		}
		for i := range ended {
			if ended[i].IsZero() {
				t.Errorf("goroutine %d was not awaited", i)
			}
		}
	})
}

// Everything is in use, from both sides, when several goroutines close the stream at a moment of each round's own.
func TestCloseAtAnyMoment(t *testing.T) {
	for moment := range 60 {
		bubble(t, stream.Options{MaxAhead: ahead, MaxEvents: 2}, func(t *testing.T, c *stream.Core) {
			c.Go(func(ctx context.Context) { echo(ctx, c) })
			var all sync.WaitGroup
			all.Go(func() { // ends when Send fails
				for n := 0; ; n += 4 {
					var err error
					if n%20 == 0 {
						err = c.Flush(context.Background())
					}
					if err == nil {
						err = c.Send(context.Background(), stt.Chunk{Data: audio(n, 4)})
					}
					if err != nil {
						if stt.CodeOf(err) != stt.Closed {
							t.Errorf("Send: %v; expected code closed", err)
						}
						return
					}
				}
			})
			reached := make(chan struct{})
			all.Go(func() { // ends when Recv fails
				for n := 0; ; n++ {
					if n == moment {
						close(reached)
					}
					if _, err := c.Recv(context.Background()); err != nil {
						if stt.CodeOf(err) != stt.Closed {
							t.Errorf("Recv: %v; expected code closed", err)
						}
						return
					}
				}
			})
			<-reached
			for range 4 {
				all.Go(func() { c.Close() }) // ends when Close returns
			}
			all.Wait()
		})
	}
}

// echo is a worker that gives an event for each piece and each flush.
func echo(ctx context.Context, c *stream.Core) {
	buf := make([]byte, 6)
	for {
		_, mark, err := c.Read(ctx, buf, 2)
		if err != nil {
			return
		}
		kind := stt.EventEndpoint
		switch mark {
		case stream.Flush:
			kind = stt.EventFlushed
		case stream.End:
			c.Finish()
			return
		}
		if c.Emit(stt.Event{Kind: kind}) != nil {
			return
		}
	}
}
