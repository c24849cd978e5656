package console

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// state is what GET session and POST signin answer.
type state struct {
	SignedIn        bool      `json:"signed_in"`
	Name            string    `json:"name,omitempty"`
	Role            Role      `json:"role,omitempty"`
	Kind            string    `json:"kind,omitempty"` // user, token or link
	Account         string    `json:"account,omitempty"`
	CSRF            string    `json:"csrf,omitempty"`
	Expires         time.Time `json:"expires,omitzero"`
	Version         string    `json:"version"`
	Region          string    `json:"region"`
	MustSetPassword bool      `json:"must_set_password"`
	// Users says to who is not signed in whether there is anybody who might have a password: a new server has no users. nil: it is not known.
	Users *bool `json:"users,omitempty"`
}

// state tells a visitor who he is.
func (c *Console) state(v *visitor) state {
	s := state{Version: c.opts.Version, Region: c.opts.Region}
	if !v.signedIn() {
		return s
	}
	s.SignedIn, s.Role, s.Kind, s.CSRF, s.Account = true, v.role(), string(v.row.Kind), v.csrf(), v.account
	s.Expires, s.MustSetPassword = v.row.Expires, v.mustSetPassword
	_, s.Name, _ = strings.Cut(v.row.Name, ":")
	if v.user.Name != "" {
		s.Name = v.user.Name
	}
	if s.Name == "" {
		s.Name = v.row.Name
	}
	return s
}

func (c *Console) session(q *call) error {
	if !q.signedIn() && q.token != "" {
		http.SetCookie(q.w, cookie(q.r, "")) // it is good for nothing any more
	}
	now := c.state(q.visitor)
	if !now.SignedIn {
		if some, _, err := c.opts.Store.Users(q.r.Context(), store.UserFilter{Page: store.Page{Max: 1}}); err == nil {
			now.Users = new(len(some) > 0)
		}
	}
	answer(q.w, http.StatusOK, now)
	return nil
}

// credentials are what somebody signs in with: one of three.
type credentials struct {
	User     *string `json:"user"`
	Password *string `json:"password"`
	Token    *string `json:"token"`
	Code     *string `json:"code"`
}

// longest bounds what somebody signs in with, in bytes.
const longest = 1024

func (n *credentials) check() error {
	given := 0
	for _, field := range []*string{n.User, n.Token, n.Code} {
		if field != nil {
			given++
		}
	}
	if given != 1 || (n.User == nil) != (n.Password == nil) {
		return stt.Errorf(stt.Invalid, "expected \"user\" and \"password\", or \"token\", or \"code\"")
	}
	for _, field := range []*string{n.User, n.Password, n.Token, n.Code} {
		if field != nil && (len(*field) > longest || !utf8.ValidString(*field)) {
			return stt.Errorf(stt.Invalid, "expected at most %d bytes of UTF-8 each", longest)
		}
	}
	return nil
}

// What a stranger learns of a way in. Whether there is such a user is not in it.
var (
	errPassword = stt.Errorf(stt.Unauthenticated, "that is not right: the user or the password is another")
	errToken    = stt.Errorf(stt.Unauthenticated, "that is not right, or not any more: this is no administrator's token of this server")
	errLink     = stt.Errorf(stt.Unauthenticated, "that is not right, or not any more: a link works once and for some minutes; \"earshot console\" prints another")
)

