//go:build pocketsphinx

package pocketsphinx

import (
	"bufio"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// childEnv tells the test binary to load the models named there, one a line, and to do nothing else.
const childEnv = "EARSHOT_TEST_LOAD"

// TestLoadInChild is not a test of its own: the tests below run it in a process that may be ended by the library.
func TestLoadInChild(t *testing.T) {
	list := os.Getenv(childEnv)
	if list == "" {
		t.Skip("runs as a part of the tests of models that the library refuses")
	}
	for line := range strings.SplitSeq(list, "\n") {
		f := strings.Split(line, "\t")
		s, err := loadSearch(modelFiles{f[0], f[1], f[2]}, nil, twice)
		switch {
		case errors.Is(err, errFatal):
			os.Stdout.WriteString("fatal " + strings.ReplaceAll(err.Error(), "\n", " ") + "\n")
		case err != nil:
			os.Stdout.WriteString("error " + strings.ReplaceAll(err.Error(), "\n", " ") + "\n")
		default:
			os.Stdout.WriteString("loaded " + use(s) + "\n")
			s.free()
		}
	}
	os.Stdout.WriteString("survived\n")
}

// use decodes a little with a model that was loaded.
func use(s *search) string {
	if err := s.start(); err != nil {
		return err.Error()
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	cep := make([]float32, 50*s.size)
	for i := range cep {
		cep[i] = float32(rnd.NormFloat64() * 5)
	}
	if err := errors.Join(s.feed(cep), s.end()); err != nil {
		return err.Error()
	}
	s.result(nil)
	return "and used"
}

// loadInChild returns what became of each model.
func loadInChild(t *testing.T, models []modelFiles) []string {
	t.Helper()
	var lines []string
	for _, m := range models {
		lines = append(lines, m.hmm+"\t"+m.lm+"\t"+m.dict)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestLoadInChild$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join(lines, "\n"))
	out, err := cmd.Output()
	var said []string
	for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
		switch word, _, _ := strings.Cut(s.Text(), " "); word {
		case "fatal", "error", "loaded", "survived":
			said = append(said, s.Text())
		}
	}
	if err != nil || len(said) != len(models)+1 {
		at := min(len(said), len(models)-1)
		t.Fatalf("the process ended (%v) at model %d of %d, %+v; so far %q", err, len(said), len(models), models[at], said)
	}
	return said
}

// What our checks miss and the library ends the process over is an error all the same.
func TestLibraryDoesNotExit(t *testing.T) {
	t.Parallel()
	var models []modelFiles
	for _, c := range []struct {
		file string
		edit func([]byte) []byte
	}{
		{"mdef", instead("once upon a time\n")},
		{"mdef", half},
		{"transition_matrices", half},
		{"transition_matrices", func([]byte) []byte { return nil }},
		{"means", half},
		{"variances", at(4000, 0x55)},
		{"mixture_weights", half},
		{"feat.params", replace("-agc none", "-agc what")},
		{"feat.params", replace("-cmn current", "-cmn what")},
		{"feat.params", replace("1s_c_d_dd", "1,2,x")},
		{"lm", instead("\\data\\\nngram 1=10\n")},
	} {
		models = append(models, changed(t, continuous(t), c.file, c.edit))
	}
	fatal := 0
	for i, said := range loadInChild(t, models) {
		if strings.HasPrefix(said, "loaded") {
			t.Logf("model %d: %s", i, said)
		}
		if strings.HasPrefix(said, "fatal") {
			fatal++
		}
	}
	if fatal < 3 {
		t.Errorf("%d of the models made the library give up; the test expects several", fatal)
	}
}

// Damaged files that our checks take do no harm in the library.
func TestDamagedModels(t *testing.T) {
	t.Parallel()
	seed := uint64(1) // whether a change passes must not depend on luck; EARSHOT_TEST_SEED is for finding more
	if s := os.Getenv("EARSHOT_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("EARSHOT_TEST_SEED: %v", err)
		}
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	from := continuous(t)
	var taken []modelFiles
	for _, file := range []string{"mdef", "means", "variances", "transition_matrices", "mixture_weights", "feat.params", "noisedict", "lm", "dict"} {
		for range 12 {
			m := changed(t, from, file, func(b []byte) []byte {
				for range 1 + rnd.IntN(3) {
					b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
				}
				return b
			})
			if _, err := checkModel(m); err == nil {
				taken = append(taken, m)
			}
		}
	}
	t.Logf("%d damaged models pass the checks, as far as %s", len(taken), filepath.Base(from.hmm))
	if len(taken) == 0 {
		t.Fatal("the checks take none of them: nothing was tested")
	}
	loadInChild(t, taken)
}
