package speechall

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

const key = "a-key-that-is-good"

// oneKey knows the key above.
type oneKey struct{}

func (oneKey) Check(presented string) (auth.Principal, error) {
	if presented != key {
		return auth.Principal{}, stt.Errorf(stt.Unauthenticated, "expected another key")
	}
	return auth.Principal{KeyID: "key-1", Account: "acme"}, nil
}

// house is a server on a network in memory.
type house struct {
	t        *testing.T
	net      *testkit.Network
	sessions *session.Service
	handler  *Handler
	handling atomic.Int64
	last     atomic.Pointer[session.Usage] // of the last session that ended
}

// said is what the scripted engine says in all tests that do not care.
const said = "0.5-1.5 good morning\n3.0-4.0 how are you\n"

// Record and Refused make the house a session.Meter.
func (h *house) Record(u session.Usage)              { h.last.Store(&u) }
func (h *house) Refused(r *session.Request, _ error) {}

// serve runs a server until the test ends.
func serve(t *testing.T, eo script.Options, so session.Options, do Options) *house {
	t.Helper()
	if eo.Script == nil {
		eo.Script = parsed(t, said)
	}
	rec := script.New(eo)
	h := &house{t: t, net: testkit.NewNetwork()}
	if so.Recognizer == nil {
		so.Recognizer = rec
	}
	so.Meter = h
	h.sessions = session.NewService(so)
	do.Sessions, do.Models = h.sessions, so.Recognizer.Models
	if do.Keys == nil {
		do.Keys = OneKey(oneKey{})
	}
	handler := New(do)
	h.handler = handler
	var conns testkit.Connections
	server := &http.Server{ConnState: conns.Track, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.handling.Add(1)
		defer h.handling.Add(-1)
		handler.ServeHTTP(w, r)
	}), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	go func() { // owned by the test; ends with the listener
		defer close(stopped)
		server.Serve(h.net)
	}()
	t.Cleanup(func() {
		server.Close()
		<-stopped
		conns.Wait()
		synctest.Wait()
		if n, m := h.handling.Load(), h.sessions.Active(); n != 0 || m != 0 {
			t.Errorf("%d handlers and %d sessions are left over", n, m)
		}
	})
	return h
}

func parsed(t *testing.T, text string) script.Script {
	t.Helper()
	s, err := script.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// limit gives files other limits.
func (h *house) limit(o job.Options) {
	o.Sessions = h.sessions
	h.handler.opts.Jobs = job.New(o)
}

// client is a client of a stream.
type client struct {
	t    *testing.T
	conn *websocket.Conn
	resp *http.Response
}

// dial connects with a query to which the key is added.
func (h *house) dial(path, query string) *client {
	h.t.Helper()
	c, resp, err := websocket.Dial(h.t.Context(), "ws://memory"+path+"?api_key="+key+"&"+query, &websocket.DialOptions{HTTPClient: h.net.Client()})
	if err != nil {
		body := ""
		if resp != nil {
			b, _ := io.ReadAll(resp.Body)
			body = string(b)
		}
		h.t.Fatalf("%v %s", err, body)
	}
	h.t.Cleanup(func() { c.CloseNow() })
	return &client{h.t, c, resp}
}

// refused connects where it is not to be, and returns the status and the error.
func (h *house) refused(path, query string, header http.Header) (int, wire.Error, http.Header) {
	h.t.Helper()
	c, resp, err := websocket.Dial(h.t.Context(), "ws://memory"+path+"?"+query, &websocket.DialOptions{HTTPClient: h.net.Client(), HTTPHeader: header})
	if err == nil {
		c.CloseNow()
		h.t.Fatal("the upgrade was granted")
	}
	if resp == nil {
		h.t.Fatal(err)
	}
	var x wire.Error
	body, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(body, &x); err != nil || x.Message == "" || x.Code == "" {
		h.t.Errorf("the body is %q", body)
	}
	if ct := resp.Header.Get("Content-Type"); ct != "application/json" {
		h.t.Errorf("the body is of type %q", ct)
	}
	return resp.StatusCode, x, resp.Header
}

// send sends silence in messages of n bytes.
func (c *client) send(d time.Duration, n int) {
	c.t.Helper()
	for left := wire.StreamFormat.Bytes(d); left > 0; left -= n {
		c.binary(make([]byte, min(n, left)))
	}
}

func (c *client) binary(b []byte) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageBinary, b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) text(s string) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(s)); err != nil {
		c.t.Fatal(err)
	}
}

// next returns the next message, which must be text, or how the connection was closed.
func (c *client) next() (string, *websocket.CloseError) {
	c.t.Helper()
	typ, b, err := c.conn.Read(c.t.Context())
	if err != nil {
		var ce websocket.CloseError
		if code := websocket.CloseStatus(err); code >= 0 {
			ce.Code = code
			_, reason, _ := strings.Cut(err.Error(), `reason = "`)
			ce.Reason = strings.TrimSuffix(reason, `"`)
			return "", &ce
		}
		c.t.Fatalf("the connection broke: %v", err)
	}
	if typ != websocket.MessageText {
		c.t.Errorf("a message is of type %v", typ)
	}
	return string(b), nil
}

// rest returns all messages up to the Close, and that.
func (c *client) rest() (all []string, end *websocket.CloseError) {
	c.t.Helper()
	for {
		msg, end := c.next()
		if end != nil {
			return all, end
		}
		all = append(all, msg)
	}
}

// bye says that no more audio comes.
func (c *client) bye() { c.text(`{"type":"CloseStream"}`) }

// pass lets time pass in a bubble.
func pass(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
