package ledger

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// batchRows bounds what the sink is given at a time, so that others who write are not kept for long.
const batchRows = 5000

// writeWithin bounds how long one batch may take.
const writeWithin = 15 * time.Second

// lastWithin bounds how long the last batches may take, when the server ends.
const lastWithin = 10 * time.Second

// mostRows bounds what is kept while the sink does not answer, after adding up.
const mostRows = 200000

// Run looks at the sessions and has what they use written, until ctx is done. Then it looks a last time and writes all there is: so
// whoever wants everything to be written ends the sessions first. It is called once.
func (l *Ledger) Run(ctx context.Context, sessions Sessions) {
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	w := &writer{l: l}
	var work sync.WaitGroup
	work.Go(func() { w.run(writing) }) // owned by Run, which waits for it; ends when writing is done
	if p, ok := l.opts.Sink.(packer); ok {
		work.Go(func() { l.pack(writing, p) }) // likewise
	}
	tick := time.NewTicker(l.opts.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		l.look(ctx, sessions)
		select {
		case l.due <- struct{}{}:
		default: // the writer is at it
		}
	}
	stop()
	work.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
	defer cancel()
	for w.more() {
		if w.write(last) == nil {
			continue
		}
		select {
		case <-tick.C: // again
		case <-last.Done():
			rows, _ := l.Backlog()
			l.opts.Log.Error("usage could not be written before the end, and is lost", slog.Int("rows", rows))
			return
		}
	}
}

// packer is a sink that has something to do now and then. *store.Store is one.
type packer interface {
	PackUsage(ctx context.Context) error
}

// packEvery is how often that is.
const packEvery = 10 * time.Minute

