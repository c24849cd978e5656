package transcribe_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// shelf is resources in memory. Every account has the same id, "111122223333", but "other".
type shelf struct {
	mu    sync.Mutex
	clock int64
	items map[string]resource.Resource
	by    resource.Actor
	err   error // of all
}

func keyOf(account string, kind resource.Kind, name string) string {
	return account + "/" + string(kind) + "/" + name
}

func (s *shelf) Account(_ context.Context, account string) (string, error) {
	if account == "other" {
		return "999999999999", s.err
	}
	return "111122223333", s.err
}

func (s *shelf) Put(_ context.Context, by resource.Actor, r resource.Resource, isNew bool) (resource.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, there := s.items[keyOf(r.Account, r.Kind, r.Name)]
	if there == isNew {
		return r, stt.Errorf(map[bool]stt.Code{true: stt.Conflict, false: stt.NotFound}[isNew], "is there: %v", there)
	}
	if there {
		r.Tags = old.Tags
		if r.Language == "" {
			r.Language = old.Language
		}
	}
	s.by = by
	s.clock++
	r.State, r.Modified = resource.Ready, time.Unix(1_700_000_000+s.clock, 0)
	s.items[keyOf(r.Account, r.Kind, r.Name)] = r
	return r, nil
}

func (s *shelf) Get(_ context.Context, account string, kind resource.Kind, name string) (resource.Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.items[keyOf(account, kind, name)]
	if !there {
		return r, stt.Errorf(stt.NotFound, "none")
	}
	return r, nil
}

func (s *shelf) List(_ context.Context, account string, kind resource.Kind) (all []resource.Resource, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.items {
		if r.Account == account && r.Kind == kind {
			all = append(all, r)
		}
	}
	return all, nil
}

func (s *shelf) Delete(ctx context.Context, _ resource.Actor, account string, kind resource.Kind, name string) error {
	_, err := s.Get(ctx, account, kind, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, keyOf(account, kind, name))
	return err
}

