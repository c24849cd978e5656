package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// What a key is denied is on its bill as a request that failed, and in the figures; a wrong secret is in the figures as what it is.
func TestDeniedIsCounted(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "admin_listen": "127.0.0.1:0"})
	s := start(t, cfg)
	private := regexp.MustCompile(`earshot's administration: (http://127\.0\.0\.1:[0-9]+)/admin`).FindStringSubmatch(s.out.String())[1]
	s.awaitLine(firstLink)
	root := s.visitor()
	root.signIn(`{"code":"` + firstLink.FindStringSubmatch(s.out.String())[2] + `"}`)
	account := root.must(201, "POST", "/admin/v1/accounts", `{"name":"radio"}`)["id"].(string)
	made := root.must(201, "POST", "/admin/v1/access-keys", `{"account":"`+account+`","name":"read","policy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["transcribe:Get*","transcribe:List*"],"Resource":"*"}}}`)
	key := made["access_key"].(map[string]any)["id"].(string)
	good := sigv4.Credentials{AccessKeyID: key, Secret: made["secret_access_key"].(string)}
	wrong := good
	wrong.Secret += "x"

	client := plainClient()
	client.Transport.(*http.Transport).Protocols = new(http.Protocols)
	client.Transport.(*http.Transport).Protocols.SetUnencryptedHTTP2(true)
	ask := func(status int, with sigv4.Credentials, path, body string, header http.Header) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.plain+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(body))
		if _, err := (sigv4.Signer{Credentials: with, Region: "us-east-1"}).SignHeaders("POST", s.plain+path, header, hex.EncodeToString(sum[:]), time.Now()); err != nil {
			t.Fatal(err)
		}
		r.Header = header
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%s: status %d %s, expected %d", path, resp.StatusCode, resp.Header.Get("x-amzn-errortype"), status)
		}
	}
	stream := func() http.Header {
		return http.Header{"X-Amzn-Transcribe-Language-Code": {"en-US"}, "X-Amzn-Transcribe-Media-Encoding": {"pcm"}, "X-Amzn-Transcribe-Sample-Rate": {"16000"}}
	}
	manage := func(operation string) http.Header {
		return http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"Transcribe." + operation}}
	}
	ask(403, good, "/stream-transcription", "", stream())
	ask(403, wrong, "/stream-transcription", "", stream())
	ask(400, good, "/", `{"VocabularyName":"v"}`, manage("DeleteVocabulary"))
	ask(400, good, "/", `{"VocabularyName":"v"}`, manage("GetVocabulary"))
	ask(200, good, "/", `{}`, manage("ListVocabularies"))

	_, figures := get(t, plainClient(), private+"/metrics", "")
	for _, want := range []string{`code="denied"`, `code="unauthenticated"`} {
		if line := `earshot_streams_refused_total{` + want + `,protocol="amazon-http2"} 1`; !strings.Contains(figures, line+"\n") {
			t.Errorf("no %s in the figures", line)
		}
	}
	s.end() // writes down what was used
	opened, err := state.Open(t.Context(), cfg.Data, cfg, state.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Store.Close()
	rows, err := opened.Store.UsageRows(t.Context(), store.UsageQuery{Key: key, Group: []store.Dimension{store.DimAccount, store.DimProtocol}})
	if err != nil {
		t.Fatal(err)
	}
	var bill []string
	for _, r := range rows {
		bill = append(bill, fmt.Sprintf("%s %v requests %d errors %d", r.Protocol, r.Account == account, r.Requests, r.Errors))
	}
	slices.Sort(bill)
	if want := []string{"amazon-http2 true requests 1 errors 1", "amazon-json true requests 3 errors 2"}; !slices.Equal(bill, want) {
		t.Errorf("the bill says %q, expected %q", bill, want)
	}
}
