package transcribe_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// slowBody is a body of which nothing comes until it is told to go on.
type slowBody struct {
	asked chan<- struct{} // a token when somebody waits for it
	on    <-chan struct{}
}

func (b slowBody) Read([]byte) (int, error) {
	b.asked <- struct{}{}
	<-b.on
	return 0, io.EOF
}

// guard keeps guessers waiting until it is told to go on.
type guard struct {
	asked chan struct{}
	on    chan struct{}
}

func (g guard) Guessed(context.Context, string) error {
	g.asked <- struct{}{}
	<-g.on
	return nil
}

// counter is a desk whose strangers are counted.
func counter(keys auth.AccessKeys, g dialect.Guard) http.Handler {
	m := http.NewServeMux()
	h := dialect.NewManagement(dialect.New(dialect.Options{Keys: keys, Guard: g}), &shelf{items: map[string]resource.Resource{}}, nil)
	for _, pattern := range dialect.ManagePaths() {
		m.Handle(pattern, h)
	}
	return m
}

// stranger makes a request with an invented signature, from an address.
func stranger(t *testing.T, id, remote string, body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://"+host+"/", body)
	r.Header.Set("Content-Type", wire.ContentTypeManage)
	r.Header.Set("X-Amz-Target", "Transcribe.ListVocabularies")
	sign(t, r, sigv4.Credentials{AccessKeyID: id, Secret: "an invented one"}, strings.Repeat("0", 64), time.Now())
	r.RemoteAddr = remote
	return r
}

// Strangers who send their bodies slowly, with keys that nobody has or with that of somebody, take no place from others.
func TestManageSlowStrangers(t *testing.T) {
	asked, on := make(chan struct{}, 1000), make(chan struct{})
	keys := keyring{keyID: {ID: keyID, Secrets: []string{secret}}, "AKIDOTHER": {ID: "AKIDOTHER", Secrets: []string{otherSecret}}}
	d := &desk{t: t, h: counter(keys, nil)}
	var all sync.WaitGroup
	var mu sync.Mutex
	answers := map[int]int{} // guarded by mu, by status
	come := func(id, remote string) {
		r := stranger(t, id, remote, slowBody{asked, on})
		all.Go(func() { // owned by the test, which waits for it
			w := httptest.NewRecorder()
			d.h.ServeHTTP(w, r)
			mu.Lock()
			defer mu.Unlock()
			answers[w.Code]++
			if w.Code != 400 {
				asked <- struct{}{} // instead of its body
			}
		})
	}
	for i := range 100 { // the ids are invented: nobody reads the bodies
		w := httptest.NewRecorder()
		d.h.ServeHTTP(w, stranger(t, fmt.Sprint("AKIDNONE", i), fmt.Sprintf("198.51.%d.1:1", i), slowBody{asked, on}))
		if w.Header().Get("x-amzn-errortype") != wire.UnrecognizedClient || len(asked) > 0 {
			t.Fatalf("an invented key: %d %s, bodies read: %d", w.Code, w.Body, len(asked))
		}
	}
	for range 100 { // one address, one key
		come("AKIDOTHER", "192.0.2.7:1234")
	}
	for i := range 100 { // many addresses of one network, and many networks
		come("AKIDOTHER", fmt.Sprintf("[2001:db8:1:2::%d]:1", i+1))
		come("AKIDOTHER", fmt.Sprintf("[2001:db8:2:%d::1]:1", i+1))
	}
	for range 300 {
		<-asked
	}
	d.mine("ListVocabularies", `{}`)
	mu.Lock()
	if answers[503] != 300-16 {
		t.Errorf("%v were answered, expected all but 16 with 503", answers)
	}
	mu.Unlock()
	close(on)
	all.Wait()
	if answers[503] != 300-16 || answers[400]+answers[403] != 16 {
		t.Errorf("answers %v", answers)
	}
	// All places are free again.
	for range 100 {
		code, answer := d.ask(keyID, secret, "ListVocabularies", `{}`)
		if code != http.StatusOK {
			t.Fatalf("%d %v", code, answer)
		}
	}
}

// Who is kept waiting for having guessed takes no place.
func TestManageGuessersWaitOutside(t *testing.T) {
	g := guard{make(chan struct{}, 200), make(chan struct{})}
	d := &desk{t: t, h: counter(keyring{keyID: {ID: keyID, Secrets: []string{secret}}}, g)}
	var all sync.WaitGroup
	for range 100 {
		r := stranger(t, keyID, "192.0.2.7:1234", strings.NewReader("{}"))
		all.Go(func() { // owned by the test, which waits for it
			w := httptest.NewRecorder()
			d.h.ServeHTTP(w, r)
			if w.Code == http.StatusOK {
				t.Error("a guesser is served")
			}
		})
		<-g.asked // it waits
	}
	d.mine("ListVocabularies", `{}`)
	close(g.on)
	all.Wait()
}
