package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// These are tests of the console's Live page in Chromium, with a recording as its microphone.

// seen is what node/live.mjs tells.
type seen struct {
	Errors, Axe, Wide, Asked          []string
	Requests                          int
	SawPartial                        bool
	Text, Latency, Announced, Trouble string
	Word, About, Focused              string
	Files                             map[string]string
	Missing, Refused, Stored          string
	Fields                            []string
	Me, Early, Away, Running, Playing string
	Asks                              bool
	Reasons, Meanwhile, Hidden        []string
	Gaps, Places                      []int
	Took                              float64
	Problems                          []string
	Segments                          int
	Sound                             float64

	Leaks, Grown, Backing, Nodes, NodesAfter, Rows int

	Last           string
	Middle, Stayed struct{ N, At int }
	Offered        bool
}

// live uses the page of a server for a task of node/live.mjs.
func live(t *testing.T, h *house, s *server, task string, job map[string]any) seen {
	t.Helper()
	if _, _, missing := chromium(h); missing != "" {
		absent(t, missing)
	}
	job["task"], job["url"] = task, "http://localhost:"+port(s.plain)
	if folder := os.Getenv("E2E_SCREENSHOTS"); folder != "" {
		job["shots"] = folder
	}
	h.screens <- struct{}{} // browsers at the same time would have no machine left
	defer func() { <-h.screens }()
	var n seen
	ask(t, h.env, "live.mjs", job, &n)
	for _, e := range n.Errors {
		if !strings.Contains(e, "401") {
			t.Errorf("the browser says: %s", e)
		}
	}
	return n
}

// mostRequests is how many files and answers the page takes before anybody has pressed anything.
const mostRequests = 15

var adminLine = regexp.MustCompile(`administrator token, shown this once: (\S+)`)

// takes is how often somebody may speak until what is read is right: a browser's pretended microphone loses sound while the machine has
// no time for it.
const takes = 3

// TestLiveMicrophone signs in, speaks, reads, goes through the words by the keyboard, and saves. It is not parallel to others, which would
// have a part of what is said lost.
func TestLiveMicrophone(t *testing.T) {
	h := open(t)
	s := h.servers["words"]
	if s == nil || len(h.clips) == 0 {
		absent(t, "there is no engine that recognises speech, or there are no recordings: Debian's libpocketsphinx-dev, pocketsphinx-en-us, pocketsphinx-testdata")
	}
	token := administrator(t, s)
	talk, said := recording(t, h, 3)
	info, err := os.Stat(talk)
	if err != nil {
		t.Fatal(err)
	}
	h.ears <- struct{}{}
	defer func() { <-h.ears }()
	var n seen
	for take := range takes {
		n = live(t, h, s, "speak", map[string]any{"token": token, "mic": talk, "seconds": int(info.Size())/96000 + 1})
		t.Logf("%q, latency %q, %d requests", n.Text, n.Latency, n.Requests)
		bad := wrong(words(n.Text), said)
		if bad*100 <= len(said)*wordErrors {
			break
		}
		if take == takes-1 {
			t.Errorf("%d of %d words are wrong: %q", bad, len(said), n.Text)
		}
	}
	if !n.SawPartial || n.Trouble != "" {
		t.Errorf("partial results: %v, trouble: %q", n.SawPartial, n.Trouble)
	}
	if n.Requests > mostRequests {
		t.Errorf("the page takes %d requests, expected %d at most: %v", n.Requests, mostRequests, n.Asked)
	}
	if len(words(n.Announced)) == 0 {
		t.Error("nothing was announced to screen readers")
	}
	if n.Focused != "Start speaking" {
		t.Errorf("after Stop, by the keyboard, the focus is on %q", n.Focused)
	}
	if n.Word == "" || !strings.Contains(n.About, n.Word) || !strings.Contains(n.About, "confidence") {
		t.Errorf("the second word is %q, and about it is said %q", n.Word, n.About)
	}
	for _, w := range append(n.Axe, n.Wide...) {
		t.Error(w)
	}
	saved(t, n.Files, words(n.Text))
}

