package auth

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

// The bounds of an API key that an operator writes. The lower one makes guessing hopeless if the characters are random.
const (
	minAPIKey = 16 // characters; the upper bound is maxSecretLength
)

// digest is the SHA-256 of a bearer token. Tokens made here have 160 random bits, so that a plain hash hides them and
// there is no need for one that is slow; and comparing hashes does not tell how much of a wrong token was right.
type digest [sha256.Size]byte

// matches reports whether the digest is that of a token, in a time that does not depend on the digest.
func (d digest) matches(token string) bool {
	got := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(got[:], d[:]) == 1
}

// APIKey is the bearer token of all protocols whose requests are not signed. It may be used from any goroutine.
type APIKey struct{ key *watched[apiKey] }

// apiKey is what is kept of an API key.
type apiKey struct {
	sum    digest
	prefix string
}

// OpenAPIKey reads a file whose only line is the key: 16 to 1024 visible ASCII characters. Lines that begin with "#" are
// comments. It is read again when it has changed, and errors are, as those of [OpenFile].
func OpenAPIKey(path string, options FileOptions) (*APIKey, error) {
	key, err := watch(path, "API key", options, parseAPIKey)
	if err != nil {
		return nil, err
	}
	return &APIKey{key: key}, nil
}

// Check returns the principal [APIKeyID] if presented is the key, exactly as it stands in the file; otherwise an
// [stt.Unauthenticated] error.
func (k *APIKey) Check(presented string) (Principal, error) {
	if err := check(k.key.get().sum, presented, "API key"); err != nil {
		return Principal{}, err
	}
	return Principal{KeyID: APIKeyID, Name: APIKeyID, Account: DefaultAccount, Policies: []policy.Policy{DefaultPolicy()}}, nil
}

// Digest returns the SHA-256 of the key, and what may be shown of it so that people know which one it is: how it begins where
// it was made here, otherwise a word.
func (k *APIKey) Digest() (sum [sha256.Size]byte, prefix string) {
	key := k.key.get()
	return key.sum, key.prefix
}

// String returns the path.
func (k *APIKey) String() string { return "API key file " + k.key.path }

// Format prints what String returns, whatever the verb.
func (k *APIKey) Format(s fmt.State, _ rune) { fmt.Fprint(s, k.String()) }

// AdminToken is what the administrator proves to be the administrator with. It may be used from any goroutine.
type AdminToken struct{ sum *watched[digest] }

// OpenAdminToken reads a file whose only line is the SHA-256 of the token in hexadecimal. Lines that begin with "#" are
// comments. It is read again when it has changed, and errors are, as those of [OpenFile].
func OpenAdminToken(path string, options FileOptions) (*AdminToken, error) {
	sum, err := watch(path, "administrator token", options, parseDigest)
	if err != nil {
		return nil, err
	}
	return &AdminToken{sum: sum}, nil
}

// CheckAdmin returns the principal [AdminID] if token is the administrator's; otherwise an [stt.Unauthenticated] error. It
// has another name than the method of [APIKey] so that one cannot be put in the place of the other.
func (a *AdminToken) CheckAdmin(token string) (Principal, error) {
	if err := check(a.sum.get(), token, "administrator token"); err != nil {
		return Principal{}, err
	}
	return Principal{KeyID: AdminID, Name: AdminID, Account: DefaultAccount, Admin: true}, nil
}

// Digest returns the SHA-256 of the token, which changes when it does.
func (a *AdminToken) Digest() [sha256.Size]byte { return a.sum.get() }

// String returns the path.
func (a *AdminToken) String() string { return "administrator token file " + a.sum.path }

// Format prints what String returns, whatever the verb.
func (a *AdminToken) Format(s fmt.State, _ rune) { fmt.Fprint(s, a.String()) }

// check compares a token. The error says nothing of what came but whether anything did.
func check(sum digest, presented, what string) error {
	good := sum.matches(presented)
	switch {
	case presented == "":
		return stt.Errorf(stt.Unauthenticated, "expected the %s of this server; got none", what)
	case !good:
		return stt.Errorf(stt.Unauthenticated, "expected the %s of this server; got another", what)
	}
	return nil
}

func parseAPIKey(data []byte) (apiKey, error) {
	key, err := onlyLine(data)
	switch {
	case err != nil:
		return apiKey{}, err
	case !isVisible(key) || len(key) < minAPIKey:
		return apiKey{}, errors.New("expected a line of 16 to 1024 visible ASCII characters without spaces")
	}
	return apiKey{sum: sha256.Sum256([]byte(key)), prefix: shownOf(key)}, nil
}

// shownOf returns how a key begins, if it has the form of those that are made here: then enough is left that nobody can guess.
func shownOf(key string) string {
	const more = 8
	random, ok := strings.CutPrefix(key, apiKeyPrefix)
	if !ok || len(random) != tokenLength || strings.Trim(random, base32Lower) != "" {
		return APIKeyID
	}
	return key[:len(apiKeyPrefix)+more]
}

func parseDigest(data []byte) (sum digest, err error) {
	line, err := onlyLine(data)
	if err != nil {
		return digest{}, err
	}
	decoded, err := hex.DecodeString(line)
	if err != nil || len(decoded) != len(sum) {
		return digest{}, errors.New("expected a line of 64 hexadecimal digits, the SHA-256 of the token")
	}
	return digest(decoded), nil
}

// onlyLine returns the line that is neither empty nor a comment, without white space around it.
func onlyLine(data []byte) (string, error) {
	var only string
	for line := range bytes.Lines(data) {
		text := strings.Trim(string(line), " \t\r\n")
		switch {
		case text == "" || text[0] == '#':
		case only != "":
			return "", errors.New("expected one line besides comments; got more")
		default:
			only = text
		}
	}
	if only == "" {
		return "", errors.New("expected one line besides comments; got none")
	}
	return only, nil
}
