package dialect

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/testkit"
)

func TestIsUpgrade(t *testing.T) {
	for _, tt := range []struct {
		values []string
		want   bool
	}{
		{nil, false},
		{[]string{"websocket"}, true},
		{[]string{"WebSocket"}, true},
		{[]string{"h2c"}, false},
		{[]string{"h2c, websocket"}, true},
		{[]string{"h2c", " websocket "}, true},
		{[]string{"websockets"}, false},
		{[]string{"websocket/13"}, false},
		{[]string{""}, false},
	} {
		r := &http.Request{Header: http.Header{"Upgrade": tt.values}}
		if got := IsUpgrade(r); got != tt.want {
			t.Errorf("Upgrade: %q is %t; want %t", tt.values, got, tt.want)
		}
	}
}

func TestTolerantKeys(t *testing.T) {
	const good, other, bad = "dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA==", "0123456789abcdefghij"
	for _, tt := range []struct {
		keys []string
		want string
	}{
		{[]string{good}, good},
		{[]string{good, bad}, good},
		{[]string{bad, good}, good},
		{[]string{good, other}, good},
		{[]string{bad, bad + "2"}, bad},
		{[]string{"", good}, good},
		{nil, ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Sec-Websocket-Key"] = tt.keys
		got := tolerant(r)
		if key := got.Header.Get("Sec-WebSocket-Key"); key != tt.want {
			t.Errorf("of the keys %q the one taken is %q; want %q", tt.keys, key, tt.want)
		}
		if len(tt.keys) > 1 && len(got.Header.Values("Sec-WebSocket-Key")) != 1 {
			t.Errorf("of the keys %q more than one is left", tt.keys)
		}
		if len(r.Header.Values("Sec-WebSocket-Key")) != len(tt.keys) {
			t.Errorf("the request with the keys %q was changed in place", tt.keys)
		}
	}
}

// upgraded runs do on the server's end of a socket, and returns the client's end after the handshake.
func upgraded(t *testing.T, onClose func(open <-chan struct{}), do func(s *Socket)) (client net.Conn, answers *bufio.Reader, ended <-chan struct{}) {
	t.Helper()
	network, over := testkit.NewNetwork(), make(chan struct{})
	var conns testkit.Connections
	server := &http.Server{ConnState: conns.Track, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(over)
		s, err := Upgrade(w, r, nil, onClose)
		if err != nil {
			t.Error(err)
			return
		}
		do(s)
	})}
	stopped := make(chan struct{})
	go func() { // owned by the test; ends with the listener
		defer close(stopped)
		server.Serve(network)
	}()
	client, err := network.Dial(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
		<-stopped
		conns.Wait()
		<-over
	})
	io.WriteString(client, "GET / HTTP/1.1\r\nHost: memory\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	answers = bufio.NewReader(client)
	resp, err := http.ReadResponse(answers, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake was answered with %v, %v", resp, err)
	}
	return client, answers, over
}

func TestReadLimit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		sent  []byte
		limit int
		want  int // bytes of the message; -1: it is too big
	}{
		{"nothing", frame(0x82, nil), 10, 0},
		{"less", frame(0x82, make([]byte, 9)), 10, 9},
		{"as much as may be", frame(0x82, make([]byte, 10)), 10, 10},
		{"one more", frame(0x82, make([]byte, 11)), 10, -1},
		{"in fragments, as much as may be", join(frame(0x02, make([]byte, 5)), frame(0x00, nil), frame(0x80, make([]byte, 5))), 10, 10},
		{"in fragments, one more", join(frame(0x02, make([]byte, 5)), frame(0x80, make([]byte, 6))), 10, -1},
		{"much", frame(0x82, make([]byte, 1<<20)), 1 << 20, 1 << 20},
		{"much and one more", frame(0x82, make([]byte, 1<<20+1)), 1 << 20, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _, ended := upgraded(t, nil, func(s *Socket) {
					defer s.Drop()
					msg, text, err := s.Read(t.Context(), tt.limit)
					switch {
					case tt.want < 0 && !errors.Is(err, ErrTooBig):
						t.Errorf("got %d bytes and %v; want ErrTooBig", len(msg), err)
					case tt.want < 0:
						if _, _, err := s.Read(t.Context(), 1<<30); !errors.Is(err, ErrTooBig) {
							t.Errorf("the next read gave %v; want ErrTooBig again", err)
						}
					case tt.want >= 0 && (err != nil || len(msg) != tt.want || text):
						t.Errorf("got %d bytes, text %t, %v; want %d", len(msg), text, err, tt.want)
					}
				})
				_, _ = client.Write(tt.sent) // the server drops what is beyond its limit
				<-ended
			})
		})
	}
}

func TestReadSaysWhatIsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _, ended := upgraded(t, nil, func(s *Socket) {
			defer s.Drop()
			for _, want := range []bool{true, false} {
				msg, text, err := s.Read(t.Context(), 100)
				if err != nil || text != want || string(msg) != "hello" {
					t.Errorf("got %q, text %t, %v; want text %t", msg, text, err, want)
				}
			}
		})
		_, _ = client.Write(join(frame(0x81, []byte("hello")), frame(0x82, []byte("hello")))) // in memory it fits
		<-ended
	})
}

