package stream_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

func flush(t *testing.T, c *stream.Core) {
	t.Helper()
	if err := c.Flush(t.Context()); err != nil {
		t.Fatalf("Flush: %v", err)
	}
}

func closeSend(t *testing.T, c *stream.Core) {
	t.Helper()
	if err := c.CloseSend(); err != nil {
		t.Fatalf("CloseSend: %v", err)
	}
}

func TestReadAtLeast(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		blocksRead(t, c, 10, 1)
		send(t, c, audio(0, 4))
		blocksRead(t, c, 10, 6)
		read(t, c, 10, 4, 0, 4, stream.More)
		send(t, c, audio(4, 4))
		read(t, c, 10, 0, 4, 4, stream.More)
		blocksRead(t, c, 10, 0) // 0 still waits for something
		send(t, c, audio(8, 20))
		read(t, c, 10, 1000, 8, 10, stream.More) // no more than the buffer holds is waited for
		read(t, c, 2, 1, 18, 2, stream.More)
		read(t, c, 100, 8, 20, 8, stream.More)
	})
}

func TestReadWaits(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		type result struct {
			n   int
			err error
		}
		done := make(chan result)
		go func() { // ends when Read returns
			n, _, err := c.Read(context.Background(), make([]byte, 6), 6)
			done <- result{n, err}
		}()
		for from := 0; from < 6; from += 2 {
			synctest.Wait()
			select {
			case r := <-done:
				t.Fatalf("Read returns %+v after %d bytes", r, from)
			default:
			}
			send(t, c, audio(from, 2))
		}
		if r := <-done; r.n != 6 || r.err != nil {
			t.Fatalf("Read returns %+v; expected 6 bytes", r)
		}
	})
}

func TestMarks(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		flush(t, c) // before any audio
		send(t, c, audio(0, 10))
		flush(t, c)
		flush(t, c) // twice in the same place: twice answered
		send(t, c, audio(10, 6))
		flush(t, c)
		send(t, c, audio(16, 4))
		flush(t, c)
		closeSend(t, c)

		read(t, c, 100, 100, 0, 0, stream.Flush)
		read(t, c, 4, 4, 0, 4, stream.More)
		read(t, c, 100, 100, 4, 6, stream.Flush)
		read(t, c, 100, 100, 10, 0, stream.Flush)
		read(t, c, 6, 6, 10, 6, stream.Flush) // the mark stands right behind the buffer's end
		read(t, c, 100, 1, 16, 4, stream.Flush)
		read(t, c, 100, 1, 20, 0, stream.End)
		read(t, c, 100, 1, 20, 0, stream.End)
		read(t, c, 0, 0, 20, 0, stream.End)
	})
}

func TestMarkWakesReader(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*stream.Core) error
		mark stream.Mark
	}{
		{"flush", func(c *stream.Core) error { return c.Flush(context.Background()) }, stream.Flush},
		{"end", (*stream.Core).CloseSend, stream.End},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, stream.Options{}, func(t *testing.T, core *stream.Core) {
				send(t, core, audio(0, 4))
				got := make(chan stream.Mark)
				go func() { // ends when Read returns
					_, m, _ := core.Read(context.Background(), make([]byte, 10), 10)
					got <- m
				}()
				synctest.Wait()
				if err := c.do(core); err != nil {
					t.Fatal(err)
				}
				if m := <-got; m != c.mark {
					t.Errorf("mark %d, expected %d", m, c.mark)
				}
			})
		})
	}
}

func TestEndWithAudio(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 10))
		closeSend(t, c)
		closeSend(t, c)
		read(t, c, 4, 4, 0, 4, stream.More)
		read(t, c, 100, 100, 4, 6, stream.End)
		read(t, c, 100, 100, 10, 0, stream.End)
	})
}

func TestFlushRefused(t *testing.T) {
	bubble(t, stream.Options{NoFlush: true}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 4))
		expectCode(t, "Flush", c.Flush(t.Context()), stt.Unsupported)
		send(t, c, audio(4, 4)) // otherwise undisturbed
		read(t, c, 100, 8, 0, 8, stream.More)
	})
}

// Flushes that nobody reads do not pile up without end: a client could otherwise fill the memory with them.
func TestFlushBlocks(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		n := 0
		for ; n < 10_000; n++ {
			if err := c.Flush(soon(t)); err != nil {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("Flush: %v", err)
				}
				break
			}
		}
		if n < 8 || n > 1000 {
			t.Fatalf("%d flushes are taken before it blocks", n)
		}
		flushed := make(chan error)
		go func() { flushed <- c.Flush(context.Background()) }() // ends when Flush returns
		synctest.Wait()
		read(t, c, 10, 1, 0, 0, stream.Flush)
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		for range n {
			read(t, c, 10, 1, 0, 0, stream.Flush)
		}
		blocksRead(t, c, 10, 1)
	})
}

func TestFlushThatWaitsIsClosed(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		for range 10_000 {
			if c.Flush(soon(t)) != nil {
				break
			}
		}
		flushed := make(chan error)
		go func() { flushed <- c.Flush(context.Background()) }() // ends when Flush returns
		synctest.Wait()
		c.Close()
		expectCode(t, "Flush during Close", <-flushed, stt.Closed)
	})
}
