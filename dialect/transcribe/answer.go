package transcribe

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/dialect"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// refusePost tells a client that uses HTTP/2 why there is no stream. It takes one of places while the client reads the
// answer, and one line of the log; where none is left it answers without either. A refusal without attributes has been
// logged already.
func (h *Handler) refusePost(w http.ResponseWriter, r *http.Request, op wire.Operation, places chan struct{}, why error, attrs ...slog.Attr) {
	if h.mustWait(places, why) {
		h.note(r, ProtocolHTTP2, why, attrs)
		sayWait(w, op, why)
		return
	}
	x := op.ExceptionOf(why)
	retryAfter(w, why)
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
		h.note(r, ProtocolHTTP2, why, attrs)
		tellPost(w, x)
		discard(w, r)
	default:
		tellPost(w, x)
	}
}

// tellPost answers with an exception in the shape that SDKs turn into their own.
func tellPost(w http.ResponseWriter, x wire.Exception) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(struct{ Message string }{x.Message}) // a text can always be encoded
	text := bytes.TrimSuffix(body.Bytes(), []byte{'\n'})
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("x-amzn-errortype", x.Name)
	w.WriteHeader(x.Status)
	_, _ = w.Write(text) // a client that is gone is no news
}

// refusalLinger is how long a client that is still sending has to read a refusal. It is short: SDKs that do not end their
// request by themselves wait for it.
const refusalLinger = 100 * time.Millisecond

// discard lets a client that is still sending read the answer before its request is reset or its connection closed.
func discard(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	if rc.Flush() != nil || rc.SetReadDeadline(time.Now().Add(refusalLinger)) != nil {
		return
	}
	const longest = 1 << 20 // bytes; a client that sends more in this time does not read
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, longest))
}

// wrongDoor answers what is no request of the HTTP/2 transport at its path.
func wrongDoor(w http.ResponseWriter, r *http.Request, in *incoming) {
	x := wire.Exception{Name: wire.BadRequest}
	switch {
	case dialect.IsUpgrade(r):
		x.Status, x.Message = http.StatusBadRequest, "This path is that of the HTTP/2 transport; by WebSocket, connect to "+in.op.WebSocket+"."
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		x.Status, x.Message = http.StatusMethodNotAllowed, "This operation is a POST over HTTP/2; the method "+r.Method+" is not."
	default:
		x.Status, x.Message = http.StatusHTTPVersionNotSupported, "This operation needs HTTP/2, and the request came over "+r.Proto+
			". Connect over TLS with a client that offers h2, without TLS with one that speaks HTTP/2 from the start, or by WebSocket to "+in.op.WebSocket+"."
	}
	turnAway(w, r, x)
}

// Astray reports whether a request to a path that nobody has is meant for this protocol, so that a Handler should answer it: the path is
// like one of the operations', or the request is signed as Amazon's clients sign.
func Astray(r *http.Request) bool {
	_, like := wire.Stray(r.Method, r.URL.Path)
	return like || strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") || strings.Contains(r.URL.RawQuery, "X-Amz-Signature=")
}

// astray answers a request to a path that is no operation's: which is meant, where that can be guessed. Strangers cost nothing but the
// answer, and no line in the log.
func (h *Handler) astray(w http.ResponseWriter, r *http.Request, in *incoming) {
	w.Header().Set("x-amzn-request-id", in.id)
	x, _ := wire.Stray(r.Method, r.URL.Path)
	turnAway(w, r, x)
}

// turnAway answers a request that is none of ours, whatever its body is.
func turnAway(w http.ResponseWriter, r *http.Request, x wire.Exception) {
	if r.ProtoMajor < 2 {
		// Without it the answer waits for a body that waits for the answer.
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Connection", "close")
	}
	tellPost(w, x)
	discard(w, r)
}
