//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"slices"
	"sync"
)

// stride is how many frames are fed between two looks at the context.
const stride = 10

// start is what a pass over a segment begins with.
type start struct {
	mean   []float32
	weight float64   // what the mean was worth
	quiet  []float32 // a frame that sounds like nobody speaking, before the mean is taken off
	shift  int       // how many of those come first
}

// pass is one search on its way through a segment, with one mean from end to end. It belongs to one goroutine at a time.
type pass struct {
	start
	search *search
	pool   *pool // where search is from
	buf    []float32
}

// newPass takes a search and begins.
func newPass(ctx context.Context, from *pool, st start) (*pass, error) {
	s, err := from.take(ctx)
	if err != nil {
		return nil, err
	}
	p := &pass{start: st, search: s, pool: from}
	if s.bias != nil { // could not be put back: the features make up for it
		p.mean = slices.Clone(st.mean)
		for i, b := range s.bias {
			p.mean[i] -= b
		}
	}
	if err := s.start(); err != nil {
		from.give(s)
		return nil, failed("decode", err)
	}
	if err := p.silence(st.shift); err != nil {
		from.give(s)
		return nil, err
	}
	return p, nil
}

// feed searches on with whole frames. It returns early when ctx is done.
func (p *pass) feed(ctx context.Context, rows []float32) error {
	size := len(p.mean)
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(rows), stride*size)
		p.buf = p.buf[:0]
		for i, x := range rows[:n] {
			p.buf = append(p.buf, x-p.mean[i%size])
		}
		if err := p.search.feed(p.buf); err != nil {
			return failed("decode", err)
		}
		rows = rows[n:]
	}
	return nil
}

// silence feeds frames in which nobody speaks.
func (p *pass) silence(frames int) error {
	for range frames {
		if err := p.feed(context.Background(), p.quiet); err != nil { // a moment's work
			return err
		}
	}
	return nil
}

// adapt goes on with another mean, if the library will go over all of the segment again at the end. Where it cannot be adapted the mean stays.
func (p *pass) adapt(mean []float32) error {
	if p.search.tuning == nil {
		return nil
	}
	bias := slices.Clone(mean)
	for i := range bias {
		bias[i] -= p.mean[i]
	}
	if err := p.search.adapt(bias); err != nil && p.search.broken {
		return failed("decode", err)
	}
	return nil
}

// chase is a pass that goes over a segment again, from its beginning, on a goroutine of its own, because the speaker is known
// better than when the pass before began. Frames reach it through a queue.
type chase struct {
	weight float64
	due    int  // the frame of the stream from which on its words count
	counts bool // that frame has come
	pool   *pool
	cores  *cores
	urgent chan struct{} // closed when somebody waits for it

	cancel context.CancelFunc
	done   chan struct{} // closed when pass and err are there
	pass   *pass
	err    error

	mu     sync.Mutex // guards all below
	queue  []float32
	busy   bool
	closed bool
	more   chan struct{} // something has changed
}

// newChase starts a pass with a search of the pool's. The pool owns its goroutine, which ends when joined or dropped. It makes do
// with the cores that are left over until somebody waits for it.
func newChase(from *pool, of *cores, st start, due int) *chase {
	ctx, cancel := context.WithCancel(context.Background())
	c := &chase{weight: st.weight, due: due, pool: from, cores: of, urgent: make(chan struct{}),
		cancel: cancel, done: make(chan struct{}), more: make(chan struct{}, 1), busy: true}
	from.work.Go(func() { // owned by the pool; ends when c is joined or dropped, which who made it does
		defer close(c.done)
		defer cancel()
		if c.pass, c.err = newPass(ctx, from, st); c.err != nil {
			return
		}
		if c.err = guarded(c.pass.search, func() error { return c.follow(ctx) }); c.err != nil {
			from.give(c.pass.search)
			c.pass = nil
		}
	})
	return c
}

// follow feeds what is queued until the queue is closed and empty.
func (c *chase) follow(ctx context.Context) error {
	var rows []float32
	for {
		c.mu.Lock()
		rows, c.queue = c.queue, rows[:0]
		c.busy = len(rows) > 0
		closed := c.closed
		c.mu.Unlock()
		if len(rows) == 0 && closed {
			return nil
		}
		for piece := range slices.Chunk(rows, stride*len(c.pass.mean)) {
			c.cores.spare(ctx, c.urgent)
			err := c.pass.feed(ctx, piece)
			c.cores.end()
			if err != nil {
				return err
			}
		}
		if len(rows) == 0 {
			select {
			case <-c.more:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// add queues frames. They are copied.
func (c *chase) add(rows []float32) {
	c.mu.Lock()
	c.queue = append(c.queue, rows...)
	c.mu.Unlock()
	c.wake()
}

// level reports whether the pass has been over all that was added.
func (c *chase) level() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) == 0 && !c.busy
}

func (c *chase) wake() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// join waits until the pass has been over all that was added and returns it. The pass is the caller's then. After an error,
// ctx's for example, nothing of the chase is left.
func (c *chase) join(ctx context.Context) (*pass, error) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	close(c.urgent)
	c.wake()
	select {
	case <-c.done:
		return c.pass, c.err
	case <-ctx.Done():
		c.drop()
		return nil, ctx.Err()
	}
}

// drop ends the chase. Its search goes back to the pool as soon as it can, which nobody waits for.
func (c *chase) drop() {
	c.cancel()
	c.pool.work.Go(func() { // owned by the pool; ends with the chase, after a few frames' work or when a model has been loaded
		<-c.done
		if c.pass != nil {
			c.pool.give(c.pass.search)
		}
	})
}
