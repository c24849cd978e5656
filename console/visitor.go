package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/http"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// How long somebody stays signed in, and in how many places at a time.
const (
	idleFor      = 8 * time.Hour  // without a request
	signedInFor  = 24 * time.Hour // whatever happens
	mostSessions = 10             // of a user, or with a token; by links together
	// seenEvery is how exactly the store knows when a session was used.
	seenEvery = 5 * time.Minute
)

// visitor is who sends a request.
type visitor struct {
	token           string // what the browser sends
	hash            [sha256.Size]byte
	row             store.ConsoleSession // the zero value: nobody is signed in
	user            store.User           // of a session of that kind
	account         string               // of the user; empty: the first one
	mustSetPassword bool
}

func (v *visitor) signedIn() bool { return v.row.ID != "" }
func (v *visitor) role() Role     { return roleOf(v.row.Role) }

// pacer is by what a visitor's requests are counted.
func (v *visitor) pacer(r *http.Request) string {
	if v.signedIn() {
		return v.row.ID
	}
	return network(r.RemoteAddr)
}

// network is who comes from an address: one of IPv4, or a network of 64 bits of IPv6.
func network(remote string) string {
	const customer = 64 // bits
	addr, ok := auth.Address(remote)
	if !ok {
		return ""
	}
	if addr.Is4() {
		return addr.String()
	}
	p, _ := addr.Prefix(customer)
	return p.String()
}

// identify returns who sends a request. Who is not signed in, or not any more, is a visitor all the same.
func (c *Console) identify(r *http.Request) (*visitor, error) {
	v := &visitor{}
	const longest = 128 // bytes; ours are shorter
	sent := r.CookiesNamed(cookieName(r))
	if len(sent) != 1 || sent[0].Value == "" || len(sent[0].Value) > longest {
		return v, nil
	}
	v.token, v.hash = sent[0].Value, sha256.Sum256([]byte(sent[0].Value))
	row, err := c.opts.Store.ConsoleSession(r.Context(), v.hash)
	switch {
	case stt.CodeOf(err) == stt.NotFound:
		return v, nil
	case err != nil:
		return nil, err
	}
	now := c.opts.Now()
	if now.Sub(row.Seen) >= idleFor || !c.stands(&row) {
		return v, nil
	}
	if row.User != "" {
		switch v.user, err = c.opts.Store.User(r.Context(), row.User); {
		case stt.CodeOf(err) == stt.NotFound:
			return v, nil
		case err != nil:
			return nil, err
		}
		v.account, v.mustSetPassword = v.user.Account, auth.TemporaryPassword(v.user.PasswordHash)
	}
	v.row = row
	if now.Sub(row.Seen) >= seenEvery {
		if err := c.opts.Store.SeeConsoleSession(context.WithoutCancel(r.Context()), v.hash); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// stands reports whether the token of the data folder that a session was opened with, if it was, is still the one that is good.
func (c *Console) stands(row *store.ConsoleSession) bool {
	if row.Kind != store.SessionToken || row.Token != "" {
		return true
	}
	return c.opts.Token != nil && c.basis() == row.Basis
}

// basis is what a session keeps of the token of the data folder: less than what that is checked by.
func (c *Console) basis() [sha256.Size]byte {
	digest := c.opts.Token.Digest()
	return sha256.Sum256(append([]byte("earshot console\x00"), digest[:]...))
}

// csrfHeader has the token that only pages of this server can know.
const csrfHeader = "X-Csrf-Token"

// csrf is that token. It follows from what the browser sends, which it does not tell.
func (v *visitor) csrf() string {
	mac := hmac.New(sha256.New, []byte(v.token))
	mac.Write([]byte("earshot console: request"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// genuine refuses what changes something and does not come from a page of this server.
func (v *visitor) genuine(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	values := r.Header.Values(csrfHeader)
	if len(values) != 1 || subtle.ConstantTimeCompare([]byte(values[0]), []byte(v.csrf())) != 1 {
		return &httpError{http.StatusForbidden, problem{codeCSRF, "expected the header X-CSRF-Token with what GET " + Prefix + "/session gives as \"csrf\"", ""}}
	}
	return nil
}

// cookieName is the cookie's. Cookies know no ports, so that the name has to: two servers on one machine would sign each other's people out.
func cookieName(r *http.Request) string {
	name := "earshot"
	if _, port, err := net.SplitHostPort(r.Host); err == nil && port != "" {
		name += "-" + port
	}
	return name
}

// cookie is what the browser keeps until it is closed. It is for HTTPS only, but for plain HTTP on this machine.
func cookie(r *http.Request, value string) *http.Cookie {
	c := &http.Cookie{Name: cookieName(r), Value: value, Path: "/console", HttpOnly: true, SameSite: http.SameSiteStrictMode, //nolint:gosec // it is not Secure where the comment says
		Secure: secure(r) || !loopback(r.Host)}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}
