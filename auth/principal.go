package auth

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/auth/policy"
)

// Principal is a caller whose credentials were good.
type Principal struct {
	// KeyID identifies the credentials for as long as they exist, whatever secret they have at the time: an access key id,
	// the id of an API key, [APIKeyID] or [AdminID]. It is not secret.
	KeyID string
	// Name is for people: the profile that the access key stands under, the name of the key, else the same as KeyID.
	Name string
	// Account owns the key, what it makes and what it uses: 12 digits, or [DefaultAccount].
	Account string
	// User is the name of the user whose key it is; empty: the key is the account's.
	User string
	// Temporary says that the credentials were derived from others, at Issued: from those with the id Parent, by whose limits
	// they go and to whose usage they add.
	Temporary bool
	Issued    time.Time
	Parent    string
	// Policies must all allow what the caller wants to do. Without any nothing is allowed; see [Authorize].
	Policies []policy.Policy
	// Admin says that the caller may do everything.
	Admin bool
}

// The key ids of principals that have no access key. The credentials file refuses them as access key ids.
const (
	APIKeyID = "api-key"
	AdminID  = "admin"
)

// DefaultAccount owns the keys that stand in files.
const DefaultAccount = "default"

// ARN returns the caller's name as Amazon writes it.
func (p Principal) ARN() string {
	return "arn:aws:iam::" + p.Account + ":user/" + p.username()
}

// username is who the caller is in a policy.
func (p Principal) username() string {
	switch {
	case p.User != "":
		return p.User
	case p.Name != "":
		return p.Name
	}
	return p.KeyID
}

// AccessKey is one key of a client that signs its requests. However it is printed, logged or marshalled to JSON, its
// secrets do not show.
type AccessKey struct {
	ID   string // 1 to 128 letters, digits and _-.=+@: (other ids cannot be sent in a signed request)
	Name string // for people; see [Principal]
	// Secrets are all that are good, the current one first; more than one while the secret is being rotated. None means
	// that nobody can use the key.
	Secrets []string `json:"-" xml:"-" yaml:"-"`

	Account string // see [Principal]; empty: [DefaultAccount]
	User    string // see [Principal]
	// Disabled keys are refused as if there were none of the id.
	Disabled bool
	// Why is what is disabled, where Disabled is set: the key, its account, its user or the key that it derives from. It is for
	// logs and never told to a caller; empty: the key.
	Why     string
	Expires time.Time // when the key ends; zero: never
	// TokenHash is the SHA-256 of the session token that every request must bring; empty: none need be, and one is passed over.
	TokenHash []byte `json:"-" xml:"-" yaml:"-"`
	// Parent is the id of the key that temporary credentials derive from, and Issued when; empty: the key is none.
	Parent string
	Issued time.Time
	// Policies must all allow what is done with the key; nil: those of [DefaultPolicy]. Where a policy cannot be read, its zero
	// value belongs here, which allows nothing.
	Policies []policy.Policy
}

// Principal returns the caller that a signature made with the key proves.
func (k AccessKey) Principal() Principal {
	p := Principal{KeyID: k.ID, Name: k.Name, Account: k.Account, User: k.User,
		Temporary: k.Parent != "", Parent: k.Parent, Issued: k.Issued, Policies: k.Policies}
	if p.Account == "" {
		p.Account = DefaultAccount
	}
	if p.Policies == nil {
		p.Policies = []policy.Policy{DefaultPolicy()}
	}
	return p
}

// String returns the id, the name and the number of secrets.
func (k AccessKey) String() string {
	return fmt.Sprintf("access key %q (%q, secrets: %d)", k.ID, k.Name, len(k.Secrets))
}

// GoString returns the same as String.
func (k AccessKey) GoString() string { return k.String() }

// Format prints what String returns, whatever the verb: package fmt would print the fields for some.
func (k AccessKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue gives package slog the id and the name.
func (k AccessKey) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", k.ID), slog.String("name", k.Name))
}

// MarshalJSON returns the id and the name.
func (k AccessKey) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}{k.ID, k.Name})
}

// clone returns a copy that shares nothing with k but what nobody changes.
func (k AccessKey) clone() AccessKey {
	k.Secrets = slices.Clone(k.Secrets)
	return k
}
