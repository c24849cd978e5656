package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTranscribe(t *testing.T) {
	w := newWorld(t)
	talk := wav(16000, 3*time.Second)
	w.write("talk.flac", flac(12))
	w.write("talk.raw", talk[44:])
	w.write("fast.wav", wav(44100, 3*time.Second))
	for _, c := range []struct {
		name  string
		stdin string
		args  []string
		out   string
	}{
		{"WAV", "", []string{"talk.wav"}, finalText},
		{"FLAC", "", []string{"talk.flac"}, finalText},
		{"another rate", "", []string{"fast.wav"}, finalText},
		{"raw", "", []string{"--raw", "talk.raw"}, finalText},
		{"raw of another rate", "", []string{"--raw", "--rate=8000", "talk.raw"}, finalText},
		{"standard input", string(talk), []string{"-"}, finalText},
		{"raw standard input", string(talk[44:]), []string{"--raw", "-"}, finalText},
		{"nothing, raw", "", []string{"--raw", "-"}, ""},
		{"several", "", []string{"talk.wav", "talk.flac"}, "talk.wav: Good morning everybody.\ntalk.wav: How are you?\ntalk.flac: Good morning everybody.\ntalk.flac: How are you?\n"},
		{"without marks", "", []string{"--set", "features.punctuate=false", "talk.wav"}, "good morning everybody\nhow are you\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.check(w.run(c.stdin, append([]string{"transcribe"}, c.args...)...), 0, c.out)
		})
	}
}

// Partial results are lines between the finals. One that is out of date before it was printed is left out: the audio is given bit by bit, when what
// was said before has been seen.
func TestTranscribePartials(t *testing.T) {
	w := newWorld(t)
	p := w.start("transcribe", "--partials=always", "--raw", "-")
	said := time.Duration(0)
	for _, c := range []struct {
		until time.Duration // of the audio
		line  string
	}{
		{500 * time.Millisecond, "… Good"}, {800 * time.Millisecond, "… Good morning"}, {1100 * time.Millisecond, "Good morning everybody."},
		{1800 * time.Millisecond, "… How"}, {2100 * time.Millisecond, "… How are"}, {3 * time.Second, "How are you?"},
	} {
		p.say(c.until - said)
		said = c.until
		p.out.await("^" + regexp.QuoteMeta(c.line) + "$")
	}
	p.in.Close()
	if code := p.end(); code != 0 || strings.Count(p.out.String(), "\n") != 6 || p.log.String() != "" {
		t.Errorf("exit code %d, %q, %q", code, p.out, p.log)
	}
}

func TestTranscribeJSON(t *testing.T) {
	w := newWorld(t)
	r := w.run("", "transcribe", "--format=json", "talk.wav")
	rows := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(rows) != 2 {
		t.Fatalf("exit code %d, output %q", r.code, r.out)
	}
	type word struct {
		Text       string
		Start, End float64
		Confidence *float64
		Mark       bool `json:"punctuation"`
	}
	want := []struct {
		start, end float64
		text       string
		words      int
	}{{0.2, 1, "Good morning everybody.", 4}, {1.5, 2.2, "How are you?", 4}}
	for i, row := range rows {
		var got struct {
			Final       bool
			Model, Text string
			Start, End  float64
			Words       []word
		}
		if err := json.Unmarshal([]byte(row), &got); err != nil {
			t.Fatalf("%q: %v", row, err)
		}
		if !got.Final || got.Model == "" || got.Start != want[i].start || got.End != want[i].end || got.Text != want[i].text || len(got.Words) != want[i].words {
			t.Errorf("%s: expected %+v", row, want[i])
		}
		last := got.Start
		for j, x := range got.Words {
			if x.Start < last || x.End > got.End || x.Mark != (j == 3) || (x.Confidence == nil) != x.Mark {
				t.Errorf("word %+v", x)
			}
			last = x.End
		}
	}
}

