package quota

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// subject is a key or an account, with what it uses. All is guarded by the gate's mutex.
type subject struct {
	name   name
	asked  time.Time // when somebody last asked for it
	open   int       // streams
	apart  int       // of these, those of keys that have a number of streams of their own
	bucket bucket

	// Audio. What was used today is base plus spent, and the same goes for the month.
	known              bool          // base has been looked up, unless there is nobody to ask
	reading            chan struct{} // closed when the one who is looking it up has done so; nil: nobody is
	failed             time.Time     // when that last failed
	today, first       time.Time     // the day and the month that are meant
	dayBase, monthBase time.Duration
	spent              time.Duration // since the gate knows it
	written            time.Duration // of that, what is in the store
	warned             [2]time.Time  // the day and the month whose end of audio the log knows of
}

func (s *subject) noun() string {
	if s.name.account {
		return "account"
	}
	return "key"
}

func (s *subject) day() time.Duration   { return s.dayBase + s.spent }
func (s *subject) month() time.Duration { return s.monthBase + s.spent }

// turn begins a new day and a new month when their time has come.
func (s *subject) turn(now time.Time) {
	if today := dayOf(now); today.After(s.today) {
		s.today, s.dayBase = today, -s.spent
	}
	if first := monthOf(now); first.After(s.first) {
		s.first, s.monthBase = first, -s.spent
	}
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func monthOf(t time.Time) time.Time {
	y, m, _ := t.UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}

// learnWithin bounds how long a request waits for the store.
const learnWithin = 2 * time.Second

// learnAgain is how long the store is left alone when it did not answer.
const learnAgain = 5 * time.Second

// learn looks up what has been used before, for who has a limit of audio and is not known yet. When the store does not answer, the
// caller is admitted: what he uses is counted, and ends his streams when it answers again.
func (g *Gate) learn(ctx context.Context, p *pair) {
	if g.opts.Totals == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, learnWithin)
	defer cancel()
	_ = p.each(func(s *subject, l *store.Limits) error {
		if l.DayAudio <= 0 && l.MonthAudio <= 0 {
			return nil
		}
		for !g.learnt(ctx, s) && ctx.Err() == nil {
			continue // somebody else was at it, and may have failed
		}
		return nil
	})
}

// learnt reads the totals of s, or waits for who is at it. It reports whether there is nothing more to do.
func (g *Gate) learnt(ctx context.Context, s *subject) bool {
	g.mu.Lock()
	if s.known || time.Since(s.failed) < learnAgain {
		g.mu.Unlock()
		return true
	}
	if other := s.reading; other != nil {
		g.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
		}
		return false
	}
	s.reading = make(chan struct{})
	g.mu.Unlock()
	err := g.read(ctx, s)
	g.mu.Lock()
	defer g.mu.Unlock()
	close(s.reading)
	s.reading = nil
	if err != nil {
		s.failed = time.Now()
		g.opts.Log.Warn("how much audio was used is not known; the request is admitted",
			slog.String(s.noun(), s.name.id), slog.Any("error", err))
	}
	return true
}

// read asks the store what s has used.
func (g *Gate) read(ctx context.Context, s *subject) error {
	of := store.UsageOf{Key: s.name.id}
	if s.name.account {
		of = store.UsageOf{Account: s.name.id}
	}
	now := time.Now()
	today, first := dayOf(now), monthOf(now)
	g.mu.Lock()
	written := s.written // what is written from here on may be counted twice until the next time, but never left out
	g.mu.Unlock()
	day, err := g.opts.Totals.UsageTotals(ctx, of, today)
	if err != nil {
		return err
	}
	month, err := g.opts.Totals.UsageTotals(ctx, of, first)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s.known, s.today, s.first = true, today, first
	s.dayBase, s.monthBase = day-written, month-written
	s.turn(time.Now())
	return nil
}

// audio says whether the audio of s is used up. One that is only to be warned of is written into the log, once. g.mu is held.
func (g *Gate) audio(s *subject, l *store.Limits) error {
	now := time.Now()
	s.turn(now)
	for i, budget := range [...]struct {
		of         string
		used, most time.Duration
		from, to   time.Time
	}{
		{"day", s.day(), l.DayAudio, s.today, s.today.AddDate(0, 0, 1)},
		{"month", s.month(), l.MonthAudio, s.first, s.first.AddDate(0, 1, 0)},
	} {
		switch {
		case budget.most <= 0 || budget.used < budget.most:
		case !l.WarnOnly:
			wait := budget.to.Sub(now)
			return &stt.Error{Code: stt.Quota, Op: "open", RetryAfter: wait,
				Msg: fmt.Sprintf("the %s has used the %s of audio that it may use in a %s; there is more in %s, when the next %s begins (UTC)",
					s.noun(), budget.most, budget.of, rounded(wait), budget.of)}
		case !s.warned[i].Equal(budget.from):
			s.warned[i] = budget.from
			g.opts.Log.Warn("more audio is used than the limit says, which only warns", slog.String(s.noun(), s.name.id),
				slog.String("of", budget.of), slog.Duration("limit", budget.most), slog.Duration("used", budget.used))
		}
	}
	return nil
}

// bucket holds the requests that may come at once. It fills up at the rate of the limit.
type bucket struct {
	tokens, most, rate float64
	at                 time.Time // when it was last filled; zero: it never was, and is full
}

// fill brings the bucket up to date with its limits, and returns how long it takes until there is a token in it; 0: there is.
func (b *bucket) fill(now time.Time, l *store.Limits) (wait time.Duration) {
	if l.Rate <= 0 {
		*b = bucket{}
		return 0
	}
	b.rate, b.most = l.Rate, float64(l.Burst)
	if l.Burst <= 0 {
		b.most = math.Ceil(l.Rate)
	}
	if b.at.IsZero() {
		b.tokens = b.most
	} else {
		b.tokens = min(b.most, b.tokens+b.rate*max(now.Sub(b.at), 0).Seconds())
	}
	b.at = now
	if b.tokens >= 1-1e-9 {
		return 0
	}
	return time.Duration(math.Ceil(min((1-b.tokens)/b.rate, longestWait.Seconds()) * float64(time.Second)))
}

// longestWait bounds what somebody is told to wait: a rate may be as low as one likes.
const longestWait = 24 * time.Hour

// take takes a token out of a bucket with a limit.
func (b *bucket) take() {
	if b.rate > 0 {
		b.tokens--
	}
}

// full reports whether it makes no difference to forget the bucket.
func (b *bucket) full(now time.Time) bool {
	return b.rate <= 0 || b.tokens+b.rate*now.Sub(b.at).Seconds() >= b.most
}

func perSecond(rate float64) string {
	s := strconv.FormatFloat(rate, 'f', -1, 64)
	if rate == 1 {
		return s + " request a second"
	}
	return s + " requests a second"
}

// rounded is a wait for people: in whole seconds, and at least one.
func rounded(wait time.Duration) string {
	return max((wait + time.Second - 1).Truncate(time.Second), time.Second).String()
}

func crowded(noun string, most int) error {
	streams := fmt.Sprintf("%d streams", most)
	if most == 1 {
		streams = "1 stream"
	}
	return &stt.Error{Code: stt.Quota, Op: "open", RetryAfter: time.Second,
		Msg: fmt.Sprintf("the %s has %s open, which is as many as it may have at a time; end one, or try again later", noun, streams)}
}

func full(most int) error {
	return &stt.Error{Code: stt.Exhausted, Op: "open", RetryAfter: time.Second,
		Msg: fmt.Sprintf("all %d streams that this server allows at a time are in use; try again", most)}
}
