package server_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// After the signal, a stream that runs is served to its end; nobody new is.
func TestEndOfServer(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off"})
	s := start(t, cfg)
	ws := strings.Replace(s.plain, "http", "ws", 1)
	stream := s.dial(cfg, ws)
	send(t, stream, 2*time.Second)
	s.awaitLog("stream opened")
	s.stop()
	s.awaitLog("shutting down")
	for { // between that line and the refusing there is a moment
		status, text := get(t, plainClient(), s.plain+"/readyz", "")
		if status == 503 && text == "draining\n" {
			break
		}
		if status != 200 {
			t.Fatalf("/readyz: %d %q", status, text)
		}
	}
	if status, text := get(t, plainClient(), s.plain+"/healthz", ""); status != 200 || text != "ok\n" {
		t.Errorf("/healthz while draining: %d %q", status, text)
	}
	late := s.dial(cfg, ws) // the socket opens, and says why there is nothing to be had
	if _, err := listen(t, late); stt.AsError(err).PeerCode != "ServiceUnavailableException" {
		t.Errorf("a new stream while draining: %v", err)
	}
	send(t, stream, time.Second)
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	finals, err := listen(t, stream)
	if want := "Good morning everybody.|How are you?"; err != io.EOF || strings.Join(finals, "|") != want {
		t.Errorf("%q and %v, expected %q and a regular end", finals, err, want)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("Run returns %v", err)
	}
	s.ended <- nil
	if !strings.Contains(s.log.String(), "reason=completed") {
		t.Errorf("the log does not say that the stream was completed:\n%s", s.log)
	}
}

// Whoever has not ended within the grace period is told so.
func TestGraceIsOver(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "grace": "200ms"})
	s := start(t, cfg)
	stream := s.dial(cfg, strings.Replace(s.plain, "http", "ws", 1))
	send(t, stream, 2*time.Second)
	s.awaitLog("stream opened")
	s.stop()
	_, err := listen(t, stream)
	if e := stt.AsError(err); e.PeerCode != "ServiceUnavailableException" || !strings.Contains(e.Msg, "connect again") {
		t.Errorf("ended with %v", err)
	}
	s.end()
}

func TestStreamLimit(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "limits.streams": "1"})
	s := start(t, cfg)
	ws := strings.Replace(s.plain, "http", "ws", 1)
	first := s.dial(cfg, ws)
	s.awaitLog("stream opened")
	second := s.dial(cfg, ws)
	if _, err := listen(t, second); stt.AsError(err).PeerCode != "ServiceUnavailableException" || !strings.Contains(err.Error(), "all 1 streams") {
		t.Errorf("a stream too many: %v", err)
	}
	first.Close()
	s.awaitLog("stream closed")
	third := s.dial(cfg, ws)
	if err := third.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := listen(t, third); err != io.EOF {
		t.Errorf("a stream in the place of another: %v", err)
	}
}