func (c *Console) signIn(q *call) error {
	var n credentials
	if err := decode(q.w, q.r, &n); err != nil {
		return err
	}
	if err := n.check(); err != nil {
		return err
	}
	if !secure(q.r) && !loopback(q.r.Host) {
		return stt.Errorf(stt.Denied, "a browser keeps nobody signed in over plain HTTP but on its own machine: open the console by https://, or as http://localhost on the machine of the server")
	}
	row, link, err := c.who(q.r, &n)
	if err != nil {
		if stt.CodeOf(err) == stt.Unauthenticated {
			c.opts.Log.Warn("console: sign-in refused", slog.String("remote", remote(q.r)))
		}
		return err
	}
	row.Remote, row.Expires = remote(q.r), c.opts.Now().Add(signedInFor)
	// What the browser had before is of no use to anybody from here on.
	if q.signedIn() {
		if err := c.opts.Store.CloseConsoleSession(q.r.Context(), c.actor(q), q.hash); err != nil && stt.CodeOf(err) != stt.NotFound {
			return err
		}
	}
	opened, token, err := c.opts.Store.OpenConsoleSession(q.r.Context(), store.Actor{Name: row.Name, Remote: row.Remote}, row, mostSessions, link)
	switch {
	case stt.CodeOf(err) == stt.NotFound: // somebody else was faster
		return c.guessed(q.r, errLink)
	case err != nil:
		return err
	}
	c.opts.Log.Info("console: signed in", slog.String("who", opened.Name), slog.String("remote", opened.Remote))
	v := &visitor{token: token, hash: sha256.Sum256([]byte(token)), row: opened}
	if opened.User != "" {
		if v.user, err = c.opts.Store.User(q.r.Context(), opened.User); err != nil {
			return err
		}
		v.account, v.mustSetPassword = v.user.Account, auth.TemporaryPassword(v.user.PasswordHash)
	}
	http.SetCookie(q.w, cookie(q.r, token))
	answer(q.w, http.StatusOK, c.state(v))
	return nil
}

// who finds out who signs in. Tokens and codes are too long to be guessed: who has the right one is never slowed down.
func (c *Console) who(r *http.Request, n *credentials) (row store.ConsoleSession, link *store.ConsoleLink, err error) {
	refused := errLink
	switch {
	case n.Token != nil:
		refused = errToken
		row, err = c.byToken(r.Context(), *n.Token)
	case n.Code != nil:
		var found store.ConsoleLink
		found, err = c.opts.Store.ConsoleLink(r.Context(), sha256.Sum256([]byte(*n.Code)))
		row, link = store.ConsoleSession{Kind: store.SessionLink, Name: "link:" + found.ID, Role: found.Role}, &found
	default:
		return c.byPassword(r, *n.User, *n.Password)
	}
	if stt.CodeOf(err) == stt.NotFound {
		return row, nil, c.guessed(r, refused)
	}
	return row, link, err
}

// guessed counts a wrong guess, and says that there were too many where there were.
func (c *Console) guessed(r *http.Request, err error) error {
	if c.opts.Throttle == nil {
		return err
	}
	slow := c.opts.Throttle.Check(r.RemoteAddr)
	c.opts.Throttle.Failed(r.RemoteAddr)
	if slow != nil {
		return slow
	}
	return err
}

// byToken returns the session of who has an administrator's token. One that nobody has is NotFound.
func (c *Console) byToken(ctx context.Context, token string) (store.ConsoleSession, error) {
	if c.opts.Token != nil {
		basis := c.basis()
		if who, err := c.opts.Token.CheckAdmin(token); err == nil {
			return store.ConsoleSession{Kind: store.SessionToken, Name: who.Name, Role: store.RoleAdmin, Basis: basis}, nil
		}
	}
	kept, err := c.opts.Store.AdminTokenByHash(ctx, sha256.Sum256([]byte(token)))
	switch {
	case err != nil:
		return store.ConsoleSession{}, err
	case kept.Disabled, !kept.Expires.IsZero() && !c.opts.Now().Before(kept.Expires):
		return store.ConsoleSession{}, stt.Errorf(stt.NotFound, "disabled")
	}
	return store.ConsoleSession{Kind: store.SessionToken, Token: kept.ID, Name: called("token:", kept.Name, kept.ID), Role: kept.Role}, nil
}

// called is how somebody is called in the audit log: by the id where the name is too long.
func called(kind, name, id string) string {
	const most = 128
	if utf8.RuneCountInString(kind+name) > most {
		name = id
	}
	return kind + name
}

