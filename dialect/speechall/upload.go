package speechall

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// How long a client may take with what must have come before its session can begin: it holds a place already.
const (
	standstill = 30 * time.Second // without a byte
	slack      = time.Minute      // altogether, besides what the slowest connection takes
	slowest    = 16 << 10         // bytes a second
)

// upload is the body of a request, of which whoever reads it waits for a while only. What it waits counts, not how long somebody takes
// to read.
type upload struct {
	body io.Reader
	rc   *http.ResponseController

	mu     sync.Mutex // guards all below
	free   bool       // a session's own limits count
	broken bool       // it is not read any more
	got    int64      // bytes
	waited time.Duration
	late   error // what who sends it is told; nil: it has not been late
}

func newUpload(w http.ResponseWriter, r *http.Request) *upload {
	return &upload{body: r.Body, rc: http.NewResponseController(w)}
}

// Read implements io.Reader. One goroutine at a time reads.
func (u *upload) Read(p []byte) (int, error) {
	began := time.Now()
	if !u.begin(began) {
		return 0, errGone
	}
	n, err := u.body.Read(p)
	return n, u.end(n, time.Since(began), err)
}

// begin bounds how long a read may wait.
func (u *upload) begin(now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.free && !u.broken {
		left := slack + time.Duration(u.got)*time.Second/slowest - u.waited
		_ = u.rc.SetReadDeadline(now.Add(min(standstill, left))) // where that is not possible the read ends with the connection
	}
	return !u.broken
}

// end takes the bound away, which would hold for what the server reads by itself, and says what an error means.
func (u *upload) end(n int, waited time.Duration, err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.got, u.waited = u.got+int64(n), u.waited+waited
	if !u.free && !u.broken {
		_ = u.rc.SetReadDeadline(time.Time{})
	}
	if u.broken || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	msg := "the body comes too slowly: less than " + bytesText(slowest) + " a second"
	if waited >= standstill {
		msg = "the body stopped coming: nothing came for " + standstill.String()
	}
	u.late = &stt.Error{Code: stt.Malformed, Op: "receive", Msg: msg}
	return u.late
}

// reason returns what an error of a request comes from: package http ends a request's context when its body is late, and who is ended by
// that does not know why. Nobody may be reading any more.
func (u *upload) reason(err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.late != nil && stt.CodeOf(err) == stt.Canceled {
		return u.late
	}
	return err
}

// settle says that reads may wait from now on.
func (u *upload) settle() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.free = true; !u.broken {
		_ = u.rc.SetReadDeadline(time.Time{})
	}
}

// interrupt ends a read that waits, and all later ones. It may be called from any goroutine.
func (u *upload) interrupt() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.broken = true
	_ = u.rc.SetReadDeadline(time.Unix(1, 0))
}
