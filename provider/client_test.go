package provider_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/provider"
	"github.com/earshot-stt/earshot/stt"
)

// What a server that reads nothing has been sent must not be megabytes: nobody would know that it is behind.
func TestLittleIsUnderWay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := provider.NewClient(nil).Transport.(*http.Transport).DialContext(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if err := peer.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)) // a real socket knows no other time
	n, err := conn.Write(make([]byte, 64<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n > 1<<20 {
		t.Errorf("%d bytes are under way, %v; expected less than 1 MiB and a deadline", n, err)
	}
}

// secure is a server with a certificate that no system trusts, and the file that has it.
func secure(t *testing.T) (address *url.URL, file string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil {
			c.CloseNow()
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Scheme = "wss"
	return u, file
}

func TestRoots(t *testing.T) {
	address, file := secure(t)
	roots, err := provider.Roots(file)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := provider.Dial(context.Background(), provider.NewClient(roots), address, nil, "them")
	if err != nil {
		t.Fatalf("with the authority: %v", err)
	}
	conn.CloseNow()
	for name, client := range map[string]*http.Client{"no client": nil, "the system's": provider.NewClient(nil)} {
		if _, err := provider.Dial(context.Background(), client, address, nil, "them"); err == nil {
			t.Errorf("%s: a certificate of nobody is trusted", name)
		} else {
			wantError(t, err, stt.Unavailable, "certificate")
		}
	}
}

func TestRootsRefuses(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "nowhere"): "cannot be read: no such file",
		folder:                           "cannot be read: is a directory",
		write("empty", ""):               "it has none",
		write("text", "hello"):           "it has none",
		write("key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):    "it has none",
		write("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"): "it has none",
		write("long", strings.Repeat("\n", 1<<20+1)):                                      "longer than 1048576 bytes",
	} {
		roots, err := provider.Roots(path)
		if err == nil || roots != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), folder) {
			t.Errorf("%s: %v, want %q without the name", filepath.Base(path), err, want)
		}
	}
}
