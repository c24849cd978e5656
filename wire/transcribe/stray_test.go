package transcribe_test

import (
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/wire/transcribe"
)

func TestStray(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		status       int    // 0: nothing to do with the protocol
		says         string // of the message
	}{
		{"POST", "/stream-transcriptions", 404, "to /stream-transcription, "},
		{"POST", "/stream-transcription/", 404, "to /stream-transcription, "},
		{"POST", "/stream_transcription", 404, "to /stream-transcription, "},
		{"POST", "/Stream-Transcription", 404, "to /stream-transcription, "},
		{"POST", "/streamtranscription", 404, "to /stream-transcription, "},
		{"POST", "/steam-transciption", 404, "to /stream-transcription, "},
		{"POST", "/v1/stream-transcription", 404, "to /stream-transcription, "},
		{"POST", "/start-stream-transcription", 404, "StartStreamTranscription is "},
		{"POST", "//stream-transcription", 404, "to /stream-transcription, "},
		{"GET", "/stream-transcription-websockets", 404, "at /stream-transcription-websocket;"},
		{"GET", "/stream-transcription-websocket/", 404, "at /stream-transcription-websocket;"},
		{"POST", "/medical-stream-transcriptions", 404, "StartMedicalStreamTranscription is "},
		{"POST", "/call-analytics-stream-transcriptio", 404, "StartCallAnalyticsStreamTranscription is "},
		{"POST", "/medical-scribe-streams", 404, "StartMedicalScribeStream is "},
		{"GET", "/medical-scribe-stream/" + session.String(), 400, "The operation GetMedicalScribeStream is not offered by this server; "},
		{"HEAD", "/medical-scribe-stream/" + session.String(), 400, "GetMedicalScribeStream"},
		{"GET", "/medical-scribe-stream/x", 400, "GetMedicalScribeStream"},
		{"POST", "/medical-scribe-stream/x", 0, "There is no operation at /medical-scribe-stream/x. StartStreamTranscription is at "},
		{"GET", "/medical-scribe-stream/", 404, "StartMedicalScribeStream"},
		{"GET", "/medical-scribe-stream/a/b", 0, ""},
		{"GET", "/", 0, ""},
		{"GET", "", 0, ""},
		{"GET", "/favicon.ico", 0, ""},
		{"GET", "/v1/listen", 0, ""},
		{"GET", "/stream", 0, ""},
		{"GET", "/" + strings.Repeat("stream-transcription", 1000), 0, "There is no operation at /stream-transcription"},
	} {
		x, ok := transcribe.Stray(tt.method, tt.path)
		if ok != (tt.status != 0) || ok && x.Status != tt.status || !strings.Contains(x.Message, tt.says) || x.Status == 0 || x.Name == "" {
			t.Errorf("%s %.100s: %v %+v; want %d %s", tt.method, tt.path, ok, x, tt.status, tt.says)
		}
		if len(x.Message) > 500 || strings.ContainsAny(x.Message, "\n") {
			t.Errorf("%s %.100s: %q", tt.method, tt.path, x.Message)
		}
	}
}
