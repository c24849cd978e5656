package speechall

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// Fetch gets a file from an http or https address that a client named, which may be anybody's: see [NewFetch]. ctx bounds all of it,
// the reading as well. The caller closes the body. The error is NotFound for a file that cannot be had, and Denied for an address that
// nobody may be sent to.
type Fetch func(ctx context.Context, address string) (io.ReadCloser, error)

// remote transcribes a file that is somewhere else.
func (h *Handler) remote(w http.ResponseWriter, r *http.Request, caller Caller) error {
	if h.opts.Fetch == nil {
		return &stt.Error{Code: stt.Unsupported, Op: "open", Option: "file_url", Msg: `files are not fetched here; send the file itself to POST /v1/transcribe`}
	}
	req, giveBack, err := h.reserve(r, caller, opRemote, ProtocolFile)
	if err != nil {
		return err
	}
	defer giveBack()
	body, err := small(w, r, wire.MaxRemoteBody)
	if err != nil {
		return err
	}
	p, err := wire.ParseRemote(body)
	if err != nil {
		return err
	}
	a, err := h.plan(r, caller, req, p.Params, p.Rules)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	file, err := h.opts.Fetch(ctx, p.URL)
	if err != nil {
		return err
	}
	defer file.Close()
	res, err := h.run(r.Context(), a, &job.Request{Session: a.req,
		Input: job.Input{Body: &limited{r: lost{file}, left: h.opts.MaxBody, over: h.tooBig}, Interrupt: cancel, Owner: a.req.Account}})
	if err != nil {
		return err
	}
	return a.answer(w, res)
}

// small reads a body that is no file.
func small(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	body, err := io.ReadAll(&limited{r: newUpload(w, r), left: most, over: func() error {
		return stt.Errorf(stt.Invalid, "the body has more than %s", bytesText(most))
	}})
	if err != nil {
		return nil, stt.AsError(err)
	}
	return body, nil
}

// lost makes an error of a server that stops sending one of the file: it is not the client that is gone.
type lost struct{ r io.Reader }

// Read implements io.Reader.
func (l lost) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if err != nil && err != io.EOF && !errors.As(err, new(*stt.Error)) {
		err = &stt.Error{Code: stt.NotFound, Op: "fetch", Option: "file_url", Msg: "the file of \"file_url\" broke off", Err: errors.New(err.Error())}
	}
	return n, err
}
