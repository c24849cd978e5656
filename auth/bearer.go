package auth

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

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
type APIKey struct{ sum *watched[digest] }

// OpenAPIKey reads a file whose only line is the key: 16 to 1024 visible ASCII characters. Lines that begin with "#" are
// comments. It is read again when it has changed, and errors are, as those of [OpenFile].
func OpenAPIKey(path string, options FileOptions) (*APIKey, error) {
	sum, err := watch(path, "API key", options, parseAPIKey)
	if err != nil {
		return nil, err
	}
	return &APIKey{sum: sum}, nil
}

// Check returns the principal [APIKeyID] if presented is the key, exactly as it stands in the file; otherwise an
// [stt.Unauthenticated] error.
func (k *APIKey) Check(presented string) (Principal, error) {
	if err := check(k.sum.get(), presented, "API key"); err != nil {
		return Principal{}, err
	}
	return Principal{KeyID: APIKeyID, Name: APIKeyID}, nil
}

// String returns the path.
func (k *APIKey) String() string { return "API key file " + k.sum.path }

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
	return Principal{KeyID: AdminID, Name: AdminID, Admin: true}, nil
}

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

func parseAPIKey(data []byte) (digest, error) {
	key, err := onlyLine(data)
	switch {
	case err != nil:
		return digest{}, err
	case !isVisible(key) || len(key) < minAPIKey:
		return digest{}, errors.New("expected a line of 16 to 1024 visible ASCII characters without spaces")
	}
	return sha256.Sum256([]byte(key)), nil
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