func TestGoodbye(t *testing.T) {
	long := strings.Repeat("x", 122) + "é and more" // the cut falls into the letter
	for _, tt := range []struct{ reason, want string }{{"done", "done"}, {"", ""}, {long, strings.Repeat("x", 122)}} {
		synctest.Test(t, func(t *testing.T) {
			_, answers, ended := upgraded(t, nil, func(s *Socket) {
				begun := time.Now()
				s.Goodbye(websocket.StatusPolicyViolation, tt.reason, 3*time.Second)
				if took := time.Since(begun); took != 3*time.Second {
					t.Errorf("goodbye to a peer that does not answer took %v; want 3 s", took)
				}
			})
			<-ended
			got, err := io.ReadAll(answers)
			want := append([]byte{0x88, byte(2 + len(tt.want)), 1008 >> 8, 1008 & 0xff}, tt.want...)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("the peer read %q, %v; want %q", got, err, want)
			}
		})
	}
}

// Goodbye does not wait longer for a peer that never stops, whatever it sends.
func TestGoodbyeToAFlood(t *testing.T) {
	for name, sent := range map[string][]byte{
		"small frames":     frame(0x82, []byte("x")),
		"an endless frame": append([]byte{0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4}, make([]byte, 1000)...),
		"pings":            frame(0x89, []byte("x")),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _, ended := upgraded(t, nil, func(s *Socket) {
					begun := time.Now()
					s.Goodbye(websocket.StatusNormalClosure, "", 2*time.Second)
					if took := time.Since(begun); took > 2*time.Second {
						t.Errorf("goodbye took %v; want 2 s at most", took)
					}
				})
				for {
					if _, err := client.Write(sent); err != nil {
						break
					}
					<-time.After(time.Millisecond)
				}
				<-ended
			})
		})
	}
}

// What is written while onClose runs reaches the peer, before the answer to its Close; onClose learns when that has gone out.
func TestOnClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := make(chan struct{})
		client, answers, ended := upgraded(t, func(open <-chan struct{}) {
			close(began)
			<-open
		}, func(s *Socket) {
			read := make(chan struct{})
			go func() { // ends with the connection
				defer close(read)
				if _, _, err := s.Read(t.Context(), 10); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
					t.Errorf("reading ended with %v; want the peer's Close", err)
				}
			}()
			<-began
			if err := s.Write(t.Context(), []byte("last words")); err != nil {
				t.Error(err)
			}
			s.Goodbye(websocket.StatusNormalClosure, "bye", time.Second)
			<-read
		})
		_, _ = client.Write(frame(0x88, []byte{1000 >> 8, 1000 & 0xff})) // in memory it fits
		<-ended
		got, err := io.ReadAll(answers)
		if want := "\x82\x0alast words\x88\x05\x03\xe8bye"; err != nil || string(got) != want {
			t.Errorf("the peer read %q, %v; want %q", got, err, want)
		}
	})
}

// Drop ends the connection without a word, also for a goroutine that waits in onClose.
func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, answers, ended := upgraded(t, func(open <-chan struct{}) { <-open }, func(s *Socket) {
			read := make(chan struct{})
			go func() { // ends with the connection
				defer close(read)
				if _, _, err := s.Read(context.Background(), 10); err == nil {
					t.Error("reading from a dropped connection gave a message")
				}
			}()
			synctest.Wait()
			s.Drop()
			<-read
		})
		_, _ = client.Write(frame(0x88, nil)) // in memory it fits
		<-ended
		got, _ := io.ReadAll(answers)
		// The Close may be answered once it goes through; there is nothing else.
		if len(got) > 0 && got[0] != 0x88 {
			t.Errorf("the peer was told %q", got)
		}
	})
}

// A writer that cannot be hijacked is told so, and there is no socket.
func TestUpgradeWithoutConnection(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	if s, err := Upgrade(w, r, nil, nil); err == nil {
		t.Errorf("got a socket %v out of a recorder", s)
	}
}

// Text, pings and binary messages go out as what they are.
func TestKindsOfMessages(t *testing.T) {
	_, answers, _ := upgraded(t, nil, func(s *Socket) {
		if err := errors.Join(s.WriteText(t.Context(), []byte("said")), s.Ping(time.Second), s.Write(t.Context(), []byte{1, 2})); err != nil {
			t.Error(err)
		}
		s.Drop()
	})
	got, err := io.ReadAll(answers)
	if err != nil || string(got) != "\x81\x04said\x89\x00\x82\x02\x01\x02" {
		t.Errorf("% x, %v", got, err)
	}
}

// A connection that ends within a message ends no message: what has come of it must not be taken for all of it.
func TestConnectionEndsWithinMessage(t *testing.T) {
	for name, sent := range map[string][]byte{
		"before the payload":         frame(0x82, make([]byte, 100))[:6],
		"within the payload":         frame(0x82, make([]byte, 100))[:60],
		"within a long payload":      frame(0x82, make([]byte, 9000))[:8+4096],
		"between fragments":          frame(0x02, make([]byte, 100)),
		"within the second fragment": join(frame(0x02, make([]byte, 100)), frame(0x80, make([]byte, 100))[:50]),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, _, ended := upgraded(t, nil, func(s *Socket) {
					defer s.Drop()
					if msg, _, err := s.Read(t.Context(), 1<<20); err == nil {
						t.Errorf("got a message of %d bytes", len(msg))
					}
				})
				client.Write(sent)
				client.Close()
				<-ended
			})
		})
	}
}
