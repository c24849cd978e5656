package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Bounds of usage.
const (
	maxBatch = 100_000
	maxCount = 1_000_000_000_000
	maxAudio = 10 * 366 * 24 * time.Hour
)

// Usage is what was used since the last one of the same session: a difference, not a total.
type Usage struct {
	Session  string    // unguessable and unique; 1 to 128 characters
	Sequence int64     // grows within a session, from 0 or more
	At       time.Time // decides the hour, day and month it counts for, in UTC
	// Who and what, each of at most 256 characters and possibly empty.
	Account  string
	Key      string
	Model    string
	Protocol string
	Language string
	// How much; none may be negative.
	Audio    time.Duration
	Streams  int64
	Requests int64
	Errors   int64
}

// Period is a length of time that usage is summed over.
type Period uint8

// The periods, in UTC.
const (
	Total   Period = iota // all of the time asked for
	ByHour                // hours
	ByDay                 // days
	ByMonth               // calendar months
)

// Dimension is a property of usage that it may be grouped by.
type Dimension string

// The dimensions.
const (
	DimAccount  Dimension = "account"
	DimKey      Dimension = "key"
	DimModel    Dimension = "model"
	DimProtocol Dimension = "protocol"
	DimLanguage Dimension = "language"
)

// UsageQuery asks for sums. Empty filters choose all.
type UsageQuery struct {
	From  time.Time   // cut down to the full hour; zero: from the beginning
	To    time.Time   // not included; rounded up to the full hour; zero: to the end
	By    Period      // one row per period
	Group []Dimension // and per value of each of these; the other fields of a row stay empty
	// Filters.
	Account, Key, Model, Protocol, Language string
	// Top leaves only so many of those that it is grouped by: who have used most audio over all of the time, and of those with the same the most
	// streams and requests. 0: all. TopOf are the dimensions by which that goes; nil: those of Group, of which they must be some.
	Top   int
	TopOf []Dimension
	Max   int // rows at most: more are Invalid, since sums that are cut off mislead. 0: 100000
}

// UsageRow is one sum.
type UsageRow struct {
	Start    time.Time     `json:"start,omitzero"` // of the period; zero for Total
	Account  string        `json:"account,omitempty"`
	Key      string        `json:"key,omitempty"`
	Model    string        `json:"model,omitempty"`
	Protocol string        `json:"protocol,omitempty"`
	Language string        `json:"language,omitempty"`
	Audio    time.Duration `json:"audio"`
	Streams  int64         `json:"streams"`
	Requests int64         `json:"requests"`
	Errors   int64         `json:"errors"`
}

// UsageOf names whose usage is meant: that of a key, or of an account with all its keys.
type UsageOf struct {
	Key     string
	Account string // where Key is empty
}

// AddUsage adds to the ledger, all of it or nothing. It may be repeated as often as one likes: what has a sequence that is not
// greater than one that was added for its session before, adds nothing. (So sequences of one session must be added in order, or in the same call.)
// At most 100,000 at once. Sequences of a session are forgotten when it has added nothing for a week.
func (s *Store) AddUsage(ctx context.Context, batch []Usage) error {
	if len(batch) > maxBatch {
		return s.fail("add usage", invalidNumber("usage", int64(len(batch)), "at most 100000 at once"))
	}
	for i, u := range batch {
		if err := u.check(); err != nil {
			e := stt.AsError(err)
			e.Msg = "entry " + strconv.Itoa(i) + ": " + e.Msg
			return s.fail("add usage", e)
		}
	}
	if len(batch) == 0 {
		return nil
	}
	sorted := slices.Clone(batch)
	slices.SortStableFunc(sorted, func(a, b Usage) int {
		return cmp.Or(strings.Compare(a.Session, b.Session), cmp.Compare(a.Sequence, b.Sequence))
	})
	var learned map[series]int64
	err := s.transact(ctx, func(c conn) error {
		fresh, err := s.claim(ctx, c, sorted)
		if err != nil {
			return err
		}
		learned, err = s.addSums(ctx, c, fresh)
		if err != nil {
			return err
		}
		return s.forgetSessions(ctx, c)
	})
	if err != nil {
		return s.fail("add usage", err)
	}
	s.series.add(learned)
	return nil
}

// UsageRows returns sums, ordered by start and then by the dimensions in the order of the type [UsageRow].
func (s *Store) UsageRows(ctx context.Context, q UsageQuery) ([]UsageRow, error) {
	list, err := s.usageRows(ctx, q)
	return list, s.fail("usage", err)
}

// UsageTotals returns the audio used since a time, cut down to the full hour, for budgets.
func (s *Store) UsageTotals(ctx context.Context, of UsageOf, since time.Time) (time.Duration, error) {
	q := UsageQuery{From: since, Account: of.Account}
	if of.Key != "" {
		q = UsageQuery{From: since, Key: of.Key}
	} else if of.Account == "" {
		return 0, s.fail("usage", invalid("usage of", "expected a key or an account"))
	}
	list, err := s.usageRows(ctx, q)
	if err != nil || len(list) == 0 {
		return 0, s.fail("usage", err)
	}
	return list[0].Audio, nil
}

func (u Usage) check() error {
	err := first(checkName("session", u.Session, maxID), checkLine("account", u.Account, maxItem), checkLine("key", u.Key, maxItem), checkLine("model", u.Model, maxItem),
		checkLine("protocol", u.Protocol, maxItem), checkLine("language", u.Language, maxItem))
	switch {
	case err != nil:
		return err
	case u.Sequence < 0:
		return invalidNumber("sequence", u.Sequence, "0 or more")
	case u.At.Year() < 1970 || u.At.Year() > 9998:
		return invalid("at", "expected a time from 1970 to 9998")
	case u.Audio < 0 || u.Audio > maxAudio:
		return invalid("audio", "expected a length of time, 0 or more")
	case min(u.Streams, u.Requests, u.Errors) < 0 || max(u.Streams, u.Requests, u.Errors) > maxCount:
		return invalid("usage", "expected streams, requests and errors from 0 to 10^12")
	}
	return nil
}
