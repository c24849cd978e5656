package transcribe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/earshot-stt/earshot/provider"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

const (
	// maxMessage bounds what a server may send in one message, in bytes.
	maxMessage = 8 << 20
	// maxAnswer bounds how much is read of what a server says instead of serving, in bytes.
	maxAnswer = 16 << 10
	typeEvent = "application/vnd.amazon.eventstream"
)

// overHTTP2 returns a client for one connection that speaks HTTP/2 and nothing else, also where there is no TLS, and that is
// closed with its stream. Redirections are not followed: what is signed is meant for one host.
func overHTTP2(client *http.Client) *http.Client {
	c := *client
	base := c.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	if t, ok := base.(*http.Transport); ok {
		t = t.Clone()
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP2(true)
		t.Protocols.SetUnencryptedHTTP2(true)
		t.DisableKeepAlives = true
		// A server that is gone without a word is found out even while nothing is to be sent.
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
		c.Transport = t
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// exchange is a connection over HTTP/2: the bodies of a request and its response.
type exchange struct {
	cancel context.CancelFunc // of the request
	out    *io.PipeWriter
	body   io.Closer
	in     *eventstream.Decoder
}

func (e *exchange) read(ctx context.Context) ([]byte, error) {
	stop := context.AfterFunc(ctx, e.drop)
	defer stop()
	return e.in.NextFrame()
}

func (e *exchange) write(ctx context.Context, msg []byte) error {
	stop := context.AfterFunc(ctx, e.drop)
	defer stop()
	_, err := e.out.Write(msg)
	return err
}

func (e *exchange) finish() { _ = e.out.Close() } // it has no error

func (e *exchange) drop() {
	e.cancel()
	_ = e.out.CloseWithError(context.Canceled) // it has no error
	_ = e.body.Close()                         // nobody is left to be told
}

func (e *exchange) ended(err error, asked bool) (ending, bool) {
	var frame *eventstream.Error
	switch {
	case errors.Is(err, io.EOF) && asked:
		return ending{}, true
	case errors.Is(err, io.EOF):
		e := &stt.Error{Code: stt.Unavailable, Op: "receive", Peer: peer, Msg: "the server ended the stream before its end"}
		return ending{err: e, brief: "the server ended it", again: true}, true
	case errors.Is(err, eventstream.ErrTooLong):
		return tooLong(err), true
	case errors.Is(err, eventstream.ErrTruncated):
		return ending{}, false
	case errors.As(err, &frame):
		return failed(&stt.Error{Code: stt.Malformed, Op: "receive", Peer: peer, Msg: "the server's message is not a valid event-stream message: " + frame.Error()}), true
	}
	return ending{}, false
}

// dialHTTP2 connects over HTTP/2. The address is what an error may speak of.
func (r *Recognizer) dialHTTP2(opening context.Context, signer sigv4.Signer, params *wire.Params) (line, *url.URL, error) {
	address := r.postAddress(params.Operation().HTTP2)
	header := http.Header{}
	params.Header(header)
	header.Set("Content-Type", typeEvent)
	header.Set("X-Amz-Content-Sha256", sigv4.StreamingPayloadHash)
	seed, err := signer.SignHeaders(http.MethodPost, address.String(), header, "", time.Now())
	if err != nil {
		return line{}, address, unsigned(err, "the request cannot be signed")
	}
	sealer, err := sealerOf(signer, seed)
	if err != nil {
		return line{}, address, err
	}
	conn, err := r.post(opening, address, header)
	if err != nil {
		return line{}, address, err
	}
	return line{conn, sealer}, address, nil
}

// postAddress returns the address to send requests to: that of the server, without a port that goes without saying, because
// the host is signed as it travels. Amazon's own server has its WebSockets at another port.
func (r *Recognizer) postAddress(path string) *url.URL {
	u := url.URL{Scheme: "https", Host: strings.TrimSuffix(r.address.Host, ":443"), Path: path}
	if r.address.Scheme == "ws" {
		u.Scheme, u.Host = "http", strings.TrimSuffix(r.address.Host, ":80")
	}
	if r.opts.Endpoint == "" {
		u.Host = r.address.Hostname()
	}
	return &u
}

// post sends the request and waits for the headers of the response. The connection does not depend on opening once it is there.
func (r *Recognizer) post(opening context.Context, address *url.URL, header http.Header) (*exchange, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(opening))
	stop := context.AfterFunc(opening, cancel)
	body, out := io.Pipe()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), body)
	if err != nil {
		cancel()
		return nil, &stt.Error{Code: stt.Invalid, Op: "open", Msg: "the request cannot be made", Err: err}
	}
	req.Header = header
	// A client of its own, so that no other stream shares the connection: transports that keep none open still hand one that
	// is about to close to whoever asks at that moment.
	resp, err := overHTTP2(r.opts.Client).Do(req)
	if err == nil {
		err = refusal(resp, address, header) // reads its text in the time for opening, too
	} else {
		err = unreached(err, address)
	}
	switch late := !stop(); {
	case err == nil && !late:
		r.note(resp.Header)
		return &exchange{cancel: cancel, out: out, body: resp.Body, in: eventstream.NewDecoder(resp.Body, maxMessage)}, nil
	case late && (resp == nil || err == nil): // a refusal that came in time is told, even if not all of its text has
		err = opening.Err()
	}
	if resp != nil {
		resp.Body.Close()
	}
	cancel()
	_ = out.CloseWithError(context.Canceled) // it has no error
	return nil, stt.AsError(err)
}