func (s *shelf) Tag(ctx context.Context, _ resource.Actor, account string, kind resource.Kind, name string, set map[string]string, remove []string) error {
	r, err := s.Get(ctx, account, kind, name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tags := maps.Clone(r.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, set)
	for _, k := range remove {
		delete(tags, k)
	}
	r.Tags = tags
	s.items[keyOf(account, kind, name)] = r
	return nil
}

// keyring is access keys as a test wants them.
type keyring map[string]auth.AccessKey

func (k keyring) AccessKey(_ context.Context, id string) (auth.AccessKey, error) {
	if key, ok := k[id]; ok {
		return key, nil
	}
	return auth.AccessKey{}, stt.Errorf(stt.Unauthenticated, "unknown")
}

// desk is a handler with its shelf.
type desk struct {
	t     *testing.T
	shelf *shelf
	h     http.Handler
	log   *bytes.Buffer
	admit func(context.Context, auth.Principal) error
	done  []string // how the requests went that were admitted
}

const otherSecret = "the-secret-of-the-others-1234567890abcdef"

func newDesk(t *testing.T) *desk {
	t.Helper()
	mustPolicy := func(text string) []policy.Policy {
		p, err := policy.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return []policy.Policy{p}
	}
	token := sha256.Sum256([]byte("the-session-token"))
	keys := keyring{keyID: {ID: keyID, Secrets: []string{secret}}, "AKIDOTHER": {ID: "AKIDOTHER", Secrets: []string{otherSecret}, Account: "other"},
		"AKIDTEMP": {ID: "AKIDTEMP", Secrets: []string{secret + "t"}, TokenHash: token[:], Parent: keyID},
		"AKIDREAD": {ID: "AKIDREAD", Secrets: []string{secret + "r"}, Policies: mustPolicy(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":["transcribe:Get*","transcribe:CreateVocabulary"],"Resource":"arn:aws:transcribe:*:111122223333:vocabulary/red-*"},
			{"Effect":"Allow","Action":"transcribe:TagResource","Resource":"*"},{"Effect":"Deny","Action":"transcribe:TagResource","Resource":"arn:aws:transcribe:*:*:vocabulary/red-*"}]}`)}}
	d := &desk{t: t, shelf: &shelf{items: map[string]resource.Resource{}}, log: &bytes.Buffer{}}
	d.h = mux(d.shelf, keys, d.log, func(ctx context.Context, p auth.Principal) (func(error), error) {
		if d.admit != nil {
			if err := d.admit(ctx, p); err != nil {
				return nil, err
			}
		}
		return func(err error) {
			how := "ok"
			if err != nil {
				how = stt.CodeOf(err).String()
			}
			d.done = append(d.done, how)
		}, nil
	})
	return d
}

func mux(keep dialect.Resources, keys auth.AccessKeys, log io.Writer, admit dialect.Admission) http.Handler {
	m := http.NewServeMux()
	streams := dialect.New(dialect.Options{Keys: keys, Log: slog.New(slog.NewTextHandler(log, nil))})
	h := dialect.NewManagement(streams, keep, admit)
	for _, pattern := range dialect.ManagePaths() {
		m.Handle(pattern, h)
	}
	return m
}

// ask makes a signed request, as an SDK does. change may spoil it afterwards.
func (d *desk) ask(id, key, operation, body string, change ...func(*http.Request)) (int, map[string]any) {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://"+host+"/", strings.NewReader(body))
	r.Header.Set("Content-Type", wire.ContentTypeManage)
	r.Header.Set("X-Amz-Target", "Transcribe."+operation)
	sum := sha256.Sum256([]byte(body))
	sign(d.t, r, sigv4.Credentials{AccessKeyID: id, Secret: key}, hex.EncodeToString(sum[:]), time.Now())
	for _, f := range change {
		f(r)
	}
	return d.do(r)
}

func sign(t *testing.T, r *http.Request, c sigv4.Credentials, hash string, at time.Time) {
	t.Helper()
	s := sigv4.Signer{Credentials: c, Region: "us-east-1"}
	if _, err := s.SignHeaders(r.Method, r.URL.String(), r.Header, hash, at); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) do(r *http.Request) (int, map[string]any) {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, r)
	answer := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		d.t.Fatalf("the answer %q: %v", w.Body, err)
	}
	if w.Header().Get("x-amzn-RequestId") == "" || w.Header().Get("Content-Type") != wire.ContentTypeManage {
		d.t.Errorf("headers %v", w.Header())
	}
	if name, _ := answer["__type"].(string); name != w.Header().Get("x-amzn-errortype") || (w.Code == 200) != (name == "") {
		d.t.Errorf("status %d, x-amzn-errortype %q, %v", w.Code, w.Header().Get("x-amzn-errortype"), answer)
	}
	return w.Code, answer
}

// mine asks with the usual key and expects success.
func (d *desk) mine(operation, body string) map[string]any {
	d.t.Helper()
	code, answer := d.ask(keyID, secret, operation, body)
	if code != http.StatusOK {
		d.t.Fatalf("%s %s: %d %v", operation, body, code, answer)
	}
	return answer
}

// refused expects an exception whose text begins so.
func (d *desk) refused(what string, code int, answer map[string]any, name, text string) {
	d.t.Helper()
	message, _ := answer["Message"].(string)
	if code == http.StatusOK || answer["__type"] != name || !strings.HasPrefix(message, text) || message == "" {
		d.t.Errorf("%s: %d %v, expected %s: %s...", what, code, answer, name, text)
	}
}

func TestManageVocabularies(t *testing.T) {
	d := newDesk(t)
	made := d.mine("CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["Los-Angeles"],"Tags":[{"Key":"b","Value":"2"},{"Key":"a","Value":"1"}]}`)
	if made["VocabularyName"] != "v" || made["LanguageCode"] != "en-US" || made["VocabularyState"] != "READY" || made["LastModifiedTime"] != 1700000001.0 || made["DownloadUri"] != nil {
		t.Errorf("made %v", made)
	}
	if d.shelf.by.Name != "key:"+keyID || d.shelf.by.Remote == "" {
		t.Errorf("by %+v", d.shelf.by)
	}
	code, answer := d.ask(keyID, secret, "CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["a"]}`)
	d.refused("a second one", code, answer, "ConflictException", wire.TextVocabularyName)
	got := d.mine("GetVocabulary", `{"VocabularyName":"v"}`)
	if address, _ := got["DownloadUri"].(string); !strings.HasPrefix(address, "http://"+host+"/vocabularies/v?") {
		t.Errorf("got %v", got)
	}
	if updated := d.mine("UpdateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-GB","Phrases":["b"]}`); updated["LanguageCode"] != "en-GB" {
		t.Errorf("updated %v", updated)
	}
	const arn = `"ResourceArn":"arn:aws:transcribe:us-east-1:111122223333:vocabulary/v"`
	d.mine("TagResource", `{`+arn+`,"Tags":[{"Key":"c","Value":"3"}]}`)
	d.mine("UntagResource", `{`+arn+`,"TagKeys":["b"]}`)
	if tags := fmt.Sprint(d.mine("ListTagsForResource", `{`+arn+`}`)["Tags"]); tags != "[map[Key:a Value:1] map[Key:c Value:3]]" {
		t.Errorf("tags %s", tags)
	}
	if gone := d.mine("DeleteVocabulary", `{"VocabularyName":"v"}`); len(gone) != 0 {
		t.Errorf("deleted %v", gone)
	}
	for operation, body := range map[string]string{"GetVocabulary": `{"VocabularyName":"v"}`, "DeleteVocabulary": `{"VocabularyName":"v"}`, "ListTagsForResource": `{` + arn + `}`,
		"UpdateVocabulary": `{"VocabularyName":"v","LanguageCode":"en-GB","Phrases":["b"]}`} {
		code, answer := d.ask(keyID, secret, operation, body)
		d.refused(operation, code, answer, "NotFoundException", wire.TextNoVocabulary)
	}
}

func TestManageFilters(t *testing.T) {
	d := newDesk(t)
	made := d.mine("CreateVocabularyFilter", `{"VocabularyFilterName":"f","LanguageCode":"en-US","Words":["damn"]}`)
	if made["VocabularyFilterName"] != "f" || made["VocabularyState"] != nil || made["LastModifiedTime"] == nil {
		t.Errorf("made %v", made)
	}
	if updated := d.mine("UpdateVocabularyFilter", `{"VocabularyFilterName":"f","Words":["heck"]}`); updated["LanguageCode"] != "en-US" {
		t.Errorf("updated %v", updated)
	}
	if got := d.mine("GetVocabularyFilter", `{"VocabularyFilterName":"f"}`); got["DownloadUri"] == nil {
		t.Errorf("got %v", got)
	}
	if list := d.mine("ListVocabularyFilters", `{}`); len(list["VocabularyFilters"].([]any)) != 1 {
		t.Errorf("list %v", list)
	}
	code, answer := d.ask(keyID, secret, "CreateVocabularyFilter", `{"VocabularyFilterName":"f","LanguageCode":"en-US","Words":["damn"]}`)
	d.refused("a second one", code, answer, "ConflictException", wire.TextFilterName)
	code, answer = d.ask(keyID, secret, "UpdateVocabularyFilter", `{"VocabularyFilterName":"f","Words":["a","secret,word"]}`)
	d.refused("a bad word", code, answer, "BadRequestException", "word 2, column 7: ")
	d.mine("DeleteVocabularyFilter", `{"VocabularyFilterName":"f"}`)
	code, answer = d.ask(keyID, secret, "GetVocabularyFilter", `{"VocabularyFilterName":"f"}`)
	d.refused("none", code, answer, "NotFoundException", wire.TextNoFilter)
}

// Pages are newest first, go on where the last one ended, and a token is good for its own list only.
func TestManagePages(t *testing.T) {
	d := newDesk(t)
	for i := range 12 {
		d.mine("CreateVocabulary", fmt.Sprintf(`{"VocabularyName":"Name-%02d","LanguageCode":"en-US","Phrases":["a"]}`, i))
	}
	var seen []string
	token := ""
	for range 10 {
		body := `{"NameContains":"name"}`
		if token != "" {
			body = `{"NameContains":"name","NextToken":"` + token + `"}`
		}
		page := d.mine("ListVocabularies", body)
		for _, v := range page["Vocabularies"].([]any) {
			seen = append(seen, v.(map[string]any)["VocabularyName"].(string))
		}
		next, _ := page["NextToken"].(string)
		if next == "" {
			break
		}
		if token == "" { // what is added meanwhile does not move what follows
			d.mine("CreateVocabulary", `{"VocabularyName":"Name-new","LanguageCode":"en-US","Phrases":["a"]}`)
		}
		token = next
	}
	if len(seen) != 12 || seen[0] != "Name-11" || seen[11] != "Name-00" {
		t.Errorf("seen %v", seen)
	}
	for what, ask := range map[string]struct{ id, key, operation, body string }{
		"another filter":    {keyID, secret, "ListVocabularies", `{"NextToken":"` + token + `"}`},
		"another list":      {keyID, secret, "ListVocabularyFilters", `{"NameContains":"name","NextToken":"` + token + `"}`},
		"another account":   {"AKIDOTHER", otherSecret, "ListVocabularies", `{"NameContains":"name","NextToken":"` + token + `"}`},
		"one made up":       {keyID, secret, "ListVocabularies", `{"NameContains":"name","NextToken":"abc"}`},
		"one with a change": {keyID, secret, "ListVocabularies", `{"NameContains":"name","NextToken":"` + token[:len(token)-1] + `"}`},
	} {
		code, answer := d.ask(ask.id, ask.key, ask.operation, ask.body)
		d.refused(what, code, answer, "BadRequestException", "The NextToken is not one for this list.")
	}
	if page := d.mine("ListVocabularies", `{"StateEquals":"FAILED"}`); page["Status"] != "FAILED" || len(page["Vocabularies"].([]any)) != 0 {
		t.Errorf("%v", page)
	}
	if page := d.mine("ListVocabularies", `{"MaxResults":100}`); len(page["Vocabularies"].([]any)) != 13 || page["NextToken"] != nil {
		t.Errorf("%v", page)
	}
}

// Nobody gets in who has not signed the very request.
func TestManageStrangers(t *testing.T) {
	d := newDesk(t)
	const body = `{"VocabularyName":"v"}`
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		what, id, key string
		change        func(*http.Request)
		name, text    string
	}{
		{"no signature", keyID, secret, func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationTokenException", ""},
		{"wrong secret", keyID, secret + "x", nil, "InvalidSignatureException", wire.TextSignatureMismatch},
		{"unknown key", "AKIDNOBODY", secret, nil, "UnrecognizedClientException", wire.TextUnknownKey},
		{"another's secret", keyID, otherSecret, nil, "InvalidSignatureException", wire.TextSignatureMismatch},
		{"another body", keyID, secret, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"VocabularyName":"w"}`)) }, "InvalidSignatureException", wire.TextSignatureMismatch},
		{"another operation", keyID, secret, header("X-Amz-Target", "Transcribe.DeleteVocabulary"), "InvalidSignatureException", wire.TextSignatureMismatch},
		{"two operations", keyID, secret, func(r *http.Request) { r.Header.Add("X-Amz-Target", "Transcribe.DeleteVocabulary") }, "IncompleteSignatureException", "X-Amz-Target"},
		{"target not signed", keyID, secret, func(r *http.Request) {
			target := r.Header.Get("X-Amz-Target")
			for _, name := range []string{"X-Amz-Target", "Authorization"} {
				r.Header.Del(name)
			}
			sum := sha256.Sum256([]byte(body))
			sign(t, r, sigv4.Credentials{AccessKeyID: keyID, Secret: secret}, hex.EncodeToString(sum[:]), time.Now())
			r.Header.Set("X-Amz-Target", target)
		}, "IncompleteSignatureException", "Authorization: SignedHeaders"},
		{"token not signed", keyID, secret, header("X-Amz-Security-Token", "somebody's"), "IncompleteSignatureException", "Authorization: SignedHeaders"},
		{"body not signed", keyID, secret, func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("X-Amz-Content-Sha256", sigv4.UnsignedPayloadHash)
			sign(t, r, sigv4.Credentials{AccessKeyID: keyID, Secret: secret}, "", time.Now())
		}, "InvalidSignatureException", "X-Amz-Content-Sha256"},
		{"streaming body", keyID, secret, func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("X-Amz-Content-Sha256", sigv4.StreamingPayloadHash)
			sign(t, r, sigv4.Credentials{AccessKeyID: keyID, Secret: secret}, "", time.Now())
		}, "InvalidSignatureException", "X-Amz-Content-Sha256"},
		{"signed long ago", keyID, secret, func(r *http.Request) {
			r.Header.Del("Authorization")
			sum := sha256.Sum256([]byte(body))
			sign(t, r, sigv4.Credentials{AccessKeyID: keyID, Secret: secret}, hex.EncodeToString(sum[:]), time.Now().Add(-time.Hour))
		}, "InvalidSignatureException", "Signature expired"},
		{"presigned", keyID, secret, func(r *http.Request) {
			address, _, err := signer().Presign("POST", "http://"+host+"/", time.Minute, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Del("Authorization")
			r.URL.RawQuery = address[strings.IndexByte(address, '?')+1:]
		}, "IncompleteSignatureException", "Authorization"},
		{"temporary key without its token", "AKIDTEMP", secret + "t", nil, "UnrecognizedClientException", wire.TextUnknownKey},
		{"too long a query", keyID, secret, func(r *http.Request) { r.URL.RawQuery = strings.Repeat("a", 9000) }, "BadRequestException", "The query is longer"},
	} {
		change := []func(*http.Request){}
		if c.change != nil {
			change = append(change, c.change)
		}
		code, answer := d.ask(c.id, c.key, "GetVocabulary", body, change...)
		d.refused(c.what, code, answer, c.name, c.text)
		if code != http.StatusBadRequest {
			t.Errorf("%s: status %d", c.what, code)
		}
	}
	if log := d.log.String(); strings.Contains(log, secret) || strings.Contains(log, otherSecret) {
		t.Error("a secret is in the log")
	}
}