// What cannot be read is named, with what to do; the other files are tried all the same.
func TestTranscribeErrors(t *testing.T) {
	w := newWorld(t)
	w.write("empty.wav", nil)
	w.write("short.wav", wav(16000, time.Second)[:30])
	w.write("talk.mp3", append([]byte("ID3\x04\x00\x00\x00\x00\x00\x0a"), make([]byte, 3000)...))
	w.write("notes.txt", []byte(strings.Repeat("this is no audio\n", 20)))
	whole := flac(12)
	w.write("cut.flac", whole[:len(whole)-4])
	w.write("cut.wav", wav(16000, 6*time.Second)[:3*32000])
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		out   string
		texts []string
	}{
		{"missing", []string{"none.wav"}, 1, "", []string{"earshot: none.wav: no such file"}},
		{"folder", []string{"."}, 1, "", []string{"earshot: .: this is a folder"}},
		{"empty", []string{"empty.wav"}, 1, "", []string{"empty.wav", "the input is empty"}},
		{"header cut", []string{"short.wav"}, 1, "", []string{"short.wav", "WAV"}},
		{"MP3 without ffmpeg", []string{"--set=ffmpeg.program=", "talk.mp3"}, 1, "", []string{"MP3", "ffmpeg -i talk.mp3"}},
		{"MP3 that is none", []string{"talk.mp3"}, 1, "", []string{"talk.mp3", "MP3"}},
		{"text", []string{"notes.txt"}, 1, "", []string{"no audio file", "--raw", "--rate"}},
		{"cut off", []string{"cut.flac"}, 1, finalText, []string{"cut.flac", "cannot be read beyond"}},
		{"WAV cut off", []string{"cut.wav"}, 1, finalText, []string{"cut.wav", "cannot be read beyond 2.999s"}},
		{"missing among others", []string{"none.wav", "talk.wav"}, 1, "talk.wav: Good morning everybody.\ntalk.wav: How are you?\n", []string{"none.wav"}},
		{"rate", []string{"--raw", "--rate=1", "talk.wav"}, 2, "", []string{`"--rate"`, "4000 to 192000"}},
		{"channels", []string{"--raw", "--channels=0", "talk.wav"}, 2, "", []string{`"--channels"`, "1 to"}},
		{"format", []string{"--format=xml", "talk.wav"}, 2, "", []string{"--format", "json"}},
		{"no file", nil, 2, "", []string{"<file>"}},
		{"key", []string{"--set=engin=script", "talk.wav"}, 2, "", []string{`"engin"`, `did you mean "engine"`}},
		{"engine", []string{"--set=engine=watson", "talk.wav"}, 2, "", []string{"watson", "pocketsphinx"}},
		{"engine that is not there", []string{"--set=engine=pocketsphinx", "talk.wav"}, 1, "", []string{"libpocketsphinx-dev", "-tags pocketsphinx", "--url"}},
		{"engine dies", []string{"--set=engines.script.fault=die", "--set=engines.script.fault_at=1.2s", "talk.wav"}, 1, "Good morning everybody.\n", []string{"died at 1.2s"}},
		{"engine refuses", []string{"--set=engines.script.fault=refuse", "talk.wav"}, 1, "", []string{"slots"}},
		{"language", []string{"--set=engines.script.languages=en-US", "--language=de-DE", "talk.wav"}, 1, "", []string{"de-DE", "en-US"}},
		{"address", []string{"--url=example.com:8080", "talk.wav"}, 2, "", []string{`"--url"`, "ws://"}},
		{"credentials", []string{"--url=ws://127.0.0.1:1", "--credentials=none", "talk.wav"}, 2, "", []string{`"--credentials"`}},
		{"no key", []string{"--url=ws://127.0.0.1:1", "talk.wav"}, 1, "", []string{"earshot serve", "--credentials"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.check(w.run("", append([]string{"transcribe"}, c.args...)...), c.code, c.out, c.texts...)
		})
	}
}

// Ctrl-C ends a command that waits for input.
func TestInterrupt(t *testing.T) {
	for name, script := range map[string]string{"in the middle": speech, "before anything was said": "100-101 too late\n"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("script.txt", []byte(script))
			p := w.start("transcribe", "--partials=always", "-")
			// More than a pipe holds: once it is written, the command is reading.
			if _, err := p.in.Write(wav(16000, 20*time.Second)[:300000]); err != nil {
				t.Fatal(err)
			}
			if script == speech {
				p.out.await("Good morning everybody")
			}
			p.signal(syscall.SIGINT)
			if code := p.end(); code != 130 || !strings.Contains(p.log.String(), "earshot: interrupted") {
				t.Errorf("exit code %d, %q", code, p.log)
			}
		})
	}
}

// Nobody reads any more: the command ends, and not with success.
func TestClosedOutput(t *testing.T) {
	w := newWorld(t)
	r, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd := w.command("transcribe", "talk.wav")
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if code := w.wait(cmd); code == 0 {
		t.Error("exit code 0")
	}
}

// On a terminal there are a line that is rewritten and a progress bar, and nothing of them is left.
func TestTerminal(t *testing.T) {
	typescript, err := exec.LookPath("script")
	if err != nil {
		t.Skip("the command script of util-linux, which makes a terminal, is not installed")
	}
	w := newWorld(t)
	for _, c := range []struct {
		args, shows string
	}{{"", "[====            ] "}, {"--realtime", "\r\x1b[2KGood morning"}} {
		cmd := exec.Command(typescript, "-qec", binaryPath+" transcribe "+c.args+" talk.wav", "/dev/null")
		cmd.Dir, cmd.Env = w.dir, w.env
		raw, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(raw), c.shows) {
			t.Errorf("%q does not show %q", raw, c.shows)
		}
		var left []string
		for _, line := range strings.Split(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n") {
			if i := strings.LastIndex(line, "\r\x1b[2K"); i >= 0 {
				line = line[i+len("\r\x1b[2K"):]
			}
			left = append(left, line)
		}
		if got := strings.Join(left, "\n"); got != finalText {
			t.Errorf("what is left on the terminal is %q, expected %q", got, finalText)
		}
	}
}

// A server that gives up ends the command at once, though standard input stays open and may never say anything again.
func TestServerEndsWhileInputIsOpen(t *testing.T) {
	w := newWorld(t)
	_, address := w.serve("--limits-idle=200ms")
	p := w.start("transcribe", "--url=ws://"+address, "--raw", "-")
	if _, err := p.in.Write(make([]byte, 3200)); err != nil {
		t.Fatal(err)
	}
	if code := p.end(); code != 1 || !strings.Contains(p.log.String(), "no new audio was received") { // p.in is still open
		t.Errorf("exit code %d, %q", code, p.log)
	}
}
