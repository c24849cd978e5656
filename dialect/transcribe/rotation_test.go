package transcribe_test

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
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

// A stream that was opened, or goes on, with a secret that the key has not any more ends a second later, by either transport; one that has
// come to another secret meanwhile goes on.
func TestStreamEndsWithItsSecret(t *testing.T) {
	const next = "another secret, of the same key"
	for name, c := range map[string]struct {
		with   string   // what the stream is opened with
		during []string // the key's secrets then
		after  []string
		then   string // what messages after that are signed with
		over   bool
	}{
		"replaced":                           {secret, []string{secret}, []string{next}, secret, true},
		"the grace ends":                     {secret, []string{next, secret}, []string{next}, secret, true},
		"the grace goes on":                  {secret, []string{secret}, []string{next, secret}, secret, false},
		"opened with the new one":            {next, []string{next, secret}, []string{next}, next, false},
		"opened with the new one, last":      {next, []string{secret, next}, []string{next}, next, false},
		"the client has the new one":         {secret, []string{next, secret}, []string{next}, next, false},
		"the client goes back to an old one": {next, []string{next, secret}, []string{next}, secret, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := &rotating{}
				keys.secrets.Store(&c.during)
				h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation)})}, dialect.Options{Keys: keys})
				p := &post{t: t, path: wire.PathHTTP2, method: "POST", signer: signer(), header: http.Header{"X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash},
					"X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Media-Encoding": {"pcm"}, "X-Amzn-Transcribe-Sample-Rate": {"16000"}}}
				p.signer.Credentials.Secret = c.with
				p.do(h.net.Client())
				p.expect("200", opened)
				var last []byte
				speak := func(with string) {
					pass(2 * time.Second)
					if with != p.signer.Credentials.Secret { // the chain goes on from the last signature
						p.signer.Credentials.Secret = with
						p.sealer = sealerWith(t, p.signer, hex.EncodeToString(last[47:79]))
					}
					msg, err := p.sealer.AppendAudio(nil, make([]byte, perSecond/10), time.Now())
					if err != nil {
						t.Fatal(err)
					}
					last = msg
					p.send(msg)
					synctest.Wait()
				}
				speak(c.with)
				p.expect()
				if c.then != c.with {
					speak(c.then) // while both are good
					p.expect()
				}
				keys.secrets.Store(&c.after)
				speak(c.then)
				if c.over {
					pass(time.Second)
					p.expect("exception UnrecognizedClientException", "end")
				} else {
					p.expect()
				}
				p.hangUp()
				pass(time.Second)
				h.empty(t)
			})
		})
	}
}

// A session token that the signature does not cover may have been put there by whoever passed the request on. One that is signed, of a key that has
// none, is what an old environment makes SDKs send.
func TestTokensThatDoNotBelong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *post)
		want   []string
	}{
		"not signed": {func(p *post) { p.added = http.Header{"X-Amz-Security-Token": {"somebody's"}} },
			[]string{"400", "x-amzn-errortype: IncompleteSignatureException"}},
		"signed, of a key that has none": {func(p *post) { p.signer.Credentials.SessionToken = "left over" }, []string{"200"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{})
				p := &post{t: t, path: wire.PathHTTP2, method: "POST", signer: signer(), header: http.Header{"X-Amz-Content-Sha256": {sigv4.StreamingPayloadHash},
					"X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Media-Encoding": {"pcm"}, "X-Amzn-Transcribe-Sample-Rate": {"16000"}}}
				c.change(p)
				p.do(h.net.Client())
				pass(time.Second)
				got := p.heard()
				if len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) {
					t.Errorf("got %q, expected %q", got, c.want)
				}
				p.hangUp()
				h.empty(t)
			})
		})
	}
}
