package speechall

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/job/spool"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// oneAtATime is a gate with one place.
type oneAtATime struct {
	mu      sync.Mutex
	in, out int
}

func (g *oneAtATime) Admit(_ context.Context, r *session.Request) (func(), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Account != "acme" || r.Protocol == "" || r.Operation == "" {
		return nil, stt.Errorf(stt.Internal, "who asks is not known: %+v", r)
	}
	if g.in > g.out {
		return nil, &stt.Error{Code: stt.Quota, Msg: "the key has 1 stream open", RetryAfter: time.Second}
	}
	g.in++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.out++
	}, nil
}

// formHead begins a form with a file.
const formHead = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"

// ways are all requests that open a session and have a body: how one begins that never ends. None gets as far as a process, whose time is
// not that of a bubble.
var ways = map[string]struct{ path, contentType, begin string }{
	"a file":      {"/v1/transcribe?" + model, "audio/*", "RIFF"},
	"an MP4":      {"/v1/transcribe?" + model, "audio/*", "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41\x00\x10\x00\x00mdat" + strings.Repeat("\x00", 300<<10)},
	"a form":      {"/v1/openai-compatible/audio/transcriptions", "multipart/form-data; boundary=b", formHead + strings.Repeat("\x00", 300<<10)},
	"translation": {"/v1/openai-compatible/audio/translations", "multipart/form-data; boundary=b", formHead},
	"remote":      {"/v1/transcribe-remote", "application/json", `{"fi`},
}

// begun is a request whose body begins and then goes on as next says, a byte at a time; it ends when its context does.
func (h *house) begun(ctx context.Context, way string, next time.Duration) <-chan reply {
	w := ways[way]
	r, pipe := io.Pipe()
	context.AfterFunc(ctx, func() { pipe.CloseWithError(errors.New("the client has gone")) })
	go func() { // owned by the test; ends with the pipe
		_, err := io.WriteString(pipe, w.begin)
		for next > 0 && err == nil {
			pass(ctx, next)
			_, err = pipe.Write([]byte{0})
		}
	}()
	req := h.request("POST", w.path, r).WithContext(ctx)
	req.Header.Set("Content-Type", w.contentType)
	req.Header.Set("Authorization", "Bearer "+key)
	answered := make(chan reply, 1)
	go func() { // owned by the test; ends with the answer, or with ctx
		client := h.net.Client()
		defer client.CloseIdleConnections()
		resp, err := client.Do(req)
		if err != nil {
			answered <- reply{body: err.Error()}
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		answered <- reply{resp.StatusCode, resp.Header, string(body)}
	}()
	return answered
}

// Who has as many streams as he may is told so before anything is done for him: while one of his uploads stands still, none of the others is
// received, kept, fetched, compiled or decoded.
func TestAdmittedFirst(t *testing.T) {
	p := program(t)
	for stands := range ways {
		if p == nil && stands == "an MP4" {
			continue
		}
		t.Run(stands, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate, fetched, compiledRules := &oneAtATime{}, 0, 0
				h := serve(t, script.Options{}, session.Options{Gate: gate}, Options{Rulesets: newMemory(),
					Rules: func(r []wire.Rule) (Rewriter, error) {
						compiledRules++
						return compiled(r)
					},
					Fetch: func(context.Context, string) (io.ReadCloser, error) {
						fetched++
						return nil, errors.New("nobody")
					}})
				keep := spool.New(t.TempDir(), 1<<20)
				h.limit(job.Options{FFmpeg: p, Spool: keep})
				id := h.create(`{"name":"n","rules":[{"kind":"exact","search":"good","replacement":"bad"}]}`)
				compiledRules = 0
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				first := h.begun(ctx, stands, 0)
				pass(t.Context(), time.Second)
				used := keep.Used()
				file := wav(16000, 1, 5*time.Second)
				remote := `{"file_url":"https://example.com/a.wav","model":"local.script","replacement_ruleset":[{"kind":"exact","search":"a","replacement":"b"}]}`
				h.do(h.request("POST", "/v1/transcribe?"+model+"&ruleset_id="+id, bytes.NewReader(file))).fails(t, 429, "1 stream")
				h.do(h.request("POST", "/v1/transcribe-remote", strings.NewReader(remote))).fails(t, 429, "1 stream")
				h.form("/v1/openai-compatible/audio/transcriptions", file, "file", "a.wav", "model", "local.script").fails(t, 429, "1 stream")
				if status, _, _ := h.refused("/v1/transcribe", "api_key="+key+"&"+model+"&ruleset_id="+id, nil); status != 429 {
					t.Errorf("a stream: %d", status)
				}
				if fetched != 0 || compiledRules != 0 || keep.Used() != used {
					t.Errorf("%d files were fetched, %d rulesets compiled, %d bytes kept", fetched, compiledRules, keep.Used()-used)
				}
				got := <-first
				got.fails(t, 400, "stopped coming")
				if got := h.do(h.request("POST", "/v1/transcribe?"+model, bytes.NewReader(file))); got.status != 200 {
					t.Errorf("afterwards: %d %s", got.status, got.body)
				}
				if gate.in != 2 || gate.out != 2 || keep.Used() != 0 {
					t.Errorf("%d in, %d out, %d bytes kept", gate.in, gate.out, keep.Used())
				}
			})
		})
	}
}

