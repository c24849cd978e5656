package speechall

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/job/subtitle"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// authorized answers who has a key, and refuses all others.
func (h *Handler) authorized(next func(w http.ResponseWriter, r *http.Request, caller Caller) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, err := h.identify(r, false)
		known := err == nil
		if known {
			guarded(&err, func() { err = next(w, r, caller) })
		}
		if err == nil {
			return
		}
		if known {
			h.note(r, ProtocolFile, caller, err)
		}
		turnAway(w, r, wire.ErrorOf(err), wire.ErrorOf(err).Body())
	}
}

// turnAway answers with an error, whatever of the body has been read.
func turnAway(w http.ResponseWriter, r *http.Request, x wire.Error, body []byte) {
	rest := r.ContentLength != 0
	if rest && r.ProtoMajor < 2 {
		// Without it the answer waits for a body that waits for the answer.
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Connection", "close")
	}
	answerError(w, x, body)
	if rest {
		linger(w, r)
	}
}

// Clients that send a whole file before they read anything see a connection reset in place of the answer if nobody takes the file.
const (
	lingerTime  = time.Second
	lingerBytes = 64 << 20
)

// linger takes what a client still sends, for a moment.
func linger(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	if rc.Flush() != nil || rc.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, lingerBytes))
}

// transcribe answers a request with a file for a body.
func (h *Handler) transcribe(w http.ResponseWriter, r *http.Request, caller Caller) error {
	p, err := parse(r)
	if err != nil {
		return err
	}
	if r.ContentLength > h.opts.MaxBody {
		return h.tooBig()
	}
	sr, giveBack, err := h.reserve(r, caller, opTranscribe, ProtocolFile)
	if err != nil {
		return err
	}
	defer giveBack()
	a, err := h.plan(r, caller, sr, p, nil)
	if err != nil {
		return err
	}
	up := newUpload(w, r)
	body := readAhead(&limited{r: up, left: h.opts.MaxBody, over: h.tooBig})
	defer body.close(up.interrupt)
	res, err := h.run(r.Context(), a, &job.Request{Session: a.req, Opened: func(string) { up.settle() },
		Input: job.Input{Body: body, Interrupt: body.interrupt, Owner: a.req.Account}})
	if err != nil {
		body.close(up.interrupt)
		return up.reason(err)
	}
	return a.answer(w, res)
}

// run transcribes a file.
func (h *Handler) run(ctx context.Context, a *asked, req *job.Request) (*job.Result, error) {
	if a.rewrite != nil {
		req.Rewrite = a.rewrite.Rewrite
	}
	res, err := h.opts.Jobs.Run(ctx, req)
	switch {
	case err == nil:
		return res, nil
	case req.Asked:
		return nil, logged{stt.AsError(err)}
	}
	return nil, stt.AsError(err)
}

// logged is an error that the session has told the log and the accounts already.
type logged struct{ error }

// Unwrap returns the error itself.
func (l logged) Unwrap() error { return l.error }

// answer sends a result in the format that was asked for.
func (a *asked) answer(w http.ResponseWriter, res *job.Result) error {
	a.announce(w.Header(), res.Model)
	body, err := a.write(res)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, a.params.Format.ContentType(), body)
	return nil
}

// write writes a result in the format that was asked for.
func (a *asked) write(res *job.Result) ([]byte, error) {
	if b, ok := subtitles(a.params.Format, res); ok {
		return b, nil
	}
	t := new(wire.Scribe).File(a.req.ID, res.Language, res.Segments)
	switch {
	case a.params.Format.Detailed():
		return wire.AppendJSON(nil, t)
	case a.params.Format.JSON():
		return wire.AppendJSON(nil, wire.Transcription{ID: t.ID, Text: t.Text})
	}
	return []byte(t.Text), nil
}

// subtitles writes a result as subtitles, where the format is one of those.
func subtitles(f wire.Format, res *job.Result) ([]byte, bool) {
	switch f {
	case wire.FormatSRT:
		return subtitle.AppendSRT(nil, subtitle.Cues(res.Segments, subtitle.Options{}), 1), true
	case wire.FormatVTT:
		return subtitle.AppendVTT([]byte(subtitle.HeaderVTT), subtitle.Cues(res.Segments, subtitle.Options{})), true
	}
	return nil, false
}

// tooBig says that a file is longer than any may be.
func (h *Handler) tooBig() error {
	return &stt.Error{Code: stt.TooLong, Op: "receive", Option: "file", Msg: "the file has more than " + bytesText(h.opts.MaxBody) + ", which is as much as is taken"}
}

// limited is a body that ends with an error of its own where it is too long. Other errors become that of a client that is gone.
type limited struct {
	r    io.Reader
	left int64
	over func() error
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, l.over()
	}
	p = p[:min(int64(len(p)), l.left+1)] // one more shows that there is more
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, l.over()
	}
	if err != nil && err != io.EOF && !errors.As(err, new(*stt.Error)) {
		// Its text alone is kept: a body that breaks off must not be taken for a file that does.
		err = &stt.Error{Code: stt.Canceled, Op: "receive", Msg: "the file stopped coming", Err: errors.New(err.Error())}
	}
	return n, err
}

// models answers with the list of models.
func (h *Handler) models(w http.ResponseWriter, r *http.Request, caller Caller) error {
	if err := h.admit(r, caller, opModels); err != nil {
		return err
	}
	list, err := h.list(r.Context())
	if err != nil {
		return err
	}
	answerJSON(w, http.StatusOK, h.permitted(r.Context(), caller, list, r))
	return nil
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
