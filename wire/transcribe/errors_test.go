package transcribe_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// modelled is the status of every exception that SDKs know or services commonly give.
var modelled = map[string]int{
	transcribe.BadRequest: 400, transcribe.LimitExceeded: 429, transcribe.InternalFailure: 500, transcribe.Conflict: 409,
	transcribe.ServiceUnavailable: 503, transcribe.AccessDenied: 403, transcribe.UnrecognizedClient: 403, transcribe.InvalidSignature: 403,
	transcribe.IncompleteSignature: 400, transcribe.MissingToken: 403, transcribe.ExpiredToken: 403,
}

// exceptions is the table of the design: what every code is called on the wire, on either transport.
var exceptions = map[stt.Code]string{
	stt.Invalid: transcribe.BadRequest, stt.Malformed: transcribe.BadRequest, stt.Unsupported: transcribe.BadRequest,
	stt.Unauthenticated: transcribe.UnrecognizedClient, stt.Denied: transcribe.AccessDenied, stt.Expired: transcribe.InvalidSignature,
	stt.NotFound: transcribe.BadRequest, stt.Conflict: transcribe.Conflict, stt.Quota: transcribe.LimitExceeded,
	stt.Exhausted: transcribe.ServiceUnavailable, stt.Idle: transcribe.BadRequest, stt.TooLong: transcribe.LimitExceeded,
	stt.Closed: transcribe.BadRequest, stt.Canceled: transcribe.InternalFailure, stt.DeadlineExceeded: transcribe.InternalFailure,
	stt.Unavailable: transcribe.ServiceUnavailable, stt.Internal: transcribe.InternalFailure,
}

func TestEveryCodeHasAnException(t *testing.T) {
	if len(exceptions) != len(stt.Codes()) {
		t.Errorf("%d codes are judged of %d", len(exceptions), len(stt.Codes()))
	}
	texts := map[stt.Code]string{stt.Internal: "An internal error ended the stream; the server's log says more.", stt.Conflict: transcribe.TextConflict}
	for _, code := range stt.Codes() {
		cause := errors.New("the cause " + secret)
		x := transcribe.ExceptionOf(&stt.Error{Code: code, Msg: "what happened", Err: cause})
		if x.Status == 0 || x.Status != modelled[x.Name] || x.Name != exceptions[code] {
			t.Errorf("%v: %+v, want %s %d", code, x, exceptions[code], modelled[exceptions[code]])
		}
		if want := cmp.Or(texts[code], "what happened"); x.Message != want {
			t.Errorf("%v is told as %q, want %q", code, x.Message, want)
		}
		if x.Fault() != (x.Status < 500) {
			t.Errorf("%v: the fault of the client: %v", code, x.Fault())
		}
		// An error without a message still has a text, and so has one inside another.
		for _, err := range []error{&stt.Error{Code: code}, fmt.Errorf("around: %w", &stt.Error{Code: code})} {
			if x := transcribe.ExceptionOf(err); x.Message == "" || x.Name != exceptions[code] || strings.Contains(x.Message, "around") {
				t.Errorf("%v: %+v", err, x)
			}
		}
	}
}

