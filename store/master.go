package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// MasterVariable is the environment variable that [LoadMaster] looks into first.
const MasterVariable = "EARSHOT_MASTER_KEY"

const masterSize = 32 // bytes: AES-256

// Master is the key that secrets in the database are sealed with (AES-256-GCM). It is not in the database, and so not in its backups. It
// shows nothing but its id, however it is printed.
type Master struct {
	id   string
	key  []byte // as the operator has it
	aead cipher.AEAD
}

// NewMaster returns a new random master key.
func NewMaster() *Master {
	key := make([]byte, masterSize)
	rand.Read(key)
	m, err := masterOf(key)
	if err != nil {
		panic(err) // a key of this length cannot be refused
	}
	return m
}

// masterOf derives what seals, and the id, from the key: neither tells anything about it.
func masterOf(key []byte) (*Master, error) {
	seal, err1 := hkdf.Key(sha256.New, key, nil, "earshot store: sealing", masterSize)
	id, err2 := hkdf.Key(sha256.New, key, nil, "earshot store: id", 8)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(seal)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Master{id: hex.EncodeToString(id), key: key, aead: aead}, nil
}

// ParseMaster reads a master key: 32 bytes in base64 (padded or not, either alphabet) or hexadecimal.
func ParseMaster(text string) (*Master, error) {
	text = strings.TrimSpace(text)
	var key []byte
	if len(text) == hex.EncodedLen(masterSize) {
		key, _ = hex.DecodeString(text) // else nil, which is refused below
	} else if plain := strings.TrimRight(text, "="); len(plain) == base64.RawStdEncoding.EncodedLen(masterSize) {
		key, _ = base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(plain))
	}
	if len(key) != masterSize {
		return nil, invalid("master key", "expected 32 bytes in base64 (44 characters) or hexadecimal (64); got %d characters that are not that", len(text))
	}
	if string(key) == strings.Repeat(string(key[:1]), masterSize) {
		return nil, invalid("master key", "expected 32 random bytes; got the same one 32 times")
	}
	return masterOf(key)
}

// LoadMaster returns the master key in $EARSHOT_MASTER_KEY, else the one in a file that only its owner may read.
// It is NotFound if there is neither. getenv is os.Getenv or a stand-in.
func LoadMaster(getenv func(string) string, path string) (*Master, error) {
	if text := getenv(MasterVariable); text != "" {
		m, err := ParseMaster(text)
		if err != nil {
			return nil, &stt.Error{Code: stt.Invalid, Option: MasterVariable, Msg: "$" + MasterVariable + " is no master key", Err: err}
		}
		return m, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, stt.Errorf(stt.NotFound, "there is no master key: neither $%s nor the file %q", MasterVariable, path)
	}
	if err != nil {
		return nil, invalid("master key", "%v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, invalid("master key", "%v", err)
	case !info.Mode().IsRegular():
		return nil, invalid("master key", "expected a file at %q; got something else", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, invalid("master key", "expected a file that only its owner may read (mode 0600); %q has mode %04o: run chmod 600 on it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err != nil {
		return nil, invalid("master key", "%v", err)
	}
	m, err := ParseMaster(string(text))
	if err != nil {
		return nil, &stt.Error{Code: stt.Invalid, Option: "master key", Msg: "the file " + shown(path) + " has no master key in it", Err: err}
	}
	return m, nil
}

// EnsureMaster is [LoadMaster], but makes the file with a new key where there is none. created says that it did.
func EnsureMaster(getenv func(string) string, path string) (m *Master, created bool, err error) {
	m, err = LoadMaster(getenv, path)
	if stt.CodeOf(err) != stt.NotFound {
		return m, false, err
	}
	m = NewMaster()
	if err := m.WriteFile(path); err != nil {
		if errors.Is(err, fs.ErrExist) { // another process was faster
			m, err = LoadMaster(getenv, path)
			return m, false, err
		}
		return nil, false, err
	}
	return m, true, nil
}

// WriteFile writes the key to a new file with mode 0600: all of it or nothing. It is a Conflict if there is a file of that name.
func (m *Master) WriteFile(path string) (err error) {
	aside := path + "." + random(base32Lower, 8)
	f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return invalid("master key", "%v", err)
	}
	defer func() { _ = os.Remove(aside) }() // after the link it is a second name for the same file
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(m.key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return invalid("master key", "%v", err)
	}
	// A link, unlike a rename, does not replace what is there.
	if err := os.Link(aside, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return &stt.Error{Code: stt.Conflict, Option: "master key", Msg: "there is a file " + shown(path) + " already", Err: err}
		}
		return invalid("master key", "%v", err)
	}
	return nil
}

// ID tells master keys apart: 16 hexadecimal digits. It is not secret, and nothing can be sealed or opened with it. Empty for nil.
func (m *Master) ID() string {
	if m == nil {
		return ""
	}
	return m.id
}

// sealVersion is the first byte of everything sealed.
const sealVersion = 1

// seal encrypts a text so that it can be opened in the same place only: place is authenticated with it.
func (m *Master) seal(text, place string) []byte {
	nonce := make([]byte, m.aead.NonceSize())
	rand.Read(nonce)
	return m.aead.Seal(append([]byte{sealVersion}, nonce...), nonce, []byte(text), []byte(place))
}

// open decrypts what seal returned.
func (m *Master) open(sealed []byte, place string) (string, error) {
	n := 1 + m.aead.NonceSize()
	if len(sealed) < n || sealed[0] != sealVersion {
		return "", errSeal
	}
	text, err := m.aead.Open(nil, sealed[1:n], sealed[n:], []byte(place))
	if err != nil {
		return "", errSeal
	}
	return string(text), nil
}

// errSeal says that something was not sealed here, or for another place.
var errSeal = errors.New("what is sealed does not open: it was damaged, or belongs elsewhere")
