package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// ImportedFile is the name of the file, in the data folder, that says which keys of other files the store has taken over. It
// holds ids of access keys and the SHA-256 of API keys.
const ImportedFile = "imported-keys"

// Importer is where keys are taken over to. A *store.Store is one.
type Importer interface {
	CreateAccessKey(ctx context.Context, by store.Actor, k store.AccessKey) (store.AccessKey, error)
	CreateAPIKey(ctx context.Context, by store.Actor, k store.APIKey) (key store.APIKey, token string, err error)
}

// Sources are the files that keys are taken over from, and who shall own them.
type Sources struct {
	Folder  string       // where [ImportedFile] is kept
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
}

// Taken reports whether the store says if a key is good, because it once took it over; see [Files].
func (i *Imported) Taken(id string) bool { return i.taken[id] }

// Import takes the keys of files over into the store: those that it has not taken over before, so that a key that is deleted
// there, but still stands in the file, does not come back. What has been taken over stands in the folder, in [ImportedFile].
// Clients notice nothing: ids, secrets and the API key stay as they are. It is meant to be called at every start.
func Import(ctx context.Context, to Importer, from Sources, by store.Actor) (*Imported, error) {
	path := filepath.Join(from.Folder, ImportedFile)
	done, err := readTaken(path)
	if err != nil {
		return nil, err
	}
	out := &Imported{taken: done}
	before := len(done)
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
	if len(done) == before {
		return out, nil
	}
	return out, writeTaken(path, done)
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
	i.taken[key.ID] = true
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
	i.taken[name] = true
	return nil
}

// takenName is what an API key is called in the file of what has been taken over.
func takenName(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// readTaken reads what has been taken over. A file that is not there says: nothing.
func readTaken(path string) (map[string]bool, error) {
	const longest = 16 << 20
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]bool{}, nil
	}
	if err != nil {
		return nil, takenError(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, takenError(path, err)
	case !info.Mode().IsRegular() || info.Size() > longest:
		return nil, takenError(path, fmt.Errorf("expected a file of at most %d bytes", longest))
	}
	var list []string
	if err := json.NewDecoder(f).Decode(&list); err != nil {
		return nil, takenError(path, fmt.Errorf("expected a list of strings in JSON: %w", err))
	}
	taken := make(map[string]bool, len(list))
	for _, id := range list {
		taken[id] = true
	}
	return taken, nil
}

// writeTaken replaces the file at once: half of it would bring deleted keys back.
func writeTaken(path string, taken map[string]bool) error {
	list := make([]string, 0, len(taken))
	for id := range taken {
		list = append(list, id)
	}
	slices.Sort(list)
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return takenError(path, err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+ImportedFile+"-*") // mode 0600
	if err != nil {
		return takenError(path, err)
	}
	defer os.Remove(temp.Name())
	_, err1 := temp.Write(append(text, '\n'))
	if err := errors.Join(err1, temp.Sync(), temp.Close()); err != nil {
		return takenError(path, err)
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return takenError(path, err)
	}
	return nil
}

func takenError(path string, err error) error {
	return &stt.Error{Code: stt.Invalid, Op: "take over keys", Msg: fmt.Sprintf("%q: %v", path, err)}
}