// unreached says that there was no answer. The error's own text repeats neither query nor header.
func unreached(err error, address *url.URL) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the address is around it
	}
	text := errors.New(stt.RedactURL(address) + ": " + err.Error()) // as text: io.EOF would tell callers that all has been said
	e := &stt.Error{Code: stt.Unavailable, Op: "open", Peer: peer, Msg: "cannot connect to the server over HTTP/2", Err: text}
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), "first record does not look like a TLS handshake"):
		e.Msg += "; it does not speak TLS at this port: try http:// instead of https://"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Err = fmt.Errorf("%s: %w", stt.RedactURL(address), err)
	case strings.Contains(err.Error(), "looked like an HTTP/1.1 header"), strings.Contains(err.Error(), "client conn could not be established"):
		e.Msg += "; it does not seem to speak HTTP/2 at this port: try https://, or the transport websocket"
	}
	return e
}

// refusal returns why a response is not that of a stream, nil where it is.
func refusal(resp *http.Response, address *url.URL, header http.Header) error {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	where := stt.RedactURL(address)
	switch {
	case resp.ProtoMajor < 2:
		return &stt.Error{Code: stt.Unavailable, Op: "open", Peer: peer, PeerCode: resp.Status, Err: errors.New(where),
			Msg: "the server does not speak HTTP/2; try the transport websocket"}
	case resp.StatusCode == http.StatusOK && strings.EqualFold(strings.TrimSpace(kind), typeEvent):
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what could not be read is left out
	name, _, _ := strings.Cut(resp.Header.Get("X-Amzn-Errortype"), ":")
	var said struct{ Message string }
	if resp.StatusCode != http.StatusOK && name != "" && json.Unmarshal(text, &said) == nil {
		e := wire.ErrorOf(wire.Exception{Name: name, Status: resp.StatusCode, Message: withhold(said.Message, header)}, false)
		e.Op, e.Err, e.RetryAfter = "open", errors.New(where+": "+resp.Status), retryAfter(resp)
		return e
	}
	e := &stt.Error{Code: provider.CodeOf(resp.StatusCode), Op: "open", Peer: peer, PeerCode: resp.Status, Err: errors.New(where), RetryAfter: retryAfter(resp),
		Msg: "cannot connect to the server over HTTP/2: it answered " + resp.Status}
	if said := strings.TrimSpace(string(text)); said != "" {
		e.Err = fmt.Errorf("%s: the server says: %s", where, short(withhold(said, header), 300))
	}
	return e
}

// retryAfter is how many seconds the server wants to be left alone, or 0.
func retryAfter(resp *http.Response) time.Duration {
	seconds, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s")
	if err != nil {
		return 0
	}
	return min(max(seconds, 0), 24*time.Hour)
}

// withhold takes out of a text what proves who we are.
func withhold(text string, header http.Header) string {
	for _, name := range []string{"Authorization", "X-Amz-Security-Token"} {
		value := header.Get(name)
		_, signature, _ := strings.Cut(value, "Signature=")
		for _, secret := range []string{value, signature} {
			if secret != "" {
				text = strings.ReplaceAll(text, secret, "(withheld)")
			}
		}
	}
	return strings.ToValidUTF8(text, "?")
}

func short(text string, longest int) string {
	if len(text) > longest {
		text = text[:longest] + "..."
	}
	return strings.ToValidUTF8(text, "?")
}