// Texts that clients look for, whatever the hub's own words are.
func TestLiteralTexts(t *testing.T) {
	for _, c := range []struct {
		err  stt.Error
		want transcribe.Exception
	}{
		{stt.Error{Code: stt.Conflict, Option: "session", Got: session.String(), Msg: "it runs"}, transcribe.Exception{Name: transcribe.Conflict, Status: 409,
			Message: "Another stream is in progress with the same session ID"}},
		{stt.Error{Code: stt.Idle, Got: "15s"}, transcribe.Exception{Name: transcribe.BadRequest, Status: 400,
			Message: "Your request timed out because no new audio was received for 15 seconds."}},
		{stt.Error{Code: stt.Expired, Option: "token", Msg: "old"}, transcribe.Exception{Name: transcribe.ExpiredToken, Status: 403,
			Message: "The security token included in the request is expired."}},
		{stt.Error{Code: stt.Unsupported, Option: "audio", Msg: "16 kHz only"}, transcribe.Exception{Name: transcribe.BadRequest, Status: 400,
			Message: "The requested language doesn't support the specified sample rate. Use the correct sample rate then try again."}},
		{stt.Error{Code: stt.Unsupported, Option: "language", Got: "fr-FR", Want: "de-DE, en-US"}, transcribe.Exception{Name: transcribe.BadRequest, Status: 400,
			Message: "1 validation error detected: Value 'fr-FR' at 'languageCode' failed to satisfy constraint: Member must satisfy enum value set: [de-DE, en-US]"}},
		{stt.Error{Code: stt.Unsupported, Option: "language", Got: "fr-FR", Want: "en, en-US"}, transcribe.Exception{Name: transcribe.BadRequest, Status: 400,
			Message: "1 validation error detected: Value 'fr-FR' at 'languageCode' failed to satisfy constraint: Member must satisfy enum value set: " +
				"[en-US, en-AB, en-AU, en-GB, en-IE, en-IN, en-NZ, en-WL, en-ZA]"}},
		{stt.Error{Code: stt.Unsupported, Option: "language", Got: "fr-FR", Want: "eo-EO, sr-Latn"}, transcribe.Exception{Name: transcribe.BadRequest, Status: 400,
			Message: "1 validation error detected: Value 'fr-FR' at 'languageCode' failed to satisfy constraint: Member must satisfy enum value set: [eo-EO]"}},
		{stt.Error{Code: stt.Unsupported, Option: "language", Got: "fr-FR", Want: "sr-Latn"}, transcribe.Exception{Name: transcribe.BadRequest, Status: 400,
			Message: "1 validation error detected: Value 'fr-FR' at 'languageCode' failed to satisfy constraint: Member must satisfy enum value set: [sr-Latn]"}},
		{stt.Error{Code: stt.Malformed, Msg: transcribe.TextNoEmptyFrame}, transcribe.Exception{Name: transcribe.BadRequest, Status: 400,
			Message: "A complete signal was sent without the preceding empty frame."}},
		{stt.Error{Code: stt.Malformed, Msg: transcribe.TextTooBig}, transcribe.Exception{Name: transcribe.BadRequest, Status: 400,
			Message: "Your stream is too big. Reduce the frame size and try your request again."}},
	} {
		if got := transcribe.ExceptionOf(&c.err); got != c.want {
			t.Errorf("%v: %+v\nwant %+v", &c.err, got, c.want)
		}
	}
}

func TestInternalErrorsKeepTheirCauses(t *testing.T) {
	for _, err := range []error{
		errors.New("open /etc/secret: no such file"), fmt.Errorf("panic: %w", errors.New("secret")), nil,
		&stt.Error{Code: stt.Internal, Msg: "secret", Option: "language", Got: "secret"}, &stt.Error{Code: 200, Msg: "secret"}, (*stt.Error)(nil),
	} {
		x := transcribe.ExceptionOf(err)
		if x.Name != transcribe.InternalFailure || x.Status != 500 || x.Message != "An internal error ended the stream; the server's log says more." {
			t.Errorf("%v is told as %+v", err, x)
		}
	}
	for _, err := range []error{context.Canceled, context.DeadlineExceeded} {
		if x := transcribe.ExceptionOf(err); x.Name != transcribe.InternalFailure || x.Message == "" {
			t.Errorf("%v is told as %+v", err, x)
		}
	}
}

// A server whose own credentials an upstream refuses must not tell its clients that theirs are wrong.
func TestUpstreamRefusals(t *testing.T) {
	for code, want := range map[stt.Code]string{stt.Unauthenticated: transcribe.InternalFailure, stt.Denied: transcribe.InternalFailure,
		stt.Expired: transcribe.InternalFailure, stt.Quota: transcribe.LimitExceeded, stt.Exhausted: transcribe.ServiceUnavailable, stt.Invalid: transcribe.BadRequest} {
		x := transcribe.ExceptionOf(&stt.Error{Code: code, Peer: "upstream", PeerCode: "X", Msg: "said it"})
		if x.Name != want || (want == transcribe.InternalFailure) == (x.Message == "said it") {
			t.Errorf("%v from an upstream is told as %+v, want %s", code, x, want)
		}
	}
}

