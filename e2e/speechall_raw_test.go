package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// speechallTalk is what one client of Speechall's WebSocket sends, and what the server says to it. Ids are left out of JSON.
type speechallTalk struct {
	name  string
	query string // beside the model and the key
	send  func(c *raw)
	want  []string // a line that ends in ... may go on
}

// samples keeps seconds of silence for sending, in messages of so many bytes.
func (c *raw) samples(seconds float64, size int) {
	for piece := range slices.Chunk(make([]byte, int(seconds*32000)), size) {
		c.frame(fin|opBinary, piece)
	}
}

// say keeps a message of text for sending.
func (c *raw) say(text string) { c.frame(fin|opText, []byte(text)) }

// closeStream asks for what is left, and for the end.
func (c *raw) closeStream() { c.say(`{"type":"CloseStream"}`) }

const (
	textMorning = "text good morning everybody"
	textHow     = "text how are you"
	goodbye     = "close 1000"
)

var speechallTalks = []speechallTalk{
	{"text, from samples in messages of 4,096", "", func(c *raw) { c.samples(5, 8192); c.closeStream() }, []string{textMorning, textHow, goodbye, "gone"}},
	{"messages of odd sizes", "&output_format=text", func(c *raw) { c.samples(3, 333); c.closeStream() }, []string{textMorning, goodbye, "gone"}},
	{"one sample in two messages, in fragments", "", func(c *raw) {
		c.frame(fin|opBinary, []byte{0})
		c.frame(opBinary, make([]byte, 48000))
		c.frame(opMore, make([]byte, 48000))
		c.frame(fin|opMore, []byte{0})
		c.closeStream()
	}, []string{textMorning, goodbye, "gone"}},
	{"a stream of 8 kHz in stereo, as a file", "", func(c *raw) {
		c.frame(fin|opBinary, wavHead(8000, 2, 0))
		c.samples(3, 32000) // a second of it as well
		c.closeStream()
	}, []string{textMorning, goodbye, "gone"}},
	{"json", "&output_format=json", func(c *raw) { c.samples(3, 32000); c.closeStream() },
		[]string{`text {"language":"en","segments":[{"end":2.1,"start":0.5,"text":"good morning everybody"}],"text":"good morning everybody","words":[{"confidence":...`, goodbye, "gone"}},
	{"partial results for who asks", "&output_format=json&interim_results=true", func(c *raw) { c.samples(1.5, 48000); c.say(`{"type":"Finalize"}`); c.closeStream() },
		[]string{`text {"is_final":false,"language":"en",...`, `text {"is_final":true,"language":"en","segments":[{...`, goodbye, "gone"}},
	{"subtitles", "&output_format=srt", func(c *raw) { c.samples(3, 32000); c.closeStream() },
		[]string{"text 1\n00:00:00,500 --> ...", goodbye, "gone"}},
	{"subtitles of the web", "&output_format=vtt", func(c *raw) { c.samples(3, 32000); c.closeStream() },
		[]string{"text WEBVTT...", goodbye, "gone"}},
	{"finalize in the middle", "", func(c *raw) {
		c.samples(1.5, 48000)
		c.say(`{"type":"Finalize"}`)
		c.samples(1.5, 48000)
		c.closeStream()
	}, []string{"text good", "text morning everybody", goodbye, "gone"}},
	{"keep-alive, and audio after it", "", func(c *raw) {
		c.say(`{"type":"KeepAlive"}`)
		c.samples(3, 32000)
		c.closeStream()
	}, []string{textMorning, goodbye, "gone"}},
	{"a ping between messages", "", func(c *raw) {
		c.frame(fin|opPing, []byte("here"))
		c.samples(3, 32000)
		c.closeStream()
	}, []string{"pong here", textMorning, goodbye, "gone"}},
	{"nothing at all", "", func(c *raw) { c.closeStream() }, []string{goodbye, "gone"}},
	{"a Close right after the audio", "", func(c *raw) { c.samples(3, 32000); c.frame(fin|opClose, closing(1000, "")) }, []string{textMorning, goodbye, "gone"}},
	{"a Close without a status", "", func(c *raw) { c.samples(3, 32000); c.frame(fin|opClose, nil) }, []string{textMorning, "close...", "gone"}},
	{"text that is no message", "", func(c *raw) { c.say("hello") }, []string{"close 1008 ...", "gone"}},
	{"the same, where errors are JSON", "&output_format=json", func(c *raw) { c.say("hello") }, []string{`text {"code":"invalid_request_error","message":...`, "close 1008 ...", "gone"}},
	{"a message of another kind", "&output_format=json", func(c *raw) { c.say(`{"type":"Sing"}`) }, []string{`text {"code":"invalid_request_error","message":...`, "close 1008 ...", "gone"}},
	{"a message above the limit", "", func(c *raw) { c.frame(fin|opBinary, make([]byte, 1<<20+1)) }, []string{"close 1009 ...", "gone"}},
	{"a message as long as the limit", "", func(c *raw) { c.frame(fin|opBinary, make([]byte, 1<<20)); c.closeStream() },
		[]string{textMorning, textHow, "text and now something different", goodbye, "gone"}},
	{"a frame without a mask", "", func(c *raw) { c.bytes(frameHead(fin|opBinary, 2, false)); c.bytes([]byte{0, 0}) }, []string{"gone"}},
	{"bits that nothing was agreed on", "", func(c *raw) { c.frame(fin|0x40|opBinary, make([]byte, 2)) }, []string{"close 1002 ...", "gone"}},
	{"text that is not UTF-8", "", func(c *raw) { c.say("\xff\xfe") }, []string{"close 100...", "gone"}},
}

