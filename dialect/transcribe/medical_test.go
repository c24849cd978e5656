package transcribe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
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

// TestMedicalLoopback asks for a medical stream, by our client of our server, on either transport. The engine is a general one:
// it answers, and the log says so.
func TestMedicalLoopback(t *testing.T) {
	for name, way := range map[string]provider.Options{"WebSocket": {}, "HTTP/2": {Transport: provider.HTTP2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				engine := script.New(script.Options{Script: parse(t, conversation)})
				house := serve(t, session.Options{Recognizer: engine, Log: slog.New(slog.NewTextHandler(&log, nil))}, dialect.Options{})
				format := stt.Format{Rate: 16000, Channels: 1}
				stream, err := client(t, house.net, way).Open(t.Context(), stt.Config{Audio: format, Medical: &stt.Medical{Specialty: "ONCOLOGY", Type: "DICTATION"}})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := strings.Join(finals(t, stream, make([]byte, format.Bytes(5*time.Second))), " "), "good morning everybody how are you very well"; got != want {
					t.Errorf("heard %q, want %q", got, want)
				}
				house.empty(t)
				if !strings.Contains(log.String(), "a medical model was asked for") {
					t.Errorf("the log does not say that a general model answered:\n%s", log.String())
				}
			})
		})
	}
}

// finals sends all of the audio and returns the texts of the finals.
func finals(t *testing.T, stream stt.Stream, audio []byte) []string {
	t.Helper()
	defer stream.Close()
	ctx := context.Background() // the bubble ends what hangs
	if err := errors.Join(stream.Send(ctx, stt.Chunk{Data: audio}), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for {
		ev, err := stream.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		if ev.Kind == stt.EventSegment && ev.Segment.Final {
			texts = append(texts, ev.Segment.Best().Text)
		}
	}
}
