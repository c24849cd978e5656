package transcribe_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	provider "github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// What a server has to say about an engine that never ends reaches our client, which has more patience; and where the engine is only
// slow, its finals do.
func TestEndThatTakesLong(t *testing.T) {
	for name, way := range map[string]provider.Options{"WebSocket": {}, "HTTP/2": {Transport: provider.HTTP2}} {
		for _, c := range []struct {
			fault script.Fault
			says  string // of the error; empty: the stream ends as it should
		}{
			{script.Fault{Kind: script.Stall, At: time.Second}, "the recognizer gave no end within 30s after the end of the audio"},
			{script.Fault{Kind: script.Slow, Factor: 20}, ""},
		} {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation), Fault: c.fault})}, dialect.Options{})
				format := stt.Format{Rate: 16000, Channels: 1}
				s, err := client(t, h.net, way).Open(t.Context(), stt.Config{Audio: format})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				began := time.Now()
				if err := s.Send(t.Context(), stt.Chunk{Data: make([]byte, format.Bytes(4*time.Second))}); err != nil {
					t.Fatal(err)
				}
				if err := s.CloseSend(); err != nil {
					t.Fatal(err)
				}
				for err == nil {
					_, err = s.Recv(t.Context())
				}
				took := time.Since(began)
				if c.says == "" && (err != io.EOF || took < time.Minute) || c.says != "" && !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s, %v: after %v: %v", name, c.fault, took, err)
				}
			})
		}
	}
}
