package speechall

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// headerModel names the model that answers, and headerIgnored the parameters that it can make nothing of. They are ours.
const (
	headerModel   = "X-Earshot-Model"
	headerIgnored = "X-Earshot-Ignored"
)

func newID() string { return uuid.NewString() }

// announce puts what a client may want to know into the header of an answer.
func (a *asked) announce(header http.Header, model string) {
	header.Set(headerModel, strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, model))
	if len(a.ignored) > 0 {
		header.Set(headerIgnored, strings.Join(a.ignored, ", "))
	}
}

// refuse answers with an error. The body of a request need not have been read.
func refuse(w http.ResponseWriter, err error) {
	answerError(w, wire.ErrorOf(err), wire.ErrorOf(err).Body())
}

func answerError(w http.ResponseWriter, x wire.Error, body []byte) {
	if x.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(x.RetryAfter))
	}
	if x.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="earshot"`)
	}
	answer(w, x.Status, "application/json", body)
}

// answer sends a whole answer. A client that is gone is no news.
func answer(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = bytes.NewReader(body).WriteTo(w)
}

// answerJSON sends a value.
func answerJSON(w http.ResponseWriter, status int, v any) {
	body, err := wire.AppendJSON(nil, v)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, status, "application/json", body)
}

// errGone says that the client is not there any more.
var errGone = &stt.Error{Code: stt.Canceled, Op: "receive", Msg: "the client went away"}