// byPassword returns the session of a user. Passwords can be guessed: after too many wrong ones nobody is let in for a while, by address and
// by name. A name that nobody has takes as long as one that somebody has.
func (c *Console) byPassword(r *http.Request, name, password string) (row store.ConsoleSession, link *store.ConsoleLink, err error) {
	now := c.opts.Now()
	if c.opts.Throttle != nil {
		if err := c.opts.Throttle.Check(r.RemoteAddr); err != nil {
			return row, nil, err
		}
	}
	counted, err := c.names.try(name, network(r.RemoteAddr), now)
	if err != nil {
		return row, nil, err
	}
	wrong := false
	defer func() {
		if !wrong {
			c.names.right(counted, now)
		}
	}()
	user, err := c.userOf(r.Context(), name)
	if err != nil && stt.CodeOf(err) != stt.NotFound {
		return row, nil, err
	}
	good, err := c.opts.Passwords.Check(r.Context(), user.PasswordHash, password, func() error {
		if c.opts.Throttle == nil {
			return nil
		}
		return c.opts.Throttle.Check(r.RemoteAddr) // again: others of the address may have been wrong meanwhile
	})
	if err != nil {
		return row, nil, err
	}
	if good && !user.Disabled {
		account, err := c.opts.Store.Account(r.Context(), user.Account)
		if err != nil {
			return row, nil, err
		}
		good = !account.Disabled
	}
	if !good || user.Disabled {
		wrong = true
		return row, nil, c.guessed(r, errPassword)
	}
	c.names.succeeded(name, network(r.RemoteAddr))
	return store.ConsoleSession{Kind: store.SessionUser, User: user.ID, Name: called("user:", user.Name, user.ID), Role: user.Role}, nil, nil
}

// userOf returns the user that somebody means: the only one of that name, or else the one of the first account. Users of other accounts
// whose name is taken there too call themselves account/name. It asks the store the same number of times whatever there is.
func (c *Console) userOf(ctx context.Context, name string) (store.User, error) {
	home, err := c.opts.Account(ctx)
	if err != nil {
		return store.User{}, err
	}
	plain, err := c.opts.Store.UsersNamed(ctx, name)
	if err != nil {
		return store.User{}, err
	}
	account, rest, _ := strings.Cut(name, "/")
	owner, err := c.opts.Store.AccountByName(ctx, account)
	if err != nil && stt.CodeOf(err) != stt.NotFound {
		return store.User{}, err
	}
	within, err := c.opts.Store.UserByName(ctx, owner.ID, rest)
	if err != nil && stt.CodeOf(err) != stt.NotFound {
		return store.User{}, err
	}
	first, err := c.opts.Store.UserByName(ctx, home, name)
	switch {
	case err == nil:
		return first, nil
	case stt.CodeOf(err) != stt.NotFound:
		return store.User{}, err
	case len(plain) == 1:
		return plain[0], nil
	case within.ID != "":
		return within, nil
	}
	return store.User{}, err
}

func (c *Console) signOut(q *call) error {
	if err := c.opts.Store.CloseConsoleSession(q.r.Context(), c.actor(q), q.hash); err != nil && stt.CodeOf(err) != stt.NotFound {
		return err
	}
	http.SetCookie(q.w, cookie(q.r, ""))
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// change is a password and the one that comes after it.
type change struct {
	Old string `json:"old"`
	New string `json:"new"`
}

func (c *Console) changePassword(q *call) error {
	var in change
	if err := decode(q.w, q.r, &in); err != nil {
		return err
	}
	if q.row.Kind != store.SessionUser {
		return stt.Errorf(stt.Conflict, "you are signed in by a %s and have no password; users have", q.row.Kind)
	}
	if err := auth.NewPassword(q.user.Name, in.New); err != nil {
		return invalid("new", "%s", strings.Replace(stt.AsError(err).Msg, `"password"`, `"new"`, 1))
	}
	if in.Old == in.New {
		return invalid("new", "\"new\": expected another password than the old one")
	}
	now := c.opts.Now()
	counted, err := c.names.try(q.user.Name, network(q.r.RemoteAddr), now)
	if err != nil {
		return err
	}
	good, err := c.opts.Passwords.Check(q.r.Context(), q.user.PasswordHash, in.Old, nil)
	if good || err != nil {
		c.names.right(counted, now)
	}
	if err != nil {
		return err
	}
	if !good { // whoever has found a browser open must not try them all
		return &httpError{http.StatusForbidden, problem{stt.Denied.String(), "\"old\": that is not your password", "old"}}
	}
	hash, err := c.opts.Passwords.Hash(q.r.Context(), in.New, false)
	if err != nil {
		return err
	}
	if err := c.opts.Store.ChangePassword(q.r.Context(), c.actor(q), q.user.ID, q.user.PasswordHash, hash, q.hash); err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// actor is who does something, for the audit log.
func (c *Console) actor(q *call) store.Actor {
	return store.Actor{Name: q.row.Name, Remote: remote(q.r)}
}
