package admin

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// TokenChecker knows the administrator's token of the data folder. An [auth.AdminToken] is one.
type TokenChecker interface {
	// CheckAdmin returns who has the token, or an [stt.Unauthenticated] error, in a time that does not tell how much of a
	// wrong token was right.
	CheckAdmin(token string) (auth.Principal, error)
}

// Throttle slows down whoever guesses. An identity.Throttle is one. Its methods may be called from any goroutine.
type Throttle interface {
	// Check returns nil where an address may try, else an [stt.Quota] error with the time to wait. remote is what package net/http calls a
	// remote address.
	Check(remote string) error
	// Failed notes that what an address presented was wrong.
	Failed(remote string)
}

// Administrator is who asks.
type Administrator struct {
	Name string // as it stands in the audit log
	Role Role
}

// Role is what an administrator may do; later ones may do what earlier ones may.
type Role string

// The roles, as they are called here and in the console.
const (
	Viewer   Role = "viewer"        // reads
	Operator Role = "operator"      // and makes and changes accounts, keys and prices, and ends streams
	Admin    Role = "administrator" // and does the same to users and administrators' tokens
)

// ranks orders the roles. One that is not here may do nothing.
var ranks = map[Role]int{Viewer: 1, Operator: 2, Admin: 3}

// may reports whether somebody may do what needs a role.
func (a Administrator) may(needs Role) bool { return ranks[needs] > 0 && ranks[a.Role] >= ranks[needs] }

// stored is the role's name in the store.
func (r Role) stored() (store.Role, bool) {
	switch r {
	case Viewer:
		return store.RoleViewer, true
	case Operator:
		return store.RoleMember, true
	case Admin:
		return store.RoleAdmin, true
	}
	return "", false
}

// RoleIn returns how a role is kept in the store; ok is false for what is none.
func RoleIn(r Role) (kept store.Role, ok bool) { return r.stored() }

// RoleOf is the other direction of [RoleIn]. What is not known may do the least.
func RoleOf(r store.Role) Role {
	switch r {
	case store.RoleAdmin:
		return Admin
	case store.RoleMember:
		return Operator
	default:
		return Viewer
	}
}

// maxToken bounds what is hashed for a stranger.
const maxToken = 1024

// identify returns who sent a request. All that a stranger learns is whether the token is good. Who has a good one is never slowed
// down, even where others guess from the same address: tokens are too long to be guessed in the meantime.
func (h *Handler) identify(r *http.Request) (Administrator, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		// Nothing was guessed, so that nothing is counted: a browser asks for the first time like this.
		return Administrator{}, stt.Errorf(stt.Unauthenticated, "expected an administrator's token: Authorization: Bearer TOKEN")
	}
	who, err := h.check(r.Context(), values)
	if stt.CodeOf(err) != stt.Unauthenticated {
		return who, err
	}
	if h.throttle != nil {
		slow := h.throttle.Check(r.RemoteAddr)
		h.throttle.Failed(r.RemoteAddr)
		if slow != nil {
			return Administrator{}, slow
		}
	}
	h.log.Warn("administration refused", slog.String("remote", remote(r)))
	return Administrator{}, err
}

func (h *Handler) check(ctx context.Context, values []string) (Administrator, error) {
	refused := stt.Errorf(stt.Unauthenticated, "expected a good administrator's token: Authorization: Bearer TOKEN")
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return Administrator{}, refused
	}
	if h.token != nil {
		if who, err := h.token.CheckAdmin(token); err == nil {
			return Administrator{Name: who.Name, Role: Admin}, nil
		}
	}
	// The database compares hashes: how long that takes tells nothing about a token that has 160 random bits.
	kept, err := h.store.AdminTokenByHash(ctx, sha256.Sum256([]byte(token)))
	switch {
	case stt.CodeOf(err) == stt.NotFound:
		return Administrator{}, refused
	case err != nil:
		return Administrator{}, err
	case kept.Disabled, !kept.Expires.IsZero() && !h.now().Before(kept.Expires):
		return Administrator{}, refused
	}
	return Administrator{Name: actorName(kept), Role: RoleOf(kept.Role)}, nil
}

// actorName is how an administrator's token is called in the audit log, which bounds names as it bounds the tokens'. The id of one whose
// name is too long tells it from others that begin alike.
func actorName(t store.AdminToken) string {
	const longest = 128
	name := "token:" + t.Name
	if utf8.RuneCountInString(name) > longest {
		name = "token:" + t.ID
	}
	return name
}
