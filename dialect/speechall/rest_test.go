package speechall

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/job/subtitle"
	"github.com/earshot-stt/earshot/session"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// reply is an answer with its body read.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request with the key, unless it has another.
func (h *house) do(req *http.Request) reply {
	h.t.Helper()
	if req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	client := h.net.Client()
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

func (h *house) request(method, path string, body io.Reader) *http.Request {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, "http://memory"+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	return req
}

// fails checks that an answer is an error as the API has it.
func (r reply) fails(t *testing.T, status int, text string) {
	t.Helper()
	var x wire.Error
	if err := json.Unmarshal([]byte(r.body), &x); err != nil || r.status != status || !strings.Contains(x.Message, text) || x.Code == "" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d %v %s; expected %d with %q", r.status, r.header.Get("Content-Type"), r.body, status, text)
	}
}

// chunked hides how long a body is.
type chunked struct{ io.Reader }

func TestFile(t *testing.T) {
	file := wav(16000, 1, 5*time.Second)
	for _, c := range []struct {
		name, query string
		body        io.Reader
		header      http.Header
		contentType string
		want        string
	}{
		{"the default is text", model, bytes.NewReader(file), http.Header{"Content-Type": {"audio/*"}}, "text/plain; charset=utf-8", "good morning how are you"},
		{"chunked", model, chunked{bytes.NewReader(file)}, http.Header{"Content-Type": {"audio/*"}}, "text/plain; charset=utf-8", "good morning how are you"},
		{"n8n calls it a film", model + "&output_format=text", bytes.NewReader(file), http.Header{"Content-Type": {"video/mp4"}}, "text/plain; charset=utf-8", "good morning how are you"},
		{"a file with a name", model, bytes.NewReader(file), http.Header{"Content-Type": {"audio/*"}, "Content-Disposition": {`attachment; filename="a.mp3"`}}, "text/plain; charset=utf-8", "good morning how are you"},
		{"two channels of telephone", model, bytes.NewReader(wav(8000, 2, 5*time.Second)), nil, "text/plain; charset=utf-8", "good morning how are you"},
		{"subrip", model + "&output_format=srt", bytes.NewReader(file), nil, "text/plain; charset=utf-8",
			"1\n00:00:00,500 --> 00:00:01,500\ngood morning\n\n2\n00:00:03,000 --> 00:00:04,000\nhow are you\n"},
		{"webvtt", model + "&output_format=vtt", bytes.NewReader(file), nil, "text/plain; charset=utf-8",
			"WEBVTT\n\n00:00:00.500 --> 00:00:01.500\ngood morning\n\n00:00:03.000 --> 00:00:04.000\nhow are you\n"},
		{"nobody speaks", model, bytes.NewReader(wav(16000, 1, 100*time.Millisecond)), nil, "text/plain; charset=utf-8", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{}, session.Options{}, Options{})
				req := h.request("POST", "/v1/transcribe?"+c.query, c.body)
				for name, values := range c.header {
					req.Header[name] = values
				}
				got := h.do(req)
				if got.status != 200 || got.body != c.want || got.header.Get("Content-Type") != c.contentType || got.header.Get(headerModel) != "script" {
					t.Errorf("got %d %v %q; expected %q", got.status, got.header, got.body, c.want)
				}
			})
		})
	}
}

func TestFileJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		file := wav(16000, 1, 5*time.Second)
		for format, fields := range map[string]int{"json": 5, "verbose_json": 5, "json_text": 2} {
			got := h.do(h.request("POST", "/v1/transcribe?"+model+"&output_format="+format, bytes.NewReader(file)))
			var raw map[string]any
			v, err := wire.ParseTranscription([]byte(got.body))
			if err != nil || json.Unmarshal([]byte(got.body), &raw) != nil || len(raw) != fields || v.Text != "good morning how are you" || got.header.Get("Content-Type") != "application/json" {
				t.Fatalf("%s: %v %s", format, err, got.body)
			}
			if fields == 5 && (len(v.Segments) != 2 || len(v.Words) != 5 || v.Language != "en" || v.Words[0].Word != "good" || v.Words[0].Text != "" || *v.Segments[1].Start != wire.Seconds(3*time.Second)) {
				t.Errorf("%s: %+v", format, v)
			}
		}
	})
}