func TestIdleSaysHowLong(t *testing.T) {
	for got, want := range map[string]string{
		"15s": "Your request timed out because no new audio was received for 15 seconds.", "2m0s": "Your request timed out because no new audio was received for 120 seconds.",
		"1s":  "Your request timed out because no new audio was received for 1 second.",
		"11s": "Your request timed out because no new audio was received for 11 seconds.",
		"":    "no audio", "soon": "no audio",
	} {
		if x := transcribe.ExceptionOf(&stt.Error{Code: stt.Idle, Got: got, Msg: "no audio"}); x.Message != want || x.Name != transcribe.BadRequest {
			t.Errorf("%q: %+v", got, x)
		}
	}
	// Only idleness is told so, whatever else carries a duration.
	if x := transcribe.ExceptionOf(&stt.Error{Code: stt.TooLong, Got: "4h0m0s", Msg: "four hours"}); x.Message != "four hours" {
		t.Errorf("%+v", x)
	}
}

// Options of the hub are told as the parameters that set them.
func TestOptionsInTheClientsWords(t *testing.T) {
	for option, names := range map[string]string{
		"stability": "enable-partial-results-stabilization", "speakers": "show-speaker-label", "spoken": "transcript-format",
		"identify": "identify-language or identify-multiple-languages", "channels": "enable-channel-identification",
		"encoding": "media-encoding", "language": "language-code", "model": "language-model-name", "medical": "specialty",
		"vocabularies": "vocabulary-name or vocabulary-names", "phrases": "vocabulary-name or vocabulary-names",
		"filters": "vocabulary-filter-name or vocabulary-filter-names",
		"pii":     "content-identification-type or content-redaction-type",
	} {
		x := transcribe.ExceptionOf(&stt.Error{Code: stt.Unsupported, Option: option, Msg: `model "m" has none.`})
		want := fmt.Sprintf(`The parameter %s asks for something that this server does not offer: model "m" has none.`, names)
		if x.Name != transcribe.BadRequest || x.Message != want {
			t.Errorf("%s: %+v\nwant %s", option, x, want)
		}
		// Other codes keep their sentence.
		if x := transcribe.ExceptionOf(&stt.Error{Code: stt.NotFound, Option: option, Msg: "there is none"}); x.Message != "there is none" {
			t.Errorf("%s, not found: %+v", option, x)
		}
	}
	// The protocol's standard operation has no parameter for these: the sentence stands by itself.
	for _, option := range []string{"", "something new"} {
		if x := transcribe.ExceptionOf(&stt.Error{Code: stt.Unsupported, Option: option, Msg: "not here"}); x.Message != "not here" {
			t.Errorf("%q: %+v", option, x)
		}
	}
	x := transcribe.ExceptionOf(&stt.Error{Code: stt.Unsupported, Option: "language", Got: "xx", Want: "en-US, de-DE", Msg: "no"})
	if want := "1 validation error detected: Value 'xx' at 'languageCode' failed to satisfy constraint: Member must satisfy enum value set: [en-US, de-DE]"; x.Message != want {
		t.Errorf("%s\nwant %s", x.Message, want)
	}
	x = transcribe.ExceptionOf(stt.InvalidOption("audio", "pcm 9 Hz 1 channel", "8000 to 48000 Hz"))
	if want := "1 validation error detected: Value 'pcm 9 Hz 1 channel' at 'mediaSampleRateHertz' failed to satisfy constraint: Member must be 8000 to 48000 Hz"; x.Message != want {
		t.Errorf("%s\nwant %s", x.Message, want)
	}
}

