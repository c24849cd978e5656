package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// These are tests of the console's Live page in Chromium, with a recording as its microphone.

// seen is what node/live.mjs tells.
type seen struct {
	Errors, Axe, Wide, Asked              []string
	Requests                              int
	SawPartial                            bool
	Text, Latency, Announced, Trouble     string
	Word, About                           string
	Files                                 map[string]string
	Missing, Refused, Stored              string
	Leaks, Grown, Nodes, NodesAfter, Rows int
	Last                                  string
	Middle, Stayed                        struct{ N, At int }
	Offered                               bool
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
	token, _ := s.log.look(adminLine)
	if len(token) == 0 {
		t.Fatal("the server has not shown an administrator's token")
	}
	talk, said := recording(t, h, 3)
	info, err := os.Stat(talk)
	if err != nil {
		t.Fatal(err)
	}
	h.ears <- struct{}{}
	defer func() { <-h.ears }()
	var n seen
	for take := range takes {
		n = live(t, h, s, "speak", map[string]any{"token": token[0][1], "mic": talk, "seconds": int(info.Size())/96000 + 1})
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
	file := filepath.Join(t.TempDir(), "silence.wav")
	silence, err := os.ReadFile(h.silence)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, wavFile(silence, 16000), 0o600); err != nil {
		t.Fatal(err)
	}
	n := live(t, h, s, "pasted", map[string]any{"key": s.key, "secret": s.secret, "file": file})
	if want := "good morning everybody how are you and now something different"; strings.Join(words(n.Text), " ") != want {
		t.Errorf("the page shows %q, expected %q", n.Text, want)
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
	mostNodes = 2000
	mostGrown = 10 << 20 // bytes
)

// TestLiveLong shows forty thousand segments.
func TestLiveLong(t *testing.T) {
	t.Parallel()
	h := open(t)
	n := live(t, h, h.servers["talk"], "long", map[string]any{})
	t.Logf("%d nodes, %d after the jump, %d rows; the heap has grown by %.1f MB", n.Nodes, n.NodesAfter, n.Rows, float64(n.Grown)/(1<<20))
	if n.Nodes > mostNodes || n.NodesAfter > mostNodes {
		t.Errorf("the page has %d nodes, and %d later; expected %d at most", n.Nodes, n.NodesAfter, mostNodes)
	}
	if n.Grown > mostGrown {
		t.Errorf("the heap has grown by %d bytes, expected %d at most", n.Grown, mostGrown)
	}
	if !strings.Contains(n.Last, "number 39999") {
		t.Errorf("the last row is %q", n.Last)
	}
	if n.Middle.N < 15_000 || n.Middle.N > 25_000 || n.Middle != n.Stayed || !n.Offered {
		t.Errorf("in the middle stands %+v, and after more was said %+v; the way back is offered: %v", n.Middle, n.Stayed, n.Offered)
	}
}
