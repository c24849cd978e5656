package e2e_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/earshot-stt/earshot/e2e/driver"
)

// recordings is where Debian's package pocketsphinx-testdata has read sentences, with what is said in them.
const recordings = "/usr/share/pocketsphinx/test/data/librivox"

// wordErrors is how many of a hundred words may be wrong, over all clips. The engine alone gets 21 wrong; the rest is room for
// another version of it. A transport that loses or doubles two seconds of the audio is above.
const wordErrors = 30

// clip is a recording and what is said in it.
type clip struct {
	audio string // file with samples only, 16 kHz
	words []string
}

var sentence = regexp.MustCompile(`^<s> (.*) </s> \((.*)\)$`)

// chosen are the recordings that are streamed: enough to tell good from bad, few enough for several clients on two cores.
var chosen = []string{"-0880", "-0920", "-0930"}

// clips returns the recordings, with their samples in files of their own. There are none where the package is not installed.
func clips(scratch string) ([]clip, error) {
	list, err := os.ReadFile(filepath.Join(recordings, "transcription"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []clip
	for line := range strings.Lines(string(list)) {
		m := sentence.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || !slices.ContainsFunc(chosen, func(end string) bool { return strings.HasSuffix(m[2], end) }) {
			continue
		}
		wav, err := os.ReadFile(filepath.Join(recordings, m[2]+".wav"))
		if err != nil {
			return nil, err
		}
		c := clip{audio: filepath.Join(scratch, m[2]+".pcm"), words: words(strings.ReplaceAll(m[1], "more a amiable", "more amiable"))}
		if err := os.WriteFile(c.audio, samples(wav), 0o600); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// samples returns the data of a WAV file.
func samples(wav []byte) []byte {
	for rest := wav[12:]; len(rest) > 8; {
		n := int(binary.LittleEndian.Uint32(rest[4:]))
		if bytes.HasPrefix(rest, []byte("data")) {
			return rest[8 : 8+n]
		}
		rest = rest[8+n:]
	}
	return nil
}

// words returns the words of a text in lower case, without marks.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })
}

// wrong returns the least number of words to change, leave out or add that turns one text into the other.
func wrong(got, want []string) int {
	row := make([]int, len(want)+1)
	for j := range row {
		row[j] = j
	}
	for i, g := range got {
		corner := row[0]
		row[0] = i + 1
		for j, w := range want {
			change := corner
			if g != w {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(want)]
}

// recognised is the trial of real speech: commands by every client, which are recognised to the last word, and sentences by one client of
// each transport.
func recognised(b *bench) {
	n := b.run(b.ear(), driver.Job{Audio: b.house.orders})
	b.ended(n)
	if got := words(strings.Join(texts(n), " ")); !slices.Equal(got, commanded()) {
		b.Errorf("recognised is %q, expected %q", got, commanded())
	}
	if b.reads {
		sentences(b)
	}
}

// sentences has the server "words" recognise what was read aloud.
func sentences(b *bench) {
	s := b.house.servers["words"]
	if s == nil || len(b.house.clips) == 0 {
		absent(b, noCommands)
	}
	b.house.ears <- struct{}{}
	defer func() { <-b.house.ears }()
	bad, all := 0, 0
	for _, c := range b.house.clips {
		n := b.run(s, driver.Job{Audio: c.audio})
		b.ended(n)
		text := strings.Join(texts(n), " ")
		bad += wrong(words(text), c.words)
		all += len(c.words)
		b.Logf("%s", text)
	}
	b.Logf("%d of %d words are wrong", bad, all)
	if bad*100 > all*wordErrors {
		b.Errorf("%d of %d words are wrong, expected %d %% or less", bad, all, wordErrors)
	}
}