// The two operations have different parameters, and a client is told of its own only.
func TestOptionsInTheWordsOfTheOperation(t *testing.T) {
	for _, op := range transcribe.Operations() {
		for option, want := range map[string]struct{ standard, medical string }{
			"vocabularies": {"vocabulary-name or vocabulary-names asks", "vocabulary-name asks"},
			"phrases":      {"vocabulary-name or vocabulary-names asks", "vocabulary-name asks"},
			"pii":          {"content-identification-type or content-redaction-type asks", "content-identification-type asks"},
			"speakers":     {"show-speaker-label asks", "show-speaker-label asks"},
			"channels":     {"enable-channel-identification asks", "enable-channel-identification asks"},
			"encoding":     {"media-encoding asks", "media-encoding asks"},
			"medical":      {"", "specialty asks"},
			"filters":      {"vocabulary-filter-name or vocabulary-filter-names asks", ""},
			"stability":    {"enable-partial-results-stabilization asks", ""},
			"identify":     {"identify-language or identify-multiple-languages asks", ""},
			"spoken":       {"transcript-format asks", ""},
			"model":        {"language-model-name asks", ""},
		} {
			if !op.Offered {
				continue
			}
			begins := want.standard
			if op.Medical {
				begins = want.medical
			}
			text := "not here" // an operation without a parameter for it has the sentence alone
			if begins != "" {
				text = "The parameter " + begins + " for something that this server does not offer: not here."
			}
			if x := op.ExceptionOf(&stt.Error{Code: stt.Unsupported, Option: option, Msg: "not here"}); x.Message != text || x.Name != transcribe.BadRequest {
				t.Errorf("%s, %s: %+v\nwant %s", op.Name, option, x, text)
			}
		}
	}
	medical, _, _ := transcribe.OperationAt(transcribe.PathMedicalHTTP2)
	x := medical.ExceptionOf(&stt.Error{Code: stt.Unsupported, Option: "language", Got: "en-US", Want: "fr-FR", Msg: "no model serves en-US"})
	if want := "The parameter language-code is en-US, the only language of medical streams, and this server does not offer it: no model serves en-US."; x.Message != want {
		t.Errorf("%s\nwant %s", x.Message, want)
	}
	// What is no operation's knows both.
	if x := (transcribe.Operation{}).ExceptionOf(&stt.Error{Code: stt.Unsupported, Option: "medical", Msg: "no"}); !strings.Contains(x.Message, "specialty") {
		t.Errorf("%+v", x)
	}
}

// Every exception of the protocol means something to a client of ours.
func TestErrorOf(t *testing.T) {
	const idle = "Your request timed out because no new audio was received for 15 seconds."
	for _, c := range []struct {
		name, msg string
		begun     bool
		want      stt.Code
	}{
		{transcribe.BadRequest, "no", false, stt.Invalid},
		{transcribe.BadRequest, idle, true, stt.Idle},
		{transcribe.BadRequest, "Signature expired: 20201123T084949Z is now earlier than 20201123T084949Z (20201123T085449Z - 5 min.)", true, stt.Expired},
		{transcribe.BadRequest, transcribe.TextSignatureMismatch, true, stt.Unauthenticated},
		{transcribe.BadRequest, transcribe.TextTooBig, true, stt.Invalid},
		{transcribe.LimitExceeded, "no", false, stt.Quota},
		{transcribe.InternalFailure, "no", true, stt.Unavailable},
		{transcribe.Conflict, "Another stream is in progress with the same session ID", true, stt.Conflict},
		{transcribe.ServiceUnavailable, "no", false, stt.Exhausted},
		{transcribe.ServiceUnavailable, "no", true, stt.Unavailable},
		{transcribe.AccessDenied, "no", false, stt.Denied},
		{"AccessDenied", "no", false, stt.Denied},
		{transcribe.UnrecognizedClient, "no", false, stt.Unauthenticated},
		{transcribe.InvalidSignature, "no", false, stt.Unauthenticated},
		{transcribe.InvalidSignature, "Signature expired: x", false, stt.Expired},
		{transcribe.IncompleteSignature, "no", false, stt.Unauthenticated},
		{transcribe.MissingToken, "no", false, stt.Unauthenticated},
		{transcribe.ExpiredToken, "no", false, stt.Expired},
		{"ResourceNotFoundException", "no", false, stt.NotFound},
		{"SerializationException", "no", false, stt.Malformed},
		{"ThrottlingException", "no", false, stt.Quota},
		{"FutureException", "no", false, stt.Unavailable},
		{strings.Repeat("x", 5000), strings.Repeat("y", 5000), false, stt.Unavailable},
		{"NothingMoreException", "", false, stt.Unavailable},
	} {
		e := transcribe.ErrorOf(transcribe.Exception{Name: c.name, Message: c.msg}, c.begun)
		if e.Code != c.want || e.Peer != "amazon" || !strings.HasPrefix(c.name, strings.TrimSuffix(e.PeerCode, "...")) || e.Msg == "" || len(e.Error()) > 1300 {
			t.Errorf("%.40s %.40q, begun %v: %v %.200v; want %v", c.name, c.msg, c.begun, e.Code, e, c.want)
		}
	}
}

