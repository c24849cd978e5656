package transcribe_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// What a caller is told when there is no stream, and that neither signature nor token is in it.
func TestOpening(t *testing.T) {
	canonical := "no\n\nThe Canonical String for this request should have been\n'GET\n"
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   stt.Code
		texts  []string
	}{
		"401": {status(401, "who are you"), stt.Unauthenticated, []string{"401", "the server says: who are you"}},
		"403": {status(403, `{"Message":"not you"}`), stt.Denied, []string{"403", "not you"}},
		"404": {status(404, "nothing here"), stt.Unavailable, []string{"404", "nothing here"}},
		"429": {status(429, "slow down"), stt.Quota, []string{"slow down"}},
		"500": {status(500, ""), stt.Unavailable, []string{"500"}},
		"503": {status(503, strings.Repeat("full ", 1000)), stt.Exhausted, []string{"full full"}},
		"200": {status(200, "a web page"), stt.Unavailable, []string{"200", "a web page"}},
		"403 that repeats the address": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			fmt.Fprint(w, r.URL.Query().Get("X-Amz-Security-Token"), " ", r.URL.Query().Get("X-Amz-Signature"), " ", canonical, r.URL.RawQuery)
		}, stt.Denied, []string{"withheld"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var signature string
				f := refuser(t, func(w http.ResponseWriter, r *http.Request) {
					signature = r.URL.Query().Get("X-Amz-Signature")
					c.answer(w, r)
				})
				_, err := f.client().Open(context.Background(), stt.Config{Audio: format})
				wantError(t, err, c.code, append(c.texts, "cannot connect to the server: ws://memory:8080/stream-transcription-websocket?...")...)
				if signature == "" || strings.Contains(err.Error(), signature) {
					t.Errorf("shows the signature %q: %v", signature, err)
				}
			})
		})
	}
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

func TestNobodyThere(t *testing.T) { overBoth(t, testNobodyThere) }

func testNobodyThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, nil)
		r := f.client()
		f.net.Close()
		_, err := r.Open(context.Background(), stt.Config{Audio: format})
		wantError(t, err, stt.Unavailable, "://memory:8080", "connection refused")
	})
}

// Open gives up with its context while the server is slow to answer.
func TestSlowDial(t *testing.T) { overBoth(t, testSlowDial) }

func testSlowDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		t.Cleanup(func() { close(stop) })
		f := refuser(t, func(http.ResponseWriter, *http.Request) { <-stop })
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := f.client().Open(ctx, stt.Config{Audio: format})
		wantError(t, err, stt.DeadlineExceeded)
		if took := time.Since(began); took != time.Second {
			t.Errorf("after %v", took)
		}
		ctx, cancel = context.WithCancel(context.Background())
		go func() { // owned by the test; ends at once
			<-time.After(time.Second)
			cancel()
		}()
		_, err = f.client().Open(ctx, stt.Config{Audio: format})
		wantError(t, err, stt.Canceled)
	})
}
