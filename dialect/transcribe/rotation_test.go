package transcribe_test

import (
	"context"
	"encoding/hex"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// rotating is one access key whose secrets change.
type rotating struct{ secrets atomic.Pointer[[]string] }

func (r *rotating) AccessKey(_ context.Context, id string) (auth.AccessKey, error) {
	return auth.AccessKey{ID: id, Name: id, Secrets: *r.secrets.Load()}, nil
}

// A key may get another secret while a stream lasts, and the client's next message may be signed with it: clients fetch new
// credentials when they think fit. One that the key has not is refused all the same.
func TestSecretChanges(t *testing.T) {
	const next = "another secret, of the same key"
	for name, c := range map[string]struct {
		now  []string
		want []string
	}{
		"rotated":  {[]string{secret, next}, []string{opened, words, farewell}},
		"replaced": {[]string{next}, []string{opened, words, farewell}},
		"not its":  {[]string{secret}, []string{opened, words, "exception BadRequestException", "close 1008 BadRequestException"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := &rotating{}
				keys.secrets.Store(&[]string{secret})
				h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation)})}, dialect.Options{Keys: keys})
				client := h.connect(t)
				old := sealerWith(t, signer(), client.seed)
				msg, err := old.AppendAudio(nil, make([]byte, perSecond), time.Now())
				if err != nil {
					t.Fatal(err)
				}
				client.send(fin|opBinary, msg)
				synctest.Wait()
				keys.secrets.Store(&c.now)
				other := signer()
				other.Credentials = sigv4.Credentials{AccessKeyID: keyID, Secret: next}
				renewed := sealerWith(t, other, hex.EncodeToString(msg[47:79])) // the signature, behind prelude, date and its own name
				for _, audio := range [][]byte{make([]byte, perSecond/5), nil} {
					if msg, err = renewed.AppendAudio(nil, audio, time.Now()); err != nil {
						t.Fatal(err)
					}
					client.send(fin|opBinary, msg)
					synctest.Wait()
				}
				client.expect(c.want...)
				client.send(fin|opClose, closing(1000, ""))
				client.expect("gone")
				h.empty(t)
			})
		})
	}
}
