package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

func parsed(t *testing.T, text string) policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	socketOnly = `{"Version":"2012-10-17","Statement":[{"Sid":"my-transcribe-websocket-policy","Effect":"Allow","Action":"transcribe:StartStreamTranscriptionWebSocket","Resource":"*"}]}`
	denyAll    = `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`
	allowAll   = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	socket     = "transcribe:StartStreamTranscriptionWebSocket"
)

func TestAuthorize(t *testing.T) {
	alice := Principal{KeyID: idA, Name: "laptop", Account: "111122223333", User: "alice"}
	with := func(texts ...string) Principal {
		p := alice
		for _, text := range texts {
			p.Policies = append(p.Policies, parsed(t, text))
		}
		return p
	}
	const (
		prefix = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: "
		names  = "arn:aws:transcribe:us-east-1:111122223333:vocabulary/names"
	)
	for _, c := range []struct {
		name             string
		who              Principal
		action, resource string
		want             string // empty: allowed
	}{
		{"allowed", with(socketOnly), socket, "*", ""},
		{"another action", with(socketOnly), "transcribe:StartStreamTranscription", "*",
			prefix + "transcribe:StartStreamTranscription because no identity-based policy allows the transcribe:StartStreamTranscription action"},
		{"denied", with(allowAll, denyAll), socket, "*", prefix + socket + " with an explicit deny in an identity-based policy"},
		{"one of two does not allow", with(allowAll, socketOnly), "transcribe:CreateVocabulary", names,
			prefix + "transcribe:CreateVocabulary on resource: " + names + " because no identity-based policy allows the transcribe:CreateVocabulary action"},
		{"no policy", with(), socket, "*", prefix + socket + " because no identity-based policy allows the " + socket + " action"},
		{"a policy that could not be read", Principal{Account: "1", Name: "x", Policies: []policy.Policy{{}}}, socket, "*",
			"User: arn:aws:iam::1:user/x is not authorized to perform: " + socket + " because no identity-based policy allows the " + socket + " action"},
		{"administrator", Principal{KeyID: AdminID, Admin: true}, "anything", "at:all", ""},
		{"a line break in an action", with(socketOnly), "a\nb", "*", prefix + `a\nb because no identity-based policy allows the a\nb action`},
		{"the zero principal", Principal{}, socket, "*", "User: arn:aws:iam:::user/ is not authorized to perform: " + socket + " because no identity-based policy allows the " + socket + " action"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Authorize(c.who, c.action, c.resource, c.who.Context(Origin{Remote: "192.0.2.1:5"}, time.Now()))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (stt.CodeOf(err) != stt.Denied || stt.AsError(err).Msg != c.want):
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}

func TestDefaultPolicy(t *testing.T) {
	if parsed(t, DefaultPolicyText).Len() != 2 {
		t.Error("the text does not have two statements")
	}
	who := AccessKey{ID: idA, Secrets: []string{secretA}}.Principal()
	if who.Account != DefaultAccount {
		t.Errorf("account %q", who.Account)
	}
	for action, want := range map[string]bool{socket: true, "transcribe:StartStreamTranscription": true, "transcribe:StartMedicalStreamTranscription": true,
		"transcribe:StartMedicalStreamTranscriptionWebSocket": true, "transcribe:DeleteVocabularyFilter": true, "transcribe:TagResource": true,
		"transcribe:StartTranscriptionJob": false, "transcribe:StartMedicalScribeStream": false, "iam:CreateUser": false, "*": false} {
		if err := Authorize(who, action, "*", nil); (err == nil) != want {
			t.Errorf("%s: %v", action, err)
		}
	}
	for _, action := range Actions() {
		if err := Authorize(who, action, "*", nil); err != nil {
			t.Error(err)
		}
	}
	if idle := DefaultPolicy().Idle(Actions()); idle != nil {
		t.Errorf("the default policy names what nobody can do: %q", idle)
	}
	// Taking all policies away is not the same as having none of one's own.
	if none := (AccessKey{ID: idA, Policies: []policy.Policy{}}).Principal(); Authorize(none, socket, "*", nil) == nil {
		t.Error("a key with an empty list of policies may stream")
	}
}

func TestContext(t *testing.T) {
	at := time.Date(2026, 3, 15, 13, 0, 0, 5, time.FixedZone("", 3600))
	who := Principal{KeyID: idA, Name: "laptop", Account: "111122223333", User: "alice"}
	got := who.Context(Origin{Remote: "[::ffff:192.0.2.7]:4711", Secure: true, UserAgent: strings.Repeat("x", 5000), Region: "us-east-1"}, at)
	for key, want := range map[string]string{policy.SourceIP: "192.0.2.7", policy.CurrentTime: "2026-03-15T12:00:00Z", policy.EpochTime: "1773576000",
		policy.SecureTransport: "true", policy.Username: "alice", policy.UserID: idA, policy.PrincipalARN: "arn:aws:iam::111122223333:user/alice",
		policy.PrincipalAccount: "111122223333", policy.PrincipalType: "User", policy.RequestedRegion: "us-east-1", policy.UserAgent: strings.Repeat("x", 1024)} {
		if !slices.Equal(got[key], []string{want}) {
			t.Errorf("%s is %.80q, want %.80q", key, got[key], want)
		}
		if !policy.KnownKey(key) {
			t.Errorf("%s is no key of policies", key)
		}
		delete(got, key)
	}
	if len(got) != 0 {
		t.Errorf("and %v", got)
	}
	who.Temporary, who.Issued, who.User = true, at, ""
	got = who.Context(Origin{Remote: "@"}, at)
	if _, known := got[policy.SourceIP]; known || got[policy.TokenIssueTime][0] != "2026-03-15T12:00:00Z" || got[policy.Username][0] != "laptop" || got[policy.SecureTransport][0] != "false" {
		t.Errorf("%v", got)
	}
}

func TestAddress(t *testing.T) {
	for remote, want := range map[string]string{"192.0.2.7:80": "192.0.2.7", "192.0.2.7": "192.0.2.7", "[2001:db8::1]:80": "2001:db8::1", "2001:db8::1": "2001:db8::1",
		"[fe80::1%eth0]:80": "fe80::1", "[::ffff:10.0.0.1]:1": "10.0.0.1", "": "", "@": "", "localhost:80": "", "1.2.3": ""} {
		addr, ok := Address(remote)
		if ok != (want != "") || ok && addr.String() != want {
			t.Errorf("%q: %v, %v; want %q", remote, addr, ok, want)
		}
	}
}

// Everything that can be wrong with credentials, in each combination with a right and a wrong signature.
func TestAuthenticateTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const token = "IQoJb3JpZ2luX2VjEXAMPLE"
		sum := sha256.Sum256([]byte(token))
		other := sha256.Sum256([]byte("the token of another key"))
		wrong := stt.Errorf(stt.Unauthenticated, "signature does not match")
		key := func(change func(*AccessKey)) AccessKey {
			k := AccessKey{ID: idA, Secrets: []string{secretA}, TokenHash: sum[:], Parent: idB, Issued: time.Now(), Expires: time.Now().Add(time.Minute)}
			change(&k)
			return k
		}
		for _, c := range []struct {
			name    string
			key     AccessKey
			token   string
			code    stt.Code
			forged  stt.Code // with a wrong signature
			verdict bool     // with a wrong signature the verdict on that is the answer
		}{
			{"good", key(func(*AccessKey) {}), token, 0, stt.Unauthenticated, true},
			{"no token", key(func(*AccessKey) {}), "", stt.Unauthenticated, stt.Unauthenticated, true},
			{"a token cut short", key(func(*AccessKey) {}), token[:len(token)-1], stt.Unauthenticated, stt.Unauthenticated, true},
			{"a token and more", key(func(*AccessKey) {}), token + "x", stt.Unauthenticated, stt.Unauthenticated, true},
			{"the token of another key", key(func(k *AccessKey) { k.TokenHash = other[:] }), token, stt.Unauthenticated, stt.Unauthenticated, true},
			{"the hash as token", key(func(*AccessKey) {}), string(sum[:]), stt.Unauthenticated, stt.Unauthenticated, true},
			{"a hash that is none", key(func(k *AccessKey) { k.TokenHash = sum[:31] }), token, stt.Unauthenticated, stt.Unauthenticated, true},
			{"a token where none is needed", key(func(k *AccessKey) { k.TokenHash = nil }), "left over", 0, stt.Unauthenticated, true},
			{"disabled", key(func(k *AccessKey) { k.Disabled = true }), token, stt.Unauthenticated, stt.Unauthenticated, false},
			{"expired", key(func(k *AccessKey) { k.Expires = time.Now() }), token, stt.Expired, stt.Unauthenticated, true},
			{"expires in a moment", key(func(k *AccessKey) { k.Expires = time.Now().Add(1) }), token, 0, stt.Unauthenticated, true},
			{"expired, and no token", key(func(k *AccessKey) { k.Expires = time.Now() }), "", stt.Unauthenticated, stt.Unauthenticated, true},
			{"expired and disabled", key(func(k *AccessKey) { k.Expires, k.Disabled = time.Now(), true }), token, stt.Unauthenticated, stt.Unauthenticated, false},
			{"no secrets", key(func(k *AccessKey) { k.Secrets = nil }), token, stt.Unauthenticated, stt.Unauthenticated, false},
		} {
			for _, forged := range []bool{false, true} {
				checks := 0
				who, err := Authenticate(t.Context(), keysOfList{key: c.key}, idA, c.token, func(secrets []string) error {
					checks++
					if forged {
						return wrong
					}
					return nil
				})
				want := c.code
				if forged {
					want = c.forged
				}
				if stt.CodeOf(err) != want || checks != 1 || (err == nil) != (who.KeyID != "") || forged && errors.Is(err, wrong) != c.verdict {
					t.Errorf("%s, forged %v: %v, %v, %d checks; want %v", c.name, forged, who, err, checks, want)
				}
				if err == nil && (who.Temporary != (c.key.Parent != "") || who.Parent != c.key.Parent || !who.Issued.Equal(c.key.Issued)) {
					t.Errorf("%s: %+v", c.name, who)
				}
				if err != nil && c.token != "" && strings.Contains(err.Error(), c.token) {
					t.Errorf("%s: %v shows the token", c.name, err)
				}
			}
		}
	})
}

