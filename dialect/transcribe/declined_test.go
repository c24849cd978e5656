package transcribe_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// askInVain asks for a stream that it does not get, by WebSocket or over HTTP/2, signed so long ago.
func askInVain(t *testing.T, h http.Handler, http2 bool, with sigv4.Signer, query string, ago time.Duration) {
	t.Helper()
	at := time.Now().Add(-ago)
	r := httptest.NewRequest("POST", "http://"+host+wire.PathHTTP2, http.NoBody)
	r.ProtoMajor, r.Proto = 2, "HTTP/2.0"
	var err error
	if http2 {
		r.Header = http.Header{"X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Media-Encoding": {"pcm"}, "X-Amzn-Transcribe-Sample-Rate": {"16000"}}
		if strings.Contains(query, "=1&") {
			r.Header.Set("X-Amzn-Transcribe-Sample-Rate", "1")
		}
		_, err = with.SignHeaders("POST", "http://"+host+wire.PathHTTP2, r.Header, "", at)
	} else {
		var signed string
		signed, _, err = with.Presign("GET", "ws://"+host+wire.PathWebSocket+"?"+query, time.Minute, at)
		if err == nil {
			r = httptest.NewRequest("GET", requestURI(t, signed), nil)
			for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
				r.Header.Set(name, value)
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// Whoever counts is told of every request for a stream that gets none, and why: of those whose caller is not known as strangers, and of the
// others with their account.
func TestWhoCountsIsToldOfRefusals(t *testing.T) {
	wrong := signer()
	wrong.Credentials.Secret += "x"
	rate := strings.Replace(usual, "16000", "1", 1) + "&"
	for _, c := range []struct {
		what     string
		with     sigv4.Signer
		ago      time.Duration
		policies []string
		query    string
		stranger bool
		code     stt.Code
	}{
		{"a secret that was rotated", wrong, 0, []string{allowing("")}, usual, true, stt.Unauthenticated},
		{"signed long ago", signer(), time.Hour, []string{allowing("")}, usual, true, stt.Expired},
		{"a policy that does not allow it", signer(), 0, nil, usual, false, stt.Denied},
		{"what cannot be understood", signer(), 0, []string{allowing("")}, rate, false, stt.Invalid},
	} {
		for _, http2 := range []bool{false, true} {
			protocol := map[bool]string{false: dialect.Protocol, true: dialect.ProtocolHTTP2}[http2]
			var strangers, known []string
			sessions := session.NewService(session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation)})})
			h := dialect.New(dialect.Options{Sessions: sessions, Keys: keysOf(may(t, c.policies...)),
				Strangers: func(_ context.Context, r *session.Request, why error) {
					strangers = append(strangers, r.Protocol+" "+r.Account+" "+stt.CodeOf(why).String())
				},
				Declined: func(_ context.Context, r *session.Request, why error) {
					known = append(known, r.Protocol+" "+r.Account+" "+r.Payer()+" "+stt.CodeOf(why).String())
				}})
			askInVain(t, h, http2, c.with, c.query, c.ago)
			wantKnown, wantStrangers := []string{protocol + " 111122223333 " + keyID + " " + c.code.String()}, []string(nil)
			if c.stranger {
				wantKnown, wantStrangers = nil, []string{protocol + "  " + c.code.String()}
			}
			if !slices.Equal(strangers, wantStrangers) || !slices.Equal(known, wantKnown) {
				t.Errorf("%s, %s: strangers %q, known %q; want %q and %q", c.what, protocol, strangers, known, wantStrangers, wantKnown)
			}
		}
	}
}

// The log says why a key that there is lets nobody in. The client is told what it is told of one that there is not.
func TestDisabledKeyInLog(t *testing.T) {
	for _, why := range []string{"", auth.AccountDisabled, auth.UserDisabled, auth.ParentDisabled} {
		var log bytes.Buffer
		key := may(t, allowing(""))
		key.Disabled, key.Why = true, why
		var told error
		h := dialect.New(dialect.Options{Keys: keysOf(key), Log: slog.New(slog.NewTextHandler(&log, nil)),
			Strangers: func(_ context.Context, _ *session.Request, why error) { told = why }})
		askInVain(t, h, true, signer(), usual, 0)
		want := why
		if why == "" {
			want = auth.KeyDisabled
		}
		if line := log.String(); !strings.Contains(line, want) || strings.Contains(line, "that this server knows") {
			t.Errorf("%q: %s", want, line)
		}
		if x := wire.ExceptionOf(told); x.Name != wire.UnrecognizedClient || x.Message != wire.TextUnknownKey {
			t.Errorf("%q: the client is told %+v", want, x)
		}
	}
}

// Requests about vocabularies are counted with how they went.
func TestManagementSaysHowItWent(t *testing.T) {
	d := newDesk(t)
	const made = `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["a"]}`
	d.mine("CreateVocabulary", made)
	d.ask(keyID, secret, "CreateVocabulary", made)
	d.ask(keyID, secret, "GetVocabulary", `{"VocabularyName":"none"}`)
	d.ask("AKIDREAD", secret+"r", "DeleteVocabulary", `{"VocabularyName":"v"}`)
	d.ask("AKIDNOBODY", secret, "GetVocabulary", `{"VocabularyName":"v"}`)
	d.mine("ListVocabularies", `{}`)
	if want := []string{"ok", "conflict", "not-found", "denied", "ok"}; !slices.Equal(d.done, want) {
		t.Errorf("counted %q, want %q", d.done, want)
	}
}
