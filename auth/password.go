package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	b64 "encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/earshot-stt/earshot/stt"
)

// The bounds of a password that people choose, in characters and bytes. There are no rules about kinds of characters: length is
// what makes a password strong (NIST SP 800-63B, section 3.1.1).
const (
	MinPassword = 12  // characters
	maxPassword = 256 // bytes
)

// Cost is what one look at a password costs, in the words of RFC 9106. The zero value is 19 MiB and two passes, of which OWASP's
// cheat sheet says that they are enough.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
}

const (
	saltSize = 16
	keySize  = 32

	hashesAtOnce = 2                // so that sign-ins take at most 38 MiB
	hashesWait   = 32               // and who else wants one
	hashPatience = 10 * time.Second // waits no longer
)

// Passwords makes hashes of passwords, and compares passwords with them, by Argon2id (RFC 9106). Two are at work at a time,
// whoever asks. It may be used from any goroutine; get one from [NewPasswords].
type Passwords struct {
	cost  Cost
	work  chan struct{} // a token for each that is at work
	queue chan struct{} // and for each that is at work or waits
	decoy string        // a hash that nobody knows the password of
}

// NewPasswords returns one that makes hashes of a cost. What it compares with may have another one.
func NewPasswords(cost Cost) *Passwords {
	if cost == (Cost{}) {
		cost = Cost{Memory: 19 << 10, Passes: 2}
	}
	key := make([]byte, keySize)
	rand.Read(key)
	p := &Passwords{cost: cost, work: make(chan struct{}, hashesAtOnce), queue: make(chan struct{}, hashesAtOnce+hashesWait)}
	p.decoy = kept{cost: cost, threads: 1, salt: key[:saltSize], key: key}.String()
	return p
}

// NewPassword says whether a password may be chosen by somebody of a name.
func NewPassword(name, password string) error {
	bad := func(want string) error {
		return &stt.Error{Code: stt.Invalid, Option: "password", Msg: "\"password\": expected " + want}
	}
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, isControl):
		return bad("text without control characters")
	case utf8.RuneCountInString(password) < MinPassword:
		return bad(fmt.Sprintf("at least %d characters; got %d", MinPassword, utf8.RuneCountInString(password)))
	case len(password) > maxPassword:
		return bad(fmt.Sprintf("at most %d bytes; got %d", maxPassword, len(password)))
	case strings.Trim(password, password[:1]) == "":
		return bad("more than one character again and again")
	case len(name) >= 4 && strings.Trim(strings.ReplaceAll(strings.ToLower(password), strings.ToLower(name), ""), "0123456789") == "":
		return bad("more than the name of the user and digits")
	}
	return nil
}

// Hash returns what to keep of a password, which has to be good (see [NewPassword]). temporary says that somebody else has chosen
// it; see [TemporaryPassword]. The error says that too many want one, or that ctx is done.
func (p *Passwords) Hash(ctx context.Context, password string, temporary bool) (string, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	k := kept{cost: p.cost, threads: 1, temporary: temporary, salt: make([]byte, saltSize)}
	rand.Read(k.salt)
	k.key = k.derive(password)
	return k.String(), nil
}

// Check reports whether a password is the one that was kept. Where nothing is, or what cannot be read, none is, after the same time.
// Once it is its turn it asks may, unless that is nil, and returns its error: what was allowed when it came need not be any more. Other errors say that
// too many ask, or that ctx is done.
func (p *Passwords) Check(ctx context.Context, keptAs, password string, may func() error) (good bool, err error) {
	k, ok := parseKept(keptAs)
	if len(password) > maxPassword {
		password, ok = password[:maxPassword], false
	}
	if !ok {
		k, _ = parseKept(p.decoy)
	}
	leave, err := p.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if may != nil {
		if err := may(); err != nil {
			return false, err
		}
	}
	same := subtle.ConstantTimeCompare(k.derive(password), k.key) == 1
	return same && ok, nil
}

// enter waits for a place.
func (p *Passwords) enter(ctx context.Context) (leave func(), err error) {
	busy := &stt.Error{Code: stt.Exhausted, Op: "sign in", Msg: "too many want to sign in at the same time; try again in a moment", RetryAfter: 2 * time.Second}
	select {
	case p.queue <- struct{}{}:
	default:
		return nil, busy
	}
	patience := time.NewTimer(hashPatience)
	defer patience.Stop()
	select {
	case p.work <- struct{}{}:
		return func() { <-p.work; <-p.queue }, nil
	case <-patience.C:
		err = busy
	case <-ctx.Done():
		err = stt.AsError(ctx.Err())
	}
	<-p.queue
	return nil, err
}

// TemporaryPassword reports whether what is kept is a password that somebody else has chosen: who signs in with it has to choose
// another one first.
func TemporaryPassword(keptAs string) bool {
	k, ok := parseKept(keptAs)
	return ok && k.temporary
}

// kept is what is kept of a password. Its text is in the PHC format, $argon2id$v=19$m=KIB,t=PASSES,p=THREADS$SALT$KEY; a parameter more
// says that it is temporary.
type kept struct {
	cost      Cost
	threads   uint8
	temporary bool
	salt, key []byte
}

// derive returns the key of a password, as long as the one that there is.
func (k kept) derive(password string) []byte {
	size := len(k.key)
	if size == 0 {
		size = keySize
	}
	return argon2.IDKey([]byte(password), k.salt, k.cost.Passes, k.cost.Memory, k.threads, uint32(size))
}

// String returns the text, which is for the store.
func (k kept) String() string {
	more := ""
	if k.temporary {
		more = ",temporary=1"
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d%s$%s$%s", argon2.Version, k.cost.Memory, k.cost.Passes, k.threads, more,
		b64.RawStdEncoding.EncodeToString(k.salt), b64.RawStdEncoding.EncodeToString(k.key))
}

// parseKept reads the text. It takes no parameters that would cost more than a server has: backups come from elsewhere.
func parseKept(text string) (k kept, ok bool) {
	const mostMemory, mostPasses, mostThreads = 128 << 10, 16, 8
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return kept{}, false
	}
	values := map[string]uint64{}
	for p := range strings.SplitSeq(parts[3], ",") {
		name, value, _ := strings.Cut(p, "=")
		n, err := strconv.ParseUint(value, 10, 32)
		if _, twice := values[name]; err != nil || twice || !strings.Contains(" m t p temporary ", " "+name+" ") {
			return kept{}, false
		}
		values[name] = n
	}
	m, t, p := values["m"], values["t"], values["p"]
	if m < 8 || m > mostMemory || t < 1 || t > mostPasses || p < 1 || p > mostThreads || values["temporary"] > 1 {
		return kept{}, false
	}
	k = kept{cost: Cost{Memory: uint32(m), Passes: uint32(t)}, threads: uint8(p), temporary: values["temporary"] == 1}
	var err1, err2 error
	k.salt, err1 = b64.RawStdEncoding.Strict().DecodeString(parts[4])
	k.key, err2 = b64.RawStdEncoding.Strict().DecodeString(parts[5])
	return k, err1 == nil && err2 == nil && len(k.salt) >= 8 && len(k.salt) <= 64 && len(k.key) >= 16 && len(k.key) <= 64
}
