package identity

import (
	"context"
	"errors"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// Sessions are those that are open. A *session.Service is them.
type Sessions interface {
	Sessions() []session.Live
	End(serial string, why error) bool
}

// watchEvery is the longest that a session goes on whose key is known not to be good any more.
const watchEvery = time.Second

// Watch ends the open sessions of who would not be let in any more, whatever the protocol and whether anything is sent or not, until
// ctx is done. It looks once a second, and at once when something administrative has changed. It is called once.
func (k *Keys) Watch(ctx context.Context, sessions Sessions) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-k.changed:
		case <-ctx.Done():
			return
		}
		k.endOver(ctx, sessions)
	}
}

// endOver ends the sessions whose key is not good any more. Each key is looked up once.
func (k *Keys) endOver(ctx context.Context, sessions Sessions) {
	verdicts := map[string]error{}
	live := sessions.Sessions()
	for i := range live {
		s := &live[i]
		if s.Ending || s.Request.Caller == "" {
			continue
		}
		why, asked := verdicts[s.Request.Caller]
		if !asked {
			why = k.Still(ctx, s.Request.Caller)
			verdicts[s.Request.Caller] = why
		}
		if why != nil {
			sessions.End(s.Serial, why)
		}
	}
}

// Still returns nil while what a key has been let in for may go on: the key is there, and neither it nor its account or user is
// disabled, nor has it ended. Otherwise the error is [stt.Unauthenticated] or [stt.Expired]. That temporary credentials have ended is no reason, since
// only what begins asks for them; that the key has which they derive from is one. Where it cannot be found out the answer is nil.
func (k *Keys) Still(ctx context.Context, id string) error {
	if id == auth.APIKeyID { // the key of a file, which has no other name
		return nil
	}
	if k.apiKeys.entry(id) != nil { // so that the store is not asked in vain for an access key
		err := k.stillAPIKey(ctx, id)
		if stt.CodeOf(err) == stt.NotFound {
			return overAPIKey()
		}
		return err
	}
	a, err := k.access.get(ctx, id)
	switch {
	case err == nil:
		return k.stillAccess(ctx, a)
	case stt.CodeOf(err) != stt.NotFound:
		return nil
	}
	if err := k.stillAPIKey(ctx, id); stt.CodeOf(err) != stt.NotFound {
		return err
	}
	if _, err := k.files.accessKey(ctx, id); stt.CodeOf(err) == stt.Unauthenticated {
		return over("it is not in the file any more")
	}
	return nil
}

// stillAccess is Still for an access key of the store.
func (k *Keys) stillAccess(ctx context.Context, a *access) error {
	now := time.Now()
	switch {
	case a.key.Disabled:
		return over(a.key.Why)
	case len(a.at(now).Secrets) == 0:
		return over("the key has no secret that is still good")
	case a.key.Parent != "":
		return k.Still(ctx, a.key.Parent) // which derives from no other: what does is disabled
	case !a.key.Expires.IsZero() && !now.Before(a.key.Expires):
		return &stt.Error{Code: stt.Expired, Op: "go on", Option: "token", Msg: "the credentials have expired; fetch new ones"}
	}
	return nil
}

// stillAPIKey is Still for an API key of the store; NotFound: there is none of the id.
func (k *Keys) stillAPIKey(ctx context.Context, id string) error {
	row, err := k.apiKeys.get(ctx, id)
	if err == nil {
		_, err = k.allows(ctx, row)
		if stt.CodeOf(err) == stt.NotFound {
			return overAPIKey() // its account or user is gone
		}
	}
	switch stt.CodeOf(err) {
	case stt.NotFound, stt.Expired:
		return err
	case stt.Unauthenticated:
		over := overAPIKey()
		over.Err = stt.AsError(err).Err
		return over
	}
	return nil
}

// over is what clients are told whose access key is not good any more: the same as those whose key never was. why is for the log.
func over(why string) error {
	return &stt.Error{Code: stt.Unauthenticated, Op: "go on", Msg: wire.TextUnknownKey, Err: errors.New(why)}
}

func overAPIKey() *stt.Error {
	return &stt.Error{Code: stt.Unauthenticated, Op: "go on", Msg: "the API key is not good any more: it, its user or its account has been disabled or deleted"}
}
