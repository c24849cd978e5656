package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// goodFor is how long an address or a ticket lets a stream begin. A stream that has begun goes on.
const goodFor = time.Minute

// keyName is what the key of an account is called that the console's usage goes to, and keyID how its id begins; the account follows.
const (
	keyName = "console"
	keyID   = auth.ConsoleKey
)

// streamOnly is what the console's keys may do: stream from a browser.
const streamOnly = `{"Version":"2012-10-17","Statement":[{"Sid":"Console","Effect":"Allow","Action":["transcribe:StartStreamTranscriptionWebSocket",` +
	`"transcribe:StartMedicalStreamTranscriptionWebSocket"],"Resource":"*"}]}`

// Signer signs addresses.
type Signer interface {
	// Presign returns the address, or an *stt.Error that says which parameter is wrong.
	Presign(ctx context.Context, p Presign) (string, error)
}

// Presign is an address to be signed.
type Presign struct {
	AccessKeyID, Secret, SessionToken string

	Host       string // as the browser asks for it
	Secure     bool   // it speaks TLS
	Region     string
	Medical    bool
	Parameters url.Values
	Expires    time.Duration // how long it is good
}

// parent makes sure that an account has its key for the console, and returns it. Nobody is shown its secret. An administrator may
// disable it, give it limits, or another policy.
func (c *Console) parent(ctx context.Context, by store.Actor, account string) (store.AccessKey, error) {
	id := keyID + account
	key, err := c.opts.Store.DescribeAccessKey(ctx, id)
	if stt.CodeOf(err) != stt.NotFound {
		return key, err
	}
	key, err = c.opts.Store.CreateAccessKey(ctx, by, store.AccessKey{ID: id, Account: account, Name: keyName, Policy: streamOnly})
	if stt.CodeOf(err) == stt.Conflict { // somebody else was faster
		return c.opts.Store.DescribeAccessKey(ctx, id)
	}
	return key, err
}

// key returns the access key that is a session's own, with its secret, and makes it when it is first needed. The session token follows
// from the secret, so that every server on the store knows it.
func (c *Console) key(q *call) (key store.AccessKey, token string, err error) {
	ctx, by := q.r.Context(), c.actor(q)
	account := q.account
	if account == "" {
		if account, err = c.opts.Account(ctx); err != nil {
			return key, "", err
		}
	}
	parent, err := c.parent(ctx, by, account)
	if err != nil {
		return key, "", err
	}
	if now := c.opts.Now(); parent.Disabled || !parent.Expires.IsZero() && !now.Before(parent.Expires) {
		return key, "", stt.Errorf(stt.Denied, "the key %q of this account, by which the console streams, is disabled or has expired; an operator can enable it below Access", parent.ID)
	}
	id := keyID + q.row.ID
	key, err = c.opts.Store.AccessKey(ctx, id)
	if stt.CodeOf(err) == stt.NotFound {
		secret := newSecret()
		hash := sha256.Sum256([]byte(sessionToken(secret)))
		key, err = c.opts.Store.CreateAccessKey(ctx, by, store.AccessKey{ID: id, Account: account, User: q.row.User, Name: called(keyName+": ", q.row.Name, q.row.ID), Policy: streamOnly,
			Limits: parent.Limits, Expires: q.row.Expires, Parent: parent.ID, TokenHash: hash[:], Secrets: []store.Secret{{Value: secret}}})
		if stt.CodeOf(err) == stt.Conflict {
			key, err = c.opts.Store.AccessKey(ctx, id)
		}
	}
	switch {
	case err != nil:
		return key, "", err
	case key.Disabled || len(key.Secrets) == 0:
		return key, "", stt.Errorf(stt.Denied, "an administrator has disabled the key by which you stream; sign out and in again")
	}
	token = sessionToken(key.Secrets[len(key.Secrets)-1].Value)
	if sum := sha256.Sum256([]byte(token)); subtle.ConstantTimeCompare(sum[:], key.TokenHash) != 1 {
		return key, "", stt.Errorf(stt.Denied, "somebody has given the key by which you stream another secret; sign out and in again")
	}
	return key, token, nil
}

