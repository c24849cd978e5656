package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/feature/punctuate"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
)

// cold is a recognizer that is ready when told so.
type cold struct {
	stt.Recognizer
	ready chan error
}

func (c cold) Ready(ctx context.Context) error {
	select {
	case err := <-c.ready:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestWarming follows a server on a network in memory from its start to its end.
func TestWarming(t *testing.T) {
	broken := errors.New("the model is broken")
	for _, c := range []struct {
		name  string
		ready []error // what Ready says; none: the signal comes first
		want  error
		lines int
	}{
		{"ready", []error{nil}, nil, 1},
		{"never ready", []error{broken}, broken, 0},
		{"ended while warming", nil, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := testkit.NewNetwork()
				rec := cold{script.New(script.Options{}), make(chan error)}
				log := slog.New(slog.DiscardHandler)
				s := &server{log: log, sessions: session.NewService(session.Options{Recognizer: rec})}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				var out bytes.Buffer
				ended := make(chan error, 1)
				cfg := config.Default()
				go func() { // owned by the test, which receives from ended
					ended <- s.run(ctx, cfg, &out, rec, []listener{{network, "http"}}, s.handlers(cfg, rooms{keys: auth.Static{}}), nil)
				}()
				ask := func(path string, status int, word string) {
					t.Helper()
					resp, err := network.Client().Get("http://earshot" + path)
					if err != nil {
						t.Fatal(err)
					}
					defer resp.Body.Close()
					text, _ := io.ReadAll(resp.Body)
					if resp.StatusCode != status || strings.TrimSpace(string(text)) != word {
						t.Errorf("%s: %d %q, expected %d %q", path, resp.StatusCode, text, status, word)
					}
				}
				ask("/healthz", http.StatusOK, "ok")
				ask("/readyz", http.StatusServiceUnavailable, "warming")
				synctest.Wait()
				if out.Len() > 0 {
					t.Errorf("before it is ready the server says %q", out.String())
				}
				for _, err := range c.ready {
					rec.ready <- err
					synctest.Wait()
				}
				if c.lines > 0 {
					ask("/readyz", http.StatusOK, "ready")
				}
				stop()
				if err := <-ended; !errors.Is(err, c.want) {
					t.Errorf("run returns %v, expected %v", err, c.want)
				}
				if n := strings.Count(out.String(), "earshot is ready: http://memory\n"); n != c.lines || n == 0 && out.Len() > 0 {
					t.Errorf("the server says %q, expected %d lines", out.String(), c.lines)
				}
			})
		})
	}
}

// Options of engines that nobody knows are secret.
func TestSecretOption(t *testing.T) {
	for _, c := range []struct {
		engine, option string
		want           bool
	}{{"script", "script", false}, {"script", "password", true}, {"watson", "x", true}} {
		if got := SecretOption(c.engine, c.option); got != c.want {
			t.Errorf("%s.%s: %v, expected %v", c.engine, c.option, got, c.want)
		}
	}
}

func TestFeaturesSwitch(t *testing.T) {
	cfg := config.Default()
	with := len(Features(cfg))
	cfg.Features.Punctuate = false
	if without := len(Features(cfg)); with-without != len(punctuate.Features()) {
		t.Errorf("there are %d features with punctuation and %d without", with, without)
	}
}

// The names of drivers are those that configurations can hold, and every driver says what it is.
func TestDrivers(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Drivers() {
		if seen[d.Name] || d.Title == "" || d.Doc == "" || d.New == nil {
			t.Errorf("driver %q is there twice or incomplete", d.Name)
		}
		seen[d.Name] = true
		if _, _, err := config.Load(config.Options{Flags: map[string]string{"engine": d.Name}}); err != nil {
			t.Errorf("driver %q: %v", d.Name, err)
		}
		for _, o := range d.Options {
			if _, _, err := config.Load(config.Options{Flags: map[string]string{"engines." + d.Name + "." + o.Name: ""}}); err != nil || o.Help == "" {
				t.Errorf("option %q of driver %q has no help or cannot be set: %v", o.Name, d.Name, err)
			}
		}
	}
}

func TestHostNames(t *testing.T) {
	cfg := config.Default()
	cfg.PublicHosts, cfg.TLS.Listen = []string{"example.com:8443", "other.example.com"}, "0.0.0.0:8443"
	if got := strings.Join(hostNames(cfg), " "); got != "example.com other.example.com" {
		t.Errorf("names %q", got)
	}
	cfg.TLS.Listen = "192.0.2.1:8443"
	if got := strings.Join(hostNames(cfg), " "); got != "example.com other.example.com 192.0.2.1" {
		t.Errorf("names %q", got)
	}
}