// What is wrong is told with one of the eight statuses, whatever was sent.
func TestFileRefusals(t *testing.T) {
	file := wav(16000, 1, time.Second)
	limits := job.Options{MaxAudio: 30 * time.Second}
	claims := wavHead(16000, 1, math.MaxUint32-36)
	for _, c := range []struct {
		name, query, auth string
		body              io.Reader
		status            int
		text              string
	}{
		{"no key", model, "Basic x", bytes.NewReader(file), 401, "Bearer"},
		{"wrong key", model, "Bearer wrong", bytes.NewReader(file), 401, "key"},
		{"a key in the query is for streams", model + "&api_key=" + key, "Bearer wrong", bytes.NewReader(file), 401, "key"},
		{"no model", "", "", bytes.NewReader(file), 400, "model"},
		{"unknown model", "model=xai.grok-stt", "", bytes.NewReader(file), 400, "local.script; the operator can say which model answers to it (speechall.aliases)"},
		{"no audio", model, "", nil, 400, "empty"},
		{"unknown bytes", model, "", strings.NewReader("this is no audio at all, and never was"), 400, "known kind"},
		{"mp3", model, "", strings.NewReader("ID3\x04\x00\x00\x00\x00\x00\x0a" + strings.Repeat("\x00", 100)), 400, "MP3"},
		{"a playlist", model, "", strings.NewReader("#EXTM3U\nfile:///etc/passwd\n"), 400, "known kind"},
		{"a header that breaks off", model, "", bytes.NewReader(file[:30]), 400, "WAV"},
		{"more than may be", model, "", bytes.NewReader(make([]byte, 3<<20)), 400, "1 MiB"},
		{"more than may be, chunked", model, "", chunked{io.MultiReader(bytes.NewReader(claims), bytes.NewReader(make([]byte, 3<<20)))}, 400, ""},
		{"longer than may be", model, "", bytes.NewReader(wav(4000, 1, 40*time.Second)), 400, "30s"},
		{"samples of no rate", model, "", bytes.NewReader(wav(1, 1, time.Second)), 400, "samples a second"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				so := session.Options{}
				h := serve(t, script.Options{}, so, Options{MaxBody: 1 << 20})
				h.limit(limits)
				req := h.request("POST", "/v1/transcribe?"+c.query, c.body)
				if c.auth != "" {
					req.Header.Set("Authorization", c.auth)
				}
				h.do(req).fails(t, c.status, c.text)
			})
		})
	}
}

// A file that claims to be longer than it is has been heard up to its end.
func TestLyingHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		body := append(wavHead(16000, 1, math.MaxUint32-36), make([]byte, 64000)...)
		if got := h.do(h.request("POST", "/v1/transcribe?"+model, bytes.NewReader(body))); got.status != 200 || got.body != "good morning" {
			t.Errorf("got %d %q", got.status, got.body)
		}
	})
}

// A client that goes away while it sends, or while it waits, leaves nothing behind.
func TestFileGone(t *testing.T) {
	for _, whole := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := serve(t, script.Options{Fault: script.Fault{Kind: script.Stall, At: 2 * time.Second}}, session.Options{}, Options{})
			r, w := io.Pipe()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { // owned by the test, which awaits ended; ends with ctx
				req, _ := http.NewRequestWithContext(ctx, "POST", "http://memory/v1/transcribe?"+model, r)
				req.Header.Set("Authorization", "Bearer "+key)
				_, err := h.net.Client().Do(req)
				ended <- err
			}()
			if _, err := w.Write(wav(16000, 1, 3*time.Second)); err != nil {
				t.Fatal(err)
			}
			if whole {
				w.Close()
			}
			synctest.Wait()
			if h.sessions.Active() != 1 {
				t.Errorf("%d sessions", h.sessions.Active())
			}
			cancel()
			w.CloseWithError(context.Canceled)
			<-ended
			pass(t.Context(), time.Second)
			if h.sessions.Active() != 0 || h.handling.Load() != 0 {
				t.Errorf("whole %v: %d sessions and %d handlers are left", whole, h.sessions.Active(), h.handling.Load())
			}
		})
	}
}

