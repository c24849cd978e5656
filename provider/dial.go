package provider

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/stt"
)

// maxMessage bounds what a server may send in one message, in bytes.
const maxMessage = 8 << 20

// Dial opens a WebSocket. It fails with *stt.Error: Unauthenticated or Denied for 401 and 403, Quota or Exhausted for 429 and
// 503, Unavailable otherwise, with the beginning of what the server answered. The address is shown without its query.
func Dial(ctx context.Context, client *http.Client, address *url.URL, header http.Header, peer string) (*websocket.Conn, error) {
	conn, resp, err := websocket.Dial(ctx, address.String(), &websocket.DialOptions{
		HTTPClient: client, HTTPHeader: header, CompressionMode: websocket.CompressionDisabled})
	if err == nil {
		conn.SetReadLimit(maxMessage)
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, stt.AsError(ctx.Err())
	}
	e := &stt.Error{Code: stt.Unavailable, Op: "open", Peer: peer,
		Msg: "cannot connect to " + stt.RedactURL(address), Err: redacted(err, address)}
	if resp == nil {
		return nil, e
	}
	e.PeerCode = resp.Status
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		e.Code = stt.Unauthenticated
	case http.StatusForbidden:
		e.Code = stt.Denied
	case http.StatusTooManyRequests:
		e.Code = stt.Quota
	case http.StatusServiceUnavailable:
		e.Code = stt.Exhausted
	}
	e.Err = nil // the library repeats the status and the address
	if resp.Body != nil {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		if text := strings.TrimSpace(string(body)); text != "" {
			e.Err = errors.New("the server says: " + strings.ToValidUTF8(text, "?"))
		}
	}
	return nil, e
}

// redacted returns the error without the address's query in it.
func redacted(err error, address *url.URL) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the address is around it
	}
	text := err.Error()
	if address.RawQuery != "" {
		text = strings.ReplaceAll(text, address.RawQuery, "...")
	}
	return errors.New(text)
}
