package ledger

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Sink is where usage is written. *store.Store implements it.
type Sink interface {
	// AddUsage adds all of the batch or nothing. What has been added before adds nothing; see [store.Store.AddUsage].
	AddUsage(ctx context.Context, batch []store.Usage) error
}

// Sessions are those that are open. *session.Service implements it.
type Sessions interface {
	Sessions() []session.Live
	End(serial string, why error) bool
}

// Budgets are told what is used, and say who has used too much. *quota.Gate implements it.
type Budgets interface {
	Spend(account, key string, audio time.Duration)
	Written(account, key string, audio time.Duration)
	Over(ctx context.Context, account, key string) error
	Refresh(ctx context.Context) error
}

// Options make a Ledger. Sink must be set.
type Options struct {
	Sink    Sink
	Budgets Budgets       // nil: nobody's streams are ended
	Every   time.Duration // between two looks at the sessions; 0 means 500 ms
	Rows    int           // differences that are kept one by one before they are added up; 0 means 20000
	Log     *slog.Logger  // nil: nothing is logged
	// Wrote is told how long each batch took, and with what result; nil: nobody is. The writing goroutine calls it.
	Wrote func(took time.Duration, err error)
}

// Ledger counts. It implements session.Meter. Its methods may be called concurrently.
type Ledger struct {
	opts Options // immutable
	own  string  // what is booked that belongs to no session; immutable

	mu      sync.Mutex // guards all below
	failing bool       // the sink does not answer
	tick    int64      // how often the sessions have been looked at
	open    map[string]*account
	rows    []store.Usage // not yet given to the sink
	others  map[what]int  // where rows of ours are that belong to no session
	ours    int64         // sequence of those
	flight  int           // rows that have been given to the sink, which has not taken them yet
	lost    int64
	oldest  time.Time     // of all that is not written; zero: there is none
	due     chan struct{} // holds a token when there may be something to write
}

// account is what has been counted of one session.
type account struct {
	what
	audio    time.Duration
	sequence int64
	row      int   // of Ledger.rows, plus 1; 0: none
	seen     int64 // the tick at which it was last open
	closed   bool
}

// what says whose usage it is, and of what.
type what struct{ account, key, model, protocol, language string }

// New returns a ledger with nothing in it. Run has it written.
func New(opts Options) *Ledger {
	if opts.Every <= 0 {
		opts.Every = 500 * time.Millisecond
	}
	if opts.Rows <= 0 {
		opts.Rows = 20000
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Ledger{opts: opts, own: rand.Text(), open: map[string]*account{}, others: map[what]int{}, due: make(chan struct{}, 1)}
}

// Record implements session.Meter.
func (l *Ledger) Record(u session.Usage) {
	l.mu.Lock()
	a := l.session(u.Serial, u.Request, u.Model, u.Language)
	more := store.Usage{Audio: u.Audio - a.audio}
	if u.Err != nil && stt.CodeOf(u.Err) != stt.Canceled { // who goes away makes no error
		more.Errors = 1
	}
	l.add(u.Serial, a, more)
	a.closed = true
	l.mu.Unlock()
}

// Refused implements session.Meter. Model and language are what the caller made up, and so do not count.
func (l *Ledger) Refused(r *session.Request, why error) {
	l.Request(r.Account, r.Payer(), r.Protocol, why)
}

// Request counts a request that opened no stream. err is why it failed; nil: it did not.
func (l *Ledger) Request(account, key, protocol string, err error) {
	more := store.Usage{Requests: 1}
	if err != nil {
		more.Errors = 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.other(what{account: account, key: key, protocol: protocol}, time.Now(), more)
}

// Backlog returns how many differences are not written yet, and for how long the oldest of them has been waiting.
func (l *Ledger) Backlog() (rows int, oldest time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.oldest.IsZero() {
		oldest = time.Since(l.oldest)
	}
	return len(l.rows) + l.flight, oldest
}

// Failing reports whether the last that was to be written could not be, and is kept until it can.
func (l *Ledger) Failing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing
}

// Lost returns how many differences could not be kept or written, each of which is in the log. It is 0 in a house that is well.
func (l *Ledger) Lost() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// session returns the account of a session. l.mu is held.
func (l *Ledger) session(serial string, r *session.Request, model, language string) *account {
	a := l.open[serial]
	if a == nil {
		a = &account{what: what{r.Account, r.Payer(), model, r.Protocol, language}}
		l.open[serial] = a
		l.add(serial, a, store.Usage{Streams: 1, Requests: 1})
	}
	return a
}

// add counts more of a session. l.mu is held.
func (l *Ledger) add(serial string, a *account, more store.Usage) {
	a.audio += more.Audio
	if l.opts.Budgets != nil && more.Audio > 0 {
		l.opts.Budgets.Spend(a.what.account, a.key, more.Audio)
	}
	now := time.Now()
	if a.row > 0 && sameHour(l.rows[a.row-1].At, now) {
		sum(&l.rows[a.row-1], &more)
		return
	}
	if more.Audio <= 0 && more.Streams == 0 && more.Requests == 0 && more.Errors == 0 {
		return
	}
	a.sequence++
	more.Session, more.Sequence = serial, a.sequence
	l.append(a.what, now, more)
	a.row = len(l.rows)
}

// other counts what belongs to no session, or what sessions have used that is kept together. l.mu is held.
func (l *Ledger) other(w what, at time.Time, more store.Usage) {
	if i, ok := l.others[w]; ok && sameHour(l.rows[i].At, at) {
		sum(&l.rows[i], &more)
		return
	}
	l.ours++
	more.Session, more.Sequence = l.own, l.ours
	l.append(w, at, more)
	l.others[w] = len(l.rows) - 1
}

// append appends a row. l.mu is held.
func (l *Ledger) append(w what, at time.Time, u store.Usage) {
	u.At, u.Account, u.Key, u.Model, u.Protocol, u.Language = at, w.account, w.key, w.model, w.protocol, w.language
	l.rows = append(l.rows, u)
	if l.oldest.IsZero() {
		l.oldest = at
	}
}

func sum(to, more *store.Usage) {
	to.Audio += more.Audio
	to.Streams += more.Streams
	to.Requests += more.Requests
	to.Errors += more.Errors
}

func sameHour(a, b time.Time) bool { return a.Truncate(time.Hour).Equal(b.Truncate(time.Hour)) }
