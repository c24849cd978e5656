package stttest

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Defect is a fault that a recognizer under test is asked to have.
type Defect uint8

// The defects.
const (
	Sound     Defect = iota // none
	Dies                    // the stream fails in the middle of the audio
	Stalls                  // the stream takes audio until its queue is full and says nothing
	Refuses                 // Open fails because there is no capacity
	NeverEnds               // the peer answers, but never ends the stream after CloseSend
)

var defectNames = [...]string{"sound", "dies", "stalls", "refuses", "never-ends"}

// String returns the name of the defect.
func (d Defect) String() string { return defectNames[d] }

// Harness describes a recognizer under test.
type Harness struct {
	// New returns a recognizer for one case. It cleans up by t.Cleanup. Every stream has been closed by then.
	New func(t *testing.T, d Defect) stt.Recognizer
	// Defects are those that New can produce, besides Sound. The others are left out and logged.
	Defects []Defect

	// Config opens streams. Its Audio must be 16-bit PCM.
	Config stt.Config
	// Audio is some seconds of speech in that format.
	Audio []byte
	// Words, unless nil, are what is said in Audio, in normal form and without marks: each must be in exactly one final,
	// in this order; where channels are separate, those of channel 0 before those of channel 1.
	Words []string

	// Also are promises that hold here although the model in general does not claim them: a client of a
	// deterministic server, for instance.
	Also stt.Feature
	// Tolerance is the resolution of times, for what travels over a wire that rounds them.
	Tolerance time.Duration
	// Timeout bounds every wait; 0 means 30 s. It never decides over a recognizer that keeps the contract.
	Timeout time.Duration
	// Bubble runs every case in a testing/synctest bubble, for recognizers that need nothing but goroutines and
	// in-memory networks. Time costs nothing there and a leaked goroutine is found by the bubble itself.
	Bubble bool
}

// Run holds the recognizer to the contract. Without Bubble it counts the goroutines of the whole process, so nothing
// else should start any meanwhile: no parallel tests.
func Run(t *testing.T, h Harness) {
	if h.Timeout == 0 {
		h.Timeout = 30 * time.Second
	}
	if h.Config.Audio.Encoding != stt.PCM16 || h.Config.Audio.FrameBytes() == 0 || len(h.Audio) == 0 || len(h.Audio)%h.Config.Audio.FrameBytes() != 0 {
		t.Fatal("stttest: Harness.Audio must hold whole frames of 16-bit PCM in the format of Harness.Config")
	}
	h.each(t, "models", (*caseRun).models)
	t.Run("cuts", func(t *testing.T) { h.eachCut(t) })
	h.each(t, "no audio", (*caseRun).noAudio)
	h.each(t, "end", (*caseRun).end)
	h.each(t, "start", (*caseRun).start)
	h.each(t, "finals only", (*caseRun).finalsOnly)
	h.each(t, "stability", (*caseRun).stability)
	h.each(t, "contexts", (*caseRun).contexts)
	h.each(t, "ownership", (*caseRun).ownership)
	h.each(t, "flush", (*caseRun).flush)
	h.each(t, "progress in silence", (*caseRun).silence)
	h.each(t, "odd chunk", (*caseRun).oddChunk)
	t.Run("close", func(t *testing.T) { h.closes(t) })
	h.each(t, "start and stop", (*caseRun).stress)
	h.defect(t, Dies, (*caseRun).dies)
	h.defect(t, Stalls, (*caseRun).stalls)
	h.defect(t, Refuses, (*caseRun).refuses)
	h.defect(t, NeverEnds, (*caseRun).neverEnds)
}

// caseRun is one case: its test, and the recognizer made for it.
type caseRun struct {
	*Harness
	t    *testing.T
	rec  stt.Recognizer
	can  stt.Capabilities // of the model that Harness.Config asks for
	has  stt.Feature      // what can claims, and Harness.Also
	rand *rand.Rand
}

// each runs one case on a sound recognizer.
func (h *Harness) each(t *testing.T, name string, body func(*caseRun)) { h.with(t, name, Sound, body) }

func (h *Harness) defect(t *testing.T, d Defect, body func(*caseRun)) {
	if !slices.Contains(h.Defects, d) {
		t.Logf("left out: %q (the harness cannot produce the defect)", d)
		return
	}
	h.with(t, d.String(), d, body)
}

func (h *Harness) with(t *testing.T, name string, d Defect, body func(*caseRun)) {
	t.Run(name, func(t *testing.T) {
		if h.Bubble {
			synctest.Test(t, func(t *testing.T) { h.body(t, d, body) })
			return
		}
		h.body(t, d, body)
	})
}

func (h *Harness) body(t *testing.T, d Defect, body func(*caseRun)) {
	seed := seed(t)
	run := &caseRun{Harness: h, t: t, rec: h.New(t, d), rand: rand.New(rand.NewPCG(seed, uint64(d)))}
	models, err := run.rec.Models(run.ctx())
	if err != nil {
		t.Fatalf("Models: %v", err)
	}
	model, err := stt.FindModel(models, &h.Config)
	if err != nil {
		t.Fatalf("no model for the harness's Config: %v", err)
	}
	run.can = model.Can
	run.has = model.Can.Has | h.Also
	body(run)
}

// seed returns the seed of this run and has it printed when the test fails.
func seed(t *testing.T) uint64 {
	seed := uint64(1)
	if s := os.Getenv("STTTEST_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("STTTEST_SEED is %q; expected a number", s)
		}
		seed = n
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with STTTEST_SEED=%d", seed)
		}
	})
	return seed
}

// claims reports whether the feature is claimed, and logs when a case is left out because it is not.
func (c *caseRun) claims(f stt.Feature) bool {
	if c.has.Has(f) {
		return true
	}
	c.t.Logf("left out: not claimed: %s", f)
	return false
}

// byChannel returns finals in order, channel by channel: which of two channels speaks first is nobody's promise.
func byChannel(finals []stt.Segment) []stt.Segment {
	finals = slices.Clone(finals)
	slices.SortStableFunc(finals, func(a, b stt.Segment) int { return a.Channel - b.Channel })
	return finals
}

// wordsOf returns the words of finals in order, channel by channel, in normal form and without marks.
func wordsOf(finals []stt.Segment) []string {
	finals = byChannel(finals)
	var words []string
	for i := range finals {
		best := finals[i].Best()
		if best.Words == nil {
			for _, f := range strings.Fields(best.Text) {
				words = append(words, (&stt.Word{Text: f}).NormalForm())
			}
			continue
		}
		for j := range best.Words {
			if best.Words[j].Kind != stt.Punctuation {
				words = append(words, best.Words[j].NormalForm())
			}
		}
	}
	return words
}
