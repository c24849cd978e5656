package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// accessKey is a key of clients that sign their requests, without its secret.
type accessKey struct {
	ID       string          `json:"id" doc:"What AWS calls the access key id."`
	Account  string          `json:"account"`
	User     string          `json:"user,omitempty" doc:"The id of the user whose it is; absent: the account's."`
	Name     string          `json:"name"`
	Policy   json.RawMessage `json:"policy,omitempty" doc:"In AWS's IAM JSON; absent: streams, and the key's account's vocabularies."`
	Limits   limits          `json:"limits"`
	Created  time.Time       `json:"created"`
	Expires  time.Time       `json:"expires,omitzero"`
	LastUsed time.Time       `json:"last_used,omitzero"`
	Disabled bool            `json:"disabled"`
	Parent   string          `json:"parent,omitempty" doc:"Of temporary credentials: the key that they derive from."`
	OldUntil time.Time       `json:"old_secret_until,omitzero" doc:"Until when a secret from before the last rotation is good; absent: none is. Not in lists."`
}

func accessKeyOf(k store.AccessKey) accessKey {
	return accessKey{ID: k.ID, Account: k.Account, User: k.User, Name: k.Name, Policy: policyOf(k.Policy), Limits: limitsOf(k.Limits),
		Created: k.Created, Expires: k.Expires, LastUsed: k.LastUsed, Disabled: k.Disabled, Parent: k.Parent, OldUntil: k.OldSecretUntil}
}

// etag leaves out when the key was last used and that an old secret ends, which is no change.
func (k accessKey) etag() string {
	k.LastUsed, k.OldUntil = time.Time{}, time.Time{}
	return tag(k)
}

// shownKey is a key with what is shown only once.
type shownKey struct {
	Key          accessKey `json:"access_key"`
	Secret       string    `json:"secret_access_key" doc:"Shown this once."`
	SessionToken string    `json:"session_token,omitempty" doc:"Of temporary credentials; shown this once."`
}

// newAccessKey makes one.
type newAccessKey struct {
	Account  string          `json:"account" doc:"Id or name." need:"true"`
	User     string          `json:"user"`
	Name     string          `json:"name" need:"true"`
	Policy   json.RawMessage `json:"policy" doc:"In AWS's IAM JSON; absent: streams, and the key's account's vocabularies."`
	Limits   limits          `json:"limits"`
	Expires  time.Time       `json:"expires" doc:"Absent: never."`
	Disabled bool            `json:"disabled"`
}

// accessKeyChanges changes one.
type accessKeyChanges struct {
	Name     change[string]          `json:"name"`
	User     change[string]          `json:"user"`
	Policy   change[json.RawMessage] `json:"policy" doc:"null: the default."`
	Limits   change[*limitChanges]   `json:"limits"`
	Expires  change[time.Time]       `json:"expires" doc:"null: never."`
	Disabled change[bool]            `json:"disabled"`
}

// rotation gives a key a new secret.
type rotation struct {
	GraceSeconds int64 `json:"grace_seconds" doc:"How long older secrets stay good, 0 to 2592000 (30 days)."`
}

// derivation makes temporary credentials of a key.
type derivation struct {
	TTLSeconds int64           `json:"ttl_seconds" doc:"How long they are good, 60 to 129600 (36 hours), and never longer than the key." need:"true"`
	Name       string          `json:"name" doc:"Absent: that of the key."`
	Policy     json.RawMessage `json:"policy" doc:"They may do what both this and the key's policy allow; absent: what the key may."`
}

func (h *Handler) listAccessKeys(c *call) (page[accessKey], error) {
	p, err := c.page()
	if err != nil {
		return page[accessKey]{}, err
	}
	account, err := h.accountParam(c, nil)
	if err != nil {
		return page[accessKey]{}, err
	}
	list, next, err := h.store.AccessKeys(c.ctx(), store.KeyFilter{Account: account, User: c.ask("user"), Parent: c.ask("parent"), Temporary: c.ask("temporary"), Text: c.ask("text"), Page: p})
	return paged(list, next, err, accessKeyOf)
}