func TestManageAccounts(t *testing.T) {
	d := newDesk(t)
	d.mine("CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["a"]}`)
	for operation, body := range map[string]string{"GetVocabulary": `{"VocabularyName":"v"}`, "DeleteVocabulary": `{"VocabularyName":"v"}`,
		"UpdateVocabulary":    `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["b"]}`,
		"ListTagsForResource": `{"ResourceArn":"arn:aws:transcribe:us-east-1:111122223333:vocabulary/v"}`,
		"TagResource":         `{"ResourceArn":"arn:aws:transcribe:us-east-1:111122223333:vocabulary/v","Tags":[{"Key":"a","Value":"b"}]}`} {
		code, answer := d.ask("AKIDOTHER", otherSecret, operation, body)
		d.refused("another account's, "+operation, code, answer, "NotFoundException", wire.TextNoVocabulary)
	}
	_, answer := d.ask("AKIDOTHER", otherSecret, "ListVocabularies", `{}`)
	if len(answer["Vocabularies"].([]any)) != 0 {
		t.Errorf("another account sees %v", answer)
	}
	code, answer := d.ask("AKIDOTHER", otherSecret, "CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["a"]}`)
	if code != 200 {
		t.Errorf("names are not each account's own: %v", answer)
	}
}

// Policies go by the action and the resource's ARN.
func TestManagePolicies(t *testing.T) {
	d := newDesk(t)
	const id, key = "AKIDREAD", secret + "r"
	for _, c := range []struct {
		operation, body string
		allowed         bool
		on              string
	}{
		{"CreateVocabulary", `{"VocabularyName":"red-1","LanguageCode":"en-US","Phrases":["a"]}`, true, ""},
		{"GetVocabulary", `{"VocabularyName":"red-1"}`, true, ""},
		{"GetVocabulary", `{"VocabularyName":"Red-1"}`, false, "arn:aws:transcribe:us-east-1:111122223333:vocabulary/Red-1"},
		{"GetVocabulary", `{"VocabularyName":"blue"}`, false, "arn:aws:transcribe:us-east-1:111122223333:vocabulary/blue"},
		{"GetVocabularyFilter", `{"VocabularyFilterName":"red-1"}`, false, "arn:aws:transcribe:us-east-1:111122223333:vocabulary-filter/red-1"},
		{"DeleteVocabulary", `{"VocabularyName":"red-1"}`, false, "arn:aws:transcribe:us-east-1:111122223333:vocabulary/red-1"},
		{"ListVocabularies", `{}`, false, ""},
		{"TagResource", `{"ResourceArn":"arn:aws:transcribe:us-east-1:111122223333:vocabulary/red-1","Tags":[{"Key":"a","Value":"b"}]}`, false, "arn:"},
		{"TagResource", `{"ResourceArn":"arn:aws-x:transcribe::111122223333:vocabulary/red-1","Tags":[{"Key":"a","Value":"b"}]}`, false, "arn:"},
	} {
		code, answer := d.ask(id, key, c.operation, c.body)
		if c.allowed {
			if code != 200 {
				t.Errorf("%s %s: %v", c.operation, c.body, answer)
			}
			continue
		}
		d.refused(c.operation, code, answer, "AccessDeniedException", "User: arn:aws:iam::default:user/AKIDREAD is not authorized to perform: transcribe:"+c.operation)
		if message := answer["Message"].(string); c.on != "" && !strings.Contains(message, "on resource: "+c.on) {
			t.Errorf("%s: %s", c.operation, message)
		}
	}
}

func TestManageOthers(t *testing.T) {
	d := newDesk(t)
	code, answer := d.ask(keyID, secret, "StartTranscriptionJob", `{}`)
	d.refused("a job", code, answer, "BadRequestException", "The operation StartTranscriptionJob is not offered by this server")
	code, answer = d.ask(keyID, secret, "Nonsense", `{}`)
	d.refused("nonsense", code, answer, "UnknownOperationException", "The header X-Amz-Target")
	code, answer = d.ask(keyID, secret, "GetVocabulary", `{"VocabularyName":`)
	d.refused("half a body", code, answer, "SerializationException", "The body is not a JSON object")
	code, answer = d.ask(keyID, secret, "GetVocabulary", `{"VocabularyName":"`+strings.Repeat("a", 1<<20)+`"}`)
	d.refused("too large", code, answer, "BadRequestException", "The body has more than 1048576 bytes")
	d.admit = func(_ context.Context, p auth.Principal) error {
		return &stt.Error{Code: stt.Quota, RetryAfter: time.Second, Msg: "too many requests of " + p.KeyID}
	}
	code, answer = d.ask(keyID, secret, "ListVocabularies", `{}`)
	d.refused("too many", code, answer, "LimitExceededException", "too many requests of "+keyID)
	d.admit = nil
	d.shelf.err = &stt.Error{Code: stt.Unavailable, Msg: "the database cannot be reached"}
	code, answer = d.ask(keyID, secret, "ListVocabularies", `{}`)
	d.refused("no database", code, answer, "ServiceUnavailableException", "the database cannot be reached")
	if code != http.StatusServiceUnavailable {
		t.Errorf("status %d", code)
	}
}

// What DownloadUri says can be fetched with it, and by nobody else.
func TestDownload(t *testing.T) {
	d := newDesk(t)
	d.mine("CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["Los-Angeles","été"]}`)
	d.mine("CreateVocabularyFilter", `{"VocabularyFilterName":"f","LanguageCode":"en-US","Words":["damn"]}`)
	fetch := func(address string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		d.h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
		return w
	}
	address, _ := d.mine("GetVocabulary", `{"VocabularyName":"v"}`)["DownloadUri"].(string)
	w := fetch(address)
	if w.Code != 200 || w.Body.String() != "Phrase\tSoundsLike\tIPA\tDisplayAs\nLos-Angeles\t\t\t\nété\t\t\t\n" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	words, _ := d.mine("GetVocabularyFilter", `{"VocabularyFilterName":"f"}`)["DownloadUri"].(string)
	if w := fetch(words); w.Code != 200 || w.Body.String() != "damn\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	for what, c := range map[string]struct {
		address string
		status  int
	}{
		"another name":    {strings.Replace(address, "/v?", "/w?", 1), 403},
		"another kind":    {strings.Replace(address, "/vocabularies/", "/vocabulary-filters/", 1), 403},
		"no signature":    {address[:strings.IndexByte(address, '?')], 403},
		"longer validity": {strings.Replace(address, "Expires=900", "Expires=901", 1), 400},
		"another host":    {strings.Replace(address, host, "elsewhere", 1), 403},
	} {
		if w := fetch(c.address); w.Code != c.status || strings.Contains(w.Body.String(), "Los-Angeles") {
			t.Errorf("%s: %d %q", what, w.Code, w.Body)
		}
	}
	d.mine("DeleteVocabulary", `{"VocabularyName":"v"}`)
	if w := fetch(address); w.Code != 404 {
		t.Errorf("one that is gone: %d %q", w.Code, w.Body)
	}
}
