package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// page is part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Give it as \"after\" to get what follows; absent on the last page."`
}

// paged returns a page of what the store lists.
func paged[S, T any](list []S, next string, err error, shape func(S) T) (page[T], error) {
	if err != nil {
		return page[T]{}, err
	}
	p := page[T]{Items: make([]T, len(list)), Next: next}
	for i := range list {
		p.Items[i] = shape(list[i])
	}
	return p, nil
}

// limits are what a key or an account may use.
type limits struct {
	Streams      int     `json:"streams" doc:"Streams at the same time; 0: no limit of its own."`
	Rate         float64 `json:"rate" doc:"Requests a second, on average; 0: no limit of its own."`
	Burst        int     `json:"burst" doc:"Requests at once, before the rate counts; 0: as many as the rate, rounded up."`
	DaySeconds   int64   `json:"day_seconds" doc:"Seconds of audio in a day (UTC); 0: no limit of its own."`
	MonthSeconds int64   `json:"month_seconds" doc:"Seconds of audio in a calendar month (UTC); 0: no limit of its own."`
	WarnOnly     bool    `json:"warn_only" doc:"What goes beyond the audio is logged and not refused."`
}

func limitsOf(l store.Limits) limits {
	return limits{Streams: l.Streams, Rate: l.Rate, Burst: l.Burst, DaySeconds: int64(l.DayAudio / time.Second),
		MonthSeconds: int64(l.MonthAudio / time.Second), WarnOnly: l.WarnOnly}
}

// maxSeconds is some thirty years, which a time.Duration can hold.
const maxSeconds = 1_000_000_000

func (l limits) stored() (store.Limits, error) {
	for field, n := range map[string]int64{"limits.day_seconds": l.DaySeconds, "limits.month_seconds": l.MonthSeconds} {
		if n < 0 || n > maxSeconds {
			return store.Limits{}, invalid(field, "%q: expected 0 to %d seconds; got %d", field, maxSeconds, n)
		}
	}
	return store.Limits{Streams: l.Streams, Rate: l.Rate, Burst: l.Burst, DayAudio: time.Duration(l.DaySeconds) * time.Second,
		MonthAudio: time.Duration(l.MonthSeconds) * time.Second, WarnOnly: l.WarnOnly}, nil
}

// limitChanges are the limits in a PATCH: those that are not there stay.
type limitChanges struct {
	Streams      change[int]     `json:"streams"`
	Rate         change[float64] `json:"rate"`
	Burst        change[int]     `json:"burst"`
	DaySeconds   change[int64]   `json:"day_seconds"`
	MonthSeconds change[int64]   `json:"month_seconds"`
	WarnOnly     change[bool]    `json:"warn_only"`
}

func (c limitChanges) to(target *store.Limits) error {
	l := limitsOf(*target)
	c.Streams.to(&l.Streams)
	c.Rate.to(&l.Rate)
	c.Burst.to(&l.Burst)
	c.DaySeconds.to(&l.DaySeconds)
	c.MonthSeconds.to(&l.MonthSeconds)
	c.WarnOnly.to(&l.WarnOnly)
	changed, err := l.stored()
	if err != nil {
		return err
	}
	// Parts of seconds that another program has set stay where nothing else was asked for.
	if !c.DaySeconds.set {
		changed.DayAudio = target.DayAudio
	}
	if !c.MonthSeconds.set {
		changed.MonthAudio = target.MonthAudio
	}
	*target = changed
	return nil
}

// changeLimits applies a member of a PATCH; null takes all limits away.
func changeLimits(c change[*limitChanges], target *store.Limits) error {
	switch {
	case !c.set:
		return nil
	case c.value == nil:
		*target = store.Limits{}
		return nil
	}
	return c.value.to(target)
}

// policyOf is a policy as it stands in an answer.
func policyOf(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// storedPolicy checks a policy and returns it as it is kept.
func storedPolicy(field string, raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	if _, err := policy.Parse(raw); err != nil {
		e := stt.AsError(err)
		return "", invalid(field, "%s", e.Msg)
	}
	return string(raw), nil
}

// future refuses an expiry that has passed already.
func (h *Handler) future(field string, t time.Time) error {
	if !t.IsZero() && !t.After(h.now()) {
		return invalid(field, "%q: expected a time to come, such as %q; got %q", field, h.now().Add(30*24*time.Hour).UTC().Format(time.RFC3339), t.UTC().Format(time.RFC3339))
	}
	return nil
}

// tag is an ETag of what an answer shows. It is made of that alone, so that it is the same on every server.
func tag(shown any) string {
	data, err := json.Marshal(shown)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// unchanged refuses to change what is not any more as the caller saw it, where the caller says so.
func (c *call) unchanged(now string) error {
	values := c.request.Header.Values("If-Match")
	if len(values) == 0 {
		return nil
	}
	for given := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if given = strings.TrimSpace(given); given == "*" || given == now {
			return nil
		}
	}
	return &httpError{http.StatusPreconditionFailed, codeChanged, "it was changed meanwhile: get it again and decide anew", "If-Match"}
}

// known refuses parameters that an operation does not have, or that come twice, and values beyond bounds.
func known(params []param, r *http.Request) error {
	const longest = 512
	for name, values := range r.URL.Query() {
		i := slices.IndexFunc(params, func(p param) bool { return p.name == name })
		switch {
		case i < 0:
			return invalid(clip(name), "the parameter %q is not known here%s", clip(name), offered(params))
		case len(values) > 1:
			return invalid(name, "the parameter %q stands twice", name)
		case len(values[0]) > longest || strings.ContainsFunc(values[0], isControl):
			return invalid(name, "the parameter %q: expected at most %d characters without control characters", name, longest)
		}
		p := &params[i]
		given := []string{values[0]}
		if p.list {
			given = strings.Split(values[0], ",")
		}
		for _, g := range given {
			if g != "" && p.enum != nil && !slices.Contains(p.enum, g) {
				return invalid(name, "the parameter %q: expected %s; got %q", name, strings.Join(p.enum, ", "), g)
			}
		}
	}
	if strings.Contains(r.URL.RawQuery, ";") {
		return invalid("", "expected parameters that are separated by &")
	}
	return nil
}

func offered(params []param) string {
	if len(params) == 0 {
		return ", and there are none"
	}
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.name
	}
	return "; there are " + strings.Join(names, ", ")
}

// ask returns a parameter, empty where it is absent.
func (c *call) ask(name string) string { return c.request.URL.Query().Get(name) }

// page returns which part of a list is asked for.
func (c *call) page() (store.Page, error) {
	p := store.Page{After: c.ask("after")}
	if text := c.ask("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return p, invalid("limit", "the parameter \"limit\": expected 1 to 1000; got %q", text)
		}
		p.Max = n
	}
	return p, nil
}

// when returns a parameter that is a time; zero where it is absent.
func (c *call) when(name string) (time.Time, error) {
	text := c.ask(name)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid(name, "the parameter %q: expected a time such as 2026-11-21T10:00:00Z, 2026-11-21 or 2026-11; got %q", name, text)
}
