package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// trusting returns the TLS configuration of a client that trusts the server.
func trusting(t *testing.T, cfg *config.Config, protocols ...string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(cfg.Data, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	return &tls.Config{RootCAs: pool, NextProtos: protocols, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// way is how a client gets to HTTP/2.
type way struct {
	name     string
	endpoint func(s *running) string
	dial     func(t *testing.T, s *running, cfg *config.Config) *http.Client
}

// priorOver returns a client that speaks HTTP/2 from the first byte on, on connections made by dial; nil: TCP.
func priorOver(dial func(ctx context.Context) (net.Conn, error)) *http.Client {
	t := &http.Transport{Protocols: new(http.Protocols)}
	if dial != nil {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	}
	t.Protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: t}
}

// unagreed returns a client that offers the protocols by ALPN, and speaks HTTP/2 whatever comes of it.
func unagreed(t *testing.T, s *running, cfg *config.Config, protocols ...string) *http.Client {
	conf := trusting(t, cfg, protocols...)
	return priorOver(func(ctx context.Context) (net.Conn, error) {
		return (&tls.Dialer{Config: conf}).DialContext(ctx, "tcp", strings.TrimPrefix(s.safe, "https://"))
	})
}

var ways = []way{
	{"without TLS", func(s *running) string { return s.plain }, func(*testing.T, *running, *config.Config) *http.Client {
		return priorOver(nil)
	}},
	{"TLS with ALPN", func(s *running) string { return s.safe }, func(t *testing.T, _ *running, cfg *config.Config) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(t, cfg), ForceAttemptHTTP2: true}}
	}},
	{"TLS without ALPN", func(s *running) string { return strings.Replace(s.safe, "https", "http", 1) },
		func(t *testing.T, s *running, cfg *config.Config) *http.Client { return unagreed(t, s, cfg) }},
	{"TLS, agreed on HTTP/1.1", func(s *running) string { return strings.Replace(s.safe, "https", "http", 1) },
		func(t *testing.T, s *running, cfg *config.Config) *http.Client {
			return unagreed(t, s, cfg, "http/1.1")
		}},
}

func (w way) client(t *testing.T, s *running, cfg *config.Config) *http.Client {
	c := w.dial(t, s, cfg)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// stream opens a stream over HTTP/2.
func (w way) stream(t *testing.T, s *running, cfg *config.Config) stt.Stream {
	t.Helper()
	id, secret := accessKey(t, cfg)
	r, err := transcribe.New(transcribe.Options{Endpoint: w.endpoint(s), Transport: transcribe.HTTP2, Client: w.client(t, s, cfg),
		Credentials: transcribe.Static(sigv4.Credentials{AccessKeyID: id, Secret: secret})})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := r.Open(t.Context(), stt.Config{Audio: stt.Format{Rate: 16000, Channels: 1}, Languages: stt.Languages{Tags: []string{"en-US"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	return stream
}

// accessKey returns the key that the first start made.
func accessKey(t *testing.T, cfg *config.Config) (id, secret string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cfg.Data, auth.CredentialsFile))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, "=")
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			id = strings.TrimSpace(value)
		case "aws_secret_access_key":
			secret = strings.TrimSpace(value)
		}
	}
	return id, secret
}

// However a client gets to HTTP/2, it is served, many requests on one connection, and a stream that runs at the end of the
// server comes to its own.
func TestHTTP2(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			cfg := configure(t, speech, nil)
			s := start(t, cfg)
			c := w.client(t, s, cfg)
			for range 3 {
				resp, err := c.Get(w.endpoint(s) + "/readyz")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Error(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 200 || resp.ProtoMajor != 2 {
					t.Errorf("%s %s, expected HTTP/2 200", resp.Proto, resp.Status)
				}
			}
			stream := w.stream(t, s, cfg)
			send(t, stream, 2*time.Second)
			s.awaitLog("stream opened")
			s.stop()
			s.awaitLog("shutting down")
			send(t, stream, time.Second)
			if err := stream.CloseSend(); err != nil {
				t.Fatal(err)
			}
			finals, err := listen(t, stream)
			if want := "Good morning everybody.|How are you?"; err != io.EOF || strings.Join(finals, "|") != want {
				t.Errorf("%q and %v, expected %q", finals, err, want)
			}
			stream.Close()
			c.CloseIdleConnections()
			s.end()
			if !strings.Contains(s.log.String(), "protocol=amazon-http2") || !strings.Contains(s.log.String(), "reason=completed") {
				t.Errorf("the log does not speak of the stream:\n%s", s.log)
			}
			nothingLeft(t, before)
		})
	}
}

func nothingLeft(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before+1 { // the test's own
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

// Whoever has not ended within the grace period is told so, and connections that have nothing to do do not hold the server.
func TestGraceIsOverHTTP2(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			cfg := configure(t, speech, map[string]string{"grace": "200ms"})
			s := start(t, cfg)
			idle := w.client(t, s, cfg)
			resp, err := idle.Get(w.endpoint(s) + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			stream := w.stream(t, s, cfg)
			send(t, stream, 2*time.Second)
			s.awaitLog("stream opened")
			s.stop()
			_, err = listen(t, stream)
			if e := stt.AsError(err); e.PeerCode != "ServiceUnavailableException" || !strings.Contains(e.Msg, "connect again") {
				t.Errorf("ended with %v", err)
			}
			s.end()
			if strings.Contains(s.log.String(), "some connections did not end") {
				t.Errorf("a connection that had nothing to do has held the server:\n%s", s.log)
			}
		})
	}
}

// A connection that looks like HTTP/2 and is none, or says no more, ends by itself.
func TestHalfAPreface(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"listen": "off"})
	s := start(t, cfg)
	for name, text := range map[string]string{
		"another method":    "PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"another version":   "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n",
		"not the preface":   "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
		"headers behind it": "PRI * HTTP/2.0\r\nHost: x\r\n\r\nSM\r\n\r\n",
	} {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(s.safe, "https://"), trusting(t, cfg))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Error(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Error(err)
		}
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection stays open", name)
		}
		conn.Close()
	}
}

// Connections beyond the limit are dropped at once and told to the log, and those that there are go on.
func TestConnectionLimit(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"limits.connections": "2"})
	s := start(t, cfg)
	stream := s.dial(cfg, strings.Replace(s.plain, "http", "ws", 1))
	s.awaitLog("stream opened")
	second, err := net.Dial("tcp", strings.TrimPrefix(s.safe, "https://")) // of another listener: the limit is one
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	client := plainClient()
	for range 100 { // whether the second has been accepted shows when a third is not
		if _, err = client.Get(s.plain + "/healthz"); err != nil {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	if err == nil {
		t.Error("more connections than the limit are served")
	}
	s.awaitLog("limits.connections") // which it is told after the connection has been dropped
	second.Close()
	for range 100 {
		var resp *http.Response
		if resp, err = client.Get(s.plain + "/healthz"); err == nil {
			resp.Body.Close()
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("there is room again, and yet: %v", err)
	}
	send(t, stream, 3*time.Second)
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if finals, err := listen(t, stream); err != io.EOF || len(finals) != 2 {
		t.Errorf("%q and %v", finals, err)
	}
}
