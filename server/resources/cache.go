package resources

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
)

// cache holds what has been parsed, by account, kind and name.
type cache struct {
	now func() time.Time // immutable

	mu       sync.Mutex // guards all below
	revision int64      // of the store that all is of
	looked   time.Time  // when the revision was last asked for
	epoch    int        // how often everything has been forgotten
	items    map[string]any
}

const (
	maxCached = 512 // each at most some hundred KB
	lookEvery = time.Second
)

// forget empties the cache.
func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items, c.epoch = nil, c.epoch+1
}

// get returns an item, after what revision says. epoch is what put wants.
func (c *cache) get(ctx context.Context, key string, revision func(context.Context) (int64, error)) (item any, epoch int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		c.mu.Unlock()
		at, err := revision(ctx)
		c.mu.Lock()
		if err == nil && at != c.revision { // else what is there has to do
			c.items, c.epoch, c.revision = nil, c.epoch+1, at
		}
	}
	return c.items[key], c.epoch
}

// put keeps an item that was read after get had returned the epoch.
func (c *cache) put(key string, item any, epoch int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.epoch {
		return // it may be of before the change
	}
	if c.items == nil || len(c.items) >= maxCached {
		c.items = map[string]any{}
	}
	c.items[key] = item
}

// Vocabulary returns a vocabulary that is ready; see resource.Source.
func (k *Keeper) Vocabulary(ctx context.Context, account, name string) (*resource.Vocabulary, error) {
	item, err := k.usable(ctx, account, resource.KindVocabulary, name, "vocabularies")
	if err != nil {
		return nil, err
	}
	return item.(*resource.Vocabulary), nil
}

// Filter returns a filter; see resource.Source.
func (k *Keeper) Filter(ctx context.Context, account, name string) (*resource.Filter, error) {
	item, err := k.usable(ctx, account, resource.KindFilter, name, "filters")
	if err != nil {
		return nil, err
	}
	return item.(*resource.Filter), nil
}

// usable returns what streams use of a resource, from the cache where it is there.
func (k *Keeper) usable(ctx context.Context, account string, kind resource.Kind, name, option string) (any, error) {
	account, err := k.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	key := account + "/" + string(kind) + "/" + name
	item, epoch := k.cache.get(ctx, key, k.store.Revision)
	if item != nil {
		return item, nil
	}
	row, err := k.store.Resource(ctx, account, string(kind), name)
	if stt.CodeOf(err) == stt.NotFound {
		return nil, &stt.Error{Code: stt.NotFound, Op: "open", Option: option, Got: name, Msg: fmt.Sprintf("the account has no %s %q", kind, name)}
	}
	if err != nil {
		return nil, err
	}
	r := fromRow(row)
	if r.State != resource.Ready {
		return nil, &stt.Error{Code: stt.Invalid, Op: "open", Option: option,
			Msg: fmt.Sprintf("The vocabulary %s is %s, and can be used once it is READY. Check its state and try your request again.", r.Name, r.State)}
	}
	if item, err = parse(r); err != nil {
		return nil, &stt.Error{Code: stt.Internal, Op: "open", Msg: "a vocabulary that is ready cannot be read", Err: err}
	}
	k.cache.put(key, item, epoch)
	return item, nil
}

func parse(r resource.Resource) (any, error) {
	if r.Kind == resource.KindFilter {
		words, err := resource.ParseFilter(r.Content)
		return &resource.Filter{Name: r.Name, Language: r.Language, Words: words}, err
	}
	phrases, err := resource.ParseVocabulary(r.Content)
	return &resource.Vocabulary{Name: r.Name, Language: r.Language, Phrases: phrases}, err
}
