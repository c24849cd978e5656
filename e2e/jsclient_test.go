package e2e_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// These are tests of our own client in JavaScript, web/client: its unit tests, its types, and conversations with a server.

// nodeScript is how a script of e2e/node is run.
func nodeScript(ctx context.Context, t *testing.T, file string, args ...string) *exec.Cmd {
	t.Helper()
	folder, command, missing := js(file)(nil)
	if missing != "" {
		absent(t, missing)
	}
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], args...)...)
	cmd.Dir = folder
	return cmd
}

// ask runs a script of e2e/node with in as JSON on its standard input, and reads its answer into out.
func ask(t *testing.T, env []string, file string, in, out any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), caseTime)
	defer cancel()
	cmd := nodeScript(ctx, t, file)
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stderr = env, bytes.NewReader(text), &said
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", file, err, said.Bytes())
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatalf("%s answered %q: %v\n%s", file, answer, err, said.Bytes())
	}
}

// succeed runs a command that says nothing of interest unless it fails.
func succeed(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, text)
	}
}

// client is where our client is, seen from e2e/node.
const clientFolder = "../../web/client"

func TestClientUnits(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), caseTime) // they are as many processes as files
	defer cancel()
	files, err := filepath.Glob("../web/client/*_test.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are %d tests: %v", len(files), err)
	}
	for i, f := range files {
		files[i] = filepath.Join(clientFolder, filepath.Base(f))
	}
	succeed(t, nodeScript(ctx, t, "--test", files...))
}

func TestClientTypes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), caseTime)
	defer cancel()
	succeed(t, nodeScript(ctx, t, "node_modules/typescript/bin/tsc", "-p", clientFolder))
}

// The client's codec and signatures are held to the vectors of the server's own tests.
func TestClientVectors(t *testing.T) {
	t.Parallel()
	var in struct {
		Messages  []string `json:"messages"` // in hex
		Query     string   `json:"query"`
		Signature string   `json:"signature"`
	}
	for _, text := range literals(t, "../wire/eventstream/vectors_test.go") {
		bare := strings.ReplaceAll(text, " ", "")
		if b, err := hex.DecodeString(bare); err == nil && len(b) >= 16 && int(b[0])<<24|int(b[1])<<16|int(b[2])<<8|int(b[3]) == len(b) {
			in.Messages = append(in.Messages, bare)
		}
	}
	if len(in.Messages) < 10 {
		t.Fatalf("%d messages were found among the server's vectors, expected 10 or more", len(in.Messages))
	}
	for _, text := range literals(t, "../wire/sigv4/vector_test.go") {
		switch {
		case strings.HasPrefix(text, "sample-rate=16000&language-code="):
			in.Query = text
		case regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(text) && in.Signature == "":
			in.Signature = text
		}
	}
	var wrong []string
	ask(t, os.Environ(), "client_vectors.mjs", in, &wrong)
	for _, w := range wrong {
		t.Error(w)
	}
}

// literals returns the texts of a Go file, with sums of them and of constants in the same file put together.
func literals(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]ast.Expr{}
	var text func(e ast.Expr) (string, bool)
	text = func(e ast.Expr) (string, bool) {
		switch e := e.(type) {
		case *ast.BasicLit:
			s, err := strconv.Unquote(e.Value)
			return s, e.Kind == token.STRING && err == nil
		case *ast.Ident:
			if c := constants[e.Name]; c != nil {
				return text(c)
			}
		case *ast.BinaryExpr:
			a, first := text(e.X)
			b, second := text(e.Y)
			return a + b, first && second
		}
		return "", false
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
			for i, name := range v.Names {
				constants[name.Name] = v.Values[i]
			}
		}
		return true
	})
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		s, known := text(e)
		if known {
			all = append(all, s)
		}
		return !known
	})
	return all
}

// heard is what the client's script tells of a stream.
type heard struct {
	Finals []struct {
		Text       string
		Start, End float64
	}
	Partials int
	States   []string
	Error    string
	File     string // what the REST interface made of the file
}

func (n *heard) text() string {
	var all []string
	for _, f := range n.Finals {
		all = append(all, f.Text)
	}
	return strings.Join(all, " ")
}

