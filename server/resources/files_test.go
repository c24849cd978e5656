package resources_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/server/resources"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

func TestLocalFiles(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "secret"), "secret")
	write(filepath.Join(dir, "words.txt"), "fine")
	write(filepath.Join(dir, "large"), strings.Repeat("x", resource.MaxContent+1))
	for _, err := range []error{os.Mkdir(filepath.Join(dir, "sub"), 0o700), os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "link")),
		os.Symlink(outside, filepath.Join(dir, "door")), os.Symlink("words.txt", filepath.Join(dir, "inside")), syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "sub", "more"), "more")
	files := resources.Files{Dir: dir}
	for uri, want := range map[string]string{"file:words.txt": "fine", "file:/words.txt": "fine", "file:///words.txt": "fine", "file:sub/more": "more", "file:inside": "fine", "file:sub/../words.txt": "fine"} {
		got, err := files.Read(t.Context(), uri)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", uri, got, err)
		}
	}
	for _, uri := range []string{"file:link", "file:door/secret", "file:../" + filepath.Base(outside) + "/secret", "file:" + filepath.Join(outside, "secret"), "file:///etc/passwd", "file:",
		"file://host/words.txt", "file:sub", "file:pipe", "file:large", "file:none", "file:words.txt\x00", "file:..\\secret", "file:.", "FILE:words.txt", "words.txt", "http://127.0.0.1/words.txt", "https://bucket.s3.amazonaws.com/x"} {
		got, err := files.Read(t.Context(), uri)
		if stt.CodeOf(err) != stt.Invalid || got != nil || strings.Contains(stt.AsError(err).Msg, dir) {
			t.Errorf("%s: %q, %v", uri, got, err)
		}
	}
	nowhere := resources.Files{}
	for _, uri := range []string{"file:words.txt", "s3://bucket/key"} {
		if err := nowhere.Check(uri); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%s, where nothing is allowed: %v", uri, err)
		}
	}
}

// bucketStore stands in for an object store.
type bucketStore struct {
	requests []*http.Request
	status   int
	body     string
	err      error
}

func (b *bucketStore) RoundTrip(r *http.Request) (*http.Response, error) {
	b.requests = append(b.requests, r)
	if b.err != nil {
		return nil, b.err
	}
	return &http.Response{StatusCode: b.status, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}, Body: io.NopCloser(strings.NewReader(b.body)), Request: r}, nil
}

