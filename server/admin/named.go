package admin

import (
	"context"
	"strings"

	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Accounts and keys may be named by id or by name wherever a parameter means one. What there is not is refused: an empty list would look like that of
// somebody who has nothing. What was deleted is known by its id as long as something of it is left.

// accountParam returns the id of the account that the parameter "account" names; empty: it is absent. left says whether there is something of an
// account with this id that is none any more; nil: there never is.
func (h *Handler) accountParam(c *call, left func(id string) (bool, error)) (string, error) {
	which := c.ask("account")
	if which == "" {
		return "", nil
	}
	a, err := h.findAccount(c, which)
	if !absent(err) {
		return a.ID, err
	}
	return which, unlessLeft(which, "account", "there is no account with this name or id", left)
}

// findAccount returns the account with an id, else the one with a name: no name makes an id mean another account.
func (h *Handler) findAccount(c *call, which string) (store.Account, error) {
	a, err := h.store.Account(c.ctx(), which)
	if absent(err) {
		a, err = state.FindAccount(c.ctx(), h.store, which)
	}
	return a, err
}

// keyParam is accountParam for the parameter "key": an access key or an API key by id, or by a name that only one has.
func (h *Handler) keyParam(c *call, left func(id string) (bool, error)) (string, error) {
	which := c.ask("key")
	if which == "" {
		return "", nil
	}
	_, err := h.store.DescribeAccessKey(c.ctx(), which)
	if absent(err) {
		_, err = h.store.APIKey(c.ctx(), which)
	}
	if !absent(err) {
		return which, err
	}
	ids, err := keysNamed(c.ctx(), h.store, which)
	switch {
	case err != nil:
		return "", err
	case len(ids) > 1:
		return "", invalid("key", "the parameter \"key\": more than one key has this name; expected an id")
	case len(ids) == 1:
		return ids[0], nil
	}
	return which, unlessLeft(which, "key", "there is no access key or API key with this id or name", left)
}

func absent(err error) bool {
	return stt.CodeOf(err) == stt.NotFound || stt.CodeOf(err) == stt.Invalid
}

func unlessLeft(which, param, sentence string, left func(id string) (bool, error)) error {
	if left != nil {
		if found, err := left(which); found || err != nil {
			return err
		}
	}
	return &stt.Error{Code: stt.NotFound, Option: param, Msg: "the parameter \"" + param + "\": " + sentence}
}

// keysNamed returns the ids of keys with a name, temporary ones left out: two of them at most, which is one too many.
func keysNamed(ctx context.Context, s *store.Store, name string) ([]string, error) {
	filter := store.KeyFilter{Text: name, Temporary: "false"}
	ids, err := idsNamed(name, nil, filter, func(f store.KeyFilter) ([]store.AccessKey, string, error) { return s.AccessKeys(ctx, f) },
		func(k *store.AccessKey) (string, string) { return k.ID, k.Name })
	if err != nil {
		return nil, err
	}
	filter.Temporary = "" // which is of access keys only
	return idsNamed(name, ids, filter, func(f store.KeyFilter) ([]store.APIKey, string, error) { return s.APIKeys(ctx, f) },
		func(k *store.APIKey) (string, string) { return k.ID, k.Name })
}

// idsNamed appends the ids of what has just that name, page by page, until there are two.
func idsNamed[K any](name string, ids []string, f store.KeyFilter, list func(store.KeyFilter) ([]K, string, error), of func(*K) (id, name string)) ([]string, error) {
	for len(ids) < 2 {
		f.Page.Max = 1000
		page, next, err := list(f)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if id, named := of(&page[i]); named == name {
				ids = append(ids, id)
			}
		}
		if f.Page.After = next; next == "" {
			break
		}
	}
	return ids, nil
}

// usedAtAll says whether there is usage at any time.
func (h *Handler) usedAtAll(ctx context.Context, q store.UsageQuery) (bool, error) {
	rows, err := h.store.UsageRows(ctx, q)
	if absent(err) {
		return false, nil // no account or key can be called so
	}
	return len(rows) > 0, err
}

// accountIn returns the id of an account that a body names; what there is not is left to the store to refuse.
func (h *Handler) accountIn(c *call, which string) (string, error) {
	if strings.TrimSpace(which) == "" {
		return which, nil
	}
	a, err := h.findAccount(c, which)
	if absent(err) {
		return which, nil
	}
	return a.ID, err
}
