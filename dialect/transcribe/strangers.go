package transcribe

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// strangerLines is how many lines a second the log gets about strangers, however many come.
const strangerLines = 10

// sampler lets so many lines of a second through and counts the others. The zero value is ready to use.
type sampler struct {
	mu     sync.Mutex // guards all below
	second time.Time
	lines  int
	left   int // lines left out since the last one that was not
}

// take reports whether there may be a line now, and how many have been left out before it.
func (s *sampler) take(now time.Time) (left int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.second) >= time.Second {
		s.second, s.lines = now, 0
	}
	if s.lines == strangerLines {
		s.left++
		return 0, false
	}
	s.lines++
	left, s.left = s.left, 0
	return left, true
}

// stranger tells who wants to know that somebody without good credentials gets no stream, and returns what the log shall say of it; nil:
// nothing.
func (h *Handler) stranger(r *http.Request, in *incoming, why error) []slog.Attr {
	if h.opts.Strangers != nil {
		h.opts.Strangers(r.Context(), &session.Request{Protocol: in.protocol(), Request: in.id, Remote: r.RemoteAddr}, coded(why))
	}
	left, ok := h.lines.take(time.Now())
	if !ok {
		return nil
	}
	attrs := []slog.Attr{slog.String("request", in.id)}
	if left > 0 {
		attrs = append(attrs, slog.Int("left_out", left))
	}
	return attrs
}

// signatureCodes says of what kind the reasons for refusing a signature are that are not just wrong credentials.
var signatureCodes = map[sigv4.Reason]stt.Code{sigv4.Malformed: stt.Malformed, sigv4.ExpiresOutOfRange: stt.Invalid, sigv4.NotYetValid: stt.Expired, sigv4.Expired: stt.Expired}

// coded gives a refused signature the code that errors of this house have.
func coded(why error) error {
	reason := sigv4.ReasonOf(why)
	if reason == sigv4.None {
		return why
	}
	code, ok := signatureCodes[reason]
	if !ok {
		code = stt.Unauthenticated
	}
	return &stt.Error{Code: code, Op: "open", Err: why}
}

// mustWait reports whether an error says that somebody has guessed too often, which is said in the shortest way.
func (h *Handler) mustWait(places chan struct{}, why error) bool {
	return places == h.strangers && stt.CodeOf(why) == stt.Quota
}

// retryAfter says when it is worth trying again, where that is known.
func retryAfter(w http.ResponseWriter, why error) {
	if wait := stt.AsError(why).RetryAfter; wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
}

// sayWait answers without an upgrade and without a moment to read it in.
func sayWait(w http.ResponseWriter, op wire.Operation, why error) {
	retryAfter(w, why)
	tellPost(w, op.ExceptionOf(why))
}

// Strangers is told of requests without good credentials, which get no stream. r has little more than the protocol and the remote address; why
// is an *stt.Error.
type Strangers func(ctx context.Context, r *session.Request, why error)