// TestClientNode has the client in Node stream real speech over either protocol, on connections that break in the middle.
func TestClientNode(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["commands"]
	if s == nil {
		absent(t, noCommands)
	}
	samples, err := os.ReadFile(h.orders)
	if err != nil {
		t.Fatal(err)
	}
	talk, said := asWAV(t, samples), commanded()
	for _, protocol := range []string{"speechall", "amazon"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			p := breaking(t, s.plain, 200_000)
			var n heard
			ask(t, h.env, "client.mjs", map[string]any{"protocol": protocol, "model": "local.turtle", "url": "http://" + p.addr, "apiKey": apiKey(t, s), "key": s.key, "secret": s.secret, "audio": talk}, &n)
			if n.Error != "" {
				t.Fatalf("the stream failed: %s", n.Error)
			}
			if got := p.connections.Load(); got < 2 {
				t.Errorf("there was %d connection; expected one that breaks and another", got)
			}
			if bad := wrong(words(n.text()), said); bad*100 > len(said)*wordErrors {
				t.Errorf("%d of %d words are wrong: %q", bad, len(said), n.text())
			}
			last := 0.0
			for _, f := range n.Finals {
				if f.Start < last-0.05 || f.End < f.Start {
					t.Errorf("%q is from %.2f to %.2f s; before it was %.2f s", f.Text, f.Start, f.End, last)
				}
				last = f.End
			}
			if protocol == "speechall" {
				if bad := wrong(words(n.File), said); bad*100 > len(said)*wordErrors {
					t.Errorf("of the file %d of %d words are wrong: %q", bad, len(said), n.File)
				}
			}
			t.Logf("%q, %d partials, %v", n.text(), n.Partials, n.States)
		})
	}
}

// apiKey returns the key of a server for the protocols that take one.
func apiKey(t *testing.T, s *server) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(s.ca), "api-key"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// recording returns a WAV file with all clips, a second of silence behind each, and what is said in it. times is how often each sample stands there:
// with three of each, the rate is that of browsers.
func recording(t *testing.T, h *house, times int) (path string, said []string) {
	t.Helper()
	var samples []byte
	for _, c := range h.clips {
		b, err := os.ReadFile(c.audio)
		if err != nil {
			t.Fatal(err)
		}
		samples = append(append(samples, b...), make([]byte, 32000)...)
		said = append(said, c.words...)
	}
	var repeated []byte
	for at := 0; at+1 < len(samples); at += 2 {
		for range times {
			repeated = append(repeated, samples[at], samples[at+1])
		}
	}
	path = filepath.Join(t.TempDir(), "talk.wav")
	if err := os.WriteFile(path, wavFile(repeated, times*16000), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, said
}

// wavFile puts the head of a WAV file with one channel in front of samples.
func wavFile(samples []byte, rate int) []byte {
	number := func(n, size int) []byte {
		b := []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
		return b[:size]
	}
	return bytes.Join([][]byte{[]byte("RIFF"), number(36+len(samples), 4), []byte("WAVEfmt "), number(16, 4), number(1, 2), number(1, 2), number(rate, 4),
		number(2*rate, 4), number(2, 2), number(16, 2), []byte("data"), number(len(samples), 4), samples}, nil)
}

// breaker is a proxy whose first connections each break when so many bytes have come from the client.
type breaker struct {
	addr        string
	connections atomic.Int32
}

// breaking starts a proxy that breaks the first stream that has sent so many bytes. It ends with the test.
func breaking(t *testing.T, target string, after int64) *breaker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{addr: l.Addr().String()}
	var broken atomic.Bool
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		l.Close()
		cancel()
		running.Wait()
	})
	serve := func(in net.Conn) {
		defer in.Close()
		out, err := new(net.Dialer).DialContext(ctx, "tcp", target)
		if err != nil {
			return
		}
		defer out.Close()
		defer context.AfterFunc(ctx, func() { in.Close(); out.Close() })()
		running.Go(func() { // ends with either connection
			_, _ = io.Copy(in, out)
			in.Close()
		})
		from := io.Reader(in)
		if !broken.Load() {
			from = io.LimitReader(in, after)
		}
		if n, err := io.Copy(out, from); err == nil && n == after && broken.CompareAndSwap(false, true) {
			_ = in.(*net.TCPConn).SetLinger(0) // a reset, not an end
			_ = out.(*net.TCPConn).SetLinger(0)
		}
	}
	running.Go(func() { // owned by the test; ends with the listener
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.connections.Add(1)
			running.Go(func() { serve(conn) })
		}
	})
	return b
}

// copyFolder copies the files of a folder.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}
