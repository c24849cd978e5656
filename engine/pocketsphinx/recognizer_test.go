//go:build pocketsphinx

package pocketsphinx

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func TestExhausted(t *testing.T) {
	r := openEngine(t, with(small, "slots", "1"))
	s, err := r.Open(t.Context(), config())
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Open(t.Context(), config())
	if e := stt.AsError(err); e == nil || e.Code != stt.Exhausted || e.RetryAfter == 0 || e.Msg != "all slots of the engine are taken; try again" ||
		e.Err == nil || !strings.Contains(e.Err.Error(), `"pocketsphinx.slots" is 1`) {
		t.Errorf("second stream on one slot: %v; expected advice for the caller, and for the operator in the log only", err)
	}
	s.Close()
	if s, err = r.Open(t.Context(), config()); err != nil {
		t.Fatalf("after Close: %v", err)
	}
	s.Close()
}

// A stream that has ended gives its slot back without being closed.
func TestSlotAfterEnd(t *testing.T) {
	r := openEngine(t, with(small, "slots", "1"))
	s, err := r.Open(t.Context(), config())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	receive(t, s)
	r.gate.mu.Lock()
	defer r.gate.mu.Unlock()
	for r.gate.taken > 0 {
		r.gate.left.Wait()
	}
}

func TestRefused(t *testing.T) {
	r := openEngine(t, small)
	for option, edit := range map[string]func(*stt.Config){
		"audio":                func(c *stt.Config) { c.Audio.Rate = 8000 },
		"model":                func(c *stt.Config) { c.Model = "whisper" },
		"language":             func(c *stt.Config) { c.Languages.Tags = []string{"de-DE"} },
		"languages.mode":       func(c *stt.Config) { c.Languages.Mode = stt.LanguageIdentify },
		"speakers":             func(c *stt.Config) { c.Speakers.On = true },
		"phrases":              func(c *stt.Config) { c.Phrases = []stt.Phrase{{Text: "earshot"}} },
		"pii":                  func(c *stt.Config) { c.PII.Mode = stt.PIIRedact },
		"medical":              func(c *stt.Config) { c.Medical = &stt.Medical{} },
		"prompt":               func(c *stt.Config) { c.Prompt = "a talk about ships" },
		"vendor":               func(c *stt.Config) { c.Vendor = map[string]string{"beam": "1"} },
		"native":               func(c *stt.Config) { c.Native = stt.FeatureWords | stt.FeatureCase },
		"endpoint.silence":     func(c *stt.Config) { c.Endpoint.Silence = time.Millisecond },
		"endpoint.max-segment": func(c *stt.Config) { c.Endpoint.MaxSegment = time.Hour },
	} {
		cfg := config()
		edit(&cfg)
		s, err := r.Open(t.Context(), cfg)
		if err == nil {
			s.Close()
			t.Errorf("%s: opened", option)
			continue
		}
		if e := stt.AsError(err); e.Option != option || !strings.Contains(e.Msg, `"`) {
			t.Errorf("%s: %v names %q", option, err, e.Option)
		}
	}
	if r.gate.taken != 0 {
		t.Errorf("%d slots taken by streams that were refused", r.gate.taken)
	}
}

