//go:build unix

package ffmpeg_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/audio/ffmpeg"
	"github.com/earshot-stt/earshot/stt"
)

// fake is a shell script in place of the program. "header" in it writes the header of an endless WAV of 16 kHz.
func fake(t *testing.T, o ffmpeg.Options, script string) *ffmpeg.Program {
	t.Helper()
	var header bytes.Buffer
	if err := audio.WriteWAVHeader(&header, audio.Format{Rate: 16000, Channels: 1}, -1); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	wav, path := filepath.Join(folder, "header"), filepath.Join(folder, "fake")
	script = "#!/bin/sh\nheader() { cat '" + wav + "'; }\n" + script
	if err := errors.Join(os.WriteFile(wav, header.Bytes(), 0o600), os.WriteFile(path, []byte(script), 0o700)); err != nil {
		t.Fatal(err)
	}
	o.Program = path
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	p, err := ffmpeg.Find(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, err := os.ReadDir(o.Folder); err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	})
	return p
}

var webm = func() ffmpeg.Format {
	_, f, _, _ := ffmpeg.Detect(strings.NewReader(""), audio.KindWebM)
	return f
}()

// drain reads a recording to its end.
func drain(r *ffmpeg.Recording) (n int, err error) {
	for buf := make([]int16, 1000); ; {
		var m int
		m, err = r.ReadSamples(buf)
		if n += m; err != nil {
			return n, err
		}
	}
}

func TestCommandLine(t *testing.T) {
	folder := t.TempDir()
	p := fake(t, ffmpeg.Options{Time: 90 * time.Second, Memory: 100 << 20}, `{ echo "$@"; env | sort; ulimit -t; ulimit -f; ulimit -c; pwd; ls -A; cat <&3; } >'`+folder+`/told'; header; printf ab`)
	t.Setenv("A_SECRET", "of ours")
	file, err := os.Create(filepath.Join(folder, "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// The bound on files is for what the program writes, so that the test's own is read from a pipe of its own.
	if err := syscall.Mkfifo(filepath.Join(folder, "told"), 0o600); err != nil {
		t.Skip("this system has no named pipes: ", err)
	}
	told := make(chan string, 1)
	go func() { // owned by the test, which awaits told; ends when the script closes the pipe
		b, _ := os.ReadFile(filepath.Join(folder, "told"))
		told <- string(b)
	}()
	r, err := p.Open(t.Context(), ffmpeg.Input{Format: webm, File: file, Most: 5 * time.Second}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := drain(r); n != 1 || err != io.EOF {
		t.Errorf("%d samples, %v", n, err)
	}
	r.Close(nil)
	got := <-told
	for _, want := range []string{"-nostdin", "-protocol_whitelist file,pipe ", "-f matroska -i file:/dev/fd/3 ", "-threads 1 -f", "-t 6.000 ", "-max_alloc 52428800 ", "\n90\n0\n0\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "A_SECRET") {
		t.Error("the program sees our environment")
	}
	if r.Duration() != 0 || r.Position() != 1 || p.Path() == "" {
		t.Errorf("%v, %d", r.Duration(), r.Position())
	}
}

func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name, script string
		opens        bool
		code         stt.Code // 0: io.EOF
		say, missing string
	}{
		{"well", "cat >/dev/null; header; printf abcd", true, 0, "", ""},
		{"at once", "exit 0", false, stt.Malformed, "begins like WebM", ""},
		{"with words", "echo 'x: Invalid data /etc/passwd' >&2; exit 1", false, stt.Malformed, "begins like WebM", ""},
		{"without sound", "echo 'Stream map 0:a:0 matches no streams.' >&2; exit 1", false, stt.Malformed, "no sound in the WebM file", ""},
		{"without a decoder", "echo 'Decoding requested, but no decoder found for: none' >&2; exit 1", false, stt.Unsupported, "of a kind that is not decoded", ""},
		{"without a demuxer", "echo \"Unknown input format: 'matroska'\" >&2; exit 1", false, stt.Unsupported, "does not decode WebM", ""},
		{"without memory", "echo 'Error: Cannot allocate memory' >&2; exit 1", false, stt.Unsupported, "takes more memory", ""},
		{"in the middle", "header; printf abcd; exit 1", true, stt.Malformed, "is damaged", ""},
		{"by a signal", "header; printf abcd; kill -SEGV $$", true, stt.Malformed, "is damaged", ""},
		{"early", "header; printf abcd; echo 'File ended prematurely at pos. 7 (0x7)' >&2", true, 0, "", "breaks off"},
		{"with a line without an end", "header; printf abcd; printf 'stream 0, offset 0x9b75: partial file' >&2", true, 0, "", "breaks off"},
		{"with something else", "header; printf abcd; echo 'all is well' >&2", true, 0, "", ""},
		{"with much to say", "header; head -c 3000000 /dev/zero | tr '\\000' y >&2; yes '\033[31mred' | head -n 1000 >&2; exit 1", true, stt.Malformed, "is damaged", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := fake(t, ffmpeg.Options{}, c.script)
			r, err := p.Open(t.Context(), ffmpeg.Input{Format: webm, Body: strings.NewReader(strings.Repeat("body", 100000))}, nil)
			if (err == nil) != c.opens {
				t.Fatalf("opened with %v", err)
			}
			if c.opens {
				defer r.Close(nil)
				var n int
				n, err = drain(r)
				if _, again := drain(r); again != err {
					t.Errorf("ends with %v and then with %v", err, again)
				}
				if err := r.Rest(); err != nil {
					t.Errorf("the rest ends with %v", err)
				}
				if n != 2 && strings.Contains(c.script, "abcd") {
					t.Errorf("%d samples", n)
				}
				if missing := r.Incomplete(); (missing != nil) != (c.missing != "") || missing != nil && !strings.Contains(missing.Error(), c.missing) {
					t.Errorf("missing: %v", missing)
				}
			}
			if c.code == 0 {
				if err != io.EOF {
					t.Errorf("ends with %v", err)
				}
				return
			}
			e := stt.AsError(err)
			if e.Code != c.code || !strings.Contains(e.Msg, c.say) || strings.Contains(e.Msg, "passwd") || len(e.Error()) > 5000 || strings.Contains(e.Error(), "\033") {
				t.Errorf("ends with %v", err)
			}
		})
	}
}