// A client that sends nothing is not waited for: not before its file has begun, nor in the middle of it.
func TestFileStandsStill(t *testing.T) {
	for sent, wait := range map[int]time.Duration{0: standstill, 20: standstill, 50000: 15 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			h := serve(t, script.Options{}, session.Options{Limits: session.Limits{Idle: 15 * time.Second}}, Options{})
			r, w := io.Pipe()
			go func() { // owned by the test; ends with the pipe
				if sent > 0 {
					w.Write(wav(16000, 1, 5*time.Second)[:sent])
				}
			}()
			began := time.Now()
			req := h.request("POST", "/v1/transcribe?"+model, r)
			req.Header.Set("Authorization", "Bearer "+key)
			client := h.net.Client()
			defer client.CloseIdleConnections()
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if took := time.Since(began); resp.StatusCode != http.StatusBadRequest || took < wait || took > wait+2*time.Second {
				t.Errorf("after %d bytes: status %d after %v", sent, resp.StatusCode, took)
			}
			r.CloseWithError(io.ErrClosedPipe)
		})
	}
}

// A recognizer that takes too long is a gateway that timed out, and one that dies is a service that is not there.
func TestFileFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  script.Fault
		status int
	}{
		{"dies", script.Fault{Kind: script.Die, At: time.Second}, 503},
		{"stalls", script.Fault{Kind: script.Stall, At: time.Second}, 504},
		{"is full", script.Fault{Kind: script.Refuse}, 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{Fault: c.fault}, session.Options{}, Options{})
				got := h.do(h.request("POST", "/v1/transcribe?"+model, bytes.NewReader(wav(16000, 1, 3*time.Second))))
				got.fails(t, c.status, "")
				if (got.header.Get("Retry-After") == "1") != (c.status == 503) {
					t.Errorf("%v", got.header)
				}
			})
		})
	}
}

func TestModelList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		aliases := map[string]string{"deepgram.nova-2": "local.script", "openai.whisper-1": "script", "openai.gone": "local.gone", "*": "script"}
		h := serve(t, script.Options{Languages: []string{"en-US"}}, session.Options{}, Options{Aliases: aliases})
		ids := func() (all []string) {
			got := h.do(h.request("GET", "/v1/speech-to-text-models", nil))
			var list []map[string]any
			if err := json.Unmarshal([]byte(got.body), &list); err != nil || got.status != 200 {
				t.Fatal(got, err)
			}
			for _, m := range list {
				all = append(all, m["id"].(string))
				if len(m) != 29 || m["is_available"] != true || m["streamable"] != true || m["max_file_size_bytes"] != float64(2<<30) {
					t.Errorf("%v", m)
				}
			}
			return all
		}
		if got, want := ids(), []string{"local.script", "deepgram.nova-2", "openai.gone", "openai.whisper-1"}; !slices.Equal(got, want) {
			t.Errorf("got %q, expected %q", got, want)
		}
		for _, id := range []string{"local.script", "deepgram.nova-2", "script", "whisper-1", "assemblyai.best"} {
			if got := h.do(h.request("POST", "/v1/transcribe?model="+id, bytes.NewReader(wav(16000, 1, 2*time.Second)))); got.body != "good morning" {
				t.Errorf("%s: %d %q", id, got.status, got.body)
			}
		}
		encodings := func() string { return h.do(h.request("GET", "/v1/speech-to-text-models", nil)).body }
		if list := encodings(); !strings.Contains(list, `"FLAC","Opus"]`) {
			t.Errorf("without ffmpeg: %s", list)
		}
		if p := program(t); p != nil {
			if h.limit(job.Options{FFmpeg: p}); !strings.Contains(encodings(), `"FLAC","Opus","MP3","AAC","Vorbis"]`) {
				t.Errorf("with ffmpeg: %s", encodings())
			}
		}
		h2 := serve(t, script.Options{}, session.Options{}, Options{Aliases: aliases, Compat: true})
		h = h2
		if got, want := ids(), []string{"deepgram.nova-2", "openai.whisper-1"}; !slices.Equal(got, want) {
			t.Errorf("for closed lists: %q, expected %q", got, want)
		}
	})
}

func TestNothingThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{})
		h.do(h.request("GET", "/v1/nothing", nil)).fails(t, 404, "/v1/nothing")
		h.do(h.request("PUT", "/v1/transcribe", strings.NewReader("x"))).fails(t, 404, "PUT")
		h.do(h.request("GET", "/v1/transcribe", nil)).fails(t, 400, "WebSocket")
	})
}

// form makes the body of a form, in the order of fields; the file stands where its name does.
func form(file []byte, fields ...string) (body *bytes.Buffer, contentType string) {
	body = new(bytes.Buffer)
	w := multipart.NewWriter(body)
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] == "file" {
			part, _ := w.CreateFormFile("file", fields[i+1])
			part.Write(file)
			continue
		}
		w.WriteField(fields[i], fields[i+1])
	}
	w.Close()
	return body, w.FormDataContentType()
}

