package admin

import (
	"log/slog"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Sessions are the open streams. A [session.Service] is one.
type Sessions interface {
	Sessions() []session.Live
	// End ends the one with a serial for a reason, after the results of what was said, and reports whether there was one.
	End(serial string, why error) bool
}

// liveSession is a stream that is open.
type liveSession struct {
	ID       string    `json:"id" doc:"Of this stream and no other."`
	Session  string    `json:"session,omitempty" doc:"The session id that the client knows."`
	Request  string    `json:"request,omitempty" doc:"The request id that the client knows."`
	Account  string    `json:"account,omitempty"`
	Key      string    `json:"key,omitempty" doc:"The key that limits and usage go by."`
	Caller   string    `json:"caller" doc:"The key that the client holds."`
	Remote   string    `json:"remote" doc:"The address that it came from."`
	Protocol string    `json:"protocol"`
	Model    string    `json:"model"`
	Language string    `json:"language,omitempty" doc:"BCP 47; absent while it is being found out."`
	Since    time.Time `json:"since"`
	Audio    float64   `json:"audio_seconds" doc:"Audio taken so far."`
	Lag      float64   `json:"lag_seconds" doc:"How far the engine is behind, in audio."`
	Ending   bool      `json:"ending" doc:"It takes no more audio; the last results come."`
}

func liveSessionOf(l session.Live) liveSession {
	r := l.Request
	return liveSession{ID: l.Serial, Session: r.ID, Request: r.Request, Account: r.Account, Key: r.Payer(), Caller: r.Caller, Remote: r.Remote,
		Protocol: r.Protocol, Model: l.Model, Language: l.Language, Since: l.Since.UTC(), Audio: seconds(l.Audio), Lag: seconds(l.Lag), Ending: l.Ending}
}

// liveSessions are those of this server, the oldest first.
type liveSessions struct {
	Items []liveSession `json:"items"`
	Total int           `json:"total" doc:"How many there are; more than items where \"limit\" is less."`
}

func (h *Handler) listSessions(c *call) (liveSessions, error) {
	limit, err := c.page()
	if err != nil {
		return liveSessions{}, err
	}
	if limit.Max == 0 {
		limit.Max = 1000
	}
	out := liveSessions{Items: []liveSession{}}
	var live []session.Live
	if h.sessions != nil {
		live = h.sessions.Sessions()
	}
	account, err := h.accountParam(c, nil)
	if err != nil {
		return out, err
	}
	key, err := h.keyParam(c, func(id string) (bool, error) { // such as those of the console's own streams, which are not in the store
		return slices.ContainsFunc(live, func(l session.Live) bool { return l.Request.Payer() == id || l.Request.Caller == id }), nil
	})
	if err != nil {
		return out, err
	}
	for _, l := range live {
		if account != "" && l.Request.Account != account || key != "" && l.Request.Payer() != key && l.Request.Caller != key {
			continue
		}
		if out.Total++; len(out.Items) < limit.Max {
			out.Items = append(out.Items, liveSessionOf(l))
		}
	}
	return out, nil
}

func (h *Handler) getSession(c *call) (liveSession, error) {
	l, err := h.live(c.path("session"))
	if err != nil {
		return liveSession{}, err
	}
	return liveSessionOf(l), nil
}

// live returns the open stream with a serial.
func (h *Handler) live(serial string) (session.Live, error) {
	if h.sessions != nil {
		for _, l := range h.sessions.Sessions() {
			if l.Serial == serial {
				return l, nil
			}
		}
	}
	return session.Live{}, noSession()
}

func (h *Handler) endSession(c *call) error {
	live, err := h.live(c.path("session"))
	if err != nil {
		return err
	}
	// Written down first: what cannot be is not done.
	err = h.store.Note(c.ctx(), c.actor, store.AuditEntry{Action: "end", Kind: "session", Target: live.Serial, Account: live.Request.Account},
		map[string]any{"key": live.Request.Payer(), "protocol": live.Request.Protocol, "model": live.Model, "since": live.Since.UTC()})
	if err != nil {
		return err
	}
	// It is no fault of the server's, after which clients would try again.
	if !h.sessions.End(live.Serial, &stt.Error{Code: stt.Closed, Op: "abort", Msg: "An administrator ended the stream."}) {
		return noSession()
	}
	h.log.Info("a stream was ended", slog.String("serial", c.path("session")), slog.String("by", c.who.Name), slog.String("remote", c.actor.Remote))
	return nil
}

func noSession() error {
	return stt.Errorf(stt.NotFound, "no stream of this server with this id is open")
}

// open counts the streams of a key or, without one, of an account.
func (h *Handler) open(account, key string) (n int) {
	if h.sessions == nil {
		return 0
	}
	for _, l := range h.sessions.Sessions() {
		if key != "" && l.Request.Payer() == key || key == "" && l.Request.Account == account {
			n++
		}
	}
	return n
}

// quota says what is used of what may be.
type quota struct {
	Streams gauge  `json:"streams" doc:"Open now, on this server."`
	Day     budget `json:"day" doc:"Seconds of audio in this day (UTC), as far as it is booked."`
	Month   budget `json:"month" doc:"Seconds of audio in this calendar month (UTC), as far as it is booked."`
	Limits  limits `json:"limits"`
}

// gauge is how many there are.
type gauge struct {
	Used  int `json:"used"`
	Limit int `json:"limit" doc:"0: none of its own."`
}

// budget is how much there was.
type budget struct {
	Used   float64   `json:"used_seconds"`
	Limit  int64     `json:"limit_seconds" doc:"0: none of its own."`
	Resets time.Time `json:"resets"`
}
