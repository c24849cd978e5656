package speechall

import (
	"crypto/sha256"
	"sync"
)

// maxCompiled is how many rulesets are kept compiled. The largest take somewhat more than 1 MiB.
const maxCompiled = 32

// compiledSets keeps what the rulesets that were used last have been compiled into, by their content: one that is changed is another.
// It may be used concurrently; the zero value is empty.
type compiledSets struct {
	mu   sync.Mutex
	sets map[[sha256.Size]byte]*compiledSet
	used uint64 // counts uses
}

type compiledSet struct {
	compile func() (Rewriter, error) // once; who comes meanwhile waits
	used    uint64                   // when it was last
}

// get returns the rewriter of a ruleset, and compiles it where it has to. What cannot be compiled is not kept.
func (c *compiledSets) get(content []byte, compile func() (Rewriter, error)) (Rewriter, error) {
	key := sha256.Sum256(content)
	set := c.set(key, compile)
	rewrite, err := set.compile()
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.sets[key] == set {
			delete(c.sets, key)
		}
	}
	return rewrite, err
}

func (c *compiledSets) set(key [sha256.Size]byte, compile func() (Rewriter, error)) *compiledSet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sets == nil {
		c.sets = map[[sha256.Size]byte]*compiledSet{}
	}
	set := c.sets[key]
	if set == nil {
		if len(c.sets) >= maxCompiled {
			c.evict()
		}
		set = &compiledSet{compile: sync.OnceValues(compile)}
		c.sets[key] = set
	}
	c.used++
	set.used = c.used
	return set
}

// evict forgets what was not used for longest. mu is held.
func (c *compiledSets) evict() {
	var oldest [sha256.Size]byte
	first := true
	for key, set := range c.sets {
		if first || set.used < c.sets[oldest].used {
			oldest, first = key, false
		}
	}
	delete(c.sets, oldest)
}