// A budget that is used up says when there is more; nothing else that is too much does.
func TestErrorOfBudget(t *testing.T) {
	for msg, want := range map[string]time.Duration{
		"the key has used the 1h0m0s of audio that it may use in a day; there is more in 11h0m0s, when the next day begins (UTC)": 11 * time.Hour,
		"; there is more in 1s,": time.Second, "; there is more in -1s,": 0, "; there is more in a while": 0, "; there is more in ": 0, "too many streams": 0, "": 0,
	} {
		if e := transcribe.ErrorOf(transcribe.Exception{Name: transcribe.LimitExceeded, Message: msg}, true); e.RetryAfter != want {
			t.Errorf("%q: again after %v, want %v", msg, e.RetryAfter, want)
		}
	}
}

// What two ends of ours say to each other keeps its meaning where the protocol has the words.
func TestCodesThereAndBack(t *testing.T) {
	keeps := []stt.Code{stt.Invalid, stt.Unauthenticated, stt.Denied, stt.Conflict, stt.Quota, stt.Exhausted, stt.Idle}
	for _, code := range stt.Codes() {
		back := transcribe.ErrorOf(transcribe.ExceptionOf(&stt.Error{Code: code, Msg: "x", Got: "15s"}), false)
		if slices.Contains(keeps, back.Code) != (back.Code != stt.Unavailable) || slices.Contains(keeps, code) && back.Code != code {
			t.Errorf("%v comes back as %v", code, back.Code)
		}
	}
}

// The service answers a wrong signature with the canonical request, session token and all: that part is not passed on, what
// it says before and after is.
func TestErrorOfWithholdsTheCanonicalRequest(t *testing.T) {
	e := transcribe.ErrorOf(transcribe.Exception{Name: transcribe.InvalidSignature, Message: transcribe.TextSignatureMismatch +
		"\n\nThe Canonical String for this request should have been\n'GET\n/path\nX-Amz-Security-Token=TOKEN\nhost:x\n\nhost\nabc'\n\nThe String-to-Sign should have been\n'AWS4\nabc'\n\nit fits another host"}, false)
	if want := transcribe.TextSignatureMismatch + " it fits another host"; e.Msg != want {
		t.Errorf("got %q\nwant %q", e.Msg, want)
	}
	for _, tail := range []string{"", "'\n", "\n'GET\nTOKEN'\n", "\n'GET\nTOKEN'\n\nThe String-to-Sign should have been\n'TOKEN"} {
		e := transcribe.ErrorOf(transcribe.Exception{Name: transcribe.InvalidSignature, Message: "no\n\nThe Canonical String" + tail}, false)
		if e.Msg != "no" {
			t.Errorf("%q: got %q", tail, e.Msg)
		}
	}
}

