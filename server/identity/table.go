package identity

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

const (
	// most is how many entries a table keeps, and mostUnknown how many of what there is not.
	most        = 1 << 16
	mostUnknown = 1 << 12
	// unknownFor is how long something counts as absent without another look.
	unknownFor = 2 * time.Second
	// patience is how long a query may take.
	patience = 2 * time.Second
)

// freshness says what of the store's content is known to be up to date. What is read belongs to the generation that was current
// before it was read; the generation after it begins when something is found to have changed.
type freshness struct {
	start      time.Time     // of the clock that the times below are of, which nobody sets
	stale      time.Duration // how long what was known counts when nothing can be looked up
	generation atomic.Int64
	seen       atomic.Int64 // when it last was known that the generation is the current one
	down       atomic.Bool  // the last look failed

	mu    sync.Mutex
	ended map[int64]time.Duration // when a generation that is over was last known to be current
}

func newFreshness(stale time.Duration) *freshness {
	return &freshness{start: time.Now(), stale: stale, ended: map[int64]time.Duration{}}
}

func (f *freshness) now() time.Duration { return time.Since(f.start) }

// confirm notes that at a time the store was as it is known, or else that a new generation begins.
func (f *freshness) confirm(at time.Duration, changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if changed {
		f.ended[f.generation.Load()] = time.Duration(f.seen.Load())
		for g, seen := range f.ended {
			if at-seen > f.stale {
				delete(f.ended, g)
			}
		}
		f.generation.Add(1)
	}
	f.seen.Store(int64(at))
}

// current reports whether what belongs to a generation is up to date, as far as can be known.
func (f *freshness) current(generation int64) bool {
	return generation == f.generation.Load() && f.now()-time.Duration(f.seen.Load()) <= f.stale
}

// usable reports whether what belongs to a generation was up to date not long ago.
func (f *freshness) usable(generation int64) bool {
	if generation == f.generation.Load() {
		return f.current(generation)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	seen, known := f.ended[generation]
	return known && f.now()-seen <= f.stale
}

// table is what has been read of one kind of row, by key.
type table[K comparable, V any] struct {
	fresh *freshness
	load  func(ctx context.Context, key K) (V, error) // NotFound: there is none

	mu      sync.RWMutex // guards what follows
	entries map[K]*entry[V]
	unknown map[K]time.Duration // since when
	flights map[K]*flight[V]
}

// entry is a row as it was read. It is not changed.
type entry[V any] struct {
	value      V
	generation int64
}

// flight is a query under way. The fields are set before done is closed.
type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

func newTable[K comparable, V any](fresh *freshness, load func(context.Context, K) (V, error)) *table[K, V] {
	return &table[K, V]{fresh: fresh, load: load, entries: map[K]*entry[V]{}, unknown: map[K]time.Duration{}, flights: map[K]*flight[V]{}}
}

// get returns the value of a key, which must not be changed. Where the store cannot be reached it is what was known not long ago.
// The error is NotFound, one of the context, or Unavailable.
func (t *table[K, V]) get(ctx context.Context, key K) (V, error) {
	old := t.entry(key)
	if old != nil && (t.fresh.current(old.generation) || t.fresh.down.Load() && t.fresh.usable(old.generation)) {
		return old.value, nil
	}
	v, err := t.ask(ctx, key)
	if stt.CodeOf(err) == stt.Unavailable && old != nil && t.fresh.usable(old.generation) {
		return old.value, nil
	}
	return v, err
}

// strict is get without what may not be so any more.
func (t *table[K, V]) strict(ctx context.Context, key K) (V, error) {
	if e := t.entry(key); e != nil && t.fresh.current(e.generation) {
		return e.value, nil
	}
	return t.ask(ctx, key)
}

// entry returns what is kept of a key, or nil.
func (t *table[K, V]) entry(key K) *entry[V] {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.entries[key]
}

// ask asks the store, once for everybody who wants to know the same at the same time.
func (t *table[K, V]) ask(ctx context.Context, key K) (V, error) {
	var none V
	t.mu.Lock()
	if since, ok := t.unknown[key]; ok && t.fresh.now()-since < unknownFor {
		t.mu.Unlock()
		return none, absent()
	}
	f, flying := t.flights[key]
	if !flying {
		f = &flight[V]{done: make(chan struct{})}
		t.flights[key] = f
	}
	t.mu.Unlock()
	if !flying {
		t.fly(ctx, key, f)
		return f.value, f.err
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return none, stt.AsError(ctx.Err())
	}
}

// fly makes a query and keeps what comes of it. A caller that goes away does not end it: others may wait for it.
func (t *table[K, V]) fly(ctx context.Context, key K, f *flight[V]) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	generation, began := t.fresh.generation.Load(), t.fresh.now() // before the query: what changes during it is read again
	f.err = &stt.Error{Code: stt.Internal, Op: "look up", Msg: "the query did not end in order"}
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.flights, key)
		t.keep(key, f, generation, began)
		close(f.done)
	}()
	f.value, f.err = t.load(bounded, key)
	if f.err != nil && stt.CodeOf(f.err) != stt.NotFound {
		f.err = &stt.Error{Code: stt.Unavailable, Op: "look up", Msg: "keys cannot be looked up at the moment; try again", Err: f.err}
	}
}

// keep keeps the result of a query. mu must be held.
func (t *table[K, V]) keep(key K, f *flight[V], generation int64, at time.Duration) {
	switch stt.CodeOf(f.err) {
	case 0:
		if len(t.entries) >= most {
			evict(t.entries)
		}
		t.entries[key] = &entry[V]{value: f.value, generation: generation}
		delete(t.unknown, key)
	case stt.NotFound:
		delete(t.entries, key)
		if len(t.unknown) >= mostUnknown {
			t.forget(at)
		}
		t.unknown[key] = at
	}
}

// forget drops what is unknown for long enough, and all of it where that is not much. mu must be held.
func (t *table[K, V]) forget(now time.Duration) {
	for k, since := range t.unknown {
		if now-since >= unknownFor {
			delete(t.unknown, k)
		}
	}
	if len(t.unknown) > mostUnknown/2 {
		clear(t.unknown)
	}
}

// evict drops some entry: maps have no order.
func evict[K comparable, V any](m map[K]V) {
	for k := range m {
		delete(m, k)
		return
	}
}

func absent() error {
	return &stt.Error{Code: stt.NotFound, Op: "look up", Msg: "there is no such key"}
}