// Who sends as slowly as can be is not waited for much longer than who sends nothing.
func TestTooSlow(t *testing.T) {
	for way := range ways {
		if way == "an MP4" && program(t) == nil {
			continue
		}
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, script.Options{}, session.Options{}, Options{Fetch: func(context.Context, string) (io.ReadCloser, error) { return nil, errors.New("nobody") }})
				h.limit(job.Options{FFmpeg: program(t), Spool: spool.New(t.TempDir(), 1<<20)})
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				began := time.Now()
				got := <-h.begun(ctx, way, 20*time.Second)
				if took := time.Since(began); took > 2*time.Minute {
					t.Errorf("an answer after %v", took)
				}
				if way != "a file" { // which is known for none before that
					got.fails(t, 400, "too slowly")
				}
			})
		})
	}
}

// However a request ends, its place is given back.
func TestPlacesAreGivenBack(t *testing.T) {
	file := wav(16000, 1, 5*time.Second)
	remote := func(more string) func(h *house) reply {
		return func(h *house) reply {
			return h.do(h.request("POST", "/v1/transcribe-remote", strings.NewReader(`{"file_url":"https://example.com/a.wav",`+more)))
		}
	}
	post := func(query string, body []byte) func(h *house) reply {
		return func(h *house) reply { return h.do(h.request("POST", "/v1/transcribe?"+query, bytes.NewReader(body))) }
	}
	for name, c := range map[string]struct {
		do     func(h *house) reply
		status int
		takes  int // places
	}{
		"a file":           {post(model, file), 200, 1},
		"a parameter":      {post(model+"&temperature=9", file), 400, 0},
		"an unknown model": {post("model=a.b", file), 400, 1},
		"no such ruleset":  {post(model+"&ruleset_id=x", file), 404, 1},
		"no audio":         {post(model, []byte(strings.Repeat("words ", 100))), 400, 1},
		"half a file":      {post(model, file[:100000]), 400, 1},
		"remote":           {remote(`"model":"local.script"}`), 200, 1},
		"no JSON":          {remote(`x`), 400, 1},
		"bad rules":        {remote(`"model":"local.script","replacement_ruleset":[{"kind":"regex","pattern":"(","replacement":""}]}`), 400, 1},
		"a form": {func(h *house) reply {
			return h.form("/v1/openai-compatible/audio/transcriptions", file, "file", "a.wav", "model", "local.script")
		}, 200, 1},
		"a form without a model": {func(h *house) reply {
			return h.form("/v1/openai-compatible/audio/transcriptions", file, "file", "a.wav")
		}, 400, 1},
		"a stream of an unknown model": {func(h *house) reply {
			status, _, _ := h.refused("/v1/transcribe", "api_key="+key+"&model=a.b", nil)
			return reply{status: status}
		}, 400, 1},
		"a stream": {func(h *house) reply {
			ws := h.dial("/v1/transcribe", model)
			ws.bye()
			_, end := ws.rest()
			return reply{status: int(end.Code)}
		}, 1000, 1},
		"no upgrade": {func(h *house) reply { return h.do(h.request("GET", "/v1/transcribe?"+model, nil)) }, 400, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := &oneAtATime{}
				h := serve(t, script.Options{}, session.Options{Gate: gate}, Options{Rulesets: newMemory(), Rules: compiled,
					Fetch: func(context.Context, string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(file)), nil }})
				if got := c.do(h); got.status != c.status {
					t.Errorf("%d %s, expected %d", got.status, got.body, c.status)
				}
				synctest.Wait()
				if gate.in != c.takes || gate.out != c.takes {
					t.Errorf("%d in, %d out, expected %d", gate.in, gate.out, c.takes)
				}
			})
		})
	}
}

