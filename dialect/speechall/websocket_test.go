package speechall

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

const model = "model=local.script"

// The formats of a stream, on both paths, whatever the size of the messages.
func TestStream(t *testing.T) {
	for _, c := range []struct {
		name, path, query string
		size              int
		want              []string
	}{
		{"text is the default", "/v1/transcribe", model, 8192, []string{"good morning", "how are you"}},
		{"the path of the example", "/transcribe", model, 8192, []string{"good morning", "how are you"}},
		{"audio worklet blocks", "/v1/transcribe", model + "&output_format=text", 256, []string{"good morning", "how are you"}},
		{"odd messages", "/v1/transcribe", model + "&output_format=text", 333, []string{"good morning", "how are you"}},
		{"long messages", "/v1/transcribe", model, 500000, []string{"good morning", "how are you"}},
		{"subrip", "/v1/transcribe", model + "&output_format=srt", 8192, []string{
			"1\n00:00:00,500 --> 00:00:01,500\ngood morning\n", "\n2\n00:00:03,000 --> 00:00:04,000\nhow are you\n"}},
		{"webvtt", "/v1/transcribe", model + "&output_format=vtt", 8192, []string{
			"WEBVTT\n\n00:00:00.500 --> 00:00:01.500\ngood morning\n", "\n00:00:03.000 --> 00:00:04.000\nhow are you\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{}, session.Options{}, Options{})
				ws := h.dial(c.path, c.query)
				if got := ws.resp.Header.Get(headerModel); got != "script" {
					t.Errorf("the answer names model %q", got)
				}
				ws.send(5*time.Second, c.size)
				ws.bye()
				got, end := ws.rest()
				if !slices.Equal(got, c.want) || end.Code != websocket.StatusNormalClosure {
					t.Errorf("got %q, %v; expected %q", got, end, c.want)
				}
				synctest.Wait()
				if u := h.last.Load(); u == nil || u.Err != nil || u.Audio != 5*time.Second || u.Request.Account != "acme" || u.Request.Protocol != ProtocolStream {
					t.Errorf("accounted: %+v", u)
				}
			})
		})
	}
}

// JSON says what was said under the names of both documents, and is decoded by the page's own code: text and words.
func TestStreamJSON(t *testing.T) {
	for _, format := range []string{"json", "verbose_json", "json_text"} {
		synctest.Test(t, func(t *testing.T) {
			h := serve(t, script.Options{}, session.Options{}, Options{})
			ws := h.dial("/v1/transcribe", model+"&output_format="+format)
			ws.send(5*time.Second, 8192)
			ws.bye()
			got, _ := ws.rest()
			if len(got) != 2 {
				t.Fatalf("%q", got)
			}
			var raw map[string]any
			if err := json.Unmarshal([]byte(got[0]), &raw); err != nil {
				t.Fatal(err)
			}
			words, _ := raw["words"].([]any)
			switch {
			case raw["text"] != "good morning" || raw["id"] == "" || raw["is_final"] != nil:
				t.Errorf("%s: %s", format, got[0])
			case format == "json_text":
				if len(raw) != 2 {
					t.Errorf("%s", got[0])
				}
			case len(words) != 2 || !reflect.DeepEqual(words[0], map[string]any{"word": "good", "text": "good", "start": 0.5, "end": 1.0, "confidence": words[0].(map[string]any)["confidence"]}):
				t.Errorf("%s", got[0])
			}
			var again map[string]any
			if err := json.Unmarshal([]byte(got[1]), &again); err != nil || again["id"] == raw["id"] {
				t.Errorf("utterances have the identifiers %v and %v", raw["id"], again["id"])
			}
		})
	}
}

// Results that may change come only to who asked, and say what they are.
func TestInterim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		ws := h.dial("/v1/transcribe", model+"&output_format=json&interim_results=true")
		ws.send(5*time.Second, 8192)
		ws.bye()
		got, _ := ws.rest()
		finals, partials := 0, 0
		ids := map[string]bool{}
		for _, msg := range got {
			u, err := wire.ParseTranscription([]byte(msg))
			switch {
			case err != nil || u.Final == nil:
				t.Errorf("%s, %v", msg, err)
			case *u.Final:
				finals++
			default:
				partials++
			}
			ids[u.ID] = true
		}
		if finals != 2 || partials < 2 || len(ids) != 2 {
			t.Errorf("%d finals and %d partials of %d utterances", finals, partials, len(ids))
		}
	})
}

// A client that pauses gets what it has said, and goes on.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{Script: parsed(t, "0.5-9.5 one two three")}, session.Options{}, Options{})
		ws := h.dial("/v1/transcribe", model)
		ws.send(4*time.Second, 8192) // in the middle of the segment
		began := time.Now()
		got, _ := ws.next()
		if took := time.Since(began); got != "one" || took < 2*time.Second || took > 4*time.Second {
			t.Errorf("got %q after %v", got, took)
		}
		pass(t.Context(), time.Minute) // without a limit a client may be silent as long as it likes
		ws.send(6*time.Second, 8192)
		ws.bye()
		if got, end := ws.rest(); !slices.Equal(got, []string{"two three"}) || end.Code != 1000 {
			t.Errorf("then got %q, %v", got, end)
		}
	})
}