// pack has the sink do it, until ctx is done. Nobody depends on it: where it fails, questions about many keys take longer.
func (l *Ledger) pack(ctx context.Context, p packer) {
	again := time.NewTicker(packEvery)
	defer again.Stop()
	for {
		if err := p.PackUsage(ctx); err != nil && ctx.Err() == nil {
			l.opts.Log.Warn("usage could not be packed; it will be tried again", slog.Any("error", err))
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// look counts what the open sessions have used since the last look, and ends those of who has used too much.
func (l *Ledger) look(ctx context.Context, sessions Sessions) {
	l.mu.Lock()
	// While we have the lock nobody can be recorded between the look and the counting, and so be counted again.
	live := sessions.Sessions()
	l.tick++
	for i := range live {
		s := &live[i]
		a := l.session(s.Serial, s.Request, s.Model, s.Language)
		a.seen = l.tick
		if more := s.Audio - a.audio; more > 0 && !a.closed {
			l.add(s.Serial, a, store.Usage{Audio: more})
		}
	}
	for serial, a := range l.open {
		if a.closed && a.seen != l.tick { // it is none of the open ones any more
			delete(l.open, serial)
		}
	}
	l.bound()
	l.mu.Unlock()
	if l.opts.Budgets == nil {
		return
	}
	over := map[[2]string]error{}
	for i := range live {
		s := &live[i]
		if s.Ending {
			continue
		}
		who := [2]string{s.Request.Account, s.Request.Payer()}
		why, asked := over[who]
		if !asked {
			why = l.opts.Budgets.Over(ctx, who[0], who[1])
			over[who] = why
		}
		if why != nil {
			sessions.End(s.Serial, why)
		}
	}
}

// bound adds up what is kept, when it has become much. l.mu is held.
func (l *Ledger) bound() {
	if len(l.rows) <= l.opts.Rows {
		return
	}
	kept := l.rows
	l.rows = nil
	l.forget()
	for i := range kept {
		u := &kept[i]
		l.other(what{u.Account, u.Key, u.Model, u.Protocol, u.Language}, u.At, store.Usage{Audio: u.Audio, Streams: u.Streams, Requests: u.Requests, Errors: u.Errors})
	}
	if most := max(mostRows, l.opts.Rows); len(l.rows) > most {
		gone := len(l.rows) - most
		l.rows = l.rows[gone:] // the oldest
		l.forget()
		l.lost += int64(gone)
		l.opts.Log.Error("usage is lost: the store has not answered for so long that there is no room for more", slog.Int("rows", gone))
	}
}

// forget forgets where rows are, which have gone. l.mu is held.
func (l *Ledger) forget() {
	clear(l.others)
	for _, a := range l.open {
		a.row = 0
	}
}

// take takes what is to be written.
func (l *Ledger) take() []store.Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := l.rows
	l.rows = nil
	l.forget()
	l.flight = len(rows)
	return rows
}

// landed says that so many rows have been written, or given up.
func (l *Ledger) landed(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flight -= n; l.flight > 0 {
		return
	}
	l.oldest = time.Time{}
	if len(l.rows) > 0 {
		l.oldest = l.rows[0].At
	}
}

// writer gives to the sink what there is. One goroutine uses it at a time.
type writer struct {
	l      *Ledger
	batch  []store.Usage // taken from the ledger; given again as it is until the sink has it
	failed time.Time     // since when the sink does not answer; zero: it does
	told   time.Time     // when the log said so last
}

func (w *writer) run(ctx context.Context) {
	for {
		select {
		case <-w.l.due:
		case <-ctx.Done():
			return
		}
		bounded, cancel := context.WithTimeout(ctx, writeWithin)
		if w.write(bounded) == nil && w.l.opts.Budgets != nil {
			if err := w.l.opts.Budgets.Refresh(bounded); err != nil && ctx.Err() == nil {
				w.l.opts.Log.Warn("how much audio was used could not be read", slog.Any("error", err))
			}
		}
		cancel()
	}
}

// more reports whether there is something to write.
func (w *writer) more() bool {
	if len(w.batch) == 0 {
		w.batch = w.l.take()
	}
	return len(w.batch) > 0
}

// write writes what there is. A row that the sink will never take does not keep it from the others.
func (w *writer) write(ctx context.Context) error {
	most := batchRows
	for w.more() {
		n := min(len(w.batch), most)
		began := time.Now()
		err := w.l.opts.Sink.AddUsage(ctx, w.batch[:n])
		if w.l.opts.Wrote != nil {
			w.l.opts.Wrote(time.Since(began), err)
		}
		refused := stt.CodeOf(err) == stt.Invalid
		if refused && n > 1 {
			most = n / 2 // one of them, but which?
			continue
		}
		if refused {
			w.lose(&w.batch[0], err)
			err = nil
		}
		w.tell(err)
		if err != nil {
			return err
		}
		w.written(n)
		if len(w.batch) == 0 {
			return nil // what has come meanwhile waits for its turn
		}
	}
	return nil
}

// written takes what the sink has out of the batch.
func (w *writer) written(n int) {
	if w.l.opts.Budgets != nil {
		for i := range w.batch[:n] {
			u := &w.batch[i]
			w.l.opts.Budgets.Written(u.Account, u.Key, u.Audio)
		}
	}
	w.batch = w.batch[n:]
	w.l.landed(n)
}

// lose notes that a row is refused for good.
func (w *writer) lose(u *store.Usage, why error) {
	w.l.mu.Lock()
	w.l.lost++
	w.l.mu.Unlock()
	w.l.opts.Log.Error("usage is lost: the store refuses it", slog.String("account", u.Account), slog.String("key", u.Key),
		slog.Duration("audio", u.Audio), slog.Any("error", why))
}

// tellEvery is how often the log says that the sink does not answer, while it does not.
const tellEvery = time.Minute

// tell writes into the log when the sink stops to answer, now and then while it does not, and when it does again.
func (w *writer) tell(err error) {
	switch {
	case stt.CodeOf(err) == stt.Canceled: // this process ends, and writes it in a moment
	case err != nil && (w.failed.IsZero() || time.Since(w.told) >= tellEvery):
		w.told = time.Now()
		if w.failed.IsZero() {
			w.failed = w.told
			w.l.fails(true)
		}
		rows, oldest := w.l.Backlog()
		w.l.opts.Log.Warn("usage cannot be written for now, and is kept; it is lost if this process is killed", slog.Int("rows", rows),
			slog.Duration("oldest", oldest.Round(time.Millisecond)), slog.Any("error", err))
	case err == nil && !w.failed.IsZero():
		w.l.opts.Log.Info("usage is written again", slog.Duration("after", time.Since(w.failed).Round(time.Millisecond)))
		w.failed = time.Time{}
		w.l.fails(false)
	}
}

// fails notes whether the sink does not answer.
func (l *Ledger) fails(does bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing = does
}
