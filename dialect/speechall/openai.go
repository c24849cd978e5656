package speechall

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/job/spool"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// openAI answers a form with a file. nested says that errors are to be as OpenAI's own, one object within another.
func (h *Handler) openAI(translation, nested bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller, err := h.identify(r, false)
		known := err == nil
		if known {
			guarded(&err, func() { err = h.form(w, r, caller, translation) })
		}
		if err == nil {
			return
		}
		if known {
			h.note(r, ProtocolOpenAI, caller, err)
		}
		x := wire.ErrorOf(err)
		body := x.Body()
		if nested {
			body = x.OpenAIBody()
		}
		turnAway(w, r, x, body)
	}
}

// form transcribes the file of a form.
func (h *Handler) form(w http.ResponseWriter, r *http.Request, caller Caller, translation bool) error {
	if r.ContentLength > h.opts.MaxBody+maxFields {
		return h.tooBig()
	}
	operation := opOpenAI
	if translation {
		operation = opTranslate
	}
	req, giveBack, err := h.reserve(r, caller, operation, ProtocolOpenAI)
	if err != nil {
		return err
	}
	defer giveBack()
	fields, file, err := h.receive(newUpload(w, r), r, req.Account)
	if file != nil {
		defer file.Close()
	}
	if err != nil {
		return err
	}
	f, err := wire.ParseForm(fields)
	if err != nil {
		return err
	}
	if file == nil {
		return &stt.Error{Code: stt.Invalid, Op: "open", Option: "file", Msg: `field "file" must be set: the file to transcribe`}
	}
	if translation {
		model, err := h.choose(r.Context(), caller, operation, f.Model, r)
		if err == nil {
			err = f.English(&model.Can)
		}
		if err != nil {
			return err
		}
	}
	a, err := h.plan(r, caller, req, f.Params, nil)
	if err != nil {
		return err
	}
	if f.Stream {
		return h.events(w, r, a, file)
	}
	res, err := h.run(r.Context(), a, &job.Request{Session: a.req, Input: job.Input{Body: file, Owner: a.req.Account}})
	if err != nil {
		return err
	}
	a.announce(w.Header(), res.Model)
	if b, ok := subtitles(f.Format, res); ok {
		answer(w, http.StatusOK, f.Format.ContentType(), b)
		return nil
	}
	t := new(wire.Scribe).File(a.req.ID, res.Language, res.Segments)
	if f.Format == wire.FormatText {
		answer(w, http.StatusOK, f.Format.ContentType(), append([]byte(t.Text), '\n'))
		return nil
	}
	answerJSON(w, http.StatusOK, f.Answer(&t, res.Duration, translation))
	return nil
}

// The bounds of what a form may hold besides its file.
const (
	maxParts  = 256
	maxFields = 1 << 20 // bytes
	maxTail   = 4 << 10 // bytes behind it
)

// receive reads a form, r's body by another way, whose file is kept as the account's. Its parts come in any order, the file often first.
// The caller closes the file, which is nil where none came.
func (h *Handler) receive(body io.Reader, r *http.Request, account string) (fields url.Values, file *spool.File, err error) {
	r = r.WithContext(r.Context()) // a copy: what is left of the body when the form is refused is read as it is
	r.Body = io.NopCloser(body)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, nil, stt.Errorf(stt.Malformed, "the body is not a form; expected Content-Type: multipart/form-data with a file and a model")
	}
	fields, left := url.Values{}, maxFields
	for range maxParts {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			// Only the end of the body shows a client that goes away from now on, and some send an empty line behind the form.
			_, _ = io.CopyN(io.Discard, body, maxTail)
			return fields, file, nil
		}
		if err != nil {
			return nil, file, brokenForm(err)
		}
		if part.FormName() == "file" && file == nil {
			if file, err = h.opts.Jobs.Spool().Take(account, &limited{r: part, left: h.opts.MaxBody, over: h.tooBig}); err != nil {
				return nil, file, err
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, int64(left)+1))
		if err != nil {
			return nil, file, brokenForm(err)
		}
		if left -= len(value); left < 0 {
			return nil, file, stt.Errorf(stt.Invalid, "the form has more than %d bytes besides its file", maxFields)
		}
		fields.Add(part.FormName(), string(value))
	}
	return nil, file, stt.Errorf(stt.Invalid, "the form has more than %d parts", maxParts)
}

func brokenForm(err error) error {
	if e := (*stt.Error)(nil); errors.As(err, &e) {
		return e
	}
	if errors.Is(err, multipart.ErrMessageTooLarge) {
		return &stt.Error{Code: stt.Malformed, Op: "receive", Msg: "the header of a part of the form is too long", Err: err}
	}
	return &stt.Error{Code: stt.Malformed, Op: "receive", Msg: "the form breaks off or is not one", Err: err}
}

// events answers with server-sent events, each final as it comes. The status is decided by the first of them.
func (h *Handler) events(w http.ResponseWriter, r *http.Request, a *asked, file *spool.File) error {
	s := &sender{w: w, a: a, timeout: h.opts.WriteTimeout}
	req := &job.Request{Session: a.req, Input: job.Input{Body: file, Owner: a.req.Account}, Final: s.final, Opened: func(model string) { s.model = model }}
	if a.rewrite != nil {
		req.Rewrite = a.rewrite.Rewrite
	}
	_, err := h.opts.Jobs.Run(r.Context(), req)
	switch {
	case err == nil:
		err = s.send(wire.AppendDone(nil, s.text))
	case s.begun && r.Context().Err() == nil:
		_ = s.send(wire.AppendFault(nil, wire.ErrorOf(err))) // the status has gone out
	}
	switch {
	case s.begun:
		return nil // the session's own log says how it ended
	case err != nil && req.Asked:
		return logged{err}
	}
	return err
}

// sender sends events.
type sender struct {
	w       http.ResponseWriter
	a       *asked
	timeout time.Duration
	model   string
	begun   bool
	text    string // so far
}

func (s *sender) final(seg *stt.Segment) error {
	delta := wire.Delta(s.text, seg.Best().Text)
	s.text += delta
	return s.send(wire.AppendDelta(nil, delta))
}

func (s *sender) send(event []byte) error {
	rc := http.NewResponseController(s.w)
	if !s.begun {
		s.begun = true
		s.a.announce(s.w.Header(), s.model)
		s.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		s.w.Header().Set("Cache-Control", "no-store")
		s.w.WriteHeader(http.StatusOK)
	}
	_ = rc.SetWriteDeadline(time.Now().Add(s.timeout)) // where that is not possible the connection's own end counts
	_, err := s.w.Write(event)
	if err == nil {
		err = rc.Flush()
	}
	_ = rc.SetWriteDeadline(time.Time{})
	if err != nil {
		return errGone
	}
	return nil
}
