package pocketsphinx

import (
	"context"
	"sync"
)

// cores sees to it that work which somebody waits for goes first: what streams do themselves is begun at once, and passes that
// chase theirs get the cores that are left over. Its methods may be called concurrently.
type cores struct {
	all int

	mu      sync.Mutex // guards all below
	busy    int
	changed chan struct{} // closed when a core has become free
}

func newCores(all int) *cores { return &cores{all: all, changed: make(chan struct{})} }

// begin notes that work which cannot wait begins.
func (c *cores) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy++
}

// end notes that work has ended.
func (c *cores) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	close(c.changed)
	c.changed = make(chan struct{})
}

// spare begins work that nobody waits for as soon as a core is free; at once when urgent is closed, for then somebody does, or when
// ctx is done. It ends with end.
func (c *cores) spare(ctx context.Context, urgent <-chan struct{}) {
	for !c.tryBegin() {
		c.mu.Lock()
		changed := c.changed
		free := c.busy < c.all
		c.mu.Unlock()
		if free {
			continue
		}
		select {
		case <-changed:
		case <-urgent:
			c.begin()
			return
		case <-ctx.Done():
			c.begin()
			return
		}
	}
}

// tryBegin begins work if a core is free.
func (c *cores) tryBegin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy >= c.all {
		return false
	}
	c.busy++
	return true
}
