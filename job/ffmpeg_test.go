package job_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio/ffmpeg"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/job/spool"
	"github.com/earshot-stt/earshot/stt"
)

func program(t *testing.T) *ffmpeg.Program {
	t.Helper()
	p, err := ffmpeg.Find(ffmpeg.Options{Folder: t.TempDir()})
	if err != nil {
		t.Skip(`needs the command "ffmpeg" of the Debian package "ffmpeg"`)
	}
	return p
}

// made is five seconds of noise in a file of a kind.
func made(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-f", "lavfi", "-i", "anoisesrc=duration=5:sample_rate=16000:amplitude=0.1"}, args...)
	if out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What ffmpeg decodes is transcribed like any other file: as it comes, from the spool, and where a form has been kept already.
func TestRunFFmpeg(t *testing.T) {
	p, folder := program(t), t.TempDir()
	for name, args := range map[string][]string{"a.webm": {"-c:a", "libopus"}, "a.m4a": {"-c:a", "aac"}, "adpcm.wav": {"-c:a", "adpcm_ms"}} {
		file := made(t, name, args...)
		for _, kept := range []bool{false, true} {
			keep, onDisk := spool.New(folder, 1<<20), false
			in := job.Input{Body: io.MultiReader(bytes.NewReader(file)), Owner: "acme"}
			if kept {
				f, err := keep.Take("acme", bytes.NewReader(file))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				in.Body = f
			}
			res, _, err := run(t, recognizer(t, script.Options{}), job.Options{FFmpeg: p, Spool: keep}, &job.Request{Input: in, Opened: func(string) { onDisk = keep.Used() > 0 }})
			if err != nil || strings.Join(texts(res.Segments), ", ") != "good morning, how are you" || res.Duration < 5*time.Second || res.Duration > 5200*time.Millisecond {
				t.Errorf("%s: %+v, %v", name, res, err)
			}
			if !kept && (onDisk != (name == "a.m4a") || keep.Used() != 0) {
				t.Errorf("%s: kept %v, and %d bytes still are", name, onDisk, keep.Used())
			}
		}
		if _, _, err := run(t, recognizer(t, script.Options{}), job.Options{}, &job.Request{Input: job.Input{Body: bytes.NewReader(file)}}); stt.CodeOf(err) != stt.Unsupported || !strings.Contains(err.Error(), "ffmpeg") {
			t.Errorf("%s without ffmpeg: %v", name, err)
		}
		n := 0
		heard, err := job.New(job.Options{FFmpeg: p}).Decode(t.Context(), &job.Input{Body: bytes.NewReader(file)}, 16000, func(pcm []byte) error { n += len(pcm); return nil })
		if err != nil || heard < 5*time.Second || n < 5*32000 || n > 5*32000+6400 {
			t.Errorf("%s: %d bytes of %v, %v", name, n, heard, err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// Jobs of ffmpeg's end as others do: with what is too long, with a client that is gone, with a recognizer that fails.
func TestRunFFmpegEnds(t *testing.T) {
	p := program(t)
	mp3, m4a := made(t, "a.mp3"), made(t, "a.m4a")
	gone := &stt.Error{Code: stt.Canceled, Msg: "the file stopped coming"}
	waits := func(first []byte) (io.Reader, func()) {
		r, w := io.Pipe()
		go w.Write(first) // owned by the test; ends when the pipe is read or closed
		return r, func() { r.CloseWithError(gone) }
	}
	for _, c := range []struct {
		name   string
		file   []byte
		hangs  bool // no end of it comes
		engine script.Options
		limits job.Options
		want   stt.Code
	}{
		{"too long", mp3, true, script.Options{}, job.Options{MaxAudio: 2 * time.Second}, stt.TooLong},
		{"a recognizer that dies", mp3, true, script.Options{Fault: script.Fault{Kind: script.Die, At: time.Second}}, job.Options{}, stt.Unavailable},
		{"no recognizer", mp3, true, script.Options{Fault: script.Fault{Kind: script.Refuse}}, job.Options{}, stt.Exhausted},
		{"no time", m4a, true, script.Options{}, job.Options{MaxTime: 50 * time.Millisecond}, stt.DeadlineExceeded},
		{"no time in the middle", mp3[:len(mp3)/2], true, script.Options{}, job.Options{MaxTime: 500 * time.Millisecond}, stt.DeadlineExceeded},
		{"no room", m4a, false, script.Options{}, job.Options{Spool: spool.New(t.TempDir(), 1000)}, stt.Exhausted},
		{"half a file", m4a[:len(m4a)/2], false, script.Options{}, job.Options{}, stt.Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.limits.FFmpeg = p
			in := job.Input{Body: bytes.NewReader(c.file)}
			if c.hangs {
				in.Body, in.Interrupt = waits(c.file)
			}
			_, _, err := run(t, recognizer(t, c.engine), c.limits, &job.Request{Input: in})
			if stt.CodeOf(err) != c.want {
				t.Errorf("got %v, expected %v", err, c.want)
			}
		})
	}
	body, interrupt := waits(mp3)
	full := errors.New("full")
	if _, err := job.New(job.Options{FFmpeg: p}).Decode(t.Context(), &job.Input{Body: body, Interrupt: interrupt}, 16000, func([]byte) error { return full }); err != full {
		t.Errorf("got %v", err)
	}
}
