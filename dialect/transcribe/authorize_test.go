package transcribe_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// asPrinted is the policy of Amazon's documentation.
const asPrinted = `{"Version":"2012-10-17","Statement":[{"Sid":"my-transcribe-websocket-policy","Effect":"Allow","Action":"transcribe:StartStreamTranscriptionWebSocket","Resource":"*"}]}`

// changing is one access key that may become another while a stream lasts.
type changing struct {
	key atomic.Pointer[auth.AccessKey]
	err atomic.Pointer[error]
}

func (c *changing) AccessKey(context.Context, string) (auth.AccessKey, error) {
	if err := c.err.Load(); err != nil {
		return auth.AccessKey{}, *err
	}
	return *c.key.Load(), nil
}

// may returns the key of the tests with policies.
func may(t *testing.T, policies ...string) auth.AccessKey {
	t.Helper()
	key := auth.AccessKey{ID: keyID, Name: "laptop", Account: "111122223333", User: "alice", Secrets: []string{secret}, Policies: []policy.Policy{}}
	for _, text := range policies {
		p, err := policy.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		key.Policies = append(key.Policies, p)
	}
	return key
}

func keysOf(key auth.AccessKey) *changing {
	c := &changing{}
	c.key.Store(&key)
	return c
}

func allowing(condition string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"transcribe:*","Resource":"*","Condition":{` + condition + `}}}`
}

const (
	deniedSocket = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: transcribe:StartStreamTranscriptionWebSocket because no identity-based policy allows the transcribe:StartStreamTranscriptionWebSocket action"
	deniedHTTP2  = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: transcribe:StartStreamTranscription because no identity-based policy allows the transcribe:StartStreamTranscription action"
	explicitly   = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: transcribe:StartStreamTranscriptionWebSocket with an explicit deny in an identity-based policy"
)

// What a policy says goes for a stream by WebSocket: with it a stream, without it Amazon's text in an exception.
func TestAuthorizedWebSocket(t *testing.T) {
	accessDenied := func(text string) []string {
		return []string{`exception AccessDeniedException {"Message":"` + text + `"}`, "close 1008 AccessDeniedException"}
	}
	for name, c := range map[string]struct {
		policies []string
		headers  string
		want     []string // nil: a stream
	}{
		"as printed":             {policies: []string{asPrinted}},
		"without a policy":       {want: accessDenied(deniedSocket)},
		"only HTTP/2":            {policies: []string{strings.Replace(asPrinted, "WebSocket\"", "\"", 1)}, want: accessDenied(deniedSocket)},
		"only medical":           {policies: []string{strings.Replace(asPrinted, "StartStream", "StartMedicalStream", 1)}, want: accessDenied(deniedSocket)},
		"one of two":             {policies: []string{asPrinted, strings.Replace(asPrinted, "Allow", "Deny", 1)}, want: accessDenied(explicitly)},
		"an unreadable one":      {policies: []string{asPrinted, `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`}, want: accessDenied(deniedSocket)},
		"over TLS only":          {policies: []string{allowing(`"Bool":{"aws:SecureTransport":"true"}`)}, want: accessDenied(deniedSocket)},
		"not over TLS":           {policies: []string{allowing(`"Bool":{"aws:SecureTransport":"false"}`)}},
		"by the region":          {policies: []string{allowing(`"StringEquals":{"aws:RequestedRegion":"us-east-1"}`)}},
		"another region":         {policies: []string{allowing(`"StringEquals":{"aws:RequestedRegion":"eu-west-1"}`)}, want: accessDenied(deniedSocket)},
		"by the program":         {policies: []string{allowing(`"StringLike":{"aws:UserAgent":"ours/*"}`)}, headers: "User-Agent: ours/1.0\r\n"},
		"another program":        {policies: []string{allowing(`"StringLike":{"aws:UserAgent":"ours/*"}`)}, headers: "User-Agent: theirs/1.0\r\n", want: accessDenied(deniedSocket)},
		"by the user":            {policies: []string{allowing(`"StringEquals":{"aws:username":"alice","aws:userid":"` + keyID + `"}`)}},
		"before a day":           {policies: []string{allowing(`"DateLessThan":{"aws:CurrentTime":"2000-01-02"}`)}}, // a bubble begins on the first
		"after a day":            {policies: []string{allowing(`"DateGreaterThan":{"aws:CurrentTime":"2000-01-02"}`)}, want: accessDenied(deniedSocket)},
		"forwarded is no source": {policies: []string{allowing(`"IpAddress":{"aws:SourceIp":"192.0.2.1"}`)}, headers: "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1;proto=https\r\n", want: accessDenied(deniedSocket)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{Keys: keysOf(may(t, c.policies...))})
				target, _ := presign(t, usual)
				client := h.handshake(t, request(target, handshaking+goodKey+c.headers))
				if c.want != nil {
					client.expect(c.want...)
					client.send(fin|opClose, closing(1008, ""))
					client.expect("gone")
				} else {
					client.expect(opened)
					client.send(fin|opBinary, nil)
					client.expect(farewell)
					client.send(fin|opClose, closing(1000, ""))
					client.expect("gone")
				}
				h.empty(t)
			})
		})
	}
}

// Over HTTP/2 the action is another one, and the refusal a status.
func TestAuthorizedHTTP2(t *testing.T) {
	both := strings.Replace(asPrinted, `"transcribe:StartStreamTranscriptionWebSocket"`, `"transcribe:StartStreamTranscription*"`, 1)
	for name, c := range map[string]struct {
		policy string
		want   []string
	}{
		"as printed": {asPrinted, []string{"403", "x-amzn-errortype: AccessDeniedException", `{"Message":"` + deniedHTTP2 + `"}`, "end"}},
		"both":       {both, []string{"200", opened}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{Keys: keysOf(may(t, c.policy))})
				p := posted(t, h)
				pass(time.Second) // a refused client is given a moment to read
				p.expect(c.want...)
				p.hangUp()
				h.empty(t)
			})
		})
	}
}

// An operation that is not offered is refused as such, whatever the policy says.
func TestNotOfferedBeforeNotAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{Keys: keysOf(may(t))})
		signed, _, err := signer().Presign("GET", "ws://"+host+wire.PathCallAnalyticsWebSocket+"?"+usual, time.Minute, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		c := h.handshake(t, request(requestURI(t, signed), handshaking+goodKey))
		c.expect("exception BadRequestException", "close 1008 BadRequestException")
		c.send(fin|opClose, closing(1008, ""))
		c.expect("gone")
		h.empty(t)
	})
}

// A stream whose key is taken away ends with what was said and the reason, at the next message a second later; one whose key cannot
// be looked up, or has expired, goes on.
func TestKeyChangesDuringStream(t *testing.T) {
	gone := stt.Errorf(stt.Unauthenticated, "no such key")
	down := stt.Errorf(stt.Unavailable, "database gone")
	const unknown = `exception UnrecognizedClientException {"Message":"The security token included in the request is invalid."}`
	for name, c := range map[string]struct {
		change func(k *auth.AccessKey)
		err    error
		want   []string // instead of the end of a stream
	}{
		"disabled":             {change: func(k *auth.AccessKey) { k.Disabled = true }, want: []string{unknown, "close 1008 UnrecognizedClientException"}},
		"deleted":              {err: gone, want: []string{unknown, "close 1008 UnrecognizedClientException"}},
		"another policy":       {change: func(k *auth.AccessKey) { k.Policies = []policy.Policy{{}} }, want: []string{"exception AccessDeniedException", "close 1008 AccessDeniedException"}},
		"same policy":          {change: func(k *auth.AccessKey) { k.Name = "renamed" }},
		"expired":              {change: func(k *auth.AccessKey) { k.Expires = time.Now() }},
		"not known":            {err: down},
		"rotated at once":      {change: func(k *auth.AccessKey) { k.Secrets = []string{"another"} }, want: []string{unknown, "close 1008 UnrecognizedClientException"}},
		"rotated with a grace": {change: func(k *auth.AccessKey) { k.Secrets = []string{"another", secret} }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := keysOf(may(t, asPrinted))
				h := scripted(t, conversation, session.Limits{}, dialect.Options{Keys: keys})
				client := h.connect(t)
				client.expect(opened)
				key := *keys.key.Load()
				if c.change != nil {
					c.change(&key)
					keys.key.Store(&key)
				}
				if c.err != nil {
					keys.err.Store(&c.err)
				}
				client.audio(100 * time.Millisecond)
				client.expect() // nothing yet: it is looked at once a second
				pass(time.Second)
				client.audio(100 * time.Millisecond)
				if c.want != nil {
					client.expect(c.want...)
					client.send(fin|opClose, closing(1008, ""))
				} else {
					client.expect()
					client.send(fin|opBinary, nil)
					client.expect(farewell)
					client.send(fin|opClose, closing(1000, ""))
				}
				client.expect("gone")
				h.empty(t)
			})
		})
	}
}

// A time of day that ends ends the streams.
func TestWindowCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{Keys: keysOf(may(t, allowing(`"DateLessThan":{"aws:CurrentTime":"2000-01-01T00:00:03Z"}`)))})
		client := h.connect(t)
		pass(2 * time.Second)
		client.audio(100 * time.Millisecond)
		client.expect(opened)
		pass(time.Second)
		client.audio(100 * time.Millisecond)
		client.expect("exception AccessDeniedException", "close 1008 AccessDeniedException")
		client.send(fin|opClose, closing(1008, ""))
		client.expect("gone")
		h.empty(t)
	})
}

// Temporary credentials need their session token, which must be among what is signed.
func TestSessionTokens(t *testing.T) {
	const token = "IQoJb3JpZ2luX2VjEXAMPLE/+=="
	sum := sha256.Sum256([]byte(token))
	for name, c := range map[string]struct {
		token   string
		expired bool
		want    string // empty: a stream
	}{
		"good":    {token: token},
		"none":    {want: "exception UnrecognizedClientException"},
		"another": {token: token + "x", want: "exception UnrecognizedClientException"},
		"short":   {token: token[:len(token)-1], want: "exception UnrecognizedClientException"},
		"expired": {token: token, expired: true, want: `exception ExpiredTokenException {"Message":"The security token included in the request is expired."}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				key := may(t, asPrinted)
				key.TokenHash, key.Parent, key.Issued, key.Expires = sum[:], "ESHKPARENT", time.Now(), time.Now().Add(time.Hour)
				if c.expired {
					key.Expires = time.Now()
				}
				meter := &asking{}
				var used []string // keys that let the caller in
				h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation)}), Gate: meter}, dialect.Options{Keys: keysOf(key),
					Used: func(id string) { used = append(used, id) }})
				s := signer()
				s.Credentials.SessionToken = c.token
				signed, _, err := s.Presign("GET", "ws://"+host+wire.PathWebSocket+"?"+usual, time.Minute, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				client := h.handshake(t, request(requestURI(t, signed), handshaking+goodKey))
				if c.want == "" {
					client.expect(opened)
					if r := meter.last.Load(); r == nil || r.Account != "111122223333" || r.Caller != keyID || r.Key != "ESHKPARENT" || r.Operation != "StartStreamTranscription" {
						t.Errorf("the session is asked for with %+v", r)
					}
					if strings.Join(used, " ") != keyID+" ESHKPARENT" {
						t.Errorf("used are %q", used)
					}
					client.conn.Close()
				} else {
					client.expect(c.want, "close 1008")
					client.send(fin|opClose, closing(1008, ""))
					client.expect("gone")
				}
				pass(0)
				h.empty(t)
			})
		})
	}
}

