package transcribe

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// downloads is where the contents of resources are fetched; the name follows.
var downloads = map[resource.Kind]string{
	resource.KindVocabulary: "/vocabularies/",
	resource.KindFilter:     "/vocabulary-filters/",
}

// downloadAge is how long an address that was given out is good.
const downloadAge = 15 * time.Minute

// downloadURI returns where the content of a resource can be fetched, or nothing while there is none.
func (a *managed) downloadURI(r resource.Resource) string {
	if r.State != resource.Ready {
		return ""
	}
	return a.sign(downloads[r.Kind] + r.Name)
}

// answerDownload answers who fetches a content. The signature may stand in the address or in the headers.
func (m *Management) answerDownload(ctx context.Context, r *http.Request, a *managed) (any, error) {
	a.download = resource.KindVocabulary
	if strings.HasPrefix(r.URL.Path, downloads[resource.KindFilter]) {
		a.download = resource.KindFilter
	}
	a.op = wire.ManageOperation{Name: "GetVocabulary", Kind: string(a.download)}
	if a.download == resource.KindFilter {
		a.op.Name = "GetVocabularyFilter"
	}
	if len(r.URL.RawQuery) > maxQuery {
		return nil, &stt.Error{Code: stt.Invalid, Op: "manage", Msg: "The query is longer than " + strconv.Itoa(maxQuery) + " bytes."}
	}
	claim, err := sigv4.Parse(r.URL.RawQuery, r.Header)
	if err != nil {
		return nil, err
	}
	if err := m.enter(ctx, r, claim, a); err != nil {
		return nil, err
	}
	c, err := m.identify(ctx, r, claim, nil, a)
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(r.URL.Path, downloads[a.download])
	if !resource.ValidName(name) {
		return nil, &stt.Error{Code: stt.NotFound, Op: "manage", Msg: "nothing can have the name"}
	}
	a.name = name
	if err := m.may(&c, a, a.op.Name, a.op.Kind, name, nil); err != nil {
		return nil, err
	}
	kept, err := m.keep.Get(ctx, a.account, a.download, name)
	if err != nil {
		return nil, err
	}
	if kept.State != resource.Ready {
		return nil, &stt.Error{Code: stt.NotFound, Op: "manage", Msg: "the vocabulary is not ready"}
	}
	if a.download == resource.KindFilter {
		return kept.Content, nil
	}
	phrases, err := resource.ParseVocabulary(kept.Content)
	if err != nil {
		return nil, &stt.Error{Code: stt.Internal, Op: "manage", Msg: "a vocabulary that is ready cannot be read", Err: err}
	}
	return resource.FormatVocabulary(phrases), nil
}

// serveDownload writes a content, for a program and not for a browser to show.
func serveDownload(w http.ResponseWriter, _ *http.Request, a *managed, content []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+a.name+`.txt"`) // names have no quotes
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) //nolint:gosec // it is text, and says so; a client that is gone is no news
}

// tellDownload says why there is nothing to fetch. A plain GET goes by the status.
func tellDownload(w http.ResponseWriter, err error) {
	x := wire.ManageExceptionOf("", err)
	switch code := stt.CodeOf(err); {
	case code == stt.NotFound:
		x.Status = http.StatusNotFound
		x.Message = "There is nothing of that name to fetch."
	case x.Name != wire.BadRequest && x.Status == http.StatusBadRequest:
		x.Status = http.StatusForbidden
	}
	tellManage(w, x)
}
