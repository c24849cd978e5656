package job_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// wav is a file of silence that says it holds claim bytes.
func wav(rate, channels int, d time.Duration, claim uint32) []byte {
	n := int(int64(rate)*int64(d)/int64(time.Second)) * channels * 2
	if claim == 0 {
		claim = uint32(n)
	}
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), 36+claim)
	b = binary.LittleEndian.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*2))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*2))
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = binary.LittleEndian.AppendUint32(append(b, "data"...), claim)
	return append(b, make([]byte, n)...)
}

func recognizer(t *testing.T, o script.Options) *script.Recognizer {
	t.Helper()
	var err error
	if o.Script, err = script.Parse("0.5-1.5 good morning\n3.0-4.0 how are you\n70-71 late"); err != nil {
		t.Fatal(err)
	}
	return script.New(o)
}

// paced is a recognizer that takes audio no faster than so many times the pace of speech.
type paced struct {
	*script.Recognizer
	pace float64
}

func (p paced) Models(ctx context.Context) ([]stt.Model, error) {
	models, err := p.Recognizer.Models(ctx)
	models[0].Can.MaxPace = p.pace
	return models, err
}

func run(t *testing.T, rec stt.Recognizer, o job.Options, r *job.Request) (*job.Result, *session.Service, error) {
	t.Helper()
	o.Sessions = session.NewService(session.Options{Recognizer: rec})
	if r.Session == nil {
		r.Session = &session.Request{Config: stt.Config{Languages: stt.Languages{Tags: []string{"en-US"}}, Interim: stt.Interim{Off: true}}}
	}
	res, err := job.New(o).Run(t.Context(), r)
	if n := o.Sessions.Active(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	return res, o.Sessions, err
}

func texts(segments []stt.Segment) (all []string) {
	for i := range segments {
		all = append(all, segments[i].Best().Text)
	}
	return all
}

func TestRun(t *testing.T) {
	flac, err := os.ReadFile("../audio/testdata/bursts-stereo.flac")
	if err != nil {
		t.Fatal(err)
	}
	ogg, err := os.ReadFile("../audio/testdata/bursts-silk.ogg")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		body []byte
		said []string
	}{
		{"wav", wav(16000, 1, 5*time.Second, 0), []string{"good morning", "how are you"}},
		{"two channels at another rate", wav(44100, 2, 5*time.Second, 0), []string{"good morning", "how are you"}},
		{"a length that lies", wav(16000, 1, 5*time.Second, math.MaxUint32-36), []string{"good morning", "how are you"}},
		{"bytes behind the audio", append(wav(16000, 1, 2*time.Second, 0), "LIST and more"...), []string{"good morning"}},
		{"flac", flac, nil},
		{"opus", ogg, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []string
				began := time.Now()
				res, _, err := run(t, recognizer(t, script.Options{}), job.Options{}, &job.Request{Input: job.Input{Body: bytes.NewReader(c.body)},
					Final: func(seg *stt.Segment) error { told = append(told, seg.Best().Text); return nil }})
				if err != nil {
					t.Fatal(err)
				}
				if c.said != nil && !slices.Equal(texts(res.Segments), c.said) || !slices.Equal(told, texts(res.Segments)) || res.Model != "script" || res.Language != "en-US" || res.Duration <= 0 {
					t.Errorf("got %+v, told %q", res, told)
				}
				if took := time.Since(began); took > 0 {
					t.Errorf("it took %v of waiting", took)
				}
			})
		})
	}
}