// A client that has sent all of its file and goes away while the recognizer is at its beginning is noticed, and its session ends.
func TestGoneBehindTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{Fault: script.Fault{Kind: script.Stall, At: 2 * time.Second}}, session.Options{Limits: session.Limits{Lag: time.Hour}}, Options{})
		for _, form := range []bool{false, true} {
			ctx, leave := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { // owned by the test, which awaits ended; ends with ctx
				file := wav(16000, 1, 20*time.Second)
				req := h.request("POST", "/v1/transcribe?"+model, chunked{bytes.NewReader(file)}).WithContext(ctx)
				if form {
					body := formHead + string(file) + "\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nlocal.script\r\n--b--\r\n"
					req = h.request("POST", "/v1/audio/transcriptions", io.MultiReader(strings.NewReader(body), &paced{t.Context(), 100 * time.Millisecond, 2})).WithContext(ctx)
					req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
				}
				req.Header.Set("Authorization", "Bearer "+key)
				client := h.net.Client()
				defer client.CloseIdleConnections()
				resp, err := client.Do(req)
				if err == nil {
					resp.Body.Close()
				}
				ended <- err
			}()
			pass(t.Context(), time.Second)
			if h.sessions.Active() != 1 {
				t.Fatalf("form %v: %d sessions", form, h.sessions.Active())
			}
			leave()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("form %v: %v", form, err)
			}
			pass(t.Context(), time.Second)
			if h.sessions.Active() != 0 || h.handling.Load() != 0 {
				t.Errorf("form %v: %d sessions and %d handlers a second after the client has gone", form, h.sessions.Active(), h.handling.Load())
			}
		}
	})
}

// What is read before it is wanted is bounded, comes out as it went in, and ends as it ended.
func TestReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := make([]byte, 5*mostAhead/2)
		for i := range want {
			want[i] = byte(i * 7 >> 3)
		}
		broken := errors.New("broken off")
		from := &counted{r: io.MultiReader(bytes.NewReader(want), failing{broken})}
		a := readAhead(from)
		synctest.Wait()
		if n := from.n; n < mostAhead || n > mostAhead+32<<10 {
			t.Errorf("%d bytes were read before any was wanted", n)
		}
		got, err := io.ReadAll(a)
		if !bytes.Equal(got, want) || !errors.Is(err, broken) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		a.close(func() { t.Error("a body that has ended is interrupted") })

		r, w := io.Pipe()
		defer w.Close()
		a = readAhead(r)
		waits := make(chan error, 1)
		go func() { // owned by the test, which awaits waits; ends with a
			_, err := a.Read(make([]byte, 1))
			waits <- err
		}()
		synctest.Wait()
		a.close(func() { r.CloseWithError(broken) })
		if err := <-waits; err == nil {
			t.Error("a reader that waits was told nothing")
		}
		if n, err := a.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("after close: %d, %v", n, err)
		}
	})
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A file over a WebSocket may be as long as any other.
func TestStreamOfTooLongAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{MaxBody: 100_000})
		for d, code := range map[time.Duration]int{3 * time.Second: 1000, 5 * time.Second: 1008} {
			ws := h.dial("/v1/transcribe", model+"&output_format=json_text")
			file := wav(16000, 1, d)
			for len(file) > 0 {
				n := min(len(file), 10_000)
				ws.binary(file[:n])
				file = file[n:]
			}
			ws.bye()
			all, end := ws.rest()
			if told := fmt.Sprint(all); int(end.Code) != code || strings.Contains(told, "100000 bytes") != (code == 1008) || !strings.Contains(told, "good morning") {
				t.Errorf("%v: %s, %v", d, told, end)
			}
		}
	})
}

// KeepAlive keeps a stream open that is a file whose next part is long in coming.
func TestKeepAliveOfAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{Limits: session.Limits{Idle: 15 * time.Second}}, Options{})
		ws := h.dial("/v1/transcribe", model)
		file := wav(16000, 1, 5*time.Second)
		ws.binary(file[:64000])
		for range 6 {
			pass(t.Context(), 10*time.Second)
			ws.text(`{"type":"KeepAlive"}`)
		}
		ws.binary(file[64000:])
		ws.bye()
		all, end := ws.rest()
		if strings.Join(all, " ") != "good morning how are you" || end.Code != 1000 {
			t.Errorf("%q, %v", all, end)
		}
		synctest.Wait()
		if u := h.last.Load(); u == nil || u.Audio < 5*time.Second || u.Audio > 5*time.Second+time.Millisecond {
			t.Errorf("used %+v", u)
		}
	})
}
