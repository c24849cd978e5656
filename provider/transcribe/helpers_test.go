package transcribe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/eventstream"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

var format = stt.Format{Rate: 16000, Channels: 1}

// encode makes an event's message of its JSON.
func encode(payload string) []byte {
	msg, err := eventstream.Append(nil, &eventstream.Message{Payload: []byte(payload), Headers: eventstream.Headers{
		{Name: eventstream.HeaderEventType, Value: eventstream.String("TranscriptEvent")},
		{Name: eventstream.HeaderMessageType, Value: eventstream.String(eventstream.MessageTypeEvent)}}})
	if err != nil {
		panic(err) // the test's own bytes
	}
	return msg
}

const nothing = `{"Transcript":{"Results":[]}}`

// said is the JSON of a one-word segment, times in seconds.
func said(id string, from, to float64, partial bool, text string) string {
	return fmt.Sprintf(`{"Transcript":{"Results":[{"ResultId":%q,"StartTime":%v,"EndTime":%v,"IsPartial":%v,"Alternatives":[{"Transcript":%q,`+
		`"Items":[{"Content":%q,"StartTime":%v,"EndTime":%v,"Type":"pronunciation"}]}]}]}}`, id, from, to, partial, text, text, from, to)
}

// open opens a stream that is closed at the end of the test.
func open(t *testing.T, r stt.Recognizer, cfg stt.Config) stt.Stream {
	t.Helper()
	if cfg.Audio.Rate == 0 {
		cfg.Audio = format
	}
	s, err := r.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func send(t *testing.T, s stt.Stream, d time.Duration) {
	t.Helper()
	err := s.Send(context.Background(), stt.Chunk{Data: make([]byte, format.Bytes(d))})
	// A server that fails at once may be faster than its client: what Recv says then is what the test is about.
	if err != nil && !strings.Contains(err.Error(), "Recv has the reason") {
		t.Fatal(err)
	}
}

// drain returns the texts of all segments, finals in capitals, and how the stream ended.
func drain(s stt.Stream) (texts []string, end error) {
	for range 10_000 {
		ev, err := s.Recv(context.Background())
		if err != nil {
			return texts, err
		}
		if ev.Kind == stt.EventSegment {
			text := ev.Segment.Best().Text
			if ev.Segment.Final {
				text = strings.ToUpper(text)
			}
			texts = append(texts, text)
		}
	}
	return texts, errors.New("it goes on and on")
}

// wantError checks the code and text of an error that is no regular end, and that it shows nothing secret.
func wantError(t *testing.T, err error, code stt.Code, texts ...string) *stt.Error {
	t.Helper()
	var e *stt.Error
	if !errors.As(err, &e) || errors.Is(err, io.EOF) {
		t.Fatalf("the error is %T (%v); expected *stt.Error with %v", err, err, code)
	}
	if e.Code != code || e.Msg == "" {
		t.Errorf("code %v: %v; expected %v", e.Code, err, code)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v\nlacks %q", err, text)
		}
	}
	wantNoSecret(t, fmt.Sprintf("%v %+v %s %s %s", err, err, e.Msg, e.Got, e.PeerCode))
	if len(err.Error()) > 2500 {
		t.Errorf("the text has %d bytes", len(err.Error()))
	}
	return e
}

func wantNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{secret, token, "TOKEN-OF", "X-Amz-Signature=", "Security-Token="} {
		if strings.Contains(text, s) || strings.Contains(text, url.QueryEscape(s)) {
			t.Errorf("shows %s: %s", s, text)
		}
	}
}

// failing are credentials that are not found.
func failing(why func(ctx context.Context) error) transcribe.Credentials {
	return func(ctx context.Context) (sigv4.Credentials, error) { return sigv4.Credentials{}, why(ctx) }
}
