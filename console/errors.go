package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/stt"
)

// statuses is the table from codes to HTTP; what is not in it is a fault of ours.
var statuses = map[stt.Code]int{
	stt.Invalid:          http.StatusBadRequest,
	stt.Malformed:        http.StatusBadRequest,
	stt.Unsupported:      http.StatusBadRequest,
	stt.Unauthenticated:  http.StatusUnauthorized,
	stt.Expired:          http.StatusUnauthorized,
	stt.Denied:           http.StatusForbidden,
	stt.NotFound:         http.StatusNotFound,
	stt.Conflict:         http.StatusConflict,
	stt.Quota:            http.StatusTooManyRequests,
	stt.Exhausted:        http.StatusServiceUnavailable,
	stt.Canceled:         http.StatusServiceUnavailable,
	stt.Closed:           http.StatusServiceUnavailable,
	stt.DeadlineExceeded: http.StatusGatewayTimeout,
	stt.Unavailable:      http.StatusServiceUnavailable,
}

// problem is an error in an answer.
type problem struct {
	Code    string `json:"code"` // one of those of package stt, or one of those below
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
}

// httpError is an error that only HTTP knows.
type httpError struct {
	status int
	problem
}

// Error returns the message.
func (e *httpError) Error() string { return e.Message }

// The codes that package stt has no word for.
const (
	codeMethod   = "method-not-allowed"
	codeMedia    = "unsupported-media-type"
	codeTooLarge = "too-large"
	codeCSRF     = "csrf"
	codePassword = "must-set-password"
)

// refuse answers with an error. The cause of an [stt.Error] stays here: it may name files, addresses and statements.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var own *httpError
	var status int
	var body problem
	if errors.As(err, &own) {
		status, body = own.status, own.problem
	} else {
		e := stt.AsError(err)
		status, body = statuses[e.Code], problem{Code: e.Code.String(), Message: e.Msg, Field: e.Option}
		if e.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		}
		if status == 0 {
			status, body = http.StatusInternalServerError, problem{Code: stt.Internal.String(), Message: "internal error; the server's log says more"}
		}
		if body.Message == "" {
			body.Message = body.Code
		}
		if status >= http.StatusInternalServerError && e.Code != stt.Exhausted && r.Context().Err() == nil {
			c.opts.Log.Error("console failed", slog.String("path", r.URL.Path), slog.Any("error", err))
		}
	}
	answer(w, status, map[string]problem{"error": body})
}

// answer writes JSON, which no cache may keep.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // what cannot be sent any more is nobody's concern
}

// invalid is an error about one field of a request.
func invalid(field, format string, args ...any) error {
	e := stt.Errorf(stt.Invalid, format, args...)
	e.Option = field
	return e
}

// maxBody bounds a request's body, in bytes.
const maxBody = 64 << 10

// decode reads the one JSON object of a body. Names that the type does not have, or has in another case, are refused, and so are those that
// stand twice, and what follows the object.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return &httpError{http.StatusUnsupportedMediaType, problem{codeMedia, "expected a body in JSON, with the header Content-Type: application/json", ""}}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &httpError{http.StatusRequestEntityTooLarge, problem{codeTooLarge, "expected a body of at most 64 KiB", ""}}
	}
	if err != nil || !utf8.Valid(data) {
		return stt.Errorf(stt.Invalid, "expected a body in UTF-8 that can be read to its end")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		wrong := (*json.UnmarshalTypeError)(nil)
		if errors.As(err, &wrong) && wrong.Field != "" {
			return invalid(wrong.Field, "%q: expected %s; got a JSON %s", wrong.Field, wrong.Type.Kind(), wrong.Value)
		}
		return stt.Errorf(stt.Invalid, "expected a JSON object with the members of this request and no others")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return stt.Errorf(stt.Invalid, "expected one JSON object in the body; something follows it")
	}
	return strict(json.NewDecoder(bytes.NewReader(data)), reflect.TypeOf(into).Elem())
}

// strict walks over what was decoded into a value of a type, whose members must be in the letters that the type has them in, each once: encoding/json takes any
// case, and the last of several, which other readers of the same text do not.
func strict(dec *json.Decoder, t reflect.Type) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') && token != json.Delim('[') {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		var inner reflect.Type
		if token == json.Delim('{') {
			next, err := dec.Token()
			if err != nil {
				return err
			}
			name, _ := next.(string) // of an object the decoder gives nothing else here
			var known bool
			if inner, known = member(t, name); !known || seen[name] {
				return stt.Errorf(stt.Invalid, "expected a JSON object with the members of this request, in these letters and each once")
			}
			seen[name] = true
		}
		if err := strict(dec, inner); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// member returns the type of an object's member, nil for any, and whether there may be one of that name.
func member(t reflect.Type, name string) (reflect.Type, bool) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil, true
	}
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return f.Type, true
		}
	}
	return nil, false
}