// asking is a gate that keeps what it was asked for.
type asking struct {
	last atomic.Pointer[session.Request]
}

func (a *asking) Admit(_ context.Context, r *session.Request) (func(), error) {
	a.last.Store(r)
	return func() {}, nil
}

// slow is a guard that lets everybody wait whose credentials are wrong.
type slow struct {
	wait    time.Duration
	full    bool // and for more there is no place
	guesses atomic.Int64
}

func (s *slow) Guessed(ctx context.Context, _ string) error {
	s.guesses.Add(1)
	if s.full {
		return &stt.Error{Code: stt.Quota, Msg: "too many wrong credentials", RetryAfter: 1500 * time.Millisecond}
	}
	<-time.After(s.wait)
	return nil
}

// Who guesses waits; who has the right key does not, nor who has made another mistake.
func TestGuessing(t *testing.T) {
	for name, c := range map[string]struct {
		id, secret string
		at         time.Duration
		guess      bool
		want       string
	}{
		"good":         {keyID, secret, 0, false, opened},
		"wrong secret": {keyID, secret + "x", 0, true, "exception InvalidSignatureException"},
		"unknown id":   {keyID + "X", secret, 0, true, "exception UnrecognizedClientException"},
		"wrong clock":  {keyID, secret, -time.Hour, false, "exception InvalidSignatureException"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				guard := &slow{wait: 7 * time.Second}
				used := ""
				h := scripted(t, conversation, session.Limits{}, dialect.Options{Guard: guard, Used: func(id string) { used += id }})
				s := signer()
				s.Credentials.AccessKeyID, s.Credentials.Secret = c.id, c.secret
				signed, _, err := s.Presign("GET", "ws://"+host+wire.PathWebSocket+"?"+usual, time.Minute, time.Now().Add(c.at))
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				client := h.handshake(t, request(requestURI(t, signed), handshaking+goodKey))
				took := time.Since(began)
				if c.guess != (took >= guard.wait) || c.guess != (guard.guesses.Load() == 1) {
					t.Errorf("answered after %v, %d guesses", took, guard.guesses.Load())
				}
				told := client.heard()
				if (used == keyID) != (name == "good") {
					t.Errorf("used is %q", used)
				}
				if len(told) == 0 || !strings.HasPrefix(told[0], c.want) {
					t.Errorf("told %q, want %q", told, c.want)
				}
				client.conn.Close()
				pass(3 * time.Second)
				h.empty(t)
			})
		})
	}
}

