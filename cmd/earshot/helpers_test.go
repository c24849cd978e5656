package main_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary under test, built once, without any engine that needs a library.
var binaryPath string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "earshot-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binaryPath = filepath.Join(dir, "earshot")
		build := exec.Command("go", "build", "-tags=", "-ldflags", "-X main.version=v0-test", "-o", binaryPath, ".")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "the command cannot be built: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

const (
	speech    = "0.2-1.0 good morning everybody\n1.5-2.2 how are you\n"
	finalText = "Good morning everybody.\nHow are you?\n"
	patience  = 2 * time.Minute // on a machine that has much else to do and may stop for seconds
)

// world is a home folder of its own, with recordings, in which commands run.
type world struct {
	t   *testing.T
	dir string
	env []string
}

// newWorld returns a world whose engine is a script.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := bareWorld(t)
	w.write("script.txt", []byte(speech))
	w.env = append(w.env, "EARSHOT_ENGINE=script", "EARSHOT_ENGINES_SCRIPT_SCRIPT="+w.path("script.txt"))
	return w
}

// bareWorld returns one with nothing set.
func bareWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	w.env = []string{"HOME=" + w.dir, "PATH=" + os.Getenv("PATH"), "TERM=xterm",
		"GORACE=atexit_sleep_ms=20"} // else each process sleeps for a second under the race detector before it ends
	w.write("talk.wav", wav(16000, 3*time.Second))
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name string, data []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// command returns a command that is killed should it outlast the test.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binaryPath, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	return cmd
}

// result is what a command left.
type result struct {
	out, err string
	code     int
}

func (w *world) run(stdin string, args ...string) result {
	w.t.Helper()
	cmd := w.command(args...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errOut
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	code := w.wait(cmd)
	return result{out.String(), errOut.String(), code}
}

// wait returns the exit code of a command, -1 for a signal.
func (w *world) wait(cmd *exec.Cmd) int {
	w.t.Helper()
	late := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	if !late.Stop() {
		w.t.Fatalf("%v does not end", cmd.Args)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// check compares a result; each of texts must be in the standard error output.
func (w *world) check(r result, code int, out string, texts ...string) {
	w.t.Helper()
	if r.code != code || r.out != out {
		w.t.Errorf("exit code %d, output %q; expected %d, %q (errors: %q)", r.code, r.out, code, out, r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.err, text) {
			w.t.Errorf("%q does not say %q", r.err, text)
		}
	}
	if len(texts) == 0 && r.err != "" {
		w.t.Errorf("unexpected on standard error: %q", r.err)
	}
}

// lines is a pipe that is read line by line.
type lines struct {
	t  *testing.T
	ch chan string

	mu  sync.Mutex // guards all
	all strings.Builder
}

func follow(t *testing.T, r io.Reader) *lines {
	l := &lines{t: t, ch: make(chan string, 1000)}
	go func() { // owned by the process that writes; ends with it
		defer close(l.ch)
		for in := bufio.NewScanner(r); in.Scan(); {
			l.mu.Lock()
			l.all.WriteString(in.Text() + "\n")
			l.mu.Unlock()
			l.ch <- in.Text()
		}
	}()
	return l
}

// await returns the next line that matches.
func (l *lines) await(pattern string) []string {
	l.t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.After(patience)
	for {
		select {
		case line, ok := <-l.ch:
			if !ok {
				l.t.Fatalf("the output ends without %q:\n%s", pattern, l)
			}
			if m := re.FindStringSubmatch(line); m != nil {
				return m
			}
		case <-late:
			l.t.Fatalf("no line matches %q:\n%s", pattern, l)
		}
	}
}

// drain reads to the end.
func (l *lines) drain() {
	for range l.ch { // until the process has ended
	}
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// process is a command that runs.
type process struct {
	w        *world
	cmd      *exec.Cmd
	in       io.WriteCloser
	out, log *lines
}

func (w *world) start(args ...string) *process {
	w.t.Helper()
	cmd := w.command(args...)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	log, err3 := cmd.StderrPipe()
	if err := errors.Join(err1, err2, err3, cmd.Start()); err != nil {
		w.t.Fatal(err)
	}
	p := &process{w: w, cmd: cmd, in: in, out: follow(w.t, out), log: follow(w.t, log)}
	w.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return p
}

func (p *process) signal(s syscall.Signal) {
	p.w.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.w.t.Fatal(err)
	}
}

// end waits for the process and returns its exit code.
func (p *process) end() int {
	p.w.t.Helper()
	late := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	p.out.drain() // pipes are read before Wait closes them
	p.log.drain()
	return p.w.wait(p.cmd)
}

// serve starts a server on free ports and returns it with its plain address, as host:port.
func (w *world) serve(args ...string) (*process, string) {
	w.t.Helper()
	p := w.start(append([]string{"serve", "--listen", "127.0.0.1:0", "--tls-listen", ""}, args...)...)
	return p, p.out.await(`^earshot is ready: http://(127\.0\.0\.1:\d+)$`)[1]
}

// say writes silence to a process that reads samples of 16 kHz from its standard input.
func (p *process) say(d time.Duration) {
	p.w.t.Helper()
	if _, err := p.in.Write(wav(16000, d)[44:]); err != nil {
		p.w.t.Fatal(err)
	}
}

// wav returns silence as a file.
func wav(rate int, d time.Duration) []byte {
	data := make([]byte, 2*int(d*time.Duration(rate)/time.Second))
	var b bytes.Buffer
	b.WriteString("RIFF")
	for _, v := range []any{uint32(36 + len(data)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate),
		uint16(2), uint16(16), []byte("data"), uint32(len(data)), data} {
		binary.Write(&b, binary.LittleEndian, v) // to a buffer: cannot fail
	}
	return b.Bytes()
}

// flac returns silence as a FLAC file of 16000 Hz (RFC 9639): frames of 4096 samples with one constant subframe.
func flac(frames int) []byte {
	b := []byte("fLaC\x80\x00\x00\x22\x10\x00\x10\x00\x00\x00\x00\x00\x00\x00")
	b = append(b, 0x03, 0xe8, 0x00, 0xf0) // 16000 Hz, one channel, 16 bits
	b = binary.BigEndian.AppendUint32(b, uint32(frames*4096))
	b = append(b, make([]byte, 16)...) // no checksum
	for i := range frames {
		head := []byte{0xff, 0xf8, 0xc5, 0x08, byte(i)} // 4096 samples, 16000 Hz; one channel, 16 bits; the number of the frame
		head = append(head, crc8(head))
		frame := append(head, 0, 0, 0) // constant 0
		sum := crc16(frame)
		b = append(b, append(frame, byte(sum>>8), byte(sum))...)
	}
	return b
}

func crc8(data []byte) byte {
	var sum byte
	for _, v := range data {
		sum ^= v
		for range 8 {
			carry := sum & 0x80
			if sum <<= 1; carry != 0 {
				sum ^= 0x07
			}
		}
	}
	return sum
}

func crc16(data []byte) uint16 {
	var sum uint16
	for _, v := range data {
		sum ^= uint16(v) << 8
		for range 8 {
			carry := sum & 0x8000
			if sum <<= 1; carry != 0 {
				sum ^= 0x8005
			}
		}
	}
	return sum
}
