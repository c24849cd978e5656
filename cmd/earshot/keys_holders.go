package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// holders are accounts, users and keys that other keys depend on, each looked up once.
type holders struct {
	env      *environment
	store    *store.Store
	accounts map[string]store.Account
	users    map[string]store.User
	keys     map[string]store.AccessKey
}

func newHolders(env *environment, s *store.Store) *holders {
	return &holders{env: env, store: s, accounts: map[string]store.Account{}, users: map[string]store.User{}, keys: map[string]store.AccessKey{}}
}

// lookUp returns what is known by an id, or asks once. What there is not is the zero value.
func lookUp[T any](known map[string]T, id string, ask func(id string) (T, error)) T {
	v, ok := known[id]
	if !ok && id != "" {
		found, err := ask(id)
		if err == nil {
			v = found
		}
		known[id] = v
	}
	return v
}

// state says whether a key can be used, and if not, why.
func (h *holders) state(account, user string, disabled bool, expires time.Time) string {
	text := stateText(disabled, expires)
	switch {
	case disabled:
	case lookUp(h.accounts, account, func(id string) (store.Account, error) { return h.store.Account(h.env.ctx, id) }).Disabled:
		text = auth.AccountDisabled
	case lookUp(h.users, user, func(id string) (store.User, error) { return h.store.User(h.env.ctx, id) }).Disabled:
		text = auth.UserDisabled
	}
	return text
}

// parent returns the key that temporary credentials derive from.
func (h *holders) parent(k store.AccessKey) store.AccessKey {
	return lookUp(h.keys, k.Parent, func(id string) (store.AccessKey, error) { return h.store.DescribeAccessKey(h.env.ctx, id) })
}

// ofAccessKey is state of an access key; temporary credentials are marked as such.
func (h *holders) ofAccessKey(k store.AccessKey) string {
	text := h.state(k.Account, k.User, k.Disabled, k.Expires)
	if k.Parent == "" {
		return text
	}
	if p := h.parent(k); text == stateText(false, time.Time{}) {
		switch above := h.state(p.Account, p.User, p.Disabled, p.Expires); above {
		case stateText(false, time.Time{}):
		case stateText(true, time.Time{}):
			text = auth.ParentDisabled
		default:
			text = above
		}
	}
	return text + ", temporary"
}

// defaultRights is what keys without a policy may do, in words.
const defaultRights = "the default: streams, and the vocabularies of the account"

// rights prints what an access key may do. Temporary credentials may do what both their own policy and that of the key that they derive from allow.
func (h *holders) rights(w io.Writer, k store.AccessKey) {
	if k.Parent == "" {
		fmt.Fprintf(w, "policy\t%s\n", indented(or(k.Policy, defaultRights)))
		return
	}
	fmt.Fprintf(w, "policy\t%s\n", indented(or(k.Policy, "none of their own: what "+k.Parent+" may")))
	fmt.Fprintf(w, "policy of %s\t%s\n", k.Parent, indented(or(h.parent(k).Policy, defaultRights)))
}

// indented keeps the lines of a policy together in a table of two columns.
func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n\t") }

// lasting refuses temporary credentials.
func lasting(k store.AccessKey) error {
	if k.Parent != "" {
		return stt.Errorf(stt.Conflict, "%s are temporary credentials of %s, which get no new secret: make others with \"earshot keys temporary %s\"", k.ID, k.Parent, k.Parent)
	}
	return nil
}
