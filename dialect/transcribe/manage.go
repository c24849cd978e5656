package transcribe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// Resources keeps the vocabularies and filters of accounts. Its methods may be called concurrently. Errors are *stt.Error: NotFound
// and Conflict about the name of a resource, Quota where an account has as many as it may, Invalid for what the content is not.
type Resources interface {
	// Account returns the account under which the resources of a caller's account are kept, as it stands in ARNs.
	Account(ctx context.Context, account string) (string, error)
	// Put makes a resource, or replaces the content of one that is there, and returns it as it is kept. Of r account, kind, name,
	// source, content, language and, of a new one, tags count. An empty language leaves that of a resource that is there.
	Put(ctx context.Context, by resource.Actor, r resource.Resource, isNew bool) (resource.Resource, error)
	Get(ctx context.Context, account string, kind resource.Kind, name string) (resource.Resource, error)
	// List returns all resources of an account and kind, without their contents, in any order.
	List(ctx context.Context, account string, kind resource.Kind) ([]resource.Resource, error)
	Delete(ctx context.Context, by resource.Actor, account string, kind resource.Kind, name string) error
	// Tag sets tags of a resource and removes those with the keys.
	Tag(ctx context.Context, by resource.Actor, account string, kind resource.Kind, name string, set map[string]string, remove []string) error
}

// Management answers the operations that manage vocabularies and vocabulary filters, which applications and the AWS CLI post to
// [wire.PathManage] as AWS JSON 1.1. It implements http.Handler for the paths in [ManagePaths] and may be used concurrently.
//
// A request is signed in its headers, its body and its target included. Answers that have the content of a vocabulary to offer give
// an address at this server, presigned with the caller's own key, so that it is good for nobody who could not sign it, and for as long
// as the key is.
type Management struct {
	streams *Handler // for keys, hosts and guard
	keep    Resources
	admit   Admission
	places  places
}

// Admission decides whether anything is done for a caller whose signature was good: why, such as stt.Quota, is why nothing is. done, which may be nil
// and is otherwise called once, is told how the request went, nil being well.
type Admission func(ctx context.Context, caller auth.Principal) (done func(err error), why error)

// Bounds of requests.
const (
	maxManageBody = 1 << 20 // bytes
	manageTime    = 10 * time.Second
)

// NewManagement returns a handler that takes the keys that h takes. admit may be nil.
func NewManagement(h *Handler, keep Resources, admit Admission) *Management {
	return &Management{streams: h, keep: keep, admit: admit}
}

// ManagePaths are the patterns, as http.ServeMux takes them, of what Management answers.
func ManagePaths() []string {
	return []string{"POST " + wire.PathManage + "{$}", "POST " + wire.PathManageToo,
		"GET " + downloads[resource.KindVocabulary] + "{name}", "GET " + downloads[resource.KindFilter] + "{name}"}
}

// ServeHTTP implements http.Handler.
func (m *Management) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := uuid.NewString()
	w.Header().Set("x-amzn-RequestId", id)
	// Where it cannot be set, the server's own deadlines bound how long a body takes.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(manageTime))
	ctx, cancel := context.WithTimeout(r.Context(), 2*manageTime)
	defer cancel()
	a := &managed{id: id}
	defer func() { // until the answer is written, since that may be long
		if a.place != nil {
			a.place.leave()
		}
	}()
	answer, err := m.answer(ctx, r, a)
	m.note(r, a, err)
	if a.done != nil {
		a.done(err)
	}
	switch {
	case err != nil && a.download != "":
		tellDownload(w, err)
	case err != nil:
		m.refuse(w, a, err)
	case a.download != "":
		serveDownload(w, r, a, answer.([]byte))
	default:
		tellManage(w, answer)
	}
}

// managed is a request under way.
type managed struct {
	id       string // of the request
	op       wire.ManageOperation
	name     string // of the resource; empty: none, or not known yet
	download resource.Kind
	caller   string // the key id; empty: not known yet
	account  string // as resources are kept under
	sign     func(path string) string
	place    *place          // nil: none yet
	done     func(err error) // told how the request went; nil: nobody is
}

// answer does what a request asks for. A download is answered with its bytes, all else with a message.
func (m *Management) answer(ctx context.Context, r *http.Request, a *managed) (any, error) {
	if r.Method != http.MethodPost {
		return m.answerDownload(ctx, r, a)
	}
	claim, err := headerClaim(r)
	if err != nil {
		return nil, err
	}
	if err := m.enter(ctx, r, claim, a); err != nil {
		return nil, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	c, err := m.identify(ctx, r, claim, body, a)
	if err != nil {
		return nil, err
	}
	op, known := wire.ManageOperationOf(r.Header.Get(headerTarget))
	a.op = op
	switch {
	case !known:
		return nil, errUnknownOperation
	case !op.Offered():
		return nil, wire.ManageNotOffered(op)
	}
	req, err := wire.DecodeManage(op, body)
	if err != nil {
		return nil, err
	}
	return m.perform(ctx, &c, a, req)
}

// errUnknownOperation is told in words of its own.
var errUnknownOperation = &stt.Error{Code: stt.Unsupported, Op: "manage", Msg: "no operation of the service"}

// readBody reads a body of bounded size.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxManageBody+1))
	switch {
	case err != nil:
		return nil, &stt.Error{Code: stt.Malformed, Op: "manage", Msg: "The body did not come to its end.", Err: err}
	case len(body) > maxManageBody:
		return nil, &stt.Error{Code: stt.Invalid, Op: "manage", Msg: "The body has more than " + strconv.Itoa(maxManageBody) + " bytes."}
	}
	return body, nil
}

// refuse tells a client why its request came to nothing.
func (m *Management) refuse(w http.ResponseWriter, a *managed, err error) {
	x := wire.ManageExceptionOf(a.op.Kind, err)
	if errors.Is(err, errUnknownOperation) {
		x = wire.ManageUnknown()
	}
	if wait := stt.AsError(err).RetryAfter; wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	tellManage(w, x)
}

// tellManage writes an answer, or an exception with its status.
func tellManage(w http.ResponseWriter, answer any) {
	status := http.StatusOK
	if x, ok := answer.(wire.Exception); ok {
		status = x.Status
		w.Header().Set("x-amzn-errortype", x.Name)
	}
	body, err := wire.AppendAnswer(nil, answer)
	if err != nil { // answers are made of what can be encoded
		status, body = http.StatusInternalServerError, []byte(`{"__type":"InternalFailureException","Message":"An internal error has occurred."}`)
	}
	h := w.Header()
	h.Set("Content-Type", wire.ContentTypeManage)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.Copy(w, bytes.NewReader(body)) // a client that is gone is no news
}

// note writes the one line of the log.
func (m *Management) note(r *http.Request, a *managed, err error) {
	attrs := []slog.Attr{slog.String("operation", a.op.Name), slog.String("resource", a.name), slog.String("caller", a.caller),
		slog.String("remote", r.RemoteAddr), slog.String("request", a.id)}
	level := slog.LevelInfo
	if err != nil {
		x := wire.ManageExceptionOf(a.op.Kind, err)
		attrs = append(attrs, slog.String("exception", x.Name), slog.String("reason", err.Error()))
		if x.Name == wire.InternalFailure {
			level = slog.LevelError
		}
	}
	m.streams.opts.Log.LogAttrs(r.Context(), level, "resource request", attrs...)
}
