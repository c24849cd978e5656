package transcribe_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// What must never be seen in an error.
const (
	keyID  = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	token  = "TOKEN-OF-THE-SESSION/+=="
)

// fake is a small server of the protocol: it verifies signatures, notes what it is sent, and then does as its test says.
type fake struct {
	t   *testing.T
	net *testkit.Network

	// serve is the conversation; it returns when the server is done with it, and the connection is dropped.
	serve func(c *call)

	mu    sync.Mutex // guards all below
	calls []*call
}

// call is one connection to a fake.
type call struct {
	*websocket.Conn                 // nil over HTTP/2
	posted          *posted         // nil by WebSocket
	ctx             context.Context // done when the test ends
	query           url.Values      // the parameters, and by WebSocket the signature
	reader          wire.Reader
	chunks          []int // bytes of audio in each message, as read by next
}

// newFake runs a server until the test ends.
func newFake(t *testing.T, serve func(c *call)) *fake {
	t.Helper()
	f := &fake{t: t, net: testkit.NewNetwork(), serve: serve}
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup // handlers outlive the server: their connections are hijacked
	f.start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Done()
		f.answer(ctx, w, r)
	}))
	t.Cleanup(func() {
		cancel()
		open.Wait()
	})
	return f
}

// refuser answers every request for an upgrade with something else.
func refuser(t *testing.T, h http.HandlerFunc) *fake {
	f := &fake{t: t, net: testkit.NewNetwork()}
	f.start(h)
	return f
}

func (f *fake) start(h http.Handler) {
	server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	bothProtocols(server)
	ended := make(chan struct{})
	go func() { // owned by the test; ends with the listener
		defer close(ended)
		server.Serve(f.net)
	}()
	f.t.Cleanup(func() {
		server.Close()
		<-ended
	})
}

func (f *fake) answer(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	verifier, err := verify(r)
	if err != nil {
		f.t.Errorf("the signature is not good: %v", err)
		return
	}
	if r.Method == http.MethodPost {
		f.answerPost(ctx, w, r, verifier)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		f.t.Errorf("upgrade: %v", err)
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	f.take(&call{Conn: conn, ctx: ctx, reader: wire.Reader{Verifier: verifier}, query: r.URL.Query()})
}

func (f *fake) take(c *call) {
	f.mu.Lock()
	f.calls = append(f.calls, c)
	f.mu.Unlock()
	f.serve(c)
}

// last is the latest call, which must have ended or belong to whoever asks.
func (f *fake) last() *call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[len(f.calls)-1]
}

func verify(r *http.Request) (*sigv4.ChunkVerifier, error) {
	claim, err := sigv4.Parse(r.URL.RawQuery, r.Header)
	if err != nil {
		return nil, err
	}
	request := sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Header: r.Header, Hosts: []string{r.Host}}
	if err := sigv4.Verify(claim, request, []string{secret}, time.Now(), sigv4.Limits{}); err != nil {
		return nil, err
	}
	return sigv4.NewChunkVerifier(claim, []string{secret})
}

// next reads a message of the client.
func (c *call) next() (wire.Input, error) {
	msg, err := c.read()
	if err != nil {
		return wire.Input{}, err
	}
	in, err := c.reader.Read(msg)
	if err == nil && len(in.Audio) > 0 {
		c.chunks = append(c.chunks, len(in.Audio))
	}
	return in, err
}

// audio reads everything up to the end of the audio and returns how much it was.
func (c *call) audio() (bytes int, err error) {
	for {
		in, err := c.next()
		if err != nil || in.End {
			return bytes, err
		}
		bytes += len(in.Audio)
	}
}

func (c *call) say(events ...string) error {
	for _, ev := range events {
		if err := c.write(encode(ev)); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) raise(name, message string) {
	msg, err := wire.AppendException(nil, wire.Exception{Name: name, Message: message})
	if err == nil {
		_ = c.write(msg)
	}
	c.end(websocket.StatusPolicyViolation, name)
}

func (c *call) goodbye() { c.end(websocket.StatusNormalClosure, wire.TextCompleted) }

func (c *call) read() ([]byte, error) {
	if c.posted != nil {
		return c.posted.in.NextFrame()
	}
	_, msg, err := c.Read(c.ctx)
	return msg, err
}

func (c *call) write(msg []byte) error {
	if c.posted != nil {
		return c.posted.write(msg)
	}
	return c.Write(c.ctx, websocket.MessageBinary, msg)
}

// end ends the connection in an orderly way.
func (c *call) end(code websocket.StatusCode, reason string) {
	if c.posted != nil {
		c.posted.done = true
		return
	}
	_ = c.Close(code, reason)
}

// drop ends it in none.
func (c *call) drop() {
	if c.posted == nil {
		c.CloseNow()
	}
}

// gone waits until the client has gone.
func (c *call) gone() {
	for {
		if _, err := c.read(); err != nil {
			break
		}
	}
	if c.posted != nil { // the request may have ended, and the client wait for the response
		select {
		case <-c.posted.left:
		case <-c.ctx.Done():
		}
	}
}

// scripted is a conversation with the scripted engine behind it.
func scripted(engine *script.Recognizer, neverEnds bool) func(c *call) {
	return func(c *call) {
		params, err := wire.ParseQuery(wire.Operations()[0], c.query)
		var cfg stt.Config
		if err == nil {
			cfg, err = params.Config()
		}
		var s stt.Stream
		if err == nil {
			s, err = engine.Open(c.ctx, cfg)
		}
		if err != nil {
			x := wire.ExceptionOf(err)
			c.raise(x.Name, x.Message)
			return
		}
		defer s.Close()
		var hearing sync.WaitGroup
		hearing.Go(func() { // owned by the call; ends with the audio, the stream or the connection
			for {
				in, err := c.next()
				if err != nil {
					s.Close()
					return
				}
				if in.End {
					_ = s.CloseSend()
					return
				}
				if s.Send(c.ctx, stt.Chunk{Data: in.Audio}) != nil {
					return
				}
			}
		})
		speaker := wire.Speaker{Stability: params.EnablePartialResultsStabilization}
		for err = error(nil); err == nil; {
			var ev stt.Event
			if ev, err = s.Recv(c.ctx); err != nil {
				break
			}
			var msg []byte
			if out := speaker.Event(&ev); out != nil {
				if msg, err = wire.AppendTranscript(nil, out); err == nil {
					err = c.write(msg)
				}
			}
		}
		switch {
		case neverEnds:
			c.gone()
		case errors.Is(err, io.EOF):
			hearing.Wait()
			c.goodbye()
		default:
			x := wire.ExceptionOf(err)
			c.raise(x.Name, x.Message)
		}
		c.drop()
		s.Close()
		if c.posted != nil {
			c.posted.stopReading()
		}
		hearing.Wait()
	}
}

// client returns a client of the fake.
func (f *fake) client(change ...func(o *transcribe.Options)) *transcribe.Recognizer {
	f.t.Helper()
	opts := transcribe.Options{Endpoint: "ws://memory:8080", Client: f.net.Client(),
		Credentials: transcribe.Static(sigv4.Credentials{AccessKeyID: keyID, Secret: secret, SessionToken: token})}
	if strings.Contains(f.t.Name(), "/"+overHTTP2) {
		opts.Transport, opts.Endpoint = transcribe.HTTP2, "http://memory:8080"
	}
	for _, c := range change {
		c(&opts)
	}
	r, err := transcribe.New(opts)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}
