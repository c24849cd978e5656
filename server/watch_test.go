package server_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/server/state"
	"github.com/earshot-stt/earshot/store"
)

// A stream ends when its account is disabled by another process, though its client says nothing.
func TestStreamOfDisabledAccount(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off"})
	s := start(t, cfg)
	stream := s.dial(cfg, s.plain)
	s.awaitLog("stream opened")
	opened, err := state.Open(t.Context(), cfg.Data, cfg, state.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Store.Close()
	a, err := opened.Store.AccountByName(t.Context(), state.DefaultAccount)
	if err == nil {
		_, err = opened.Store.UpdateAccount(t.Context(), store.Actor{Name: "test"}, a.ID, func(a *store.Account) error { a.Disabled = true; return nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listen(t, stream); !strings.Contains(err.Error(), "security token") {
		t.Errorf("the stream ended with %v", err)
	}
}

// A database that is taken away is noticed: the server is not ready, and takes no change that nobody would find.
func TestDatabaseTakenAway(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off"})
	s := start(t, cfg)
	path := filepath.Join(cfg.Data, state.DatabaseFile)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	s.awaitLog("the store is at fault")
	if status, text := get(t, plainClient(), s.plain+"/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(text, "impaired") {
		t.Errorf("%d %s", status, text)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	s.awaitLog("the store is sound again")
	if status, text := get(t, plainClient(), s.plain+"/readyz", ""); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
}

// A server reads its master key again when a command has put another one in its place, and until it can it says so.
func TestMasterRotatedBesideServer(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off"})
	s := start(t, cfg)
	file := filepath.Join(cfg.Data, state.MasterKeyFile)
	opened, err := state.Open(t.Context(), cfg.Data, cfg, state.Options{Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Store.Close()
	fresh := store.NewMaster()
	if err := opened.Store.RotateMaster(t.Context(), store.Actor{Name: "test"}, fresh); err != nil {
		t.Fatal(err)
	}
	s.awaitLog("the store is at fault")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := fresh.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	s.awaitLog("the store is sound again")
	stream := s.dial(cfg, s.plain)
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := listen(t, stream); err != io.EOF {
		t.Errorf("the stream ended with %v", err)
	}
}
