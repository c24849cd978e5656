package resources

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Options are what a Keeper may be told besides its store.
type Options struct {
	// Files reads what is given by address; the zero value reads nothing.
	Files Files
	// Account returns the id of an account that a caller's credentials name otherwise, such as "default" for keys that stand in a file.
	// It is asked for what is no id. nil: there are ids only.
	Account func(ctx context.Context, name string) (string, error)
	Log     *slog.Logger // nil: nothing is logged
}

// Keeper keeps resources. It implements resource.Source and what dialects manage resources through. Its methods may be called
// concurrently.
type Keeper struct {
	store *store.Store // immutable, as the next
	opts  Options

	wake chan struct{} // holds a token when something may be pending
	stop context.CancelFunc
	done chan struct{} // closed when the goroutine has ended

	putting sync.Mutex // held while an account's resources are counted and one is added
	cache   cache

	mu       sync.Mutex
	accounts map[string]string // guarded by mu; ids by name
}

// New returns a keeper on an open store, which finishes what is pending there. Close must be called, before the store is closed.
func New(s *store.Store, o Options) *Keeper {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	k := &Keeper{store: s, opts: o, wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{}), accounts: map[string]string{}}
	k.cache.now = time.Now
	k.look()
	go k.work(ctx) // owned by the keeper; ends with Close
	return k
}

// Close ends what is being read, which the next keeper finishes.
func (k *Keeper) Close() error {
	k.stop()
	<-k.done
	return nil
}

// Account returns the id of the account that credentials name.
func (k *Keeper) Account(ctx context.Context, name string) (string, error) {
	if len(name) == 12 && strings.Trim(name, "0123456789") == "" || k.opts.Account == nil {
		return name, nil
	}
	k.mu.Lock()
	id := k.accounts[name]
	k.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := k.opts.Account(ctx, name)
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	k.accounts[name] = id
	k.mu.Unlock()
	return id, nil
}

// Get returns a resource with its content.
func (k *Keeper) Get(ctx context.Context, account string, kind resource.Kind, name string) (resource.Resource, error) {
	account, err := k.Account(ctx, account)
	if err != nil {
		return resource.Resource{}, err
	}
	row, err := k.store.Resource(ctx, account, string(kind), name)
	if err != nil {
		return resource.Resource{}, err
	}
	return fromRow(row), nil
}

// List returns the resources of an account, without their contents.
func (k *Keeper) List(ctx context.Context, account string, kind resource.Kind) ([]resource.Resource, error) {
	account, err := k.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	var all []resource.Resource
	f := store.ResourceFilter{Account: account, Kind: string(kind), Max: 1000}
	for range 10 { // more than an account may have
		rows, next, err := k.store.Resources(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			all = append(all, fromRow(row))
		}
		if next == "" {
			break
		}
		f.After = next
	}
	return all, nil
}

// Put makes a resource or replaces the content of one. A vocabulary is Pending then; a filter is Ready, or the error is Invalid.
func (k *Keeper) Put(ctx context.Context, by resource.Actor, r resource.Resource, isNew bool) (resource.Resource, error) {
	var err error
	if r.Account, err = k.Account(ctx, r.Account); err != nil {
		return r, err
	}
	if r.Source != resource.FromPhrases {
		r.Content = nil
		if err := k.opts.Files.Check(r.Source); err != nil {
			return r, err
		}
	}
	r.State = resource.Pending
	if r.Kind == resource.KindFilter {
		k.finish(ctx, &r)
		if r.State != resource.Ready {
			return r, stt.Errorf(stt.Invalid, "the vocabulary filter cannot be used: %s", r.Failure)
		}
	}
	k.putting.Lock()
	defer k.putting.Unlock()
	if isNew {
		r, err = k.create(ctx, by, r)
	} else {
		r, err = k.replace(ctx, by, r)
	}
	if err != nil {
		return r, err
	}
	k.cache.forget()
	k.look()
	return r, nil
}

// create adds a resource where there may be one more. k.putting is held.
func (k *Keeper) create(ctx context.Context, by resource.Actor, r resource.Resource) (resource.Resource, error) {
	all, err := k.List(ctx, r.Account, r.Kind)
	if err != nil {
		return r, err
	}
	pending := 0
	for _, other := range all {
		if other.Name == r.Name {
			return r, stt.Errorf(stt.Conflict, "there is a %s with the name %q already", r.Kind, r.Name)
		}
		if other.State == resource.Pending {
			pending++
		}
	}
	what := strings.ReplaceAll(string(r.Kind), "-", " ")
	switch {
	case len(all) >= resource.MaxEach:
		return r, stt.Errorf(stt.Quota, "The account has %d of kind %s, which is as many as it may have. Delete one, or update one.", len(all), what)
	case r.Kind == resource.KindVocabulary && pending >= resource.MaxPending:
		return r, &stt.Error{Code: stt.Quota, RetryAfter: time.Second, Msg: "The account has too many vocabularies that are pending. Try again later."}
	}
	row, err := k.store.PutResource(ctx, actor(by), toRow(r), store.Create)
	return fromRow(row), err
}

// replace gives a resource another content. One that is pending is superseded.
func (k *Keeper) replace(ctx context.Context, by resource.Actor, r resource.Resource) (resource.Resource, error) {
	row, err := k.store.UpdateResource(ctx, actor(by), r.Account, string(r.Kind), r.Name, func(row *store.Resource) error {
		if r.Language != "" {
			row.Language = r.Language
		}
		row.State, row.Failure, row.Source, row.Content = string(r.State), "", r.Source, r.Content
		return nil
	})
	return fromRow(row), err
}

// Delete removes a resource. Streams that use it go on.
func (k *Keeper) Delete(ctx context.Context, by resource.Actor, account string, kind resource.Kind, name string) error {
	account, err := k.Account(ctx, account)
	if err != nil {
		return err
	}
	defer k.cache.forget()
	return k.store.DeleteResource(ctx, actor(by), account, string(kind), name)
}

// Tag sets and removes tags.
func (k *Keeper) Tag(ctx context.Context, by resource.Actor, account string, kind resource.Kind, name string, set map[string]string, remove []string) error {
	account, err := k.Account(ctx, account)
	if err != nil {
		return err
	}
	if len(set) > 0 {
		err = k.store.SetTags(ctx, actor(by), account, string(kind), name, set)
	}
	if err == nil && len(remove) > 0 {
		err = k.store.RemoveTags(ctx, actor(by), account, string(kind), name, remove)
	}
	return err
}

func actor(by resource.Actor) store.Actor { return store.Actor{Name: by.Name, Remote: by.Remote} }

func fromRow(r store.Resource) resource.Resource {
	return resource.Resource{Account: r.Account, Kind: resource.Kind(r.Kind), Name: r.Name, Language: r.Language, State: resource.State(r.State),
		Failure: r.Failure, Source: r.Source, Content: slices.Clone(r.Content), Created: r.Created, Modified: r.Modified, Tags: r.Tags}
}

func toRow(r resource.Resource) store.Resource {
	return store.Resource{Account: r.Account, Kind: string(r.Kind), Name: r.Name, Language: r.Language, State: string(r.State),
		Failure: r.Failure, Source: r.Source, Content: r.Content, Created: r.Created, Modified: r.Modified, Tags: r.Tags}
}
