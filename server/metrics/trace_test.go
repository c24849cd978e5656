package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/server/metrics"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// collector keeps what it is sent.
type collector struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && r.URL.Path == "/v1/traces" {
		c.text.Write(body)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// A stream is a span, with who asked for what and how it ended; a refusal is one, too; what is only for the log is not sent.
func TestTraces(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	traces, err := metrics.OpenTraces(t.Context(), server.URL+"/v1/traces", "v9", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := observed(t, script.Fault{}, traces)
	ses, err := s.Open(t.Context(), ask("the-session"))
	if err != nil {
		t.Fatal(err)
	}
	serial := ses.Serial()
	if err := ses.Write(t.Context(), make([]byte, mono16k.Bytes(4*time.Second))); err != nil {
		t.Fatal(err)
	}
	if err := ses.CloseSend(t.Context()); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = ses.Next(t.Context())
	}
	ses.Close(err)
	traces.Refused(t.Context(), ask("refused-session"), &stt.Error{Code: stt.Quota, Msg: "too many streams", Err: errors.New("the cause, with a secret")})
	if err := traces.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.text.String()
	for _, text := range []string{"stream", serial, "the-session", "KEY-OF-SOMEBODY", "000000000001", "script", "en-US", "first words", "final",
		"earshot.audio_seconds", "stream refused", "refused-session", "quota", "too many streams", "v9"} {
		if !strings.Contains(got, text) {
			t.Errorf("the collector was not sent %q", text)
		}
	}
	for _, text := range []string{"with a secret", "good morning", "192.0.2.7"} {
		if strings.Contains(got, text) {
			t.Errorf("the collector was sent %q", text)
		}
	}
}

// Hours of speech make no endless span.
func TestSpanIsBounded(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	traces, err := metrics.OpenTraces(t.Context(), server.URL+"/v1/traces", "v9", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w := traces.Opened(t.Context(), &session.Live{Serial: "s", Request: ask("s")})
	for range 5000 {
		w.Final(time.Second)
	}
	w.Closed(&session.Usage{Request: ask("s"), Err: stt.Errorf(stt.Idle, "no audio")})
	if err := traces.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := strings.Count(c.text.String(), "earshot.after_seconds"); n != 100 || !strings.Contains(c.text.String(), "no audio") {
		t.Errorf("%d events, expected the first 100", n)
	}
}

// A collector that is not there keeps nobody from being served.
func TestTracesWithoutCollector(t *testing.T) {
	var log bytes.Buffer
	traces, err := metrics.OpenTraces(t.Context(), "http://127.0.0.1:1/v1/traces", "v9", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 5000 { // more than are kept
		traces.Opened(t.Context(), &session.Live{Request: ask("s")}).Closed(&session.Usage{Request: ask("s")})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := traces.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	if n := strings.Count(log.String(), "traces cannot be sent"); n != 1 {
		t.Errorf("the log is told %d times: %s", n, &log)
	}
}

func TestTracesEndpoint(t *testing.T) {
	for _, c := range []struct{ base, traces, want string }{
		{"", "", ""},
		{"http://collector:4318", "", "http://collector:4318/v1/traces"},
		{"http://collector:4318/otlp/", "", "http://collector:4318/otlp/v1/traces"},
		{"http://collector:4318", "https://other/here", "https://other/here"},
	} {
		env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.base, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.traces}
		if got := metrics.TracesEndpoint(func(name string) string { return env[name] }); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
	for _, bad := range []string{"collector:4318", "grpc://collector", "/v1/traces"} {
		if _, err := metrics.OpenTraces(t.Context(), bad, "v9", slog.New(slog.DiscardHandler)); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: got %v, expected Invalid", bad, err)
		}
	}
}
