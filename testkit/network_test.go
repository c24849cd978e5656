package testkit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/testkit"
)

// halfCloser is what a connection of the network can do beside net.Conn.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// pair returns both ends of a connection.
func pair(t *testing.T, n *testkit.Network) (client, server halfCloser) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	go func() { // owned by the test; ends with the one Accept
		c, err := n.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	c, err := n.Dial(context.Background(), "tcp", "anywhere:1")
	if err != nil {
		t.Fatal(err)
	}
	s := <-accepted
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(halfCloser), s.(halfCloser)
}

func wantRead(t *testing.T, c net.Conn, text string, want error) {
	t.Helper()
	buf := make([]byte, 100)
	if n, err := c.Read(buf); string(buf[:n]) != text || !errors.Is(err, want) {
		t.Errorf("read %q, %v; want %q, %v", buf[:n], err, text, want)
	}
}

func wantWrite(t *testing.T, c net.Conn, text string, want error) {
	t.Helper()
	if n, err := io.WriteString(c, text); !errors.Is(err, want) || want == nil && n != len(text) {
		t.Errorf("write: %d, %v; want %v", n, err, want)
	}
}

func TestBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t, testkit.NewNetwork())
		wantWrite(t, client, "ping", nil)
		wantWrite(t, client, "s", nil)
		wantWrite(t, server, "pong", nil)
		wantRead(t, server, "pings", nil)
		wantRead(t, client, "pong", nil)
	})
}

// A writer is held back when the peer does not read, and goes on as it does; nothing is lost or swapped.
func TestBufferLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testkit.NewNetwork()
		n.Buffer = 10
		client, server := pair(t, n)
		text := bytes.Repeat([]byte("0123456789abcdef"), 20)
		var mu sync.Mutex
		wrote := 0
		var writing sync.WaitGroup
		writing.Go(func() { // owned by the test; ends when all has been written
			for i := range text {
				if _, err := client.Write(text[i : i+1]); err != nil {
					t.Error(err)
				}
				mu.Lock()
				wrote++
				mu.Unlock()
			}
			client.CloseWrite()
		})
		at := func() int { mu.Lock(); defer mu.Unlock(); return wrote }
		synctest.Wait()
		if at() != 10 {
			t.Errorf("%d bytes fit into a buffer of 10", at())
		}
		first := make([]byte, 3)
		if _, err := io.ReadFull(server, first); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if at() != 13 {
			t.Errorf("%d bytes have been written after 3 were read, want 13", at())
		}
		rest, err := io.ReadAll(server)
		if got := slices.Concat(first, rest); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes arrive of %d, %v", len(got), len(text), err)
		}
		writing.Wait()
	})
}

// One write may be longer than the buffer.
func TestLongWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t, testkit.NewNetwork())
		text := strings.Repeat("x", 1<<20)
		go func() { // owned by the test; ends when all has been read
			wantWrite(t, client, text, nil)
			client.Close()
		}()
		if got, err := io.ReadAll(server); err != nil || string(got) != text {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testkit.NewNetwork()
		n.Buffer = 4
		client, server := pair(t, n)
		began := time.Now()
		after := func(want time.Duration) {
			t.Helper()
			if got := time.Since(began); got != want {
				t.Errorf("after %v, want %v", got, want)
			}
		}
		client.SetReadDeadline(began.Add(time.Second))
		wantRead(t, client, "", os.ErrDeadlineExceeded)
		after(time.Second)
		wantRead(t, client, "", os.ErrDeadlineExceeded) // it stays passed
		after(time.Second)
		wantWrite(t, client, "ab", nil) // and is for reading only

		client.SetWriteDeadline(began.Add(2 * time.Second))
		if n, err := client.Write([]byte("cdef")); n != 2 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d, %v; want the 2 bytes that fit", n, err)
		}
		after(2 * time.Second)
		wantRead(t, server, "abcd", nil)

		client.SetDeadline(time.Time{}) // none
		wantWrite(t, client, "g", nil)
		wantWrite(t, server, "h", nil)
		wantRead(t, client, "h", nil)
		wantRead(t, server, "g", nil)

		client.SetDeadline(began) // long past
		wantWrite(t, client, "i", os.ErrDeadlineExceeded)
		wantRead(t, client, "", os.ErrDeadlineExceeded)
		after(2 * time.Second)
	})
}