// newSecret has 240 random bits.
func newSecret() string {
	random := make([]byte, 30)
	rand.Read(random)
	return base64.RawURLEncoding.EncodeToString(random)
}

// sessionToken is the token that belongs to a session's key.
func sessionToken(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("earshot console: session token"))
	return hex.EncodeToString(mac.Sum(nil))
}

// wish is the stream that an address is for.
type wish struct {
	Parameters map[string]string `json:"parameters"`
	Region     string            `json:"region"`
	Medical    bool              `json:"medical"`
}

func (n *wish) check() error {
	const most, longest = 64, 2048
	if len(n.Parameters) > most {
		return invalid("parameters", "\"parameters\": expected at most %d; got %d", most, len(n.Parameters))
	}
	for name, value := range n.Parameters {
		if len(name) > 64 || len(value) > longest {
			return invalid("parameters", "\"parameters\": expected names of at most 64 and values of at most %d bytes", longest)
		}
		if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			return invalid("parameters", "\"parameters\": expected none of the signature's, which begin with X-Amz-")
		}
	}
	if len(n.Region) > 64 || strings.Trim(n.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return invalid("region", "\"region\": expected a region such as us-east-1")
	}
	return nil
}

// address is one that is signed.
type address struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

func (c *Console) presign(q *call) error {
	var in wish
	if err := decode(q.w, q.r, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	if in.Region == "" {
		in.Region = c.opts.Region
	}
	if err := c.pace.sign(q.row.ID, c.opts.Now()); err != nil {
		return err
	}
	key, token, err := c.key(q)
	if err != nil {
		return err
	}
	parameters := url.Values{}
	for name, value := range in.Parameters {
		parameters.Set(name, value)
	}
	signed, err := c.opts.Sign.Presign(q.r.Context(), Presign{AccessKeyID: key.ID, Secret: key.Secrets[0].Value, SessionToken: token, Host: q.r.Host,
		Secure: secure(q.r), Region: in.Region, Medical: in.Medical, Parameters: parameters, Expires: goodFor})
	if err != nil {
		return err
	}
	if err := c.made(q, "presign", &key, map[string]any{"region": in.Region, "medical": in.Medical}); err != nil {
		return err
	}
	answer(q.w, http.StatusOK, address{URL: signed, Expires: c.opts.Now().Add(goodFor).UTC().Truncate(time.Second)})
	return nil
}

// made writes down that an address or a ticket was made. That is a use of the session's key and of the one that it derives from, which shows at
// once: who looks at the list of keys after his first words sees which of them it was.
func (c *Console) made(q *call, action string, key *store.AccessKey, detail map[string]any) error {
	ctx := q.r.Context()
	if err := c.opts.Store.Note(ctx, c.actor(q), store.AuditEntry{Action: action, Kind: "access-key", Target: key.ID, Account: key.Account}, detail); err != nil {
		return err
	}
	now := c.opts.Now()
	return c.opts.Store.Touch(ctx, []store.Use{{ID: key.ID, At: now}, {ID: key.Parent, At: now}})
}

// ticket is what stands in for an API key.
type ticket struct {
	APIKey  string    `json:"api_key"`
	Expires time.Time `json:"expires"`
}

func (c *Console) ticket(q *call) error {
	if err := c.pace.sign(q.row.ID, c.opts.Now()); err != nil {
		return err
	}
	key, _, err := c.key(q)
	if err != nil {
		return err
	}
	// The page that asks is the one that may use it.
	t := auth.Ticket{Key: key.ID, Expires: c.opts.Now().Add(goodFor).UTC().Truncate(time.Second), Origin: q.r.Header.Get("Origin")}
	if err := c.made(q, "ticket", &key, nil); err != nil {
		return err
	}
	answer(q.w, http.StatusOK, ticket{APIKey: t.Sign(key.Secrets[0].Value), Expires: t.Expires})
	return nil
}
