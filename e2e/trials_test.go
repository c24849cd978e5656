package e2e_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/e2e/driver"
)

// said is what the script says, as finals with their times.
var said = []driver.Final{
	{Text: "good morning everybody", Start: 0.5, End: 2.1},
	{Text: "how are you", Start: 3, End: 4.4},
	{Text: "and now something different", Start: 4.8, End: 5.8},
}

// refused is the trial of a stream that the server ends with an exception whose text begins so.
func refused(name string, job driver.Job, exception, text string) func(b *bench) {
	return func(b *bench) {
		b.failed(b.run(b.house.servers[name], job), exception, text)
	}
}

// script is the trial of a stream whose every word and time is known.
func script(b *bench) {
	session := newSession()
	n := b.run(b.house.servers["talk"], driver.Job{Session: session})
	b.ended(n)
	b.heard(n, said)
	if n.Partial == 0 || n.Empty == 0 {
		b.Errorf("there were %d partial results and %d empty events, expected some of both", n.Partial, n.Empty)
	}
	if n.Session != session {
		b.Errorf("the SDK has session id %q, expected %q", n.Session, session)
	}
	if b.over != websocket && n.Request == "" {
		b.Error("the SDK has no request id")
	}
}

// medical is the same for the medical operation.
func medical(b *bench) {
	n := b.run(b.house.servers["talk"], driver.Job{Medical: true})
	b.ended(n)
	b.heard(n, said)
}

// channels is the same for two channels, each transcribed on its own.
func channels(b *bench) {
	n := b.run(b.house.servers["talk"], driver.Job{Channels: 2, Audio: b.house.minute, Cut: 2 * 6 * 32000, Chunk: 6400})
	b.ended(n)
	for _, channel := range []string{"ch_0", "ch_1"} {
		var mine driver.Note
		for _, f := range n.Finals {
			if f.Channel == channel {
				f.Channel = ""
				mine.Finals = append(mine.Finals, f)
			}
		}
		b.heard(mine, said)
	}
	if len(n.Finals) != 2*len(said) {
		b.Errorf("there are %d finals, expected %d: %v", len(n.Finals), 2*len(said), n.Finals)
	}
}

// conflict is the trial of a second stream with the same session id, which ends the first.
func conflict(b *bench) {
	s, job := b.house.servers["talk"], driver.Job{Session: newSession(), Hold: 60_000}
	first := b.begin(s, job)
	if _, err := b.proc.open(b.context(), first); err != nil {
		b.Fatal(err)
	}
	job.Hold = 0
	second := b.begin(s, job)
	b.failed(b.end(first), "ConflictException", "Another stream is in progress with the same session ID")
	n := b.end(second)
	b.ended(n)
	b.heard(n, said)
}

// cancel is the trial of a client that goes away in the middle: the server lets go of the stream.
func cancel(b *bench) {
	s, session := b.house.servers["talk"], newSession()
	r := b.begin(s, driver.Job{Session: session, Pause: 50, Cancel: 32000 * 3})
	if _, err := b.proc.open(b.context(), r); err != nil {
		b.Fatal(err)
	}
	n := b.end(r)
	if n.Error == nil {
		b.Errorf("the stream has ended as if nothing was wrong: %+v", n)
	}
	closed := regexp.MustCompile(`msg="stream closed".*` + session)
	if _, err := s.log.find(b.context(), s.ended, closed, 1); err != nil {
		b.Error(err)
	}
}

// The long script says so many sentences of so many words, a tenth of a second each, which is more than fits between a server
// and a client that does not read.
const (
	longSentences = 500
	longWords     = 60
)

// longSpeech is what the server "long" says, and its script.
func longSpeech() (said []driver.Final, script string) {
	var text strings.Builder
	for i := range longSentences {
		all := make([]string, longWords)
		for j := range all {
			all[j] = fmt.Sprintf("word-%d-%d", i, j)
		}
		f := driver.Final{Text: strings.Join(all, " "), Start: float64(i) / 10, End: float64(i+1) / 10}
		fmt.Fprintf(&text, "%.1f-%.1f %s\n", f.Start, f.End, f.Text)
		said = append(said, f)
	}
	return said, text.String()
}

// slow is the trial of a client that reads nothing for some seconds while it sends: nothing is lost.
func slow(b *bench) {
	want, _ := longSpeech()
	n := b.run(b.house.servers["long"], driver.Job{Audio: b.house.minute, Chunk: 16000, Slow: 3000})
	b.ended(n)
	b.heard(n, want)
}

// resume is the trial of a session whose client goes away between two sentences and comes back: times go on, and no word is lost.
func resume(b *bench) {
	const cut = 32000 * 26 / 10
	after := b.resume(driver.Job{Cancel: cut})
	b.heard(after, said)
}

// lose is the same for a connection that is lost in the middle of a word.
func lose(b *bench) {
	if b.browser {
		b.Skip("a page cannot lose its connection: it closes it")
	}
	const cut = 32000 * 33 / 10
	after := b.resume(driver.Job{Cancel: cut, Lose: true})
	b.heard(after, said)
}

// resume makes a stream that is given up as the job says, and another that goes on from there. It returns the finals of both: one
// that may not have arrived the first time comes again.
func (b *bench) resume(first driver.Job) driver.Note {
	b.Helper()
	s := b.house.servers["talk"]
	second := driver.Job{Session: newSession(), Resume: 5, Skip: first.Cancel}
	// What was written a second before the client's last audio counts as received, which it may not be where the client has no time to read.
	first.Session, first.Resume, first.Pause, first.Finals = second.Session, second.Resume, 50, 1
	before := b.run(s, first)
	if before.Error == nil {
		b.Error("the first stream has ended as if nothing was wrong")
	}
	after := b.run(s, second)
	b.ended(after)
	for _, f := range before.Finals {
		if !slices.Contains(after.Finals, f) {
			after.Finals = append(after.Finals, f)
		}
	}
	slices.SortFunc(after.Finals, func(x, y driver.Final) int { return cmp.Compare(x.Start, y.Start) })
	return after
}
