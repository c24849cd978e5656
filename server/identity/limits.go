package identity

import (
	"context"

	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Limits returns the limits of an account and of a key as they are now; see quota.Source. Who there is not, or whose keys stand in
// files, has none.
func (k *Keys) Limits(ctx context.Context, account, key string) (quota.Limits, error) {
	var l quota.Limits
	if account != "" {
		switch a, err := k.accounts.get(ctx, account); {
		case err == nil:
			l.Account = a.Limits
		case stt.CodeOf(err) != stt.NotFound:
			return l, err
		}
	}
	if key == "" {
		return l, nil
	}
	var err error
	l.Key, err = k.keyLimits(ctx, key)
	return l, err
}

// keyLimits returns those of an access key or of an API key.
func (k *Keys) keyLimits(ctx context.Context, id string) (store.Limits, error) {
	if k.apiKeys.entry(id) != nil { // so that the store is not asked in vain for an access key
		if key, err := k.apiKeys.get(ctx, id); err == nil {
			return key.Limits, nil
		}
	}
	switch a, err := k.access.get(ctx, id); {
	case err == nil:
		return a.limits, nil
	case stt.CodeOf(err) != stt.NotFound:
		return store.Limits{}, err
	}
	switch key, err := k.apiKeys.get(ctx, id); {
	case err == nil:
		return key.Limits, nil
	case stt.CodeOf(err) != stt.NotFound:
		return store.Limits{}, err
	}
	return store.Limits{}, nil
}
