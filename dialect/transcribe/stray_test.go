package transcribe_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// Who asks at a path that is no operation's is told in Amazon's shape which is meant, over HTTP/1.1 whatever the body is.
func TestStrayPaths(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555"
	for _, tt := range []struct {
		name, request string
		status        int
		kind, says    string
	}{
		{"scribe's details", "GET /medical-scribe-stream/" + id + " HTTP/1.1\r\nHost: x\r\n\r\n", 400, wire.BadRequest, "GetMedicalScribeStream is not offered"},
		{"a slip", "GET /stream-transcriptions HTTP/1.1\r\nHost: x\r\n\r\n", 404, wire.UnknownOperation, "to /stream-transcription,"},
		{"a slip, streaming", "POST /stream-transcriptions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 404, wire.UnknownOperation, "to /stream-transcription,"},
		{"a slash", "POST /stream-transcription/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404, wire.UnknownOperation, "to /stream-transcription,"},
		{"another service's", "POST /model/x/invoke HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404, wire.UnknownOperation, "StartStreamTranscription is at"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, conversation, session.Limits{}, dialect.Options{})
				conn := h.dial(t)
				c := raw{t: t, conn: conn}
				c.bytes([]byte(tt.request))
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Error(err)
				}
				var said struct{ Message string }
				err = json.Unmarshal(body, &said)
				if err != nil || resp.StatusCode != tt.status || resp.Header.Get("X-Amzn-Errortype") != tt.kind || !strings.Contains(said.Message, tt.says) ||
					len(resp.Header.Get("x-amzn-RequestId")) != 36 || resp.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s %v %s: %v", resp.Status, resp.Header, body, err)
				}
				pass(time.Second)
				h.empty(t)
			})
		})
	}
}

// Over HTTP/2, and by WebSocket, where the upgrade comes first and the signature is looked at before the path.
func TestStrayStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := scripted(t, conversation, session.Limits{}, dialect.Options{})
		c := &post{t: t, path: "/stream-transcriptions", method: "POST", signer: signer(), header: http.Header{}}
		c.do(h.net.Client())
		pass(time.Second) // as long as it is still sending
		c.expect("404", "x-amzn-errortype: UnknownOperationException", `{"Message":"There is no operation at /stream-transcriptions. StartStreamTranscription is a POST`, "end")

		signed, _, err := signer().Presign("GET", "ws://"+host+"/stream-transcription-websockets?"+usual, time.Minute, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		w := h.handshake(t, request(requestURI(t, signed), handshaking+goodKey))
		w.expect("exception BadRequestException "+`{"Message":"There is no operation at /stream-transcription-websockets. StartStreamTranscription is a POST`, "close 1008 BadRequestException")
		w = h.handshake(t, request("/stream-transcription-websockets", handshaking+goodKey))
		w.expect("exception MissingAuthenticationTokenException", "close 1008")
		pass(5 * time.Second)
		h.empty(t)
	})
}

// What the model cannot do is told in the words of the operation that was called: the medical one has no vocabulary-names.
func TestRefusalsNameOwnParameters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, session.Options{Recognizer: script.New(script.Options{Script: parse(t, conversation)})}, dialect.Options{})
		for path, want := range map[string]string{
			wire.PathMedicalWebSocket: `{"Message":"The parameter vocabulary-name asks for`,
			wire.PathWebSocket:        `{"Message":"The parameter vocabulary-name or vocabulary-names asks for`,
		} {
			query := usual + "&vocabulary-name=mine"
			if path == wire.PathMedicalWebSocket {
				query += "&specialty=UROLOGY&type=DICTATION"
			}
			signed, _, err := signer().Presign("GET", "ws://"+host+path+"?"+query, time.Minute, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			h.handshake(t, request(requestURI(t, signed), handshaking+goodKey)).expect("exception BadRequestException "+want, "close 1008")
		}
		pass(5 * time.Second)
		h.empty(t)
	})
}