func TestRecognizerClose(t *testing.T) {
	r := openEngine(t, with(small, "slots", "2"))
	s, err := r.Open(t.Context(), config())
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { // ends when the stream has been closed
		r.Close()
		close(closed)
	}()
	s.Close()
	<-closed
	if _, err := r.Open(t.Context(), config()); stt.CodeOf(err) != stt.Closed {
		t.Errorf("Open after Close: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// closeLimit is what the contract gives Close: a second, and under the race detector a little more.
const closeLimit = time.Second + raceAllowance

// closing closes a stream and returns how long that took, without the time for which the machine stood still: a clock that ticks beside it
// shows that.
func closing(s stt.Stream) time.Duration {
	const tick, late = 10 * time.Millisecond, 100 * time.Millisecond
	closed, still := make(chan struct{}), make(chan time.Duration)
	go func() { // owned by closing, which waits for it
		var sum time.Duration
		for begin, over := time.Now(), false; !over; begin = time.Now() {
			select {
			case <-closed:
				over = true
			case <-time.After(tick):
			}
			if gap := time.Since(begin); gap > late {
				sum += gap
			}
		}
		still <- sum
	}()
	begin := time.Now()
	s.Close()
	took := time.Since(begin)
	close(closed)
	return took - <-still
}

// An utterance that is abandoned costs neither who leaves nor who comes next: Close does not wait for its last passes, and
// the search is not handed out before they are over.
func TestAbandonedSpeech(t *testing.T) {
	r := openEngine(t, with(nil, "slots", "1"))
	cfg := config()
	cfg.Endpoint.Silence, cfg.Endpoint.MaxSegment = 10*time.Second, time.Minute
	clip := samplesOf(t, austen+"0930.wav")
	s, err := r.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	go send(t.Context(), s, bytesOf(join(clip, clip, clip, clip)), 3200) // ends when the stream is closed
	for heard := stt.Time(0); heard < 6*time.Second; {
		ev, err := s.Recv(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ev.Kind == stt.EventSegment {
			heard = ev.Segment.Span.End
		}
	}
	if d := closing(s); d > closeLimit {
		t.Errorf("Close took %v", d)
	}
	p := r.served[0].pool
	if next, err := p.take(t.Context()); err != nil {
		t.Errorf("while the search ends: %v", err)
	} else {
		if next.open {
			t.Error("the search was handed out with the utterance of the stream before")
		}
		p.give(next)
	}
	r.Close() // waits for the search that ends late
	if r.gate.taken != 0 || len(p.idle) != 0 {
		t.Errorf("%d slots are taken, %d searches kept after the engine was closed", r.gate.taken, len(p.idle))
	}
}

// Streams closed at any moment leave neither goroutines nor memory behind.
func TestCloseAtAnyMoment(t *testing.T) {
	r := openEngine(t, small)
	data := bytesOf(samplesOf(t, goforward))
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	round := func() {
		s, err := r.Open(t.Context(), config())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var work sync.WaitGroup
		work.Go(func() { send(t.Context(), s, data, 3200) }) // ends when the stream is closed
		for range rnd.IntN(6) {
			if _, err := s.Recv(t.Context()); err != nil {
				break
			}
		}
		if d := closing(s); d > closeLimit {
			t.Errorf("Close took %v; seed %d", d, seed)
		}
		work.Wait()
		settle(r) // or searches are still taken when the next one comes
	}
	for range 5 {
		round() // until all searches are there
	}
	goroutines, memory := runtime.NumGoroutine(), resident(t)
	for range 30 {
		round()
	}
	// One that has done its work is counted until it has been cleared away.
	tick, patience := time.NewTicker(5*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	n := runtime.NumGoroutine()
	for waiting := true; waiting && n > goroutines; n = runtime.NumGoroutine() {
		select {
		case <-tick.C:
		case <-patience:
			waiting = false
		}
	}
	if n > goroutines {
		t.Errorf("%d goroutines; %d before; seed %d", n, goroutines, seed)
	}
	if grown := resident(t) - memory; grown > 32<<20 {
		t.Errorf("%d MB more than before 30 streams; seed %d", grown>>20, seed)
	}
}

// resident returns the memory of the process, C's included, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		t.Skip("needs /proc/self/statm")
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	pages := 0
	for _, c := range strings.Fields(lines.Text())[1] {
		pages = 10*pages + int(c-'0')
	}
	return pages * os.Getpagesize()
}

// What is said in the cards is recognised, but for three words in ten; TestReadAloud has longer speech.
func TestCards(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, nil)
	wrong, total := 0, 0
	for file, text := range transcripts(t, testData+"cards/cards.transcription") {
		got := finals(transcribe(t, r, config(), samplesOf(t, filepath.Join(testData, "cards", file+".wav")), 3200))
		if len(got) == 0 {
			t.Errorf("%s: no final", file)
		}
		wrong += mistakes(strings.Fields(text), strings.Fields(textOf(got)))
		total += len(strings.Fields(text))
	}
	rate := float64(wrong) / float64(max(total, 1))
	t.Logf("%.1f %% of %d words are wrong", 100*rate, total)
	if total == 0 || rate > 0.3 {
		t.Errorf("%.0f %% of %d words are wrong; want 30 %% at most", 100*rate, total)
	}
}

// transcripts reads lines such as "<s> some words </s> (name)".
func transcripts(t *testing.T, path string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Skip("needs the Debian package pocketsphinx-testdata")
	}
	all := map[string]string{}
	for line := range strings.Lines(string(b)) {
		text, file, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), ")"), "(")
		if ok {
			all[file] = strings.ToLower(strings.NewReplacer("<s>", "", "</s>", "").Replace(text))
		}
	}
	return all
}

// The share of one core that a stream needs: while its speaker is unknown, and later.
func BenchmarkStream(b *testing.B) {
	r := sharedEngine(b, nil)
	short := samplesOf(b, austen+"0890.wav")
	long := join(short, samplesOf(b, austen+"0870.wav"), samplesOf(b, austen+"0920.wav"), samplesOf(b, austen+"0930.wav"), short)
	for name, audio := range map[string][]int16{"5s": short, "27s": long} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				transcribe(b, r, config(), audio, 3200)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/format.Duration(int64(2*len(audio))).Seconds(), "realtime")
		})
	}
}

// The clips without a transcript give words too.
func TestEveryClip(t *testing.T) {
	t.Parallel()
	r := sharedEngine(t, nil)
	for _, file := range []string{"goforward.raw", "numbers.raw", "something.raw"} {
		got := finals(transcribe(t, r, config(), samplesOf(t, testData+file), 3200))
		if textOf(got) == "" {
			t.Errorf("%s: no words", file)
		}
		t.Logf("%s: %s", file, textOf(got))
	}
}