// Whatever the program does, Close ends it, its children and the reading of the body.
func TestClose(t *testing.T) {
	for name, script := range map[string]string{
		"it waits":        "header; printf abcd; echo $$ >&2; cat >/dev/null",
		"a child of it":   "header; printf abcd; sleep 1000 & wait",
		"it speaks on":    "header; exec cat /dev/zero",
		"it hears nobody": "trap '' TERM INT HUP PIPE; header; printf abcd; while :; do sleep 1000; done",
	} {
		t.Run(name, func(t *testing.T) {
			for _, byContext := range []bool{false, true} {
				p := fake(t, ffmpeg.Options{Most: 1}, script)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				body, w := io.Pipe()
				interrupt := func() { body.CloseWithError(io.ErrClosedPipe) }
				go w.Write([]byte("the beginning")) // owned by the test; ends when the pipe is read or closed
				r, err := p.Open(ctx, ffmpeg.Input{Format: webm, Body: body}, interrupt)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := p.Open(ctx, ffmpeg.Input{Format: webm, Body: body}, nil); stt.CodeOf(err) != stt.Exhausted || stt.AsError(err).RetryAfter <= 0 {
					t.Errorf("a second one: %v", err)
				}
				why := errors.New("enough")
				if byContext {
					cancel(why)
					if _, err := drain(r); !errors.Is(err, why) {
						t.Errorf("ends with %v", err)
					}
				}
				r.Close(interrupt)
				r.Close(interrupt)
				if _, err := drain(r); err == nil || err == io.EOF {
					t.Errorf("after Close: %v", err)
				}
				if _, err := body.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("the body was not interrupted: %v", err)
				}
			}
		})
	}
}

// However many files of one owner are being decoded, there are places for another's.
func TestShare(t *testing.T) {
	p := fake(t, ffmpeg.Options{Most: 8}, "header; cat >/dev/null")
	bodies, end := io.Pipe()
	defer end.Close()
	open := func(owner string, want stt.Code) {
		t.Helper()
		r, err := p.Open(t.Context(), ffmpeg.Input{Format: webm, Owner: owner, Body: bodies}, func() { end.Close() })
		if stt.CodeOf(err) != want {
			t.Fatalf("%q: %v, expected code %v", owner, err, want)
		}
		if err == nil {
			t.Cleanup(func() { r.Close(func() { end.Close() }) })
		}
	}
	for range 6 {
		open("first", 0)
	}
	open("first", stt.Quota)
	open("second", 0)
	open("first", stt.Quota)
	open("", 0)
	open("third", stt.Exhausted)
}

// A body that fails is not a file that ends.
func TestBrokenBody(t *testing.T) {
	broken := errors.New("the client is gone")
	p := fake(t, ffmpeg.Options{}, "header; cat")
	r, err := p.Open(t.Context(), ffmpeg.Input{Format: webm, Body: io.MultiReader(strings.NewReader("some bytes"), failing{broken})}, nil)
	if err == nil {
		_, err = drain(r)
		if rest := r.Rest(); !errors.Is(rest, broken) {
			t.Errorf("the rest ends with %v", rest)
		}
		r.Close(nil)
	}
	if !errors.Is(err, broken) {
		t.Errorf("ends with %v", err)
	}
}

// A file that takes too long to decode is refused as such.
func TestTime(t *testing.T) {
	p := fake(t, ffmpeg.Options{Time: time.Second}, "header; while :; do :; done")
	r, err := p.Open(t.Context(), ffmpeg.Input{Format: webm, Body: strings.NewReader("")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(nil)
	if _, err := drain(r); stt.CodeOf(err) != stt.TooLong || !strings.Contains(err.Error(), "of computing") {
		t.Errorf("ends with %v", err)
	}
}

// What cannot be started is our fault and not the file's.
func TestNotStarted(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	p, err := ffmpeg.Find(ffmpeg.Options{Program: "sh", Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // each gives back what it has taken
		if _, err := p.Open(t.Context(), ffmpeg.Input{Format: webm, Body: strings.NewReader("")}, nil); stt.CodeOf(err) != stt.Internal {
			t.Fatalf("got %v", err)
		}
	}
}