func TestRenew(t *testing.T) {
	good := AccessKey{ID: idA, Name: "night", Secrets: []string{secretA}, Expires: time.Unix(1, 0)}
	who, secrets, err := Renew(t.Context(), keysOfList{key: good}, idA)
	if err != nil || who.Name != "night" || !slices.Equal(secrets, []string{secretA}) {
		t.Errorf("%v, %d secrets, %v; what has expired goes on", who, len(secrets), err)
	}
	disabled, none := good, good
	disabled.Disabled, none.Secrets = true, nil
	for name, keys := range map[string]AccessKeys{"disabled": keysOfList{key: disabled}, "without secrets": keysOfList{key: none}, "unknown": Static{}} {
		if _, secrets, err := Renew(t.Context(), keys, idA); stt.CodeOf(err) != stt.Unauthenticated || secrets != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Renew(context.Background(), keysOfList{err: stt.Errorf(stt.Unavailable, "gone")}, idA); stt.CodeOf(err) != stt.Unavailable {
		t.Error(err)
	}
}

// The time that an answer takes must not say whether there is a key of the id: what is done for one is done for the other.
func TestSameWorkForUnknownKeys(t *testing.T) {
	work := func(keys AccessKeys) (asked []int) {
		for range 3 {
			_, _ = Authenticate(t.Context(), keys, idA, "token", func(secrets []string) error {
				for _, s := range secrets {
					asked = append(asked, len(s))
				}
				return stt.Errorf(stt.Unauthenticated, "no")
			})
		}
		return asked
	}
	known := work(Static{idA: secretA})
	for name, keys := range map[string]AccessKeys{"unknown": Static{}, "disabled": keysOfList{key: AccessKey{ID: idA, Secrets: []string{secretA}, Disabled: true}},
		"without secrets": keysOfList{key: AccessKey{ID: idA}}} {
		if got := work(keys); !slices.Equal(got, known) {
			t.Errorf("%s: signatures are checked with secrets of %v characters; with a wrong secret %v", name, got, known)
		}
	}
}

func TestCheckAction(t *testing.T) {
	for _, action := range append(Actions(), "TRANSCRIBE:getvocabulary", "s3:GetObject") {
		if err := CheckAction("action", action); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	for action, want := range map[string]string{"GetVocabulary": "expected it with the service before it: transcribe:GetVocabulary", "transcribe:GetVocabularies": "such as transcribe:Start",
		"Transcribe:": "such as transcribe:Start", "": "such as", "nonsense": "such as", ":GetVocabulary": "such as"} {
		if err := CheckAction("action", action); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", action, err, want)
		}
	}
}
