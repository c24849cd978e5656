package transcribe_test

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// A server with a certificate of its own making is reached with the option, and not without.
func TestCAFile(t *testing.T) {
	home := bare(t)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	f := &fake{t: t, serve: func(c *call) { c.audio(); c.goodbye() }}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.answer(ctx, w, r) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	file := write(t, filepath.Join(home, "ca.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))

	values := map[string]string{"endpoint": strings.Replace(server.URL, "https", "wss", 1), "ca_file": file}
	r, err := fromConfig(values)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, r, stt.Config{})
	send(t, s, time.Second)
	s.CloseSend()
	if _, err := drain(s); err.Error() != "EOF" {
		t.Error(err)
	}
	delete(values, "ca_file")
	if r, err = fromConfig(values); err != nil {
		t.Fatal(err)
	}
	_, err = r.Open(ctx, stt.Config{Audio: format})
	wantError(t, err, stt.Unavailable, "certificate")
}
