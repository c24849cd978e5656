package store

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// Whatever has a secret in it prints, logs and marshals without. Package fmt would print the fields for some verbs, which
// is why there is Format beside String; the fields themselves have the tag json:"-".

// String returns the id and the name.
func (u User) String() string { return fmt.Sprintf("user %q (%q)", u.ID, u.Name) }

// Format prints what String returns, whatever the verb.
func (u User) Format(f fmt.State, _ rune) { fmt.Fprint(f, u.String()) }

// LogValue gives package slog the id and the name.
func (u User) LogValue() slog.Value { return idAndName(u.ID, u.Name) }

// String returns the id, the name and the number of secrets.
func (k AccessKey) String() string {
	return fmt.Sprintf("access key %q (%q, secrets: %d)", k.ID, k.Name, len(k.Secrets))
}

// Format prints what String returns, whatever the verb.
func (k AccessKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue gives package slog the id and the name.
func (k AccessKey) LogValue() slog.Value { return idAndName(k.ID, k.Name) }

// String says that this is a secret.
func (v Secret) String() string { return "secret (hidden)" }

// Format prints what String returns, whatever the verb.
func (v Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, v.String()) }

// LogValue gives package slog what String returns.
func (v Secret) LogValue() slog.Value { return slog.StringValue(v.String()) }

// String returns the id, the name and the prefix.
func (k APIKey) String() string {
	return fmt.Sprintf("API key %q (%q, begins with %q)", k.ID, k.Name, k.Prefix)
}

// Format prints what String returns, whatever the verb.
func (k APIKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue gives package slog the id and the name.
func (k APIKey) LogValue() slog.Value { return idAndName(k.ID, k.Name) }

// String returns the id and the name.
func (t AdminToken) String() string {
	return fmt.Sprintf("administrator's token %q (%q)", t.ID, t.Name)
}

// Format prints what String returns, whatever the verb.
func (t AdminToken) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.String()) }

// LogValue gives package slog the id and the name.
func (t AdminToken) LogValue() slog.Value { return idAndName(t.ID, t.Name) }

// String returns the id and the name.
func (n ConsoleSession) String() string { return fmt.Sprintf("console session %q (%q)", n.ID, n.Name) }

// Format prints what String returns, whatever the verb.
func (n ConsoleSession) Format(f fmt.State, _ rune) { fmt.Fprint(f, n.String()) }

// LogValue gives package slog the id and the name.
func (n ConsoleSession) LogValue() slog.Value { return idAndName(n.ID, n.Name) }

// String returns the id and the role.
func (l ConsoleLink) String() string { return fmt.Sprintf("console link %q (%s)", l.ID, l.Role) }

// Format prints what String returns, whatever the verb.
func (l ConsoleLink) Format(f fmt.State, _ rune) { fmt.Fprint(f, l.String()) }

// LogValue gives package slog the id and the role.
func (l ConsoleLink) LogValue() slog.Value { return idAndName(l.ID, string(l.Role)) }

// String returns the id.
func (m *Master) String() string { return "master key " + m.ID() }

// Format prints what String returns, whatever the verb.
func (m *Master) Format(f fmt.State, _ rune) { fmt.Fprint(f, m.String()) }

// LogValue gives package slog the id.
func (m *Master) LogValue() slog.Value { return slog.StringValue(m.ID()) }

// MarshalJSON returns the id.
func (m *Master) MarshalJSON() ([]byte, error) { return json.Marshal(m.ID()) }

func idAndName(id, name string) slog.Value {
	return slog.GroupValue(slog.String("id", id), slog.String("name", name))
}
