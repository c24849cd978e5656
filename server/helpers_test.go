package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/server"
	"github.com/earshot-stt/earshot/stt"
)

// patience is how long a test waits for what must come, on a machine that has much else to do and may stop for seconds.
const patience = 2 * time.Minute

// output is what the operator reads, with a signal for every line.
type output struct {
	lines chan string

	mu  sync.Mutex // guards all below
	all bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines <- string(b) // one line a write, and never so many
	return o.all.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// running is a server under test.
type running struct {
	t           *testing.T
	out, log    *output
	plain, safe string // URLs
	stop        context.CancelFunc
	ended       chan error
}

func newOutput() *output { return &output{lines: make(chan string, 1000)} }

// configure returns a configuration with a scripted engine, free ports and a folder of its own.
func configure(t *testing.T, script string, flags map[string]string) *config.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script.txt")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"listen": "127.0.0.1:0", "tls.listen": "127.0.0.1:0", "data": filepath.Join(t.TempDir(), "data"),
		"engine": "script", "engines.script.script": file}
	for k, v := range flags {
		all[k] = v
	}
	cfg, _, err := config.Load(config.Options{Flags: all})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// launch runs a server without waiting for it.
func launch(t *testing.T, cfg *config.Config) *running {
	ctx, cancel := context.WithCancel(context.Background())
	s := &running{t: t, out: newOutput(), log: newOutput(), stop: cancel, ended: make(chan error, 1)}
	go func() { // owned by the test, which receives from ended in its cleanup at the latest
		s.ended <- server.Run(ctx, cfg, server.Options{Version: "v-test", Getenv: func(string) string { return "" }, Out: s.out,
			Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-s.ended:
		case <-time.After(patience):
			t.Error("the server does not end")
		}
	})
	return s
}

var ready = regexp.MustCompile(`^earshot is ready: (https?)://(127\.0\.0\.1:[0-9]+)\n$`)

// start runs a server and waits until it is ready.
func start(t *testing.T, cfg *config.Config) *running {
	t.Helper()
	s := launch(t, cfg)
	listeners := 0
	for _, l := range []string{cfg.Listen, cfg.TLS.Listen} {
		if l != "" {
			listeners++
		}
	}
	for listeners > 0 {
		select {
		case line := <-s.out.lines:
			m := ready.FindStringSubmatch(line)
			switch {
			case m == nil:
				continue
			case m[1] == "http":
				s.plain = "http://" + m[2]
			default:
				s.safe = "https://" + m[2]
			}
			listeners--
		case err := <-s.ended:
			s.ended <- err
			t.Fatalf("the server ended: %v", err)
		case <-time.After(patience):
			t.Fatal("the server is not ready")
		}
	}
	return s
}

// end stops a server and waits for it.
func (s *running) end() {
	s.t.Helper()
	s.stop()
	err := <-s.ended
	s.ended <- err
	if err != nil {
		s.t.Errorf("Run returns %v", err)
	}
}

// awaitLog waits for a line of the log.
func (s *running) awaitLog(text string) {
	s.t.Helper()
	for {
		select {
		case line := <-s.log.lines:
			if strings.Contains(line, text) {
				return
			}
		case <-time.After(patience):
			s.t.Fatalf("the log does not say %q:\n%s", text, s.log)
		}
	}
}

// get returns status and text of an address.
func get(t *testing.T, client *http.Client, address, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func plainClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

const speech = "0.2-1.0 good morning everybody\n1.5-2.2 how are you\n"

// dial opens a stream on a server with the key that its first start made.
func (s *running) dial(cfg *config.Config, address string) stt.Stream {
	s.t.Helper()
	driver := transcribe.Driver()
	r, err := driver.Open(s.t.Context(), map[string]string{"endpoint": address, "credentials_file": filepath.Join(cfg.Data, auth.CredentialsFile),
		"reconnect_for": "0s"}, // what the server says is to be seen
		func(string) string { return "" })
	if err != nil {
		s.t.Fatal(err)
	}
	stream, err := r.Open(s.t.Context(), stt.Config{Audio: stt.Format{Rate: 16000, Channels: 1}, Languages: stt.Languages{Tags: []string{"en-US"}}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { stream.Close() })
	return stream
}

func send(t *testing.T, stream stt.Stream, d time.Duration) {
	t.Helper()
	if err := stream.Send(t.Context(), stt.Chunk{Data: make([]byte, stt.Format{Rate: 16000, Channels: 1}.Bytes(d))}); err != nil {
		t.Fatal(err)
	}
}

// listen returns the finals of a stream and how it ended.
func listen(t *testing.T, stream stt.Stream) (finals []string, err error) {
	for {
		ev, err := stream.Recv(t.Context())
		if err != nil {
			return finals, err
		}
		if ev.Kind == stt.EventSegment && ev.Segment.Final {
			finals = append(finals, ev.Segment.Best().Text)
		}
	}
}