// A recognizer that is slow makes the client wait, which is no pause of the client's: nothing is cut in the middle.
func TestSlowRecognizerIsNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{Script: parsed(t, "0.5-19.5 one two three four"), Fault: script.Fault{Kind: script.Slow, Factor: 4}}, session.Options{}, Options{})
		ws := h.dial("/v1/transcribe", model)
		for range 4 {
			ws.send(5*time.Second, 64000)
		}
		ws.text(`{"type":"CloseStream"}`)
		if got, end := ws.rest(); !slices.Equal(got, []string{"one two three four"}) || end.Code != 1000 {
			t.Errorf("got %q, %v", got, end)
		}
	})
}

func TestControls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{Script: parsed(t, "0.5-9.5 one two three")}, session.Options{Limits: session.Limits{Idle: 15 * time.Second}}, Options{Pause: -1})
		ws := h.dial("/v1/transcribe", model)
		ws.send(4*time.Second, 8192)
		ws.text(`{"type":"Finalize"}`)
		began := time.Now()
		if got, _ := ws.next(); got != "one" || time.Since(began) > time.Second {
			t.Errorf("got %q after %v", got, time.Since(began))
		}
		go func() { // owned by the test, whose connection it reads; ends with the Close
			defer ws.conn.CloseNow()
			for range 4 { // a minute in silence, which the limit would not let pass
				pass(t.Context(), 14*time.Second)
				ws.text(`{"type":"KeepAlive"}`)
			}
			pass(t.Context(), 16*time.Second)
		}()
		got, end := ws.rest()
		if took := time.Since(began); took < 70*time.Second || end.Code != 1008 || !strings.Contains(end.Reason, "no audio") {
			t.Errorf("got %q, %v after %v", got, end, took)
		}
	})
}

// A client that closes right after its last audio gets its last words before its Close is answered, if it reads them.
func TestCloseFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		c := h.raw("/v1/transcribe?api_key=" + key + "&" + model)
		c.frame(2, make([]byte, wire.StreamFormat.Bytes(3500*time.Millisecond)))
		c.frame(8, []byte{3, 232})
		got := c.frames()
		want := []string{"1 good morning", "1 how are", "8 1000"}
		if len(got) != 3 || !slices.Equal(got[:1], want[:1]) || got[2] != want[2] || !strings.HasPrefix(got[1], "1 how") {
			t.Errorf("got %q, expected %q", got, want)
		}
		synctest.Wait()
		if u := h.last.Load(); u == nil || u.Err != nil {
			t.Errorf("accounted: %+v", u)
		}
	})
}

// Pings go out while nothing is said, between messages and never within.
func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{Ping: 10 * time.Second})
		c := h.raw("/v1/transcribe?api_key=" + key + "&" + model)
		pass(t.Context(), 35*time.Second)
		c.frame(8, []byte{3, 232})
		if got, want := c.frames(), []string{"9 ", "9 ", "9 ", "8 1000"}; !slices.Equal(got, want) {
			t.Errorf("got %q, expected %q", got, want)
		}
	})
}

// A client that goes away without a word leaves nothing behind.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		ws := h.dial("/v1/transcribe", model)
		ws.send(time.Second, 8192)
		ws.conn.CloseNow()
		synctest.Wait()
		if u := h.last.Load(); u == nil || stt.CodeOf(u.Err) != stt.Canceled || h.sessions.Active() != 0 {
			t.Errorf("accounted: %+v", u)
		}
	})
}

// What is wrong before the upgrade is told in the answer to it.
func TestRefusals(t *testing.T) {
	good := "api_key=" + key + "&"
	for _, c := range []struct {
		name, query string
		header      http.Header
		status      int
		text        string
	}{
		{"no key", model, nil, 401, "api_key"},
		{"wrong key", "api_key=wrong&" + model, nil, 401, "key"},
		{"wrong key in the header", good + model, http.Header{"Authorization": {"Bearer wrong"}}, 401, "key"},
		{"another scheme", model, http.Header{"Authorization": {"Basic eDp5"}}, 401, "Bearer"},
		{"no model", good, nil, 400, "model"},
		{"unknown model", good + "model=deepgram.nova-2", nil, 400, "local.script"},
		{"language", good + model + "&language=xx", nil, 400, "language"},
		{"format", good + model + "&output_format=xml", nil, 400, "output_format"},
		{"interim text", good + model + "&interim_results=true", nil, 400, "interim_results"},
		{"temperature", good + model + "&temperature=2", nil, 400, "temperature"},
		{"ruleset", good + model + "&ruleset_id=none", nil, 404, "none"},
		{"query", good + model + "&language=%zz", nil, 400, "query"},
		{"long query", good + model + "&initial_prompt=" + strings.Repeat("x", 300000), nil, 400, "query"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{}, session.Options{}, Options{})
				status, x, header := h.refused("/v1/transcribe", c.query, c.header)
				if status != c.status || !strings.Contains(x.Message, c.text) {
					t.Errorf("got %d %+v", status, x)
				}
				if (header.Get("WWW-Authenticate") != "") != (status == 401) {
					t.Errorf("header %v", header)
				}
			})
		})
	}
}

