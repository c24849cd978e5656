package server

import (
	"context"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// timedStore is the store as those see it who keep keys, limits and budgets in memory. Somebody is told how long it took over each question.
type timedStore struct {
	*store.Store
	asked func(what string, took time.Duration, err error) // nil: nobody is
}

// ask asks a question. That there is no such thing is an answer like any other.
func ask[T any](s timedStore, what string, question func() (T, error)) (T, error) {
	began := time.Now()
	v, err := question()
	if s.asked != nil {
		failed := err
		if stt.CodeOf(err) == stt.NotFound {
			failed = nil
		}
		s.asked(what, time.Since(began), failed)
	}
	return v, err
}

// Revision grows with every change of something that keys depend on: only that is a reason to read them again.
func (s timedStore) Revision(ctx context.Context) (int64, error) {
	return ask(s, "revision", func() (int64, error) { return s.KeysRevision(ctx) })
}

// AccessKey is store.Store's.
func (s timedStore) AccessKey(ctx context.Context, id string) (store.AccessKey, error) {
	return ask(s, "key", func() (store.AccessKey, error) { return s.Store.AccessKey(ctx, id) })
}

// APIKeyByHash is store.Store's.
func (s timedStore) APIKeyByHash(ctx context.Context, hash [32]byte) (store.APIKey, error) {
	return ask(s, "key", func() (store.APIKey, error) { return s.Store.APIKeyByHash(ctx, hash) })
}

// APIKey is store.Store's.
func (s timedStore) APIKey(ctx context.Context, id string) (store.APIKey, error) {
	return ask(s, "key", func() (store.APIKey, error) { return s.Store.APIKey(ctx, id) })
}

// Account is store.Store's.
func (s timedStore) Account(ctx context.Context, id string) (store.Account, error) {
	return ask(s, "account", func() (store.Account, error) { return s.Store.Account(ctx, id) })
}

// User is store.Store's.
func (s timedStore) User(ctx context.Context, id string) (store.User, error) {
	return ask(s, "account", func() (store.User, error) { return s.Store.User(ctx, id) })
}

// Touch is store.Store's.
func (s timedStore) Touch(ctx context.Context, uses []store.Use) error {
	_, err := ask(s, "touch", func() (struct{}, error) { return struct{}{}, s.Store.Touch(ctx, uses) })
	return err
}

// UsageTotals is store.Store's.
func (s timedStore) UsageTotals(ctx context.Context, of store.UsageOf, since time.Time) (time.Duration, error) {
	return ask(s, "budget", func() (time.Duration, error) { return s.Store.UsageTotals(ctx, of, since) })
}