func (h *Handler) createAccessKey(c *call, in *newAccessKey) (shownKey, error) {
	l, err := in.Limits.stored()
	if err != nil {
		return shownKey{}, err
	}
	text, err := storedPolicy("policy", in.Policy)
	if err != nil {
		return shownKey{}, err
	}
	if err := h.future("expires", in.Expires); err != nil {
		return shownKey{}, err
	}
	if in.Account, err = h.accountIn(c, in.Account); err != nil {
		return shownKey{}, err
	}
	made, err := h.store.CreateAccessKey(c.ctx(), c.actor, store.AccessKey{Account: in.Account, User: in.User, Name: in.Name,
		Policy: text, Limits: l, Expires: in.Expires, Disabled: in.Disabled})
	return shown(made, err)
}

// shown returns a key with its newest secret.
func shown(k store.AccessKey, err error) (shownKey, error) {
	switch {
	case err != nil:
		return shownKey{}, err
	case len(k.Secrets) == 0:
		return shownKey{}, stt.Errorf(stt.Internal, "a key came without its secret")
	}
	return shownKey{Key: accessKeyOf(k), Secret: k.Secrets[0].Value}, nil
}

func (h *Handler) getAccessKey(c *call) (accessKey, error) {
	k, err := h.store.DescribeAccessKey(c.ctx(), c.path("id"))
	return accessKeyOf(k), err
}

func (h *Handler) updateAccessKey(c *call, in *accessKeyChanges) (accessKey, error) {
	text, err := storedPolicy("policy", in.Policy.value)
	if err != nil {
		return accessKey{}, err
	}
	k, err := h.store.UpdateAccessKey(c.ctx(), c.actor, c.path("id"), func(k *store.AccessKey) error {
		if err := c.unchanged(accessKeyOf(*k).etag()); err != nil {
			return err
		}
		in.Name.to(&k.Name)
		in.User.to(&k.User)
		in.Expires.to(&k.Expires)
		in.Disabled.to(&k.Disabled)
		if in.Policy.set {
			k.Policy = text
		}
		return changeLimits(in.Limits, &k.Limits)
	})
	return accessKeyOf(k), err
}

func (h *Handler) rotateAccessKey(c *call, in *rotation) (shownKey, error) {
	const most = 30 * 24 * 60 * 60
	if in.GraceSeconds < 0 || in.GraceSeconds > most {
		return shownKey{}, invalid("grace_seconds", "\"grace_seconds\": expected 0 to %d; got %d", most, in.GraceSeconds)
	}
	if err := h.seen(c, func() (string, error) { k, err := h.getAccessKey(c); return k.etag(), err }); err != nil {
		return shownKey{}, err
	}
	switch k, err := h.getAccessKey(c); {
	case err != nil:
		return shownKey{}, err
	case k.Parent != "":
		return shownKey{}, stt.Errorf(stt.Conflict, "%q are temporary credentials of %q, which get no new secret: make others", k.ID, k.Parent)
	}
	return shown(h.store.RotateAccessKey(c.ctx(), c.actor, c.path("id"), time.Duration(in.GraceSeconds)*time.Second))
}

func (h *Handler) deleteAccessKey(c *call) error {
	if err := h.seen(c, func() (string, error) { k, err := h.getAccessKey(c); return k.etag(), err }); err != nil {
		return err
	}
	return h.store.DeleteAccessKey(c.ctx(), c.actor, c.path("id"))
}

func (h *Handler) deriveAccessKey(c *call, in *derivation) (shownKey, error) {
	const least, most = 60, 36 * 60 * 60
	if in.TTLSeconds < least || in.TTLSeconds > most {
		return shownKey{}, invalid("ttl_seconds", "\"ttl_seconds\": expected %d to %d; got %d", least, most, in.TTLSeconds)
	}
	text, err := storedPolicy("policy", in.Policy)
	if err != nil {
		return shownKey{}, err
	}
	made, token, err := Derive(c.ctx(), h.store, c.actor, Derivation{Key: c.path("id"), Name: in.Name, Policy: text,
		TTL: time.Duration(in.TTLSeconds) * time.Second, Now: h.now()})
	key, err := shown(made, err)
	if err == nil {
		key.SessionToken = token
	}
	return key, err
}

// sessionToken returns a new session token: 240 random bits, in characters that a header and a URL take.
func sessionToken() (token string, hash []byte) {
	random := make([]byte, 30)
	rand.Read(random)
	token = base64.RawURLEncoding.EncodeToString(random)
	sum := sha256.Sum256([]byte(token))
	return token, sum[:]
}