// A refusal is a line in the log that names the caller and the reason, and no secret.
func TestDenialInLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := scripted(t, conversation, session.Limits{}, dialect.Options{Keys: keysOf(may(t)), Log: slog.New(slog.NewTextHandler(&log, nil))})
		target, seed := presign(t, usual)
		c := h.handshake(t, request(target, handshaking+goodKey))
		c.expect("exception AccessDeniedException", "close 1008")
		c.send(fin|opClose, closing(1008, ""))
		c.expect("gone")
		h.empty(t)
		line := log.String()
		if strings.Count(line, "\n") != 1 || !strings.Contains(line, "caller="+keyID) || !strings.Contains(line, "code=AccessDeniedException") || !strings.Contains(line, deniedSocket) {
			t.Error(line)
		}
		if strings.Contains(line, secret) || strings.Contains(line, seed) {
			t.Errorf("the log shows a secret: %s", line)
		}
	})
}

// Where there is no place to wait, a guess is answered with 429 at once: no upgrade, and no word about what was wrong. It is counted all the
// same, and the log stays short.
func TestGuessingWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		counted := 0
		sessions := session.NewService(session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation)})})
		h := dialect.New(dialect.Options{Sessions: sessions, Keys: auth.Static{keyID: secret}, Guard: &slow{full: true}, Log: slog.New(slog.NewTextHandler(&log, nil)),
			Strangers: func(_ context.Context, r *session.Request, why error) {
				if r.Protocol != dialect.Protocol || stt.CodeOf(why) != stt.Quota {
					t.Errorf("told of %+v, %v", r, why)
				}
				counted++
			}})
		s := signer()
		s.Credentials.Secret += "x"
		signed, _, err := s.Presign("GET", "ws://"+host+wire.PathWebSocket+"?"+usual, time.Minute, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		const guesses = 100
		for range guesses {
			r := httptest.NewRequest("GET", requestURI(t, signed), nil)
			for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
				r.Header.Set(name, value)
			}
			r.Host = host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "2" || w.Header().Get("x-amzn-errortype") != "LimitExceededException" {
				t.Fatalf("answered with %d %v %s", w.Code, w.Header(), w.Body)
			}
		}
		if took := time.Since(began); took != 0 || counted != guesses || strings.Count(log.String(), "\n") > 10 {
			t.Errorf("it took %v, %d are counted; the log:\n%s", took, counted, log.String())
		}
	})
}
