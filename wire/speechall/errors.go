package speechall

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Error is an error as the API says it: one of eight statuses, and a JSON object with a message and a code.
type Error struct {
	Status  int    `json:"-"`
	Message string `json:"message"`
	Code    string `json:"code"`
	// RetryAfter is when to come again, in whole seconds as some clients insist; 0: not said.
	RetryAfter int `json:"-"`
}

// The codes of errors.
const (
	CodeInvalid     = "invalid_request_error"
	CodeUnknownUser = "unauthenticated"
	CodeDenied      = "permission_denied" // ours: the API has no word and no status for it
	CodePayment     = "payment_required"
	CodeNotFound    = "not_found"
	CodeRate        = "rate_limit_exceeded"
	CodeInternal    = "internal_server_error"
	CodeUnavailable = "service_unavailable"
	CodeTimeout     = "gateway_timeout"
)

// codes is the one table from codes to statuses. The API documents eight; others would be folded by clients into something
// without a type.
var codes = map[stt.Code]Error{
	stt.Invalid:          {Status: http.StatusBadRequest, Code: CodeInvalid},
	stt.Malformed:        {Status: http.StatusBadRequest, Code: CodeInvalid},
	stt.Unsupported:      {Status: http.StatusBadRequest, Code: CodeInvalid},
	stt.Unauthenticated:  {Status: http.StatusUnauthorized, Code: CodeUnknownUser},
	stt.Denied:           {Status: http.StatusUnauthorized, Code: CodeDenied},
	stt.Expired:          {Status: http.StatusUnauthorized, Code: CodeUnknownUser},
	stt.NotFound:         {Status: http.StatusNotFound, Code: CodeNotFound},
	stt.Conflict:         {Status: http.StatusBadRequest, Code: CodeInvalid},
	stt.Quota:            {Status: http.StatusTooManyRequests, Code: CodeRate},
	stt.Exhausted:        {Status: http.StatusServiceUnavailable, Code: CodeUnavailable},
	stt.Idle:             {Status: http.StatusBadRequest, Code: CodeInvalid},
	stt.TooLong:          {Status: http.StatusBadRequest, Code: CodeInvalid},
	stt.Closed:           {Status: http.StatusBadRequest, Code: CodeInvalid},
	stt.Canceled:         {Status: http.StatusServiceUnavailable, Code: CodeUnavailable},
	stt.DeadlineExceeded: {Status: http.StatusGatewayTimeout, Code: CodeTimeout},
	stt.Unavailable:      {Status: http.StatusServiceUnavailable, Code: CodeUnavailable},
	stt.Internal:         {Status: http.StatusInternalServerError, Code: CodeInternal},
}

// options are the parameters that set what errors of other packages name.
var options = map[string]string{"speakers": "diarization", "phrases": "custom_vocabulary", "identify": "language", "prompt": "initial_prompt"}

// ErrorOf returns what a client is told of err. Causes stay here.
func ErrorOf(err error) Error {
	e := stt.AsError(err)
	if e == nil {
		e = &stt.Error{Code: stt.Internal}
	}
	code := e.Code
	if _, ok := codes[code]; !ok {
		code = stt.Internal
	}
	if e.Peer != "" && (code == stt.Unauthenticated || code == stt.Denied || code == stt.Expired) {
		code = stt.Internal // it is our own credentials that an upstream refuses, and nothing that the client could mend
	}
	x := codes[code]
	x.Message = e.Msg
	switch {
	case code == stt.NotFound && e.Option == "model":
		x.Status, x.Code = http.StatusBadRequest, CodeInvalid // unknown models are bad requests here
	case code == stt.Internal:
		x.Message = "an internal error ended the transcription; the server's log says more"
	}
	if x.Message == "" {
		x.Message = "the request failed: " + code.String()
	}
	if name := options[e.Option]; name != "" && code != stt.Internal && !strings.Contains(x.Message, name) {
		x.Message += " (parameter \"" + name + "\")"
	}
	if wait := e.RetryAfter; wait > 0 {
		x.RetryAfter = int(math.Ceil(min(wait, 365*24*time.Hour).Seconds()))
	} else if x.Status == http.StatusTooManyRequests || x.Status == http.StatusServiceUnavailable {
		x.RetryAfter = 1
	}
	return x
}

// Body returns the JSON object.
func (x Error) Body() []byte {
	b, _ := json.Marshal(x) // strings can always be encoded
	return b
}

// CloseCode returns the status of the Close frame that ends a WebSocket for the reason: 1008 for what the client did, 1011 for
// anything else.
func (x Error) CloseCode() int {
	if x.Status < http.StatusInternalServerError {
		return 1008
	}
	return 1011
}
