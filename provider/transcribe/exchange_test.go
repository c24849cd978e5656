package transcribe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// aws answers as the service refuses a stream.
func aws(status int, name, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", name)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// What a caller is told when there is no stream over HTTP/2, and that neither signature nor token is in it.
func TestOpeningOverHTTP2(t *testing.T) {
	t.Run(overHTTP2, func(t *testing.T) {
		for name, c := range map[string]struct {
			answer http.HandlerFunc
			code   stt.Code
			texts  []string
		}{
			"wrong secret": {aws(403, "InvalidSignatureException", `{"Message":"The request signature we calculated does not match"}`),
				stt.Unauthenticated, []string{"InvalidSignatureException", "does not match", "http://memory:8080/stream-transcription", "403"}},
			"with the suffixes that the name may have": {aws(400, "BadRequestException:http://internal.amazon.com/", `{"Message":"no"}`), stt.Invalid, []string{"BadRequestException", "no"}},
			"bad request": {aws(400, "BadRequestException", `{"Message":"1 validation error detected"}`), stt.Invalid, []string{"1 validation error"}},
			"quota":       {aws(429, "LimitExceededException", `{"Message":"too many"}`), stt.Quota, []string{"too many"}},
			"full":        {aws(503, "ServiceUnavailableException", `{"Message":"full"}`), stt.Exhausted, []string{"full"}},
			"conflict":    {aws(409, "ConflictException", `{"Message":"Another stream is in progress"}`), stt.Conflict, []string{"Another stream"}},
			"denied":      {aws(403, "AccessDeniedException", `{"Message":"you may not"}`), stt.Denied, []string{"you may not"}},
			"broken":      {aws(500, "InternalFailureException", `{}`), stt.Unavailable, []string{"InternalFailureException"}},
			"no JSON":     {aws(500, "InternalFailureException", `oops`), stt.Unavailable, []string{"500", "oops"}},
			"401":         {status(401, "who are you"), stt.Unauthenticated, []string{"401", "the server says: who are you"}},
			"403":         {status(403, "not you"), stt.Denied, []string{"403", "not you"}},
			"404":         {status(404, "nothing here"), stt.Unavailable, []string{"404", "nothing here"}},
			"429":         {status(429, "slow down"), stt.Quota, []string{"slow down"}},
			"503":         {status(503, strings.Repeat("full ", 1000)), stt.Exhausted, []string{"full full", "..."}},
			"a web page":  {status(200, "a web page"), stt.Unavailable, []string{"200", "a web page"}},
			"a redirection": {func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://elsewhere/", http.StatusTemporaryRedirect)
			}, stt.Unavailable, []string{"307"}},
			"reset": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, stt.Unavailable, []string{"INTERNAL_ERROR"}},
			"repeats what it was sent": {func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(403)
				fmt.Fprint(w, r.Header.Get("X-Amz-Security-Token"), " ", r.Header.Get("Authorization"))
			}, stt.Denied, []string{"(withheld) (withheld)"}},
			"repeats it in an exception": {func(w http.ResponseWriter, r *http.Request) {
				_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
				aws(403, "InvalidSignatureException", fmt.Sprintf(`{"Message":"got %s with %s"}`, signature, r.Header.Get("X-Amz-Security-Token")))(w, r)
			}, stt.Unauthenticated, []string{"got (withheld) with (withheld)"}},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var signature string
					f := refuser(t, func(w http.ResponseWriter, r *http.Request) {
						_, signature, _ = strings.Cut(r.Header.Get("Authorization"), "Signature=")
						c.answer(w, r)
					})
					_, err := f.client().Open(context.Background(), stt.Config{Audio: format})
					e := wantError(t, err, c.code, c.texts...)
					if signature == "" || strings.Contains(err.Error(), signature) {
						t.Errorf("shows the signature %q: %v", signature, err)
					}
					if e.Peer != "amazon" || e.Op != "open" {
						t.Errorf("said of %q in %q", e.Peer, e.Op)
					}
				})
			})
		}
	})
}

// A server that asks to be left alone for a while is.
func TestRetryAfterOverHTTP2(t *testing.T) {
	t.Run(overHTTP2, func(t *testing.T) {
		for value, want := range map[string]time.Duration{"7": 7 * time.Second, "": 0, "soon": 0, "-3": 0, "1000000": 24 * time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				f := refuser(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Retry-After", value)
					aws(503, "ServiceUnavailableException", `{"Message":"full"}`)(w, r)
				})
				_, err := f.client().Open(context.Background(), stt.Config{Audio: format})
				if e := wantError(t, err, stt.Exhausted); e.RetryAfter != want {
					t.Errorf("Retry-After %q is taken for %v", value, e.RetryAfter)
				}
			})
		}
	})
}

// Who is at the port but does not speak HTTP/2 is named.
func TestNoHTTP2(t *testing.T) {
	t.Run(overHTTP2, func(t *testing.T) {
		plain := &http.Server{ReadHeaderTimeout: time.Second, Handler: status(200, "hello")}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { // owned by the test; ends with the listener
			defer close(ended)
			plain.Serve(l)
		}()
		defer func() {
			plain.Close()
			<-ended
		}()
		for scheme, text := range map[string]string{"http": "it does not seem to speak HTTP/2 at this port", "https": "it does not speak TLS at this port"} {
			_, err := at(t, scheme+"://"+l.Addr().String()).Open(t.Context(), stt.Config{Audio: format})
			wantError(t, err, stt.Unavailable, text)
		}
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		closed.Close()
		_, err = at(t, "http://"+closed.Addr().String()).Open(t.Context(), stt.Config{Audio: format})
		if wantError(t, err, stt.Unavailable, closed.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("nobody there is not known by errors.Is: %v", err)
		}
	})
}