func TestBearer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		c, _, err := websocket.Dial(t.Context(), "ws://memory/v1/transcribe?"+model, &websocket.DialOptions{HTTPClient: h.net.Client(),
			HTTPHeader: http.Header{"Authorization": {"Bearer " + key}}})
		if err != nil {
			t.Fatal(err)
		}
		c.CloseNow()
	})
}

// No place left: the status says when to come again.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{Slots: 1}, session.Options{}, Options{})
		ws := h.dial("/v1/transcribe", model)
		status, x, header := h.refused("/v1/transcribe", "api_key="+key+"&"+model, nil)
		if status != 503 || x.Code != wire.CodeUnavailable || header.Get("Retry-After") != "1" {
			t.Errorf("got %d %+v %v", status, x, header)
		}
		ws.bye()
		ws.rest()
	})
}

// What goes wrong later is a Close with a status and a sentence, and a message before it where that cannot be taken for speech.
func TestFaults(t *testing.T) {
	type faults = script.Fault
	for _, c := range []struct {
		name   string
		engine script.Options
		limits session.Limits
		do     func(c *client)
		code   websocket.StatusCode
		text   string
	}{
		{name: "text that is no control", do: func(c *client) { c.text("hello") }, code: 1008, text: "Finalize"},
		{name: "a message beyond all bounds", do: func(c *client) { c.binary(make([]byte, 1<<20+1)) }, code: 1009, text: "too long"},
		{name: "the recognizer dies", engine: script.Options{Fault: faults{Kind: script.Die, At: time.Second}}, do: func(c *client) { c.send(2*time.Second, 8192) }, code: 1011},
		{name: "nobody speaks", limits: session.Limits{Idle: 15 * time.Second}, do: func(*client) {}, code: 1008, text: "no audio"},
		{name: "a stream without end", limits: session.Limits{Stream: time.Minute}, do: func(*client) {}, code: 1008, text: "as long as"},
		{name: "webm", do: func(c *client) {
			c.binary(append([]byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"), make([]byte, 100)...))
			c.binary(make([]byte, 1000))
		}, code: 1008, text: "WebM"},
	} {
		for _, format := range []string{"json", "text"} {
			t.Run(c.name+" "+format, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := serve(t, c.engine, session.Options{Limits: c.limits}, Options{})
					ws := h.dial("/v1/transcribe", model+"&output_format="+format)
					c.do(ws)
					got, end := ws.rest()
					if end.Code != c.code || !strings.Contains(end.Reason, c.text) {
						t.Errorf("closed with %v, expected %v %q", end, c.code, c.text)
					}
					var x wire.Error
					if format == "json" {
						if len(got) == 0 || json.Unmarshal([]byte(got[len(got)-1]), &x) != nil || !strings.Contains(x.Message, c.text) || x.Code == "" {
							t.Errorf("got %q", got)
						}
					} else if slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "code") }) {
						t.Errorf("got %q", got)
					}
				})
			})
		}
	}
}

// A file in place of samples is decoded, in messages of any size.
func TestStreamOfFile(t *testing.T) {
	for _, size := range []int{1, 100, 8192} {
		synctest.Test(t, func(t *testing.T) {
			h := serve(t, script.Options{Script: parsed(t, "0.01-0.02 good\n0.03-0.04 morning")}, session.Options{}, Options{})
			ws := h.dial("/v1/transcribe", model)
			file := wav(8000, 2, 50*time.Millisecond)
			for len(file) > 0 {
				n := min(size, len(file))
				ws.binary(file[:n])
				file = file[n:]
			}
			ws.bye()
			if got, end := ws.rest(); !slices.Equal(got, []string{"good", "morning"}) || end.Code != 1000 {
				t.Errorf("in messages of %d: got %q, %v", size, got, end)
			}
			synctest.Wait()
			if u := h.last.Load(); u.Audio != 50*time.Millisecond {
				t.Errorf("accounted: %v", u.Audio)
			}
		})
	}
}

// Parameters that the model can make nothing of are named, and do not keep anybody from speaking.
func TestIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		ws := h.dial("/v1/transcribe", model+"&diarization=true&custom_vocabulary=x&language=auto")
		if got := ws.resp.Header.Get(headerIgnored); got != "language, diarization, custom_vocabulary" {
			t.Errorf("ignored: %q", got)
		}
		ws.bye()
		ws.rest()
	})
}
