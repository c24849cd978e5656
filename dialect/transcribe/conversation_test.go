package transcribe_test

import (
	"context"
	"encoding/hex"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

var update = flag.Bool("update", false, "write what the server says into the golden conversations")

// TestConversations plays the files in testdata/conversations, by WebSocket (connect) and over HTTP/2 (post). A line that begins with ">" is what happens on the client's
// side, those with "<" are all that the server says upon it, byte for byte; "#" is a comment. The clock stands at midnight
// of 1 January 2000 when a conversation begins. Partials stand only where audio comes in small pieces: how many there are of
// a long one is a matter of who is faster.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations found: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got string
			synctest.Test(t, func(t *testing.T) { got = play(t, string(golden)) })
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, got, string(golden))
		})
	}
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("line %d differs; got\n%s\nwant\n%s", i+1, strings.Join(g[min(i, len(g)):], "\n"), strings.Join(w[min(i, len(w)):], "\n"))
		}
	}
}

// resumedAt is the header that a client which comes back finds.
const resumedAt = "X-Earshot-Resumed-At"

// player is a conversation under way.
type player struct {
	t      *testing.T
	server *house
	do     dialect.Options
	limits session.Limits
	engine script.Options
	rate   int

	aside    []player // connections that wait, with who holds them
	client   *raw
	post     *post // instead of client, over HTTP/2
	bytes    int   // of a second of audio
	sealer   *wire.Sealer
	envelope bool // audio is sent in signed envelopes
}

// play plays a conversation and returns it with the lines that the server really said.
func play(t *testing.T, golden string) string {
	p := &player{t: t, limits: session.Limits{Idle: 15 * time.Second, Stream: 4 * time.Hour}}
	p.engine.Script = parse(t, conversation)
	var out strings.Builder
	for line := range strings.Lines(golden) {
		if strings.HasPrefix(line, "<") {
			continue
		}
		out.WriteString(line)
		if does, ok := strings.CutPrefix(line, ">"); ok {
			step := strings.Fields(does)
			for _, said := range p.step(step) {
				if step[0] != "audio" && strings.Contains(said, `"IsPartial":true`) {
					continue
				}
				out.WriteString("< " + said + "\n")
			}
		}
	}
	p.hangUp()
	p.server.empty(t)
	return out.String()
}

// step does what a line says and returns what the server says upon it.
func (p *player) step(words []string) []string {
	switch words[0] {
	case "server":
		p.settings(words[1:])
		return nil
	case "connect":
		return p.connect(words[1:])
	case "post":
		return p.request(words[1:])
	case "wait":
		pass(p.duration(words[1]))
		if p.client == nil && p.post == nil {
			return nil
		}
	case "aside": // the connection stays, and another may come
		p.aside = append(p.aside, *p)
		p.client, p.post = nil, nil
		return nil
	case "back": // to the connection that was put aside last
		last := p.aside[len(p.aside)-1]
		p.hangUpNow()
		p.aside = p.aside[:len(p.aside)-1]
		p.client, p.post, p.sealer, p.bytes, p.envelope = last.client, last.post, last.sealer, last.bytes, last.envelope
	}
	if p.client == nil && p.post == nil {
		p.t.Fatalf("the conversation has %q before it has connected", words[0])
	}
	rest := strings.Join(words[1:], " ")
	switch words[0] {
	case "audio":
		for d := p.duration(rest); d > 0; d -= 100 * time.Millisecond {
			p.chunk(make([]byte, p.bytes/10))
		}
	case "chunk":
		p.chunk(make([]byte, int(float64(p.bytes)*p.duration(rest).Seconds())))
	case "wav":
		p.chunk(append([]byte("RIFF\x24\x80\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data"), make([]byte, 3200)...))
	case "event":
		p.event(words[1], strings.Join(words[2:], " "))
	case "sealed-end": // the empty signed frame
		p.seal(nil, 0)
	case "bare": // audio without an envelope
		p.message(bare(p.t, int(float64(p.bytes)*p.duration(rest).Seconds())))
	case "dated": // audio in an envelope with a date so far from now
		p.seal(make([]byte, p.bytes/10), p.duration(rest))
	case "forged": // audio in an envelope that somebody else has signed
		ours := p.sealer
		p.sealer = sealerWith(p.t, p.signer("another secret", ""), strings.Repeat("0", 64))
		p.seal(make([]byte, p.bytes/10), 0)
		p.sealer = ours
	case "end-stream":
		p.post.out.Close()
	case "reset":
		p.post.cancel()
	case "empty":
		p.client.send(fin|opBinary, nil)
	case "hex":
		b, err := hex.DecodeString(rest)
		if err != nil {
			p.t.Fatal(err)
		}
		p.message(b)
	case "text":
		p.client.send(fin|opText, []byte(rest))
	case "ping":
		p.client.send(fin|opPing, []byte(rest))
	case "close":
		var payload []byte
		if rest != "" {
			code, reason, _ := strings.Cut(rest, " ")
			n, err := strconv.ParseUint(code, 10, 16)
			if err != nil {
				p.t.Fatal(err)
			}
			payload = closing(uint16(n), reason)
		}
		p.client.send(fin|opClose, payload)
	case "hang-up":
		p.client.conn.Close()
	case "wait", "back": // done
	case "lost": // the connection
		p.hangUpNow()
		return nil
	default:
		p.t.Fatalf("nobody knows what %q is", words[0])
	}
	if p.post != nil {
		return p.post.heard()
	}
	return p.client.heard()
}