// Reasons for refusing a signature, from presigned URLs that are wrong in one way each.
func TestSignatureExceptions(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	sign := func(expires time.Duration) sigv4.Request {
		s := sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: accessKey, Secret: secret, SessionToken: "TOKEN-OF-THE-SESSION"}, Region: region}
		signed, _, err := s.Presign("GET", "wss://localhost:8443/stream-transcription-websocket?language-code=en-US", expires, now)
		if err != nil {
			t.Fatal(err)
		}
		path, rawQuery, _ := strings.Cut(strings.TrimPrefix(signed, "wss://localhost:8443"), "?")
		return sigv4.Request{Method: "GET", Path: path, RawQuery: rawQuery, Header: http.Header{}, Hosts: []string{"localhost:8443"}}
	}
	for name, c := range map[string]struct {
		change  func(r *sigv4.Request)
		expires time.Duration
		after   time.Duration
		secrets []string
		want    string
		text    string // how the message begins
	}{
		"wrong secret":  {nil, time.Minute, 0, []string{"another"}, transcribe.InvalidSignature, transcribe.TextSignatureMismatch + "\n\nThe Canonical String for this request should have been\n'GET\n"},
		"wrong host":    {func(r *sigv4.Request) { r.Hosts = []string{"example.com"} }, time.Minute, 0, []string{secret}, transcribe.InvalidSignature, transcribe.TextSignatureMismatch},
		"unknown key":   {nil, time.Minute, 0, nil, transcribe.UnrecognizedClient, transcribe.TextUnknownKey},
		"expired":       {nil, time.Minute, 2 * time.Minute, []string{secret}, transcribe.InvalidSignature, "Signature expired: 20260102T030405Z is now earlier than"},
		"clock ahead":   {nil, time.Minute, -time.Hour, []string{secret}, transcribe.InvalidSignature, "Signature not yet current: 20260102T030405Z is still later than"},
		"too long":      {nil, time.Hour, 0, []string{secret}, transcribe.BadRequest, "X-Amz-Expires: "},
		"no signature":  {func(r *sigv4.Request) { r.RawQuery = "language-code=en-US" }, time.Minute, 0, []string{secret}, transcribe.MissingToken, ""},
		"half of it":    {func(r *sigv4.Request) { r.RawQuery = strings.Replace(r.RawQuery, "X-Amz-Date", "X-Amz-Day", 1) }, time.Minute, 0, []string{secret}, transcribe.IncompleteSignature, ""},
		"other service": {func(r *sigv4.Request) { r.RawQuery = strings.Replace(r.RawQuery, "%2Ftranscribe%2F", "%2Fs3%2F", 1) }, time.Minute, 0, []string{secret}, transcribe.InvalidSignature, "Credential should be scoped to correct service: 'transcribe'"},
	} {
		t.Run(name, func(t *testing.T) {
			r := sign(c.expires)
			if c.change != nil {
				c.change(&r)
			}
			claim, err := sigv4.Parse(r.RawQuery, r.Header)
			if err == nil {
				err = sigv4.Verify(claim, r, c.secrets, now.Add(c.after), sigv4.Limits{})
			}
			if err == nil {
				t.Fatal("it is verified")
			}
			x := transcribe.ExceptionOf(fmt.Errorf("handshake: %w", err))
			if x.Name != c.want || x.Status != modelled[x.Name] || x.Message == "" || !strings.HasPrefix(x.Message, c.text) {
				t.Errorf("%+v\nwant %s and a message that begins %q", x, c.want, c.text)
			}
			if strings.Contains(x.Message, secret) || strings.Contains(x.Message, "TOKEN-OF") || claim.Signature != "" && strings.Contains(x.Message, claim.Signature) {
				t.Errorf("the message shows a secret: %s", x.Message)
			}
			plain := []string{transcribe.UnrecognizedClient, transcribe.MissingToken, transcribe.BadRequest}
			if want := !slices.Contains(plain, x.Name) && !strings.HasPrefix(x.Message, "Signature "); want != strings.HasSuffix(x.Message, "\n\n"+transcribe.TextExplain) {
				t.Errorf("the message ends %q", x.Message[max(0, len(x.Message)-100):])
			}
			if transcribe.ErrorOf(x, false).Msg == "" {
				t.Error("it means nothing to a client of ours")
			}
		})
	}
}