func TestBuckets(t *testing.T) {
	remote := &bucketStore{status: 200, body: "fine"}
	keys := sigv4.Credentials{AccessKeyID: "AKIDSERVER", Secret: "the-servers-own-secret", SessionToken: "token"}
	files := resources.Files{Buckets: []string{"s3://words/team/", "s3://all", "s3://one/file.txt"}, Endpoint: "https://objects.example:9000/", Transport: remote, Region: "eu-central-1",
		Credentials: func(context.Context) (sigv4.Credentials, error) { return keys, nil }}
	for uri, want := range map[string]string{"s3://words/team/a.txt": "https://objects.example:9000/words/team/a.txt", "s3://all/x/y-z_1.txt": "https://objects.example:9000/all/x/y-z_1.txt",
		"s3://one/file.txt": "https://objects.example:9000/one/file.txt"} {
		remote.requests = nil
		got, err := files.Read(t.Context(), uri)
		if err != nil || string(got) != "fine" || len(remote.requests) != 1 {
			t.Fatalf("%s: %q, %v", uri, got, err)
		}
		r := remote.requests[0]
		if r.URL.String() != want || r.Method != http.MethodGet {
			t.Errorf("%s is asked for as %s %s", uri, r.Method, r.URL)
		}
		claim, err := sigv4.Parse("", r.Header)
		if err != nil {
			t.Fatal(err)
		}
		err = sigv4.Verify(claim, sigv4.Request{Method: "GET", Path: r.URL.EscapedPath(), Header: r.Header, Hosts: []string{r.URL.Host}}, []string{keys.Secret}, time.Now(), sigv4.Limits{Service: "s3"})
		if err != nil || claim.Scope.Region != "eu-central-1" || claim.SecurityToken != "token" {
			t.Errorf("the signature of %s: %v, %v", uri, claim, err)
		}
	}
	// What is not allowed is not asked for.
	remote.requests = nil
	for _, uri := range []string{"s3://words/team", "s3://words/teams/a", "s3://words/other", "s3://allofit/x", "s3://one/file.txt2", "s3://words/team/../x", "s3://words/team//x", "s3://words/team/./x",
		"s3://words/team/a%2e", "s3://words/team/a b", "s3://words/team/a?x=y", "s3://words/team/a#b", "s3://words/team/é", "s3://Words/team/a", "s3://words", "s3:///team/a", "s3://all/", "s3://a@b/team/x", "s3:words/team/a", "s3://words\\team/a"} {
		if err := files.Check(uri); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%s may be read: %v", uri, err)
		}
		if _, err := files.Read(t.Context(), uri); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%s is read: %v", uri, err)
		}
	}
	if len(remote.requests) > 0 {
		t.Errorf("%d requests went out", len(remote.requests))
	}
	for _, c := range []struct {
		status int
		err    error
		body   string
		code   stt.Code
		text   string
	}{
		{status: 403, code: stt.Invalid, text: "The S3 URI that you provided can't be accessed."},
		{status: 404, code: stt.Invalid, text: "The S3 URI that you provided can't be accessed."},
		{status: 301, code: stt.Invalid, text: "The S3 URI that you provided can't be accessed."}, // is not followed
		{status: 503, code: stt.Unavailable, text: "The object store cannot be reached"},
		{err: io.ErrUnexpectedEOF, code: stt.Unavailable, text: "The object store cannot be reached"},
		{status: 200, body: strings.Repeat("x", resource.MaxContent+1), code: stt.Invalid, text: "The file is larger than"},
	} {
		remote.status, remote.err, remote.body, remote.requests = c.status, c.err, c.body, nil
		_, err := files.Read(t.Context(), "s3://all/x")
		if stt.CodeOf(err) != c.code || !strings.HasPrefix(stt.AsError(err).Msg, c.text) || len(remote.requests) != 1 {
			t.Errorf("status %d: %v after %d requests", c.status, err, len(remote.requests))
		}
		if strings.Contains(err.Error(), keys.Secret) || strings.Contains(err.Error(), "token") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	// Without credentials an object is asked for as everybody may.
	remote.status, remote.err, remote.body, remote.requests = 200, nil, "fine", nil
	files.Credentials, files.Endpoint = resources.EnvironmentCredentials(func(string) string { return "" }), ""
	if _, err := files.Read(t.Context(), "s3://all/x"); err != nil || remote.requests[0].Header.Get("Authorization") != "" || remote.requests[0].URL.Host != "s3.eu-central-1.amazonaws.com" {
		t.Errorf("%v, %v", remote.requests[0].URL, err)
	}
}

// A vocabulary from a file is read after its owner has been told that it is pending.
func TestVocabularyFromFile(t *testing.T) {
	s, account := open(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "v.txt"), []byte("Phrase\tDisplayAs\nLos-Angeles\tL.A.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.txt"), []byte("Phrase\r\nsecret\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := keep(t, s, resources.Options{Files: resources.Files{Dir: dir}})
	v := resource.Resource{Account: account, Kind: resource.KindVocabulary, Name: "v", Language: "en-US", Source: "file:v.txt"}
	if r, err := k.Put(t.Context(), by, v, true); err != nil || r.State != resource.Pending {
		t.Fatal(r, err)
	}
	if r := settled(t, k, account, "v"); r.State != resource.Ready {
		t.Errorf("%+v", r)
	}
	if got, err := k.Vocabulary(t.Context(), account, "v"); err != nil || got.Phrases[0].DisplayAs != "L.A." {
		t.Errorf("%+v, %v", got, err)
	}
	for source, why := range map[string]string{"file:bad.txt": "line 1, column 7: the line ends in CR LF", "file:none.txt": "The file cannot be read"} {
		v.Source = source
		if _, err := k.Put(t.Context(), by, v, false); err != nil {
			t.Fatal(err)
		}
		if r := settled(t, k, account, "v"); r.State != resource.Failed || !strings.HasPrefix(r.Failure, why) || strings.Contains(r.Failure, dir) {
			t.Errorf("%s: %+v", source, r)
		}
	}
	v.Source = "s3://bucket/key"
	if _, err := k.Put(t.Context(), by, v, false); stt.CodeOf(err) != stt.Invalid {
		t.Errorf("an address that may not be read: %v", err)
	}
	f := resource.Resource{Account: account, Kind: resource.KindFilter, Name: "f", Language: "en-US", Source: "file:bad.txt"}
	if _, err := k.Put(t.Context(), by, f, true); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "line 1, column 7") {
		t.Errorf("a filter from a bad file: %v", err)
	}
}
