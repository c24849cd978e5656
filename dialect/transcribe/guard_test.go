package transcribe_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// bomb is a rewriter with a bug that shows at a word.
type bomb string

func (b bomb) Rewrite(ev *stt.Event) {
	if ev.Kind == stt.EventSegment && strings.Contains(ev.Segment.Best().Text, string(b)) {
		panic("a bug")
	}
}

// A panic in one stream is an exception to its client, gives everything back, and leaves the stream beside it alone.
func TestPanicEndsOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		first := true
		h := serve(t, session.Options{
			Recognizer: script.New(script.Options{Script: parse(t, conversation)}),
			Log:        slog.New(slog.NewTextHandler(&log, nil)),
			Features: []feature.Feature{{Wanted: func(*stt.Config) bool { return true }, New: func(*stt.Config) feature.Rewriter {
				if first {
					first = false
					return bomb("good")
				}
				return feature.Chain(nil)
			}}}}, dialect.Options{})
		broken, sound := h.connect(t), h.connectTo(t, strings.Replace(usual, sessionID, "00000000-0000-4000-8000-00000000000b", 1))
		for _, c := range []*raw{broken, sound} {
			c.audio(1200 * time.Millisecond)
		}
		broken.expect(opened, "exception InternalFailureException", "close 1011 InternalFailureException")
		broken.send(fin|opClose, closing(1011, ""))
		broken.expect("gone")
		sound.send(fin|opBinary, nil)
		sound.expect(opened, words, farewell)
		sound.send(fin|opClose, closing(1000, ""))
		sound.expect("gone")
		h.empty(t)
		if !strings.Contains(log.String(), "a bug") || !strings.Contains(log.String(), "code=internal") {
			t.Errorf("the log does not say what happened:\n%s", &log)
		}
	})
}

// While the engine hears silence the client is told that it is heard, once a second.
func TestSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, "90-91 late", session.Limits{}, dialect.Options{})
		c := h.connect(t)
		for range 50 {
			c.audio(100 * time.Millisecond)
			pass(100 * time.Millisecond)
		}
		if n := len(c.heard()); n < 5 || n > 6 {
			t.Errorf("%d events in 5 s of silence, expected the first and about one a second", n)
		}
		c.conn.Close()
		pass(0)
		h.empty(t)
	})
}

// What is refused before there is a session is in the log once, with the request's id and without the signature.
func TestRefusalsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := scripted(t, conversation, session.Limits{}, dialect.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		good, seed := presign(t, usual)
		wrong := strings.Replace(good, "sample-rate=16000", "sample-rate=8000", 1)
		other, _ := presign(t, usual+"&show-speaker-label=maybe")
		long, _ := presign(t, usual+"&filler="+strings.Repeat("x", 9000))
		for _, tt := range []struct{ target, exception, code string }{
			{wrong, "exception InvalidSignatureException", "code=InvalidSignatureException"},
			{other, "exception BadRequestException", "caller=AKIDEXAMPLE"},
			{long, "exception BadRequestException {\"Message\":\"The query has ", "code=BadRequestException"},
		} {
			log.Reset()
			c := h.handshake(t, request(tt.target, handshaking+goodKey))
			id := c.resp.Header.Get("x-amzn-RequestId")
			c.send(fin|opClose, closing(1008, ""))
			c.expect(tt.exception, "close 1008", "gone")
			if n := strings.Count(log.String(), "stream refused"); n != 1 || !strings.Contains(log.String(), "request="+id) || !strings.Contains(log.String(), tt.code) {
				t.Errorf("%d lines, expected one with request=%s and %s:\n%s", n, id, tt.code, &log)
			}
			if strings.Contains(log.String(), seed) || strings.Contains(log.String(), "X-Amz-Signature=") {
				t.Errorf("the log shows a signature:\n%s", &log)
			}
		}
		pass(3 * time.Second)
		h.empty(t)
	})
}

// Strangers that keep all their places busy do not keep a caller that we know from being told what is wrong.
func TestStrangersTakeNoPlaceOfCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{Refused: 1})
		good, _ := presign(t, usual+"&show-speaker-label=true")
		h.handshake(t, request(strings.Replace(good, "en-US", "en-GB", 1), handshaking+goodKey)) // stays until it is dropped
		c := h.handshake(t, request(good, handshaking+goodKey))
		c.send(fin|opClose, closing(1008, ""))
		c.expect("exception BadRequestException", "close 1008", "gone")
		pass(3 * time.Second)
		h.empty(t)
	})
}
