package server

import (
	"cmp"
	"context"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/stt"
)

// protocolManagement is the name of the management of vocabularies in accounts.
const protocolManagement = "amazon-json"

// admitManagement lets a request about vocabularies in, or says that they come too fast. It is counted when it has been answered, with how it
// went; a client that goes away makes no error.
func (e *estate) admitManagement(ctx context.Context, caller auth.Principal) (done func(err error), why error) {
	key := cmp.Or(caller.Parent, caller.KeyID)
	done = func(err error) {
		if stt.CodeOf(err) == stt.Canceled {
			err = nil
		}
		e.ledger.Request(caller.Account, key, protocolManagement, err)
	}
	if err := e.gate.Request(ctx, caller.Account, key); err != nil {
		done(err)
		return nil, err
	}
	return done, nil
}
