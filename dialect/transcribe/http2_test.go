package transcribe_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/feature"
	provider "github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// TestLoopbackTLS is the loopback over HTTP/2 that both sides have agreed on by ALPN.
func TestLoopbackTLS(t *testing.T) {
	borrowed := httptest.NewUnstartedServer(nil) // for its certificate
	borrowed.StartTLS()
	defer borrowed.Close()
	roots := x509.NewCertPool()
	roots.AddCert(borrowed.Certificate())
	judge(t, func(t *testing.T, so session.Options) stt.Recognizer {
		h := serveOn(t, so, dialect.Options{}, func(l net.Listener) net.Listener {
			return tls.NewListener(l, &tls.Config{Certificates: borrowed.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12})
		})
		return client(t, h.net, provider.Options{Transport: provider.HTTP2, Endpoint: "https://memory:8443",
			Client: &http.Client{Transport: &http.Transport{DialContext: h.net.Dial, DisableKeepAlives: true,
				TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}}}})
	})
}

// What is no HTTP/2 gets a clear answer at once, though the client is still sending a body of which it knows no end.
func TestHTTP1Refused(t *testing.T) {
	for _, tt := range []struct {
		name, request string
		status        int
		texts         []string
	}{
		{"chunked", "POST " + wire.PathHTTP2 + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 505,
			[]string{"needs HTTP/2", "HTTP/1.1", wire.PathWebSocket}},
		{"with a length", "POST " + wire.PathHTTP2 + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhello", 505, []string{"needs HTTP/2"}},
		{"waiting to be asked", "POST " + wire.PathHTTP2 + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", 505, []string{"needs HTTP/2"}},
		{"without a body", "POST " + wire.PathHTTP2 + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 505, []string{"needs HTTP/2"}},
		{"HTTP/1.0", "POST " + wire.PathHTTP2 + " HTTP/1.0\r\n\r\n", 505, []string{"HTTP/1.0"}},
		{"medical", "POST " + wire.PathMedicalHTTP2 + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 505, []string{wire.PathMedicalWebSocket}},
		{"another method", "GET " + wire.PathHTTP2 + " HTTP/1.1\r\nHost: x\r\n\r\n", 405, []string{"GET", "POST"}},
		{"a WebSocket", "GET " + wire.PathHTTP2 + " HTTP/1.1\r\nHost: x\r\n" + handshaking + goodKey + "\r\n", 400, []string{wire.PathWebSocket}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{})
				conn := h.dial(t)
				c := raw{t: t, conn: conn}
				c.bytes([]byte(tt.request))
				began := time.Now()
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Error(err)
				}
				var said struct{ Message string }
				if err := json.Unmarshal(body, &said); err != nil || resp.StatusCode != tt.status || resp.Header.Get("X-Amzn-Errortype") != wire.BadRequest {
					t.Errorf("%s %v %s: %v", resp.Status, resp.Header, body, err)
				}
				for _, text := range tt.texts {
					if !strings.Contains(said.Message, text) {
						t.Errorf("%q does not say %q", said.Message, text)
					}
				}
				if allow := resp.Header.Get("Allow"); (tt.status == 405) != (allow == "POST") {
					t.Errorf("Allow: %q", allow)
				}
				if took := time.Since(began); took > 0 {
					t.Errorf("answered after %v", took)
				}
				pass(time.Second)
				h.empty(t)
			})
		})
	}
}

// A client that waits to be told that it may go on is told so before the headers of the response, where alone it may be.
func TestExpectContinue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{})
		c := h.framed(t, wide)
		c.open("expect", "100-continue")
		c.audio(1200 * time.Millisecond)
		c.data(c.seal(0))
		c.end()
		c.expect("headers another status", accepted, opened, words, "end")
		h.empty(t)
	})
}

// A panic in one stream is an exception to its client, gives everything back, and leaves the stream beside it alone.
func TestPanicEndsOneStreamOfHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation)}),
			Features: []feature.Feature{{Wanted: func(*stt.Config) bool { return true }, New: func(*stt.Config) feature.Rewriter {
				if first {
					first = false
					return bomb("good")
				}
				return feature.Chain(nil)
			}}}}, dialect.Options{})
		c := h.framed(t, wide)
		c.open()
		broken := &framer{t: t, conn: c.conn, stream: c.stream, sealer: c.sealer}
		c.open()
		c.expect(accepted, opened, accepted)
		broken.audio(1200 * time.Millisecond)
		broken.end()
		c.expect("exception InternalFailureException", "end")
		c.audio(1200 * time.Millisecond)
		c.data(c.seal(0))
		c.end()
		c.expect(words, "end")
		h.empty(t)
	})
}

// What is refused is in the log once, with the request's id and without the signature; and beyond the places that refusals
// have, clients are told why as well, but not logged.
func TestRefusalsOfHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := scripted(t, conversation, session.Limits{}, dialect.Options{Refused: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
		refused := func() *post {
			p := &post{t: t, path: wire.PathHTTP2, method: "POST", signer: signer(), header: http.Header{}}
			p.signer.Credentials.Secret = "wrong"
			p.do(h.net.Client())
			return p
		}
		for _, p := range []*post{refused(), refused()} { // the first is still being told
			pass(0)
			got := strings.Join(p.heard(), "\n")
			if !strings.HasPrefix(got, "403\nx-amzn-errortype: InvalidSignatureException") {
				t.Errorf("refused with %s", got)
			}
		}
		pass(time.Second)
		if n := strings.Count(log.String(), "stream refused"); n != 1 || !strings.Contains(log.String(), "protocol=amazon-http2") || strings.Contains(log.String(), "Signature=") {
			t.Errorf("%d lines in the log, expected one:\n%s", n, &log)
		}
		h.empty(t)
	})
}

// Looking for the usual mistakes costs more than the check itself, so that strangers get it for short requests only.
func TestLongHeadersAreNotExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{})
		p := &post{t: t, path: wire.PathHTTP2, method: "POST", signer: signer(), header: http.Header{"X-Filler": {strings.Repeat("x", 20_000)}}}
		p.signer.Credentials.Secret = "wrong"
		p.do(h.net.Client())
		pass(time.Second)
		if got := strings.Join(p.heard(), "\n"); !strings.HasPrefix(got, "403") || strings.Contains(got, "usual mistakes") {
			t.Errorf("refused with %.3000s", got)
		}
		h.empty(t)
	})
}

// The session ends when the client's context does, and the connection that others use stays.
func TestCancelEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{})
		r := client(t, h.net, provider.Options{Transport: provider.HTTP2})
		s, err := r.Open(context.Background(), stt.Config{Audio: stt.Format{Rate: 16000, Channels: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(context.Background(), stt.Chunk{Data: make([]byte, perSecond)}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := h.sessions.Active(); n != 1 {
			t.Errorf("%d sessions are open, expected one", n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		h.empty(t)
	})
}

// A path of WebSocket that is asked for over HTTP/2 says what it speaks, without a header that HTTP/2 forbids.
func TestWebSocketPathOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{})
		p := &post{t: t, path: wire.PathWebSocket, method: "POST", signer: signer(), header: http.Header{}, headers: true}
		p.do(h.net.Client())
		p.out.Close()
		got := strings.Join(p.heard(), "\n")
		if !strings.HasPrefix(got, "426\n") || !strings.Contains(got, "speaks WebSocket") || strings.Contains(got, "\nupgrade:") {
			t.Errorf("answered with %s", got)
		}
		h.empty(t)
	})
}
