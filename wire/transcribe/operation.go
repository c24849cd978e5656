package transcribe

// The paths of the HTTP/2 operations (API model, version 2017-10-26).
const (
	PathHTTP2              = "/stream-transcription"
	PathMedicalHTTP2       = "/medical-stream-transcription"
	PathCallAnalyticsHTTP2 = "/call-analytics-stream-transcription"
	PathMedicalScribeHTTP2 = "/medical-scribe-stream"
)

// The paths of the WebSocket operations (developer guide, "Setting up a WebSocket stream"; the last one is derived by an
// SDK and not documented).
const (
	PathWebSocket              = "/stream-transcription-websocket"
	PathMedicalWebSocket       = "/medical-stream-transcription-websocket"
	PathCallAnalyticsWebSocket = "/call-analytics-stream-transcription-websocket"
	PathMedicalScribeWebSocket = "/medical-scribe-stream-websocket"
)

// Operation is one of the streaming operations of the API.
type Operation struct {
	Name             string // as in the API model, such as StartStreamTranscription
	HTTP2, WebSocket string // the path on either transport
	Medical          bool   // parameters and results are those of medical transcription
	Offered          bool   // Earshot serves it; ParseQuery and ParseHeader refuse the others
}

// Operations returns the streaming operations of the API, those that are offered first.
func Operations() []Operation {
	return []Operation{
		standardOperation(), medicalOperation(),
		{Name: "StartCallAnalyticsStreamTranscription", HTTP2: PathCallAnalyticsHTTP2, WebSocket: PathCallAnalyticsWebSocket},
		{Name: "StartMedicalScribeStream", HTTP2: PathMedicalScribeHTTP2, WebSocket: PathMedicalScribeWebSocket},
	}
}

func standardOperation() Operation {
	return Operation{Name: "StartStreamTranscription", HTTP2: PathHTTP2, WebSocket: PathWebSocket, Offered: true}
}

func medicalOperation() Operation {
	return Operation{Name: "StartMedicalStreamTranscription", HTTP2: PathMedicalHTTP2, WebSocket: PathMedicalWebSocket,
		Medical: true, Offered: true}
}

// OperationAt returns the operation that a path belongs to, and whether the path is that of the HTTP/2 transport; ok is
// false for any other path.
func OperationAt(path string) (op Operation, http2, ok bool) {
	for _, op := range Operations() {
		switch path {
		case op.HTTP2:
			return op, true, true
		case op.WebSocket:
			return op, false, true
		}
	}
	return Operation{}, false, false
}