func (p *player) duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

func (p *player) settings(words []string) {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "strict":
			p.do.StrictChunks = true
		case "unverified":
			p.do.Unverified = true
		case "clock":
			p.do.ChunkAge = p.duration(value)
		case "hosts":
			p.do.Hosts = strings.Split(value, ",")
		case "message":
			p.do.MaxMessage, _ = strconv.Atoi(value)
		case "hold":
			p.limits.Hold = p.duration(value)
		case "slots":
			p.engine.Slots, _ = strconv.Atoi(value)
		case "idle":
			p.limits.Idle = p.duration(value)
		case "longest":
			p.limits.Stream = p.duration(value)
		case "rate": // the only one that the engine takes
			p.rate, _ = strconv.Atoi(value)
		case "languages":
			p.engine.Languages = strings.Split(value, ",")
		case "dies":
			p.engine.Fault = script.Fault{Kind: script.Die, At: p.duration(value)}
		case "stalls":
			p.engine.Fault = script.Fault{Kind: script.Stall, At: p.duration(value)}
		case "full":
			p.engine.Fault = script.Fault{Kind: script.Refuse}
		default:
			p.t.Fatalf("no server has a setting %q", key)
		}
	}
}

// connect opens a socket. Words with "@" are how the address is made, the others are parameters; one without a value is
// left out.
func (p *player) connect(words []string) []string {
	p.start()
	query, err := url.ParseQuery(usual)
	if err != nil {
		p.t.Fatal(err)
	}
	how := map[string]string{"path": wire.PathWebSocket, "secret": secret, "key": keyID, "region": "us-east-1", "expires": "60s",
		"late": "0s", "host": host, "service": ""}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		if name, ok := strings.CutPrefix(key, "@"); ok {
			how[name] = value
			continue
		}
		query.Del(key)
		if value != "" {
			query.Set(key, value)
		}
	}
	signer := p.signer(how["secret"], how["key"])
	signer.Region, signer.Service = how["region"], how["service"]
	address := "ws://" + how["host"] + how["path"] + "?" + query.Encode()
	signed, seed, err := signer.Presign("GET", address, p.duration(how["expires"]), time.Now().Add(-p.duration(how["late"])))
	if err != nil {
		p.t.Fatal(err)
	}
	if _, ok := how["unsigned"]; ok {
		signed = address
	}
	if change, ok := how["change"]; ok { // old/new
		was, is, _ := strings.Cut(change, "/")
		signed = strings.Replace(signed, was, is, 1)
	}
	_, p.envelope = how["sealed"]
	p.sealer = sealerWith(p.t, signer, seed)
	rate, _ := strconv.Atoi(query.Get("sample-rate"))
	p.bytes = 2 * rate
	p.client = p.server.handshake(p.t, request(requestURI(p.t, signed), handshaking+goodKey))
	said := []string{p.client.resp.Status[:3]}
	if at := p.client.resp.Header.Get(resumedAt); at != "" {
		said = append(said, strings.ToLower(resumedAt)+": "+at)
	}
	return append(said, p.client.heard()...)
}

// start sees to it that there is a server, and that an earlier connection to it has done its part.
func (p *player) start() {
	if p.server == nil {
		p.do.Keys = auth.Static{keyID: secret, "AKIDOTHER": secret}
		p.server = serve(p.t, session.Options{Recognizer: oneRate{script.New(p.engine), p.rate}, Limits: p.limits}, p.do)
	}
	p.hangUp()
}

func (p *player) hangUp() {
	if p.client != nil || p.post != nil {
		p.hangUpNow()
		pass(10 * time.Second)
	}
}

func (p *player) hangUpNow() {
	if p.client != nil {
		p.client.conn.Close()
	}
	if p.post != nil {
		p.post.hangUp()
	}
	p.client, p.post = nil, nil
	synctest.Wait()
}

func (p *player) signer(secret, key string) sigv4.Signer {
	if key == "" {
		key = keyID
	}
	return sigv4.Signer{Credentials: sigv4.Credentials{AccessKeyID: key, Secret: secret}, Region: "us-east-1"}
}

// oneRate is a scripted engine that takes audio of one rate, so that other audio must be resampled; 0: it takes any.
type oneRate struct {
	*script.Recognizer
	rate int
}

func (r oneRate) Models(ctx context.Context) ([]stt.Model, error) {
	models, err := r.Recognizer.Models(ctx)
	for i := range models {
		models[i].Can.Formats = []stt.Format{{Encoding: stt.PCM16, Rate: r.rate, Channels: 1}}
	}
	return models, err
}
