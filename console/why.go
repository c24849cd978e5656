package console

import (
	"context"
	"net/http"
	"time"

	"github.com/earshot-stt/earshot/auth"
)

// Attempt is a stream of Speechall's protocol that somebody would begin.
type Attempt struct {
	Query  string // as it stands in the address; a key in it does not count
	Ticket string // in place of an API key
	Origin string // of the page; empty: it comes from none
	Remote string // the address of who asks, with the port
}

// Refusal is why a stream may not begin, in the words of its protocol.
type Refusal struct {
	Status     int    `json:"status"` // of HTTP
	Code       string `json:"code"`
	Message    string `json:"message"`
	RetryAfter int    `json:"retry_after,omitempty"` // seconds; 0: not said
}

// verdict is what became of an attempt.
type verdict struct {
	Refused bool `json:"refused"`
	*Refusal
}

// why says why a stream was refused, or would be now: browsers do not tell their pages what a refused WebSocket was answered with. The ticket that the
// question is put with never leaves the server, so that the audit log, which has a line for each that does, has none for it.
func (c *Console) why(q *call) error {
	var in struct {
		Query string `json:"query"`
	}
	if err := decode(q.w, q.r, &in); err != nil {
		return err
	}
	if err := c.pace.sign(q.row.ID, c.opts.Now()); err != nil {
		return err
	}
	key, _, err := c.key(q)
	if err != nil {
		return err
	}
	origin := q.r.Header.Get("Origin")
	t := auth.Ticket{Key: key.ID, Expires: c.opts.Now().Add(goodFor).UTC().Truncate(time.Second), Origin: origin}
	refusal, err := c.opts.Try(q.r.Context(), Attempt{Query: in.Query, Ticket: t.Sign(key.Secrets[0].Value), Origin: origin, Remote: q.r.RemoteAddr})
	if err != nil {
		return err
	}
	answer(q.w, http.StatusOK, verdict{refusal != nil, refusal})
	return nil
}

// Try begins a stream and ends it at once. The refusal is nil where it may begin. It may be called concurrently.
type Try func(ctx context.Context, a Attempt) (*Refusal, error)
