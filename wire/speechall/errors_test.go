package speechall

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Every code has a status that the API documents, a code and a sentence, and nothing of the cause.
func TestEveryCode(t *testing.T) {
	documented := []int{400, 401, 402, 404, 429, 500, 503, 504}
	for _, code := range stt.Codes() {
		x := ErrorOf(&stt.Error{Code: code, Err: errors.New("secret cause")})
		if !slices.Contains(documented, x.Status) || x.Code == "" || x.Message == "" || strings.Contains(x.Message, "secret") {
			t.Errorf("%v becomes %+v", code, x)
		}
		if x.Status == 429 && x.RetryAfter < 1 {
			t.Errorf("%v does not say when to come again", code)
		}
		var body map[string]string
		if err := json.Unmarshal(x.Body(), &body); err != nil || body["message"] != x.Message || body["code"] != x.Code || len(body) != 2 {
			t.Errorf("%v is written %s, %v", code, x.Body(), err)
		}
		if c := x.CloseCode(); (c == 1008) != (x.Status < 500) || c != 1008 && c != 1011 {
			t.Errorf("%v closes with %d", code, c)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want Error
	}{
		{"unknown model", &stt.Error{Code: stt.NotFound, Option: "model", Msg: "no such model"}, Error{400, "no such model", CodeInvalid, 0}},
		{"unknown ruleset", &stt.Error{Code: stt.NotFound, Option: "ruleset_id", Msg: "no such ruleset"}, Error{404, "no such ruleset", CodeNotFound, 0}},
		{"too fast", &stt.Error{Code: stt.Quota, Msg: "slower", RetryAfter: 1500 * time.Millisecond}, Error{429, "slower", CodeRate, 2}},
		{"used up", &stt.Error{Code: stt.Quota, Msg: "no more today", RetryAfter: 3 * time.Hour}, Error{429, "no more today", CodeRate, 10800}},
		{"our own credentials", &stt.Error{Code: stt.Denied, Peer: "amazon", Msg: "key AKIA is denied"}, Error{500, "an internal error ended the transcription; the server's log says more", CodeInternal, 0}},
		{"a parameter by our name", &stt.Error{Code: stt.Unsupported, Option: "speakers", Msg: "no labels"}, Error{400, `no labels (parameter "diarization")`, CodeInvalid, 0}},
		{"nothing", nil, Error{500, "an internal error ended the transcription; the server's log says more", CodeInternal, 0}},
		{"a code of the future", &stt.Error{Code: 200}, Error{500, "an internal error ended the transcription; the server's log says more", CodeInternal, 0}},
		{"draining", &stt.Error{Code: stt.Unavailable, Msg: "later"}, Error{503, "later", CodeUnavailable, 1}},
	} {
		if got := ErrorOf(c.err); got != c.want {
			t.Errorf("%s: got %+v, expected %+v", c.name, got, c.want)
		}
	}
}