var (
	srtCue = regexp.MustCompile(`^\d+\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\n([^\n]{1,42}\n){1,2}$`)
	vttCue = regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}\n([^\n]{1,42}\n){1,2}$`)
)

// saved says what is wrong with the files of a transcript.
func saved(t *testing.T, files map[string]string, want []string) {
	t.Helper()
	same := func(format, text string) {
		t.Helper()
		if got := words(text); wrong(got, want) > 0 {
			t.Errorf("%s has the words %q, expected %q", format, got, want)
		}
	}
	same("text", files["Text"])
	var all struct {
		Segments []struct {
			Text  string
			Words []struct {
				Text       string
				Start, End float64
				Confidence *float64
			}
		}
	}
	if err := json.Unmarshal([]byte(files["JSON"]), &all); err != nil {
		t.Fatalf("JSON: %v", err)
	}
	var texts, each []string
	for _, s := range all.Segments {
		texts = append(texts, s.Text)
		for _, w := range s.Words {
			each = append(each, w.Text)
			if w.End < w.Start || w.Confidence == nil {
				t.Errorf("JSON: the word %q is from %v to %v, with confidence %v", w.Text, w.Start, w.End, w.Confidence)
			}
		}
	}
	same("JSON", strings.Join(texts, " "))
	same("JSON's words", strings.Join(each, " "))
	cues := func(format, text string, form *regexp.Regexp) {
		t.Helper()
		var said []string
		for cue := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n\n") {
			if !form.MatchString(cue + "\n") {
				t.Errorf("%s has the cue %q", format, cue)
				continue
			}
			said = append(said, cue[strings.Index(cue, "-->")+17:])
		}
		same(format, strings.Join(said, " "))
	}
	cues("SRT", files["SRT"], srtCue)
	head, rest, _ := strings.Cut(files["VTT"], "\n\n")
	if head != "WEBVTT" {
		t.Errorf("VTT begins with %q", head)
	}
	cues("VTT", rest, vttCue)
}

// TestLivePastedKey uses the page without signing in.
func TestLivePastedKey(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["talk"]
	n := live(t, h, s, "pasted", map[string]any{"key": s.key, "secret": s.secret, "apiKey": apiKey(t, s), "token": administrator(t, s), "file": silentFile(t, h, 1)})
	if len(n.Reasons) != 3 || !strings.Contains(n.Reasons[0], "id of an access key") || !strings.Contains(n.Reasons[1], "key is wrong") || !strings.Contains(n.Reasons[2], "no model") {
		t.Errorf("without a model, with two keys that are wrong and one that is not, it says %q", n.Reasons)
	}
	for _, not := range []string{"speakers", "pii", "terms"} { // which the scripted engine has not, nor the server
		if slices.Contains(n.Fields, not) {
			t.Errorf("%q is offered, which nobody does here: %v", not, n.Fields)
		}
	}
	if want := "good morning everybody how are you and now something different"; strings.Join(words(n.Text), " ") != want {
		t.Errorf("the page shows %q, expected %q", n.Text, want)
	}
	if n.Early != n.Text {
		t.Errorf("after signing in the page shows %q", n.Early)
	}
	if !strings.Contains(n.Missing, "API key") || !strings.Contains(n.Refused, "signature") {
		t.Errorf("without a key it says %q, with a wrong one %q", n.Missing, n.Refused)
	}
	if n.Leaks > 0 || strings.Contains(n.Stored, s.key) || strings.Contains(n.Stored, s.secret) {
		t.Errorf("the secret was sent %d times; stored is %s", n.Leaks, n.Stored)
	}
}

// What a page may hold after forty thousand segments.
const (
	usualSegments = 40_000 // E2E_SEGMENTS says otherwise
	segmentTime   = 0.01   // seconds
	mostNodes     = 2000
	mostGrown     = 12 << 20 // bytes, of objects and of what arrays stand on; the sound alone is 13 MB
)

// TestLiveLong has forty thousand segments said, by a server with its scripted engine, to the page's session, transcript, waveform and
// recorder. They are short, and the audio comes as fast as the server takes it.
func TestLiveLong(t *testing.T) {
	t.Parallel()
	h := open(t)
	manySegments := usualSegments
	if text := os.Getenv("E2E_SEGMENTS"); text != "" {
		var err error
		if manySegments, err = strconv.Atoi(text); err != nil || manySegments < 5000 {
			t.Fatalf("E2E_SEGMENTS: expected a number from 5000, got %q", text)
		}
	}
	long := float64(manySegments) * segmentTime
	var all strings.Builder
	for i := range manySegments + 1000 {
		fmt.Fprintf(&all, "%.3f-%.3f number %d was said\n", float64(i)*segmentTime+0.001, float64(i)*segmentTime+0.009, i)
	}
	folder := t.TempDir()
	script := filepath.Join(folder, "talk.txt")
	if err := os.WriteFile(script, []byte(all.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), h.binary(), filepath.Join(folder, "data"), "many", "--engine", "script", "--no-features-punctuate", "--set", "engines.script.script="+script)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	n := live(t, h, s, "long", map[string]any{"apiKey": apiKey(t, s), "seconds": long})
	t.Logf("%d segments of %.0f s in %.0f s; %d nodes, %d after the jump, %d rows; objects have grown by %.1f MB, arrays by %.1f MB", n.Segments, n.Sound, n.Took,
		n.Nodes, n.NodesAfter, n.Rows, float64(n.Grown)/(1<<20), float64(n.Backing)/(1<<20))
	if n.Segments < manySegments || n.Sound < long || len(n.Problems) > 0 {
		t.Errorf("%d segments of %v s were said, expected %d; problems: %v", n.Segments, n.Sound, manySegments, n.Problems)
	}
	if n.Nodes > mostNodes || n.NodesAfter > mostNodes {
		t.Errorf("the page has %d nodes, and %d later; expected %d at most", n.Nodes, n.NodesAfter, mostNodes)
	}
	if n.Grown+n.Backing > mostGrown {
		t.Errorf("the page's memory has grown by %d and %d bytes, expected %d at most", n.Grown, n.Backing, mostGrown)
	}
	if !strings.Contains(n.Last, fmt.Sprintf("number %d", manySegments-1)) {
		t.Errorf("the last row is %q", n.Last)
	}
	if n.Middle.N < manySegments*3/8 || n.Middle.N > manySegments*5/8 || n.Middle != n.Stayed || !n.Offered {
		t.Errorf("in the middle stands %+v, and after more was said %+v; the way back is offered: %v", n.Middle, n.Stayed, n.Offered)
	}
}

// administrator is the token of a server's first start.
func administrator(t *testing.T, s *server) string {
	t.Helper()
	token, _ := s.log.look(adminLine)
	if len(token) == 0 {
		t.Fatal("the server has not shown an administrator's token")
	}
	return token[0][1]
}

// silentFile is the house's silence, so many times, as a WAV file.
func silentFile(t *testing.T, h *house, times int) string {
	t.Helper()
	silence, err := os.ReadFile(h.silence)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "silence.wav")
	if err := os.WriteFile(file, wavFile(bytes.Repeat(silence, times), 16000), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestLiveStay looks at other pages while a file is played, and comes back.
func TestLiveStay(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["talk"]
	n := live(t, h, s, "stay", map[string]any{"token": administrator(t, s), "file": silentFile(t, h, 4)})
	if !strings.Contains(n.Early, "good morning everybody") || !strings.HasPrefix(n.Playing, "Playing") {
		t.Errorf("while the stream runs it saves %q, and says that it is %q", n.Early, n.Playing)
	}
	if n.Focused != "Stop" {
		t.Errorf("while a file is played that was chosen by the keyboard, the focus is on %q", n.Focused)
	}
	if !strings.Contains(n.Away, "Live") || !strings.Contains(n.Away, "Stop") || n.Running != "Stop" {
		t.Errorf("another page shows %q; back again, the button says %q", n.Away, n.Running)
	}
	if want := "good morning everybody how are you and now something different"; strings.Join(words(n.Text), " ") != want {
		t.Errorf("the page shows %q, expected %q", n.Text, want)
	}
	for _, w := range n.Axe {
		t.Error(w)
	}
	if !n.Asks {
		t.Error("a transcript that is not saved is lost without a question")
	}
}

// TestLiveFull tells the reason at once when there is no room, by both protocols.
func TestLiveFull(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["full"]
	n := live(t, h, s, "full", map[string]any{"token": administrator(t, s), "file": silentFile(t, h, 1)})
	t.Logf("%q after %.1f s at most", n.Reasons, n.Took)
	for _, reason := range slices.Concat(n.Reasons, n.Meanwhile) {
		if !strings.Contains(reason, "slots of the scripted engine are taken") {
			t.Errorf("the reason is %q", reason)
		}
	}
	if len(n.Reasons) != 2 || len(n.Meanwhile) != 2 {
		t.Errorf("there are %d reasons, and %d beside attempts: %q", len(n.Reasons), len(n.Meanwhile), n.Meanwhile)
	}
}

// TestLiveLayout looks whether the newest words can be seen, in windows of six sizes, with little motion and with large letters; whether what
// somebody looks at stays there; and how labels stand.
func TestLiveLayout(t *testing.T) {
	t.Parallel()
	h := open(t)
	n := live(t, h, h.servers["talk"], "layout", map[string]any{})
	for _, hidden := range n.Hidden {
		t.Errorf("hidden is, in a window of %s", hidden)
	}
	if len(n.Places) < 6 || n.Places[0] < 5 || len(slices.Compact(slices.Clone(n.Places))) != 1 {
		t.Errorf("what is looked at is row %v, in windows and letters of several sizes; expected the same one", n.Places)
	}
	if len(n.Gaps) != 2 {
		t.Fatalf("%d labels were measured", len(n.Gaps))
	}
	for i, gap := range n.Gaps {
		if gap < 4 || gap > 20 {
			t.Errorf("label %d (from left to right, from right to left) is %d px from its word", i, gap)
		}
	}
}

// TestAccessKeyLines uses what the console says about a new access key, as it is printed: every set of lines leads to the server, with
// nothing else.
func TestAccessKeyLines(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.servers["talk"]
	tls, err := strconv.Atoi(port(s.tls))
	if err != nil {
		t.Fatal(err)
	}
	n := live(t, h, s, "lines", map[string]any{"token": administrator(t, s), "tls": tls})
	if !strings.Contains(n.Files["TLS"], "AWS_ENDPOINT_URL=https://localhost:"+port(s.tls)+"\n") || !strings.Contains(n.Files["TLS"], "AWS_CA_BUNDLE=$PWD/ca.pem") {
		t.Errorf("with TLS there are the lines %s", n.Files["TLS"])
	}
	silence, err := os.ReadFile(h.silence)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(s.ca)
	if err != nil {
		t.Fatal(err)
	}
	for _, tab := range []string{"Environment", "Credentials file", "TLS"} {
		t.Run(tab, func(t *testing.T) {
			t.Parallel()
			lines := n.Files[tab]
			for _, name := range []string{"AWS_REGION=us-east-1", "AWS_ENDPOINT_URL=http", "AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING=http"} {
				if !strings.Contains(lines, "export "+name) {
					t.Errorf("there is no %s in\n%s", name, lines)
				}
			}
			folder := t.TempDir()
			files := map[string][]byte{"talk.wav": wavFile(silence, 16000), "main.mjs": []byte(bareSDK), "main.sh": []byte(lines + "\nnode main.mjs\n"), "ca.pem": authority,
				"studio.credentials": []byte(n.Files["saved"])}
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			modules, err := filepath.Abs("node/node_modules")
			if err == nil {
				err = os.Symlink(modules, filepath.Join(folder, "node_modules"))
			}
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), caseTime)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bash", "main.sh")
			cmd.Dir, cmd.Env = folder, plainEnv("AWS_CONFIG_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true")
			if text, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(text), "something different") {
				t.Errorf("%v; it says %q with the lines\n%s", err, text, lines)
			}
		})
	}
	if !strings.Contains(n.Files["First call"], "earshot transcribe --url ") {
		t.Errorf("the first call is %q", n.Files["First call"])
	}
}

// bareSDK is a program that says nothing about where to, and with which key.
const bareSDK = `import { readFile } from "node:fs/promises";
import { StartStreamTranscriptionCommand, TranscribeStreamingClient } from "@aws-sdk/client-transcribe-streaming";
const talk = (await readFile("talk.wav")).subarray(44);
async function* audio() {
  for (let at = 0; at < talk.length; at += 6400) yield { AudioEvent: { AudioChunk: talk.subarray(at, at + 6400) } };
}
const answer = await new TranscribeStreamingClient({}).send(new StartStreamTranscriptionCommand({ LanguageCode: "en-US", MediaEncoding: "pcm", MediaSampleRateHertz: 16000, AudioStream: audio() }));
for await (const event of answer.TranscriptResultStream) {
  for (const result of event.TranscriptEvent?.Transcript.Results ?? []) console.log(result.Alternatives[0].Transcript);
}
`
