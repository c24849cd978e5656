package provider_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/provider"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
)

// What travels with a request and must be seen in no error.
const (
	password  = "a long password"
	signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	key       = "sk/live+0123456789=="
)

func target() *url.URL {
	return &url.URL{Scheme: "ws", Host: "memory:1", Path: "/listen", User: url.UserPassword("me", password),
		RawQuery: url.Values{"model": {"nova"}, "token": {signature}}.Encode()}
}

var header = http.Header{"Authorization": {"Bearer " + key}, "X-Short": {"yes"}}

// serve runs a handler until the test ends and returns a client for it.
func serve(t *testing.T, h http.HandlerFunc) *http.Client {
	t.Helper()
	n := testkit.NewNetwork()
	server := &http.Server{Handler: h}
	ended := make(chan struct{})
	go func() { // owned by the test; ends with the listener
		defer close(ended)
		server.Serve(n)
	}()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return n.Client()
}

func wantError(t *testing.T, err error, code stt.Code, texts ...string) *stt.Error {
	t.Helper()
	var e *stt.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %T (%v)", err, err)
	}
	if e.Code != code {
		t.Errorf("code %v of %v; want %v", e.Code, err, code)
	}
	all := fmt.Sprintf("%v %+v %s %s", err, errors.Unwrap(err), e.PeerCode, e.Msg)
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("%s\nlacks %q", all, text)
		}
	}
	basic := base64.StdEncoding.EncodeToString([]byte("me:" + password))
	for _, s := range []string{password, signature, key, url.QueryEscape(key), basic, "nova"} {
		if strings.Contains(all, s) {
			t.Errorf("shows %s: %s", s, all)
		}
	}
	return e
}

func TestDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != target().RawQuery || r.Header.Get("Authorization") != "Bearer "+key {
				t.Errorf("asked with %s and %v", r.URL.RawQuery, r.Header)
			}
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.CloseNow()
			c.SetReadLimit(1 << 20)
			kind, msg, err := c.Read(r.Context())
			if err == nil {
				err = c.Write(r.Context(), kind, msg)
			}
			if err != nil {
				t.Error(err)
			}
			c.CloseRead(r.Context())
			c.Close(websocket.StatusNormalClosure, "")
		})
		ctx := context.Background()
		c, err := provider.Dial(ctx, client, target(), header, "them")
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		big := make([]byte, 100<<10) // more than the library would take by itself
		if err := c.Write(ctx, websocket.MessageBinary, big); err == nil {
			_, msg, err := c.Read(ctx)
			if err != nil || len(msg) != len(big) {
				t.Errorf("%d bytes come back, %v", len(msg), err)
			}
		}
		c.Read(ctx) // the server's Close is answered in here
	})
}

// An echo of everything that was sent, as servers that help with debugging give it.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, "no: ", r.URL.RawQuery, " ", r.URL.Query().Get("token"), " ", r.Header.Get("Authorization"), " ", url.QueryEscape(key), "\xff", strings.Repeat("x", 2000))
	}
}

func TestRefusals(t *testing.T) {
	for status, code := range map[int]stt.Code{401: stt.Unauthenticated, 403: stt.Denied, 429: stt.Quota, 503: stt.Exhausted,
		400: stt.Unavailable, 404: stt.Unavailable, 500: stt.Unavailable, 200: stt.Unavailable} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := provider.Dial(context.Background(), serve(t, echo(status)), target(), header, "them")
				e := wantError(t, err, code, "cannot connect to the server: ws://memory:1/listen?...", "the server says: no: (withheld)", fmt.Sprint(status))
				if e.Peer != "them" || !strings.HasPrefix(e.PeerCode, fmt.Sprint(status)) || len(err.Error()) > 600 {
					t.Errorf("peer %q, code %q, %d bytes", e.Peer, e.PeerCode, len(err.Error()))
				}
			})
		})
	}
}

// A secret that the end of what is read cuts off is not shown by its first half.
func TestSecretsAreNotCutInHalf(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 60)
	for _, before := range []int{0, 100, 500, 1000, 1010} {
		synctest.Test(t, func(t *testing.T) {
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(403)
				fmt.Fprint(w, strings.Repeat("x", before), long)
			})
			_, err := provider.Dial(context.Background(), client, target(), http.Header{"X-Key": {long}}, "them")
			if wantError(t, err, stt.Denied); strings.Contains(err.Error(), long[:12]) {
				t.Errorf("%d: %v", before, err)
			}
		})
	}
}

// An answer that is an upgrade, but a wrong one, says what is wrong with it.
func TestBadHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n")
		})
		_, err := provider.Dial(context.Background(), client, target(), header, "them")
		wantError(t, err, stt.Unavailable, "cannot connect", "Sec-WebSocket-Accept")
	})
}

func TestNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := testkit.NewNetwork()
		n.Close()
		_, err := provider.Dial(context.Background(), n.Client(), target(), header, "them")
		wantError(t, err, stt.Unavailable, "cannot connect to the server: ws://memory:1/listen?...", "connection refused")
	})
}

// A transport whose error holds all of the address, as proxies' errors do.
func TestTalkativeTransport(t *testing.T) {
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("proxy: cannot reach " + target().String() + " with " + key)
	}}}
	_, err := provider.Dial(context.Background(), client, target(), header, "them")
	wantError(t, err, stt.Unavailable, "proxy: cannot reach", "withheld")
}

func TestContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		t.Cleanup(func() { close(stop) })
		client := serve(t, func(http.ResponseWriter, *http.Request) { <-stop })
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := provider.Dial(ctx, client, target(), header, "them")
		wantError(t, err, stt.DeadlineExceeded)
		if took := time.Since(began); took != time.Minute {
			t.Errorf("after %v", took)
		}
		ctx, cancel = context.WithCancel(context.Background())
		cancel()
		_, err = provider.Dial(ctx, client, target(), header, "them")
		wantError(t, err, stt.Canceled)
	})
}

// A connection that ends within a message ends no message: what has come of it must not be taken for all of it.
func TestConnectionEndsWithinMessage(t *testing.T) {
	for name, sent := range map[string]string{
		"before the payload":         "\x82\x64",
		"within the payload":         "\x82\x64" + strings.Repeat("x", 60),
		"between fragments":          "\x02\x03abc",
		"within the second fragment": "\x02\x03abc\x80\x05de",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455 section 4.2.2
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n%s",
					base64.StdEncoding.EncodeToString(sum[:]), sent)
			}))
			defer server.Close()
			address, _ := url.Parse("ws" + strings.TrimPrefix(server.URL, "http"))
			conn, err := provider.Dial(t.Context(), nil, address, nil, "test")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseNow()
			if _, msg, err := conn.Read(t.Context()); err == nil {
				t.Errorf("got a message of %d bytes", len(msg))
			}
		})
	}
}
