package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/earshot-stt/earshot/console"
	"github.com/earshot-stt/earshot/stt"
)

// tryOf returns what puts the question to a handler of Speechall's that a page has put to it with a WebSocket: whoever serves streams judges, by the very
// same rules. A stream that may begin ends at once, since there is no connection that it could be had on.
func tryOf(speechall http.Handler) console.Try {
	return func(ctx context.Context, a console.Attempt) (*console.Refusal, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/v1/transcribe", http.NoBody)
		if err != nil {
			return nil, err
		}
		r.URL.RawQuery, r.RequestURI, r.RemoteAddr = a.Query, "/v1/transcribe", a.Remote
		r.Header = http.Header{"Authorization": {"Bearer " + a.Ticket}, "Upgrade": {"websocket"}}
		if a.Origin != "" {
			r.Header.Set("Origin", a.Origin)
		}
		w := &unconnected{header: http.Header{}}
		speechall.ServeHTTP(w, r)
		if w.header.Get("X-Earshot-Model") != "" { // who will answer is said when a stream is there
			return nil, nil //nolint:nilnil // there is no refusal
		}
		refusal := &console.Refusal{}
		if err := json.Unmarshal(w.body.Bytes(), refusal); err != nil || refusal.Code == "" {
			return nil, stt.Errorf(stt.Internal, "a refusal with the status %d is not as expected", w.status)
		}
		refusal.Status = w.status
		refusal.RetryAfter, _ = strconv.Atoi(w.header.Get("Retry-After")) // where it is not said it is 0
		return refusal, nil
	}
}

// unconnected takes an answer that nobody else gets. It cannot become a WebSocket.
type unconnected struct {
	header http.Header
	body   bytes.Buffer
	status int
}

// Header implements http.ResponseWriter.
func (u *unconnected) Header() http.Header { return u.header }

// Write implements http.ResponseWriter.
func (u *unconnected) Write(b []byte) (int, error) {
	if u.status == 0 {
		u.status = http.StatusOK
	}
	return u.body.Write(b)
}

// WriteHeader implements http.ResponseWriter.
func (u *unconnected) WriteHeader(status int) {
	if u.status == 0 {
		u.status = status
	}
}
