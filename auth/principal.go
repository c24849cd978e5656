package auth

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
)

// Principal is a caller whose credentials were good.
type Principal struct {
	// KeyID identifies the credentials for as long as they exist, whatever secret they have at the time: an access key id,
	// [APIKeyID] or [AdminID]. Quotas and vocabularies belong to it. It is not secret.
	KeyID string
	// Name is for people: the profile that the access key stands under, else the same as KeyID.
	Name string
	// Admin says that the caller may do everything.
	Admin bool
}

// The key ids of principals that have no access key. The credentials file refuses them as access key ids.
const (
	APIKeyID = "api-key"
	AdminID  = "admin"
)

// AccessKey is one key of a client that signs its requests. However it is printed, logged or marshalled to JSON, its
// secrets do not show.
type AccessKey struct {
	ID   string // 1 to 128 letters, digits and _-.=+@: (other ids cannot be sent in a signed request)
	Name string // for people; see [Principal]
	// Secrets are all that are good, the current one first; more than one while the secret is being rotated. None means
	// that nobody can use the key.
	Secrets []string `json:"-" xml:"-" yaml:"-"`
}

// Principal returns the caller that a signature made with the key proves.
func (k AccessKey) Principal() Principal { return Principal{KeyID: k.ID, Name: k.Name} }

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

// clone returns a copy that shares nothing with k.
func (k AccessKey) clone() AccessKey {
	k.Secrets = slices.Clone(k.Secrets)
	return k
}
