package dialect

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// Sockets that share buffers never see each other's messages: each is as it was sent until its own socket's next Read, however
// the sockets read and whatever lengths come.
func TestSocketsShareBuffers(t *testing.T) {
	var buffers Buffers
	const sockets, messages = 8, 50
	text := func(socket, n int) []byte {
		return bytes.Repeat(fmt.Appendf(nil, "socket %d message %d ", socket, n), 1+(socket*n)%400)
	}
	var next sync.Mutex
	socket := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := Upgrade(w, r, &buffers, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Drop()
		next.Lock()
		mine := socket
		socket++
		next.Unlock()
		if err := s.Write(t.Context(), fmt.Append(nil, mine)); err != nil {
			t.Error(err)
			return
		}
		for n := range messages {
			msg, _, err := s.Read(t.Context(), 1<<20)
			if err != nil {
				t.Errorf("socket %d, message %d: %v", mine, n, err)
				return
			}
			// Others read in the meantime: the answer goes out and the next message of another socket comes.
			if err := s.Write(t.Context(), []byte("seen")); err != nil {
				t.Error(err)
				return
			}
			if !bytes.Equal(msg, text(mine, n)) {
				t.Errorf("socket %d: message %d is %.60q", mine, n, msg)
			}
		}
	}))
	defer server.Close()
	var clients sync.WaitGroup
	for range sockets {
		clients.Go(func() { // ends with the messages, or with the first that fails
			if err := talk(t.Context(), server.URL, messages, text); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
}

// talk is a client that is told its number, sends that socket's messages, and waits for an answer to each.
func talk(ctx context.Context, address string, messages int, text func(socket, n int) []byte) error {
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	var mine int
	_, number, err := conn.Read(ctx)
	if err == nil {
		_, err = fmt.Sscan(string(number), &mine)
	}
	for n := 0; n < messages && err == nil; n++ {
		if err = conn.Write(ctx, websocket.MessageBinary, text(mine, n)); err == nil {
			_, _, err = conn.Read(ctx)
		}
	}
	return err
}

// A socket that waits for a message holds none, and one long message does not stay for ever.
func TestBuffersKeepLittle(t *testing.T) {
	var b Buffers
	for _, size := range []int{0, 1, 4000, longestShared} {
		buf := b.take()
		if len(*buf) != 0 {
			t.Errorf("a buffer comes with %d bytes of somebody else", len(*buf))
		}
		*buf = append(*buf, make([]byte, size)...)
		b.give(buf)
	}
	long := make([]byte, longestShared+1)
	b.give(&long)
	for range 10 {
		if buf := b.take(); buf == &long {
			t.Error("a buffer of more than the limit is kept")
		}
	}
}
