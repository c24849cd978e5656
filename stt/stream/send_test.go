package stream_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

// ahead is 20 bytes of mono.
const ahead = 10 * time.Millisecond

func TestSendBlocksWhenAhead(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 10))
		send(t, c, audio(10, 10))
		blocksSend(t, c, audio(99, 2))
		blocksSend(t, c, audio(99, 40))
		if got := c.Backlog(); got != 1 {
			t.Errorf("the backlog is %v, expected 1", got)
		}
		// A frame is read: a whole chunk fits, though it goes beyond the limit.
		read(t, c, 2, 1, 0, 2, stream.More)
		send(t, c, audio(20, 10))
		blocksSend(t, c, audio(99, 2))
		// Nothing of the chunks refused has come in between.
		read(t, c, 100, 28, 2, 28, stream.More)
		if got := c.Accepted(); got != 15*time.Millisecond {
			t.Errorf("accepted %v, expected 15ms", got)
		}
	})
}

func TestSendGoesOnWhenRead(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 20))
		sent := make(chan error)
		go func() { sent <- c.Send(context.Background(), stt.Chunk{Data: audio(20, 6)}) }() // ends when Send returns
		synctest.Wait()
		select {
		case err := <-sent:
			t.Fatalf("Send beyond the limit returns %v", err)
		default:
		}
		read(t, c, 4, 1, 0, 4, stream.More)
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		read(t, c, 100, 22, 4, 22, stream.More)
	})
}

func TestSendOversize(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 500)) // into the empty queue, whole
		if got := c.Backlog(); got != 25 {
			t.Errorf("the backlog is %v, expected 25", got)
		}
		blocksSend(t, c, audio(500, 2))
		read(t, c, 482, 482, 0, 482, stream.More)
		send(t, c, audio(500, 500))
		read(t, c, 1000, 518, 482, 518, stream.More)
	})
}

// A limit below one frame means one frame; it does not mean that nothing is ever taken.
func TestSendTinyLimit(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: 1}, func(t *testing.T, c *stream.Core) {
		send(t, c, audio(0, 2))
		blocksSend(t, c, audio(2, 2))
		read(t, c, 2, 1, 0, 2, stream.More)
		send(t, c, audio(2, 2))
	})
}

func TestSendDefaultLimit(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		n := mono.Bytes(stream.DefaultMaxAhead)
		send(t, c, audio(0, n-2))
		send(t, c, audio(n-2, 2))
		blocksSend(t, c, audio(n, 2))
	})
}

func TestSendEmpty(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
		send(t, c, nil)
		send(t, c, audio(0, 20))
		send(t, c, []byte{}) // even when there is no room for more
		blocksRead(t, c, 100, 22)
		read(t, c, 100, 20, 0, 20, stream.More)
	})
}

func TestSendPartsOfFrames(t *testing.T) {
	stereo := stt.Format{Rate: 1000, Channels: 2}
	bubble(t, stream.Options{Format: stereo}, func(t *testing.T, c *stream.Core) {
		for _, n := range []int{1, 2, 3, 5, 6} {
			err := c.Send(t.Context(), stt.Chunk{Data: make([]byte, n)})
			expectCode(t, "Send of a part of a frame", err, stt.Malformed)
			if e := stt.AsError(err); e.Want != "a multiple of 4 bytes" {
				t.Errorf("it wants %q", e.Want)
			}
		}
		send(t, c, audio(0, 8)) // the stream goes on
		read(t, c, 8, 8, 0, 8, stream.More)
	})
	bubble(t, stream.Options{Format: stt.Format{Encoding: stt.FLAC, Rate: 1000, Channels: 1}}, func(t *testing.T, c *stream.Core) {
		expectCode(t, "Send to a format without frames", c.Send(t.Context(), stt.Chunk{Data: []byte("fLaC")}), stt.Malformed)
	})
}

func TestDoneContexts(t *testing.T) {
	bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
		if err := c.Send(canceled(), stt.Chunk{Data: audio(0, 2)}); !errors.Is(err, context.Canceled) {
			t.Errorf("Send returns %v; expected context.Canceled", err)
		}
		if err := c.Flush(canceled()); !errors.Is(err, context.Canceled) {
			t.Errorf("Flush returns %v; expected context.Canceled", err)
		}
		emit(t, c, progress(1))
		if _, err := c.Recv(canceled()); !errors.Is(err, context.Canceled) {
			t.Errorf("Recv returns %v; expected context.Canceled", err)
		}
		if _, _, err := c.Read(canceled(), make([]byte, 2), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("Read returns %v; expected context.Canceled", err)
		}
		// Nothing has been accepted, marked, lost or taken.
		expect(t, c, progress(1))
		if got := c.Accepted(); got != 0 {
			t.Errorf("accepted %v, expected nothing", got)
		}
		send(t, c, audio(0, 2))
		read(t, c, 2, 1, 0, 2, stream.More)
	})
}

// The context of a Send that waits ends at the very moment at which room is made: either it was accepted, or nothing.
func TestSendContextAgainstRead(t *testing.T) {
	for range 50 {
		bubble(t, stream.Options{MaxAhead: ahead}, func(t *testing.T, c *stream.Core) {
			send(t, c, audio(0, 20))
			ctx, cancel := context.WithCancel(t.Context())
			sent := make(chan error)
			go func() { sent <- c.Send(ctx, stt.Chunk{Data: audio(20, 4)}) }() // ends when Send returns
			synctest.Wait()
			go cancel() // ends at once
			read(t, c, 20, 20, 0, 20, stream.More)
			if err := <-sent; err == nil {
				read(t, c, 20, 4, 20, 4, stream.More)
			} else {
				blocksRead(t, c, 20, 1)
				send(t, c, audio(20, 4)) // usable as before
				read(t, c, 20, 4, 20, 4, stream.More)
			}
		})
	}
}

func TestSendKeepsNothing(t *testing.T) {
	bubble(t, stream.Options{}, func(t *testing.T, c *stream.Core) {
		mine := audio(0, 8)
		send(t, c, mine)
		clear(mine)
		read(t, c, 8, 8, 0, 8, stream.More)
	})
}

func TestAccepted(t *testing.T) {
	bubble(t, stream.Options{Start: time.Minute}, func(t *testing.T, c *stream.Core) {
		if got := c.Accepted(); got != time.Minute {
			t.Errorf("accepted %v at the beginning, expected the start", got)
		}
		send(t, c, audio(0, 200))
		read(t, c, 200, 1, 0, 200, stream.More)
		if got := c.Accepted(); got != time.Minute+100*time.Millisecond {
			t.Errorf("accepted %v, expected 1m0.1s", got)
		}
	})
}