// What cannot be transcribed has a reason for the caller, and leaves nothing behind.
func TestRunFails(t *testing.T) {
	mine := errors.New("enough")
	for _, c := range []struct {
		name   string
		body   io.Reader
		engine script.Options
		limits job.Options
		final  func(*stt.Segment) error
		code   stt.Code
		is     error
	}{
		{name: "empty", body: strings.NewReader(""), code: stt.Malformed},
		{name: "no audio", body: strings.NewReader("<html>"), code: stt.Unsupported},
		{name: "webm", body: strings.NewReader("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"), code: stt.Unsupported},
		{name: "cut header", body: bytes.NewReader(wav(16000, 1, time.Second, 0)[:30]), code: stt.Malformed},
		{name: "rate", body: bytes.NewReader(wav(1000, 1, time.Second, 0)), code: stt.Unsupported},
		{name: "too long", body: bytes.NewReader(wav(16000, 1, 5*time.Second, 0)), limits: job.Options{MaxAudio: 4 * time.Second}, code: stt.TooLong},
		{name: "too slow", body: bytes.NewReader(wav(16000, 1, 5*time.Second, 0)), limits: job.Options{MaxTime: time.Minute},
			engine: script.Options{Fault: script.Fault{Kind: script.Slow, Factor: 20}}, code: stt.DeadlineExceeded},
		{name: "dead", body: bytes.NewReader(wav(16000, 1, 5*time.Second, 0)), engine: script.Options{Fault: script.Fault{Kind: script.Die, At: time.Second}}, code: stt.Unavailable},
		{name: "full", body: bytes.NewReader(wav(16000, 1, 5*time.Second, 0)), engine: script.Options{Fault: script.Fault{Kind: script.Refuse}}, code: stt.Exhausted},
		{name: "nobody listens any more", body: bytes.NewReader(wav(16000, 1, 5*time.Second, 0)), final: func(*stt.Segment) error { return mine }, code: stt.Internal, is: mine},
		{name: "breaks", body: io.MultiReader(bytes.NewReader(wav(16000, 1, 5*time.Second, 0)[:50000]), failing{}), code: stt.Canceled},
		{name: "panics where it reads", body: io.MultiReader(bytes.NewReader(wav(16000, 1, 5*time.Second, 0)[:50000]), panicking{}), code: stt.Malformed},
		{name: "panics where it tells", body: bytes.NewReader(wav(16000, 1, 5*time.Second, 0)), final: func(*stt.Segment) error { panic("a bug") }, code: stt.Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				res, _, err := run(t, recognizer(t, c.engine), c.limits, &job.Request{Input: job.Input{Body: c.body}, Final: c.final})
				if res != nil || stt.CodeOf(err) != c.code || c.is != nil && !errors.Is(err, c.is) {
					t.Errorf("got %v, %v; expected %v", res, err, c.code)
				}
			})
		})
	}
}

// failing is a connection that is lost.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// panicking is a bug.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("a bug") }

// A caller that goes away ends the job at once, whoever waits for whom: the body is interrupted.
func TestRunCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		s := session.NewService(session.Options{Recognizer: recognizer(t, script.Options{})})
		ended := make(chan error, 1)
		go func() { // owned by the test, which awaits ended; ends with ctx
			_, err := job.New(job.Options{Sessions: s}).Run(ctx, &job.Request{Session: &session.Request{}, Input: job.Input{Body: r, Interrupt: func() { r.CloseWithError(errors.New("interrupted")) }}})
			ended <- err
		}()
		w.Write(wav(16000, 1, 5*time.Second, 0)[:50000])
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || s.Active() != 0 {
			t.Errorf("%v, %d sessions", err, s.Active())
		}
	})
}

// A model that takes audio at a pace of its own gets it so.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		res, _, err := run(t, paced{recognizer(t, script.Options{}), 4}, job.Options{}, &job.Request{Input: job.Input{Body: bytes.NewReader(wav(16000, 1, 60*time.Second, 0))}})
		if took := time.Since(began); err != nil || len(res.Segments) != 2 || took < 14*time.Second || took > 16*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// What the caller rewrites is what is told and kept.
func TestRewritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, _, err := run(t, recognizer(t, script.Options{}), job.Options{}, &job.Request{Input: job.Input{Body: bytes.NewReader(wav(16000, 1, 5*time.Second, 0))},
			Rewrite: func(ev *stt.Event) {
				if ev.Kind == stt.EventSegment && strings.HasPrefix(ev.Segment.Best().Text, "good") {
					ev.Segment.Alternatives = []stt.Alternative{{}}
				}
			}})
		if err != nil || !slices.Equal(texts(res.Segments), []string{"how are you"}) {
			t.Errorf("%v, %v", res, err)
		}
	})
}

// A file is never kept, however long it is.
func TestMemory(t *testing.T) {
	const most = 24 << 20 // bytes, of a file of 48 MB
	z := &zeros{}
	runtime.GC()
	start := heap()
	body := io.MultiReader(bytes.NewReader(wav(16000, 1, 0, math.MaxUint32-36)), io.LimitReader(z, 25*60*32000))
	if res, _, err := run(t, recognizer(t, script.Options{}), job.Options{}, &job.Request{Input: job.Input{Body: body}}); err != nil || res.Duration != 25*time.Minute {
		t.Fatal(res, err)
	}
	if z.peak > start+most {
		t.Errorf("the heap grew from %d to %d bytes", start, z.peak)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// zeros is a file without end that watches the heap.
type zeros struct {
	given int
	peak  uint64
}

func (z *zeros) Read(p []byte) (int, error) {
	clear(p)
	if z.given/(1<<20) != (z.given+len(p))/(1<<20) {
		z.peak = max(z.peak, heap())
	}
	z.given += len(p)
	return len(p), nil
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ rate, channels int }{{8000, 1}, {16000, 1}, {44100, 2}, {48000, 6}} {
		n := 0
		heard, err := job.New(job.Options{}).Decode(t.Context(), &job.Input{Body: bytes.NewReader(wav(c.rate, c.channels, 2*time.Second, 0))}, 16000, func(pcm []byte) error {
			if len(pcm)%2 != 0 || len(pcm) > 40000 {
				t.Errorf("%d bytes at a time", len(pcm))
			}
			n += len(pcm)
			return nil
		})
		if err != nil || n != 64000 || heard != 2*time.Second {
			t.Errorf("%+v: %d bytes of %v, %v", c, n, heard, err)
		}
	}
	full := errors.New("full")
	if _, err := job.New(job.Options{}).Decode(t.Context(), &job.Input{Body: bytes.NewReader(wav(16000, 1, time.Second, 0))}, 16000, func([]byte) error { return full }); err != full {
		t.Errorf("got %v", err)
	}
	if _, err := job.New(job.Options{MaxAudio: time.Second}).Decode(t.Context(), &job.Input{Body: bytes.NewReader(wav(16000, 1, 2*time.Second, 0))}, 16000, func([]byte) error { return nil }); stt.CodeOf(err) != stt.TooLong {
		t.Errorf("got %v", err)
	}
}

func TestContainer(t *testing.T) {
	frame := "\xff\xfb\x90\x64" + strings.Repeat("\x00", 413)
	for _, c := range []struct {
		prefix, want string
		more         bool
	}{
		{string(wav(8000, 1, time.Second, 0)[:job.SniffLen]), "WAV", false},
		{"OggS\x00\x02" + strings.Repeat("\x00", 30), "Ogg", false},
		{strings.Repeat("\x01\x00", 32), "", false},
		{"", "", true},
		{"RIFF", "", true},
		{frame[:job.SniffLen], "", true},
		{frame + frame[:416] + "\x01", "MP3", false},
		{strings.Repeat("\xff\xff", 2048), "", false},
		{"G" + strings.Repeat("\x00", 80), "", true},
	} {
		if got, more := job.Container([]byte(c.prefix)); got != c.want || more != c.more {
			t.Errorf("%q is %q, %v, expected %q, %v", c.prefix[:min(4, len(c.prefix))], got, more, c.want, c.more)
		}
	}
}