func (h *house) form(path string, file []byte, fields ...string) reply {
	h.t.Helper()
	body, contentType := form(file, fields...)
	req := h.request("POST", path, chunked{body})
	req.Header.Set("Content-Type", contentType)
	return h.do(req)
}

func TestOpenAI(t *testing.T) {
	file := wav(16000, 1, 5*time.Second)
	long := append(wav(16000, 1, 20*time.Second), 0) // beyond what is kept in memory
	verbose := `{"task":"transcribe","language":"en","duration":5.0,"text":"good morning how are you","segments":[` +
		`{"id":0,"seek":0,"start":0.5,"end":1.5,"text":"good morning","tokens":[],"temperature":0,"avg_logprob":0,"compression_ratio":0,"no_speech_prob":0},` +
		`{"id":1,"seek":0,"start":3.0,"end":4.0,"text":"how are you","tokens":[],"temperature":0,"avg_logprob":0,"compression_ratio":0,"no_speech_prob":0}]}`
	for _, c := range []struct {
		name, path string
		file       []byte
		fields     []string
		want       string
	}{
		{"file first", "transcriptions", file, []string{"file", "a.wav", "model", "whisper-1"}, `{"text":"good morning how are you"}`},
		{"file last", "transcriptions", file, []string{"model", "whisper-1", "language", "en", "temperature", "0", "unknown", "x", "file", "a.wav"}, `{"text":"good morning how are you"}`},
		{"on disk", "transcriptions", long, []string{"file", "a.wav", "model", "openai.whisper-1"}, `{"text":"good morning how are you"}`},
		{"text", "transcriptions", file, []string{"file", "a", "model", "whisper-1", "response_format", "text"}, "good morning how are you\n"},
		{"subrip", "transcriptions", file, []string{"file", "a", "model", "whisper-1", "response_format", "srt"}, "1\n00:00:00,500 --> 00:00:01,500\ngood morning\n\n2\n00:00:03,000 --> 00:00:04,000\nhow are you\n"},
		{"verbose", "transcriptions", file, []string{"file", "a", "model", "whisper-1", "response_format", "verbose_json", "language", "en"}, verbose},
		{"words", "transcriptions", wav(16000, 1, 2*time.Second), []string{"file", "a", "model", "whisper-1", "response_format", "verbose_json", "language", "en", "timestamp_granularities[]", "word"},
			`{"task":"transcribe","language":"en","duration":2.0,"text":"good morning","words":[{"word":"good","start":0.5,"end":1.0},{"word":"morning","start":1.0,"end":1.5}]}`},
		{"translation", "translations", wav(16000, 1, 2*time.Second), []string{"file", "a", "model", "whisper-1", "response_format", "verbose_json"},
			`{"task":"translate","language":"en","duration":"2.0","text":"good morning","segments":[{"id":0,"seek":0,"start":0.5,"end":1.5,"text":"good morning","tokens":[],"temperature":0,"avg_logprob":0,"compression_ratio":0,"no_speech_prob":0}]}`},
		{"events", "transcriptions", file, []string{"file", "a", "model", "whisper-1", "stream", "true"},
			"data: {\"type\":\"transcript.text.delta\",\"delta\":\"good morning\"}\n\ndata: {\"type\":\"transcript.text.delta\",\"delta\":\" how are you\"}\n\n" +
				"data: {\"type\":\"transcript.text.done\",\"text\":\"good morning how are you\"}\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{}, session.Options{}, Options{Aliases: map[string]string{"openai.whisper-1": "script"}})
				for _, root := range []string{"/v1/openai-compatible/audio/", "/v1/audio/"} {
					got := h.form(root+c.path, c.file, c.fields...)
					if got.status != 200 || got.body != c.want {
						t.Errorf("got %d %s\nexpected %s", got.status, got.body, c.want)
					}
					if strings.HasPrefix(got.body, "data:") != (got.header.Get("Content-Type") == "text/event-stream; charset=utf-8") {
						t.Errorf("of type %q", got.header.Get("Content-Type"))
					}
				}
			})
		})
	}
}

