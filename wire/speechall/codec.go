package speechall

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// AppendJSON appends v as JSON in one line, without escapes that only HTML needs. The error is Internal: everything in this
// package can be encoded.
func AppendJSON(dst []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return dst, &stt.Error{Code: stt.Internal, Op: "send", Msg: "a result could not be encoded", Err: err}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// ParseTranscription reads an answer in one of the JSON formats, or a frame of a stream. The error is Malformed.
func ParseTranscription(msg []byte) (Transcription, error) {
	var t Transcription
	if err := json.Unmarshal(msg, &t); err != nil {
		return Transcription{}, &stt.Error{Code: stt.Malformed, Op: "receive", Msg: "the message is not a transcription", Err: err}
	}
	return t, nil
}

// Control is what a client may say in a text message of a stream. The API has none of them: they are ours.
type Control uint8

// The controls.
const (
	Finalize    Control = iota + 1 // give finals of all audio so far; the stream goes on
	KeepAlive                      // the client is there and silent
	CloseStream                    // no more audio comes; the last results, then a Close
)

var controls = map[string]Control{"finalize": Finalize, "flush": Finalize, "keepalive": KeepAlive, "closestream": CloseStream, "terminate": CloseStream}

// MaxControl is the longest text message taken, in bytes.
const MaxControl = 4 << 10

// ParseControl reads a text message: a JSON object whose "type" is Finalize, KeepAlive or CloseStream, whatever the case. The
// error is Malformed and says what there is.
func ParseControl(msg []byte) (Control, error) {
	var in struct {
		Type string `json:"type"`
	}
	c := Control(0)
	if len(msg) <= MaxControl && json.Unmarshal(msg, &in) == nil {
		c = controls[strings.ToLower(in.Type)]
	}
	if c == 0 {
		return 0, &stt.Error{Code: stt.Malformed, Op: "receive", Want: "audio in binary messages",
			Msg: `a text message came that is not understood: audio goes in binary messages, and text is {"type":"Finalize"}, {"type":"KeepAlive"} or {"type":"CloseStream"}`}
	}
	return c, nil
}
