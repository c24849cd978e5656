package provider_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/provider"
	"github.com/earshot-stt/earshot/stt"
)

// ws to a port with TLS, wss to one without, and a port where nobody listens are told apart.
func TestMixUps(t *testing.T) {
	withTLS, file := secure(t)
	roots, err := provider.Roots(file)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { // owned by the test, which awaits served; ends with the listener
		defer close(served)
		http.Serve(plain, http.NotFoundHandler())
	}()
	defer func() { plain.Close(); <-served }()
	chatty, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { // owned by the test; ends with the listener
		for {
			c, err := chatty.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "220 mail.example.com ready\r\n")
			c.Close()
		}
	}()
	defer chatty.Close()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	for name, c := range map[string]struct {
		scheme, host string
		text         string
		refused      bool
	}{
		"ws to TLS":       {"ws", withTLS.Host, "speaks TLS at this port: try wss:// instead of ws://", false},
		"wss to plain":    {"wss", plain.Addr().String(), "does not speak TLS at this port: try ws:// instead of wss://", false},
		"wss to mail":     {"wss", chatty.Addr().String(), "does not speak TLS at this port", false},
		"nobody":          {"ws", nobody.Addr().String(), "connection refused", true},
		"nobody, wss":     {"wss", nobody.Addr().String(), "connection refused", true},
		"ws to not found": {"ws", plain.Addr().String(), "404", false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			_, err := provider.Dial(ctx, provider.NewClient(roots), &url.URL{Scheme: c.scheme, Host: c.host, Path: "/listen"}, nil, "them")
			wantError(t, err, stt.Unavailable, c.text)
			if errors.Is(err, syscall.ECONNREFUSED) != c.refused {
				t.Errorf("refused: %v; expected %v: %v", !c.refused, c.refused, err)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "0": 0, "-7": 0, "soon": 0, "99999999999999999999": 0,
		"Sat, 01 Jan 2000 00:01:30 GMT": 90 * time.Second, "Fri, 31 Dec 1999 23:59:00 GMT": 0} {
		t.Run(value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // where it is the beginning of the year 2000
				_, err := provider.Dial(context.Background(), serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", value)
					w.WriteHeader(503)
					fmt.Fprint(w, "full")
				}), target(), nil, "them")
				if e := wantError(t, err, stt.Exhausted, "full"); e.RetryAfter != want {
					t.Errorf("%v, expected %v", e.RetryAfter, want)
				}
			})
		})
	}
}
