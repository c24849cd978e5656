package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// Importer is where keys are taken over to. A *store.Store is one.
type Importer interface {
	CreateAccessKey(ctx context.Context, by store.Actor, k store.AccessKey) (store.AccessKey, error)
	CreateAPIKey(ctx context.Context, by store.Actor, k store.APIKey) (key store.APIKey, token string, err error)
	// Imports returns the names that NoteImports has been told of, by whatever process.
	Imports(ctx context.Context) ([]string, error)
	NoteImports(ctx context.Context, names []string) error
}

// Sources are the files that keys are taken over from, and who shall own them.
type Sources struct {
	Keys    *auth.File   // nil: none
	APIKey  *auth.APIKey // nil: none
	Account string       // id of the account that gets them
}

// Imported says what the store has taken over, by now and by this start.
type Imported struct {
	AccessKeys []string // ids that are new in the store
	APIKey     bool     // the API key is
	// Left are ids of access keys that the store does not take, because of their secrets or names; they stay good as they stand in
	// the file.
	Left []string

	taken map[string]bool
	noted []string // of taken, those that the store has not been told of
}

// Taken reports whether the store says if a key is good, because it once took it over; see [Files].
func (i *Imported) Taken(id string) bool { return i.taken[id] }

// Import takes the keys of files over into the store: those that this store has never taken over, so that a key that is deleted
// there, but still stands in the file, does not come back, while a new store gets them all. Clients notice nothing: ids, secrets and
// the API key stay as they are. It is meant to be called at every start.
func Import(ctx context.Context, to Importer, from Sources, by store.Actor) (*Imported, error) {
	names, err := to.Imports(ctx)
	if err != nil {
		return nil, err
	}
	out := &Imported{taken: map[string]bool{}}
	for _, name := range names {
		out.taken[name] = true
	}
	if from.Keys != nil {
		for _, key := range from.Keys.All() {
			if err := out.accessKey(ctx, to, key, from.Account, by); err != nil {
				return nil, err
			}
		}
	}
	if from.APIKey != nil {
		if err := out.apiKey(ctx, to, from.APIKey, from.Account, by); err != nil {
			return nil, err
		}
	}
	if err := to.NoteImports(ctx, out.noted); err != nil {
		return nil, err
	}
	return out, nil
}

// note remembers that the store has taken a key over.
func (i *Imported) note(name string) {
	if !i.taken[name] {
		i.taken[name] = true
		i.noted = append(i.noted, name)
	}
}

// accessKey takes over one access key. A key that the store has already was taken over by a start that did not get as far as
// writing that down, or by another server.
func (i *Imported) accessKey(ctx context.Context, to Importer, key auth.AccessKey, account string, by store.Actor) error {
	const mostSecrets = 5 // that the store keeps
	if i.taken[key.ID] {
		return nil
	}
	row := store.AccessKey{ID: key.ID, Account: account, Name: key.Name}
	for _, s := range key.Secrets[:min(len(key.Secrets), mostSecrets)] {
		row.Secrets = append(row.Secrets, store.Secret{Value: s})
	}
	switch _, err := to.CreateAccessKey(ctx, by, row); stt.CodeOf(err) {
	case 0:
		i.AccessKeys = append(i.AccessKeys, key.ID)
	case stt.Conflict:
	case stt.Invalid:
		i.Left = append(i.Left, key.ID)
		return nil
	default:
		return err
	}
	i.note(key.ID)
	return nil
}

func (i *Imported) apiKey(ctx context.Context, to Importer, key *auth.APIKey, account string, by store.Actor) error {
	sum, prefix := key.Digest()
	name := hex.EncodeToString(sum[:])
	if i.taken[name] {
		return nil
	}
	_, _, err := to.CreateAPIKey(ctx, by, store.APIKey{Account: account, Name: auth.APIKeyFile, Prefix: prefix, Hash: sum})
	switch stt.CodeOf(err) {
	case 0:
		i.APIKey = true
	case stt.Conflict:
	default:
		return err
	}
	i.note(name)
	return nil
}

// takenName is what an API key is called among what has been taken over.
func takenName(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
