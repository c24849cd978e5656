package admin

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/earshot-stt/earshot/stt"
)

// problem is how an error stands in an answer.
type problem struct {
	// Code is one of the codes of package stt, or one of those of this package.
	Code string `json:"code"`
	// Message says what is wrong and what to do.
	Message string `json:"message"`
	// Field is the path of what is wrong in the body, or the name of a parameter.
	Field string `json:"field,omitempty"`
}

// errorBody is the body of every answer that is none.
type errorBody struct {
	Error problem `json:"error"`
}

// httpError is an error that only HTTP knows.
type httpError struct {
	status  int
	code    string
	message string
	field   string
}

// Error returns the message.
func (e *httpError) Error() string { return e.message }

// The codes that package stt has no word for.
const (
	codeMethod   = "method-not-allowed"
	codeTooLarge = "too-large"
	codeMedia    = "unsupported-media-type"
	codeChanged  = "precondition-failed"
)

// statuses is the table from codes to HTTP.
var statuses = map[stt.Code]int{
	stt.Invalid:          http.StatusBadRequest,
	stt.Malformed:        http.StatusBadRequest,
	stt.Unsupported:      http.StatusBadRequest,
	stt.Unauthenticated:  http.StatusUnauthorized,
	stt.Denied:           http.StatusForbidden,
	stt.Expired:          http.StatusUnauthorized,
	stt.NotFound:         http.StatusNotFound,
	stt.Conflict:         http.StatusConflict,
	stt.Quota:            http.StatusTooManyRequests,
	stt.Exhausted:        http.StatusServiceUnavailable,
	stt.Idle:             http.StatusRequestTimeout,
	stt.TooLong:          http.StatusBadRequest,
	stt.Closed:           http.StatusServiceUnavailable,
	stt.Canceled:         http.StatusServiceUnavailable,
	stt.DeadlineExceeded: http.StatusGatewayTimeout,
	stt.Unavailable:      http.StatusServiceUnavailable,
	stt.Internal:         http.StatusInternalServerError,
}

// invalid is an error about one field of a request.
func invalid(field, format string, args ...any) error {
	e := stt.Errorf(stt.Invalid, format, args...)
	e.Option = field
	return e
}

// translate returns what an error looks like from outside. Of an [stt.Error] the cause stays here: it may name files,
// addresses and statements.
func translate(err error) (status int, body problem) {
	var own *httpError
	if errors.As(err, &own) {
		return own.status, problem{Code: own.code, Message: own.message, Field: own.field}
	}
	e := stt.AsError(err)
	status = statuses[e.Code]
	body = problem{Code: e.Code.String(), Message: e.Msg, Field: e.Option}
	if status == 0 || e.Code == stt.Internal {
		status, body = http.StatusInternalServerError, problem{Code: stt.Internal.String(), Message: "internal error; the server's log says more"}
	}
	if body.Message == "" {
		body.Message = e.Code.String()
	}
	return status, body
}

// fail answers with an error and logs those that nobody outside can explain.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, name string, err error) {
	status, body := translate(err)
	if e := (*stt.Error)(nil); errors.As(err, &e) && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="earshot"`)
	}
	if status >= http.StatusInternalServerError && r.Context().Err() == nil {
		h.log.Error("administration failed", slog.String("operation", name), slog.Any("error", err))
	}
	writeJSON(w, status, errorBody{Error: body})
}