func TestOpenAIRefusals(t *testing.T) {
	file := wav(16000, 1, time.Second)
	for _, c := range []struct {
		name   string
		fields []string
		file   []byte
		text   string
	}{
		{"no file", []string{"model", "script"}, nil, "file"},
		{"no model", []string{"file", "a"}, file, "model"},
		{"unknown model", []string{"file", "a", "model", "whisper-1"}, file, "whisper-1"},
		{"format", []string{"file", "a", "model", "script", "response_format", "xml"}, file, "response_format"},
		{"granularity", []string{"file", "a", "model", "script", "timestamp_granularities[]", "syllable"}, file, "timestamp_granularities"},
		{"no audio", []string{"file", "a", "model", "script"}, nil, "empty"},
		{"no audio for events", []string{"file", "a", "model", "script", "stream", "true"}, nil, "empty"},
		{"long file", []string{"file", "a", "model", "script"}, wav(16000, 1, 40*time.Second), "1 MiB"},
		{"long field", []string{"model", strings.Repeat("x", maxFields+1), "file", "a"}, file, "besides its file"},
		{"many fields", slices.Repeat([]string{"a", "b"}, maxParts+1), file, "parts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{}, session.Options{}, Options{MaxBody: 1 << 20})
				h.form("/v1/openai-compatible/audio/transcriptions", c.file, c.fields...).fails(t, 400, c.text)
				got := h.form("/v1/audio/transcriptions", c.file, c.fields...)
				var x struct {
					Error struct{ Message, Type string }
				}
				if err := json.Unmarshal([]byte(got.body), &x); err != nil || got.status != 400 || !strings.Contains(x.Error.Message, c.text) || x.Error.Type != wire.CodeInvalid {
					t.Errorf("as OpenAI has it: %d %s", got.status, got.body)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{Languages: []string{"fr-FR"}}, session.Options{}, Options{})
		h.do(h.request("POST", "/v1/openai-compatible/audio/transcriptions", strings.NewReader("no form"))).fails(t, 400, "multipart")
		h.form("/v1/openai-compatible/audio/translations", file, "file", "a", "model", "script").fails(t, 400, "English")
	})
}

// A stream of events whose recognizer dies says so in its last event.
func TestEventsFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{Fault: script.Fault{Kind: script.Die, At: 2 * time.Second}}, session.Options{}, Options{})
		got := h.form("/v1/audio/transcriptions", wav(16000, 1, 5*time.Second), "file", "a", "model", "script", "stream", "true")
		lines := strings.Split(strings.TrimSpace(got.body), "\n\n")
		if got.status != 200 || len(lines) != 2 || !strings.Contains(lines[0], `"good morning"`) || !strings.HasPrefix(lines[1], `data: {"error":{"message":`) {
			t.Errorf("got %d %q", got.status, lines)
		}
	})
}

// Whatever a client gets as subtitles can be read.
func TestSubtitlesOfRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{Script: parsed(t, "0.5-30 "+strings.Repeat("some words ", 40))}, session.Options{}, Options{})
		got := h.do(h.request("POST", "/v1/transcribe?"+model+"&output_format=vtt", bytes.NewReader(wav(8000, 1, 31*time.Second))))
		cues, err := subtitle.ParseVTT(got.body)
		if err != nil || len(cues) < 5 {
			t.Errorf("%d cues, %v", len(cues), err)
		}
	})
}

// Each refusal is one line in the log: this handler's, or the session's.
func TestRefusalsAreLoggedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		engine script.Options
		file   []byte
		path   string
		ours   int // lines
	}{
		"a file that is none":    {script.Options{}, []byte("no audio at all, but many words that are long enough"), "/v1/transcribe?" + model, 1},
		"a parameter":            {script.Options{}, wav(16000, 1, time.Second), "/v1/transcribe?temperature=2&" + model, 1},
		"a recognizer that dies": {script.Options{Fault: script.Fault{Kind: script.Die, At: time.Second}}, wav(16000, 1, 5*time.Second), "/v1/transcribe?" + model, 0},
		"no capacity":            {script.Options{Fault: script.Fault{Kind: script.Refuse}}, wav(16000, 1, 5*time.Second), "/v1/transcribe?" + model, 0},
		"a file that breaks off": {script.Options{}, wav(16000, 1, 5*time.Second)[:100000], "/v1/transcribe?" + model, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines bytes.Buffer
				h := serve(t, c.engine, session.Options{}, Options{Log: slog.New(slog.NewTextHandler(&lines, nil))})
				got := h.do(h.request("POST", c.path, bytes.NewReader(c.file)))
				if n := strings.Count(lines.String(), "\n"); got.status < 400 || n != c.ours {
					t.Errorf("%d, and %d lines in the log: %s", got.status, n, &lines)
				}
			})
		})
	}
}