// at returns a client of a server on the loopback interface.
func at(t *testing.T, endpoint string) *transcribe.Recognizer {
	t.Helper()
	r, err := transcribe.New(transcribe.Options{Endpoint: endpoint, Transport: transcribe.HTTP2, OpenTimeout: 10 * time.Second,
		Credentials: transcribe.Static(sigv4.Credentials{AccessKeyID: keyID, Secret: secret})})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// How a connection over HTTP/2 ends, and what the caller is told.
func TestEndsOfHTTP2(t *testing.T) {
	t.Run(overHTTP2, func(t *testing.T) {
		for name, c := range map[string]struct {
			serve func(c *call)
			code  stt.Code // OK: a regular end
			texts []string
		}{
			"as it should":     {func(c *call) { c.audio(); c.goodbye() }, 0, nil},
			"before the audio": {func(c *call) { c.next(); c.goodbye() }, stt.Unavailable, []string{"ended the stream before its end"}},
			"broken off":       {func(c *call) { c.audio() }, stt.Unavailable, []string{"connection was lost"}},
			"inside a message": {func(c *call) { c.audio(); c.write(encode(nothing)[:20]); c.goodbye() }, stt.Unavailable, []string{"connection was lost"}},
			"garbage":          {func(c *call) { c.write([]byte("garbage that is long enough")); c.gone() }, stt.Malformed, []string{"event-stream"}},
			"a huge message": {func(c *call) {
				c.write([]byte("\x40\x00\x00\x00\x00\x00\x00\x00\x4c\xbf\x1d\x84\x00\x00\x00\x00"))
				c.gone()
			}, stt.Malformed, []string{"too long"}},
			"an exception":            {func(c *call) { c.audio(); c.raise("BadRequestException", "no") }, stt.Invalid, []string{"no"}},
			"an exception at once":    {func(c *call) { c.raise("LimitExceededException", "no") }, stt.Quota, []string{"no"}},
			"an exception in between": {func(c *call) { c.next(); c.raise("InternalFailureException", "no") }, stt.Unavailable, []string{"no"}},
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := open(t, newFake(t, c.serve).client(), stt.Config{})
					send(t, s, time.Second)
					synctest.Wait()
					s.CloseSend()
					_, err := drain(s)
					if c.texts == nil {
						if !errors.Is(err, io.EOF) {
							t.Error(err)
						}
						return
					}
					wantError(t, err, c.code, c.texts...)
				})
			})
		}
	})
}

// Every stream has a connection of its own, which ends with it.
func TestConnectionsOfHTTP2(t *testing.T) {
	t.Run(overHTTP2, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var remotes []string
			f := newFake(t, func(c *call) { c.audio(); c.goodbye() })
			dials := 0
			inner := f.net.Client().Transport.(*http.Transport)
			r := f.client(func(o *transcribe.Options) {
				o.Client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, n, a string) (net.Conn, error) {
					dials++
					remotes = append(remotes, a)
					return inner.DialContext(ctx, n, a)
				}}}
			})
			for range 3 {
				s := open(t, r, stt.Config{})
				send(t, s, time.Second)
				s.CloseSend()
				if _, err := drain(s); !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				s.Close()
			}
			if dials != 3 || remotes[0] != "memory:8080" {
				t.Errorf("%d connections, to %q", dials, remotes)
			}
		})
	})
}

// The host is dialled and signed as the server is to see it, and Amazon's own server is where its HTTP/2 is.
func TestHostsOfHTTP2(t *testing.T) {
	for _, c := range []struct{ region, endpoint, dialled, host string }{
		{"eu-central-1", "", "transcribestreaming.eu-central-1.amazonaws.com:443", "transcribestreaming.eu-central-1.amazonaws.com"},
		{"cn-north-1", "", "transcribestreaming.cn-north-1.amazonaws.com.cn:443", "transcribestreaming.cn-north-1.amazonaws.com.cn"},
		{"", "https://stt.example.com", "stt.example.com:443", "stt.example.com"},
		{"", "wss://stt.example.com:443", "stt.example.com:443", "stt.example.com"},
		{"", "https://stt.example.com:80", "stt.example.com:80", "stt.example.com:80"},
		{"", "https://stt.example.com:8443/", "stt.example.com:8443", "stt.example.com:8443"},
		{"", "http://[::1]:80", "[::1]:80", "[::1]"},
		{"", "ws://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8080"},
	} {
		var dialled string
		r, err := transcribe.New(transcribe.Options{Region: c.region, Endpoint: c.endpoint, Transport: transcribe.HTTP2,
			Credentials: transcribe.Static(sigv4.Credentials{AccessKeyID: keyID, Secret: secret}),
			Client: &http.Client{Transport: &http.Transport{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
				dialled = address
				return nil, errors.New("not today")
			}}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Open(t.Context(), stt.Config{Audio: format})
		wantError(t, err, stt.Unavailable, "://"+c.host+"/stream-transcription", "not today")
		if dialled != c.dialled {
			t.Errorf("%+v: dialled %s", c, dialled)
		}
		// An address for a browser is one of WebSocket all the same.
		u, err := r.Presign(t.Context(), stt.Config{Audio: format}, time.Minute)
		if err != nil || !strings.HasPrefix(u.Scheme, "ws") || c.endpoint == "" && u.Port() != "8443" {
			t.Errorf("%+v: presigned %v, %v", c, u, err)
		}
	}
}