// A deadline may be moved while somebody waits for it: put off, brought forward, taken away.
func TestDeadlineMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t, testkit.NewNetwork())
		for _, c := range []struct{ first, then, want time.Duration }{
			{time.Second, 3 * time.Second, 3 * time.Second}, {3 * time.Second, time.Second, time.Second},
			{time.Second, -time.Second, 500 * time.Millisecond}, // past as soon as it is set
		} {
			began := time.Now()
			client.SetReadDeadline(began.Add(c.first))
			var reading sync.WaitGroup
			reading.Go(func() { // owned by the test; ends at the deadline
				wantRead(t, client, "", os.ErrDeadlineExceeded)
				if got := time.Since(began); got != c.want {
					t.Errorf("%v moved to %v: over after %v, want %v", c.first, c.then, got, c.want)
				}
			})
			<-time.After(500 * time.Millisecond) // fake time: the reader waits by now
			client.SetReadDeadline(began.Add(c.then))
			reading.Wait()
		}
		client.SetReadDeadline(time.Now().Add(time.Second))
		client.SetReadDeadline(time.Time{})
		<-time.After(time.Minute) // fake time
		wantWrite(t, server, "still here", nil)
		wantRead(t, client, "still here", nil)
	})
}

func TestCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t, testkit.NewNetwork())
		wantWrite(t, client, "last", nil)
		client.CloseWrite()
		wantWrite(t, client, "x", io.ErrClosedPipe)
		wantRead(t, server, "last", nil)
		wantRead(t, server, "", io.EOF)
		wantWrite(t, server, "answer", nil) // the other half is open
		wantRead(t, client, "answer", nil)

		wantWrite(t, server, "unread", nil)
		client.Close()
		client.Close()
		wantRead(t, client, "", net.ErrClosed) // what was there is gone
		wantWrite(t, client, "x", net.ErrClosed)
		wantRead(t, server, "", io.EOF)
		wantWrite(t, server, "x", io.ErrClosedPipe)
	})
}

// Close wakes both sides of both ends.
func TestCloseUnblocks(t *testing.T) {
	for _, theirs := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := testkit.NewNetwork()
			n.Buffer = 1
			client, server := pair(t, n)
			var waiting sync.WaitGroup
			waiting.Go(func() { // owned by the test; ends with the connection
				buf := make([]byte, 1)
				if _, err := client.Read(buf); err == nil {
					t.Error("read something")
				}
			})
			waiting.Go(func() { // owned by the test; ends with the connection
				if _, err := client.Write([]byte("more than fits")); err == nil {
					t.Error("wrote everything")
				}
			})
			synctest.Wait()
			if theirs {
				server.Close()
			} else {
				client.Close()
			}
			waiting.Wait()
		})
	}
}

func TestDialAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testkit.NewNetwork()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if c, err := n.Dial(ctx, "", ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody accepts, and yet: %v, %v", c, err)
		}
		go func() { // owned by the test; ends when the network is closed
			<-time.After(time.Second) // fake time
			n.Close()
			n.Close()
		}()
		if c, err := n.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accepted %v, %v", c, err)
		}
		if c, err := n.Dial(context.Background(), "", ""); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("dialled %v, %v", c, err)
		}
		if c, err := n.Dial(ctx, "", ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a context that is done: %v, %v", c, err)
		}
	})
}

// The network carries HTTP in a bubble, and nothing is left of it behind.
func TestHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testkit.NewNetwork()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
		})}
		ended := make(chan struct{})
		go func() { // owned by the test; ends with the listener
			defer close(ended)
			server.Serve(n)
		}()
		body := strings.Repeat("x", 200_000) // more than a buffer
		resp, err := n.Client().Post("http://anywhere/", "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(got) != body {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		server.Close()
		<-ended
	})
}
