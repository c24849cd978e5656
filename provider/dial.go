package provider

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/stt"
)

// maxMessage bounds what a server may send in one message, in bytes.
const maxMessage = 8 << 20

// Dial opens a WebSocket. It fails with *stt.Error: Unauthenticated or Denied for 401 and 403, Quota or Exhausted for 429 and
// 503, Unavailable otherwise, with the beginning of what the server answered; when ctx is done first, as stt.AsError has it.
// A port where nobody listens is known by errors.Is and syscall.ECONNREFUSED, ws where wss belongs and the reverse are named
// in the message, and RetryAfter is what the server asks for. client is as NewClient makes it when it is nil. The connection
// does not depend on ctx once it is open. The address is shown without its query, and what else travels in query and header
// is taken out of every text.
func Dial(ctx context.Context, client *http.Client, address *url.URL, header http.Header, peer string) (*websocket.Conn, error) {
	if client == nil {
		client = NewClient(nil)
	}
	unending := *client
	unending.Transport = unendedTransport{client.Transport}
	conn, resp, err := websocket.Dial(ctx, address.String(), &websocket.DialOptions{
		HTTPClient: &unending, HTTPHeader: header, CompressionMode: websocket.CompressionDisabled})
	if err == nil {
		conn.SetReadLimit(maxMessage)
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, stt.AsError(ctx.Err())
	}
	e := &stt.Error{Code: stt.Unavailable, Op: "open", Peer: peer,
		Msg: "cannot connect to the server" + mixUp(err, address), Err: fmt.Errorf("%s: %w", stt.RedactURL(address), redacted(err, address, header))}
	if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols { // in the latter case err says what is wrong with it
		return nil, e
	}
	e.PeerCode, e.RetryAfter = resp.Status, retryAfter(resp.Header.Get("Retry-After"))
	e.Code = CodeOf(resp.StatusCode)
	e.Err = errors.New(stt.RedactURL(address)) // the library repeats status and address
	if resp.Body != nil {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1024)) // the library keeps no more
		if resp.StatusCode == http.StatusBadRequest && bytes.Contains(body, []byte(plainToTLS)) {
			e.Msg += "; it speaks TLS at this port: try wss:// instead of ws://"
		}
		if text := withhold(strings.TrimSpace(string(body)), secrets(address, header)); text != "" {
			e.Err = fmt.Errorf("%s: the server says: %s", stt.RedactURL(address), cut(text, 300))
		}
	}
	return nil, e
}

// unendedTransport makes connections whose end is no end. The library takes io.EOF for the end of a message wherever it comes, so half a
// message would pass for a whole one when the connection breaks off there.
type unendedTransport struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t unendedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.RoundTripper
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	if conn, ok := resp.Body.(io.ReadWriteCloser); ok {
		resp.Body = unendedConn{conn}
	}
	return resp, nil
}

// unendedConn is such a connection.
type unendedConn struct{ io.ReadWriteCloser }

// Read implements io.Reader.
func (c unendedConn) Read(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// redacted returns the error as text alone, without anything of the address's query or of the header in it: keys, tokens and
// signatures travel there, and proxies and servers repeat what they were sent.
func redacted(err error, address *url.URL, header http.Header) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the address is around it
	}
	text := errors.New(withhold(err.Error(), secrets(address, header)))
	if errors.Is(err, syscall.ECONNREFUSED) {
		return &refused{text}
	}
	return text
}

// refused is the text of an error that errors.Is knows for one of a port where nobody listens.
type refused struct{ error }

// Is implements what errors.Is asks for.
func (*refused) Is(target error) bool { return target == syscall.ECONNREFUSED }

// plainToTLS is what servers in Go answer to a request without TLS at a port with TLS. Others say it in words of their own.
const plainToTLS = "HTTP request to an HTTPS server"

// mixUp says that the server at a port does not speak TLS, where it is that.
func mixUp(err error, address *url.URL) string {
	var record tls.RecordHeaderError
	if address.Scheme != "wss" && address.Scheme != "https" || !errors.Is(err, http.ErrSchemeMismatch) && !errors.As(err, &record) {
		return ""
	}
	return "; it does not speak TLS at this port: try ws:// instead of wss://"
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110 section 10.2.3). It returns 0 where there is none.
func retryAfter(value string) time.Duration {
	if n, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(n, 0), 1<<30)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// leastSecret is the length from which on a value may be a secret; shorter ones are words that a text may have by itself.
const leastSecret = 12

// secrets returns what must not be shown of a request, longest first, so that the whole goes before its parts.
func secrets(address *url.URL, header http.Header) []string {
	hide := []string{address.RawQuery}
	add := func(v string) { hide = append(hide, v, url.QueryEscape(v), url.PathEscape(v)) }
	for _, values := range []map[string][]string{address.Query(), header} {
		for _, all := range values {
			for _, v := range all {
				add(v)
				for _, part := range strings.Fields(v) { // such as the token behind Bearer
					add(part)
				}
			}
		}
	}
	if address.User != nil {
		password, _ := address.User.Password()
		add(password)
		hide = append(hide, address.User.String())
	}
	hide = slices.DeleteFunc(hide, func(h string) bool { return len(h) < leastSecret })
	slices.SortFunc(hide, func(a, b string) int { return len(b) - len(a) })
	return hide
}

const withheld = "(withheld)"

// withhold returns the text without the secrets, nor the beginning of one that the end of the text has cut off.
func withhold(text string, hide []string) string {
	for _, h := range hide {
		text = strings.ReplaceAll(text, h, withheld)
		for n := min(len(h)-1, len(text)); n >= leastSecret; n-- {
			if strings.HasSuffix(text, h[:n]) {
				text = text[:len(text)-n] + withheld
				break
			}
		}
	}
	return strings.ToValidUTF8(text, "?")
}

func cut(text string, longest int) string {
	if len(text) > longest {
		text = text[:longest] + "..."
	}
	return strings.ToValidUTF8(text, "?")
}

// CodeOf returns the code for the HTTP status with which a server refuses a stream, where its protocol says nothing more exact.
func CodeOf(status int) stt.Code {
	switch status {
	case http.StatusUnauthorized:
		return stt.Unauthenticated
	case http.StatusForbidden:
		return stt.Denied
	case http.StatusTooManyRequests:
		return stt.Quota
	case http.StatusServiceUnavailable:
		return stt.Exhausted
	default:
		return stt.Unavailable
	}
}