// wavHead is the header of a file with so many bytes of 16-bit samples; 0: of a recording that is not over.
func wavHead(rate, channels, n uint32) []byte {
	size := n
	if n == 0 {
		n, size = 0xffffffff, 0xffffffff-36
	}
	var b bytes.Buffer
	b.WriteString("RIFF")
	write := func(v ...any) {
		for _, x := range v {
			if text, ok := x.(string); ok {
				b.WriteString(text)
				continue
			}
			number := x.(uint32)
			b.Write([]byte{byte(number), byte(number >> 8), byte(number >> 16), byte(number >> 24)})
		}
	}
	write(size+36, "WAVEfmt ", uint32(16), 1|channels<<16, rate, rate*channels*2, channels*2|16<<16, "data", n)
	return b.Bytes()
}

// sing asks for a stream of Speechall's protocol.
func sing(t *testing.T, s *server, path, query, headers string) (*raw, int, string) {
	t.Helper()
	u, err := url.Parse("http://" + s.plain + path + "?" + query)
	if err != nil {
		t.Fatal(err)
	}
	c, resp := upgrade(t, s, u, handshake+headers)
	if resp.StatusCode == 101 {
		return c, 101, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		t.Error(err)
	}
	return c, resp.StatusCode, string(text)
}

// without makes a message that is JSON easy to compare: no ids, and fields in order.
func without(line string) string {
	var m map[string]any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "text ")), &m); err != nil {
		return line
	}
	delete(m, "id")
	text, _ := json.Marshal(m) // it came from JSON
	return "text " + string(text)
}

// Speechall's WebSocket answers clients without manners as its documentation says, frame by frame.
func TestSpeechallWebSocket(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["talk"]
	key, err := s.apiKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range speechallTalks {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, status, body := sing(t, s, "/v1/transcribe", "model=local.script&language=en&api_key="+key+tt.query, "")
			if status != 101 {
				t.Fatalf("the answer is %d: %s", status, body)
			}
			tt.send(c)
			c.flush()
			got := c.hear(true)
			for i := range got {
				got[i] = without(got[i])
			}
			if !slices.EqualFunc(got, tt.want, like) {
				t.Errorf("the server said %q, expected %q", got, tt.want)
			}
		})
	}
}

// What is wrong before a stream begins is said in the answer to the handshake.
func TestSpeechallHandshakes(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["english"]
	key, err := s.apiKey()
	if err != nil {
		t.Fatal(err)
	}
	bearer := "Authorization: Bearer " + key + "\r\n"
	for _, tt := range []struct {
		name, path, query, headers string
		status                     int
		says                       string // a part of the body
	}{
		{"the key as a header", "/v1/transcribe", "model=local.script", bearer, 101, ""},
		{"the other path", "/transcribe", "model=local.script", bearer, 101, ""},
		{"no key", "/v1/transcribe", "model=local.script", "", 401, "unauthenticated"},
		{"a wrong key", "/v1/transcribe", "model=local.script&api_key=" + key + "x", "", 401, "unauthenticated"},
		{"no model", "/v1/transcribe", "", bearer, 400, `model`},
		{"an unknown model", "/v1/transcribe", "model=deepgram.nova-2", bearer, 400, "local.script"},
		{"a language that the model has not", "/v1/transcribe", "model=local.script&language=fr", bearer, 400, "language"},
		{"an unknown format", "/v1/transcribe", "model=local.script&output_format=xml", bearer, 400, "output_format"},
		{"partial results of plain text", "/v1/transcribe", "model=local.script&output_format=text&interim_results=true", bearer, 400, "interim_results"},
		{"speakers out of range", "/v1/transcribe", "model=local.script&speakers_expected=11", bearer, 400, "speakers_expected"},
		{"a ruleset that is not there", "/v1/transcribe", "model=local.script&ruleset_id=3f0c4a8e-0000-4000-8000-000000000000", bearer, 404, "not_found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, status, body := sing(t, s, tt.path, tt.query, tt.headers)
			if status != tt.status || !strings.Contains(body, tt.says) || strings.Contains(body, key) {
				t.Errorf("%d %s; expected %d with %q", status, body, tt.status, tt.says)
			}
		})
	}
}
