package provider

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/stt"
)

// maxMessage bounds what a server may send in one message, in bytes.
const maxMessage = 8 << 20

// Dial opens a WebSocket. It fails with *stt.Error: Unauthenticated or Denied for 401 and 403, Quota or Exhausted for 429 and
// 503, Unavailable otherwise, with the beginning of what the server answered; when ctx is done first, as stt.AsError has it.
// The address is shown without its query, and what else travels in query and header is taken out of every text.
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
		Msg: "cannot connect to " + stt.RedactURL(address), Err: redacted(err, address, header)}
	if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols { // in the latter case err says what is wrong with it
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
			e.Err = redacted(errors.New("the server says: "+text), address, header)
		}
	}
	return nil, e
}

// leastSecret is the length from which on a value may be a secret; shorter ones are words that a text may have by itself.
const leastSecret = 12

// redacted returns the error as text alone, without anything of the address's query or of the header in it: keys, tokens and
// signatures travel there, and servers repeat what they were sent.
func redacted(err error, address *url.URL, header http.Header) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the address is around it
	}
	var hide []string
	if address.RawQuery != "" {
		hide = append(hide, address.RawQuery)
	}
	for _, values := range []map[string][]string{address.Query(), header} {
		for _, all := range values {
			for _, v := range all {
				hide = append(hide, v, url.QueryEscape(v), url.PathEscape(v))
				hide = append(hide, strings.Fields(v)...) // such as the token behind Bearer
			}
		}
	}
	if address.User != nil {
		password, _ := address.User.Password()
		hide = append(hide, address.User.String(), password)
	}
	slices.SortFunc(hide, func(a, b string) int { return len(b) - len(a) }) // the whole before its parts
	text := err.Error()
	for _, h := range hide {
		if len(h) >= leastSecret {
			text = strings.ReplaceAll(text, h, "(withheld)")
		}
	}
	return errors.New(strings.ToValidUTF8(text, "?"))
}
