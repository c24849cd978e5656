package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// case of a reference with a hypothesis.
type text struct{ ref, hyp []string }

// NIST's sclite judges our scoring: every utterance has the same numbers of substitutions, deletions and insertions.
func TestAgreesWithSclite(t *testing.T) {
	t.Parallel()
	program := sclite(t)
	seed := rand.Uint64()
	draw := rand.New(rand.NewPCG(seed, 1))
	texts := hard()
	for range 3000 {
		ref := randomWords(draw, 1+draw.IntN(25), 2+draw.IntN(8))
		hyp := randomWords(draw, draw.IntN(25), 2+draw.IntN(8))
		if draw.IntN(2) == 0 {
			hyp = misheard(draw, ref)
		}
		texts = append(texts, text{ref, hyp})
	}
	judged := program(texts)
	if len(judged) != len(texts) {
		t.Fatalf("sclite judged %d of %d utterances", len(judged), len(texts))
	}
	var sum, want counts
	for i, x := range texts {
		got := count(x.ref, x.hyp, align(x.ref, x.hyp))
		sum.add(got)
		want.add(judged[i])
		if got != judged[i] {
			t.Errorf("%q heard as %q: %+v, sclite counts %+v (seed %d)", strings.Join(x.ref, " "), strings.Join(x.hyp, " "), got, judged[i], seed)
		}
	}
	if sum != want || sum.Total == 0 || sum.rate() != want.rate() {
		t.Errorf("in all %+v, sclite counts %+v", sum, want)
	}
}

// hard are texts on which aligners differ.
func hard() []text {
	var texts []text
	for _, x := range [][2]string{
		{"a b c", "a b c"}, {"a", ""}, {"a b c", ""}, {"a", "b"}, {"a b", "b a"}, {"a b c d", "d c b a"},
		{"a b c d e", "b c d e a"}, {"a a a", "a"}, {"a", "a a a"}, {"x y z", "p x q y"}, {"a b c", "x y z a b c"},
		{"a b c", "a x b y c"}, {"a b c d", "x y"}, {"a b", "c d e f"}, {"the cat sat", "cat the sat"},
		{"one two three four", "two one four three"}, {"a b a b a b", "b a b a b a"}, {"i'm here", "i am here"},
		{"3.5 percent", "three point five percent"}, {"mister o'clock", "mister oh clock"}, {"é à ö", "e à o"},
		{"a b c x y", "p q a b c"}, {"k l m n", "n k l m"},
	} {
		texts = append(texts, text{strings.Fields(x[0]), strings.Fields(x[1])})
	}
	return texts
}

func randomWords(draw *rand.Rand, n, vocabulary int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = string(rune('a' + draw.IntN(vocabulary)))
	}
	return words
}

// misheard returns words with some errors in them.
func misheard(draw *rand.Rand, words []string) []string {
	var heard []string
	for _, w := range words {
		switch draw.IntN(8) {
		case 0:
		case 1:
			heard = append(heard, w, "x")
		case 2:
			heard = append(heard, "y")
		default:
			heard = append(heard, w)
		}
	}
	return heard
}

// sclite returns a function that has sclite count.
func sclite(t *testing.T) func([]text) []counts {
	t.Helper()
	program, err := exec.LookPath("sctk")
	if err != nil {
		t.Skip("needs sclite: the program sctk is not installed (Debian package sctk)")
	}
	return func(texts []text) []counts {
		t.Helper()
		dir := t.TempDir()
		var ref, hyp bytes.Buffer
		for i, x := range texts {
			fmt.Fprintf(&ref, "%s (s-%06d)\n", strings.Join(x.ref, " "), i)
			fmt.Fprintf(&hyp, "%s (s-%06d)\n", strings.Join(x.hyp, " "), i)
		}
		for name, b := range map[string]*bytes.Buffer{"ref.trn": &ref, "hyp.trn": &hyp} {
			if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(program, "sclite", "-r", "ref.trn", "trn", "-h", "hyp.trn", "trn", "-i", "wsj", "-e", "utf-8", "-o", "sgml", "stdout")
		cmd.Dir = dir
		var log bytes.Buffer
		cmd.Stderr = &log
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("sclite: %v\n%s%s", err, out, log.Bytes())
		}
		return readSGML(t, string(out), len(texts))
	}
}

// readSGML reads sclite's alignments: a line PATH with the utterance's name, then one with its words as
// C,"a","a":S,"b","c":D,"d",:I,,"e".
func readSGML(t *testing.T, out string, n int) []counts {
	t.Helper()
	all := make([]counts, n)
	found := 0
	lines := strings.Split(out, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "<PATH ") {
			continue
		}
		var at int
		_, id, _ := strings.Cut(line, `id="(s-`)
		if _, err := fmt.Sscanf(id, "%06d)", &at); err != nil || at >= n {
			t.Fatalf("sclite says %q", line)
		}
		found++
		if i+1 == len(lines) || strings.HasPrefix(lines[i+1], "<") || lines[i+1] == "" {
			continue
		}
		for word := range strings.SplitSeq(lines[i+1], ":") {
			switch {
			case strings.HasPrefix(word, "C,"):
				all[at].Total++
			case strings.HasPrefix(word, "S,"):
				all[at].Total++
				all[at].Substitutions++
			case strings.HasPrefix(word, "D,"):
				all[at].Total++
				all[at].Deletions++
			case strings.HasPrefix(word, "I,"):
				all[at].Insertions++
			default:
				t.Fatalf("sclite says %q", lines[i+1])
			}
		}
	}
	if found != n {
		t.Fatalf("sclite gave %d alignments, expected %d", found, n)
	}
	return all
}
