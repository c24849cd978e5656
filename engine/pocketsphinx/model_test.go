package pocketsphinx

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

const testData = "/usr/share/pocketsphinx/test/data/"

// debian returns the files of the Debian model.
func debian(t testing.TB) modelFiles {
	t.Helper()
	if _, err := os.Stat(modelFolder); err != nil {
		t.Skip("needs the Debian package " + modelPackage)
	}
	return modelFiles{hmm: modelFolder + "en-us", lm: modelFolder + "en-us.lm.bin", dict: modelFolder + "cmudict-en-us.dict"}
}

// turtle returns files with a small vocabulary, its language model in the older binary form.
func turtle(t testing.TB) modelFiles {
	t.Helper()
	f := modelFiles{hmm: debian(t).hmm, lm: testData + "turtle.lm.bin", dict: testData + "turtle.dic"}
	if _, err := os.Stat(f.lm); err != nil {
		t.Skip("needs the Debian package pocketsphinx-testdata")
	}
	return f
}

// changed returns the files of from, in a folder of the test, with one of them changed: an edit that returns nil takes
// the file away. name is a file of the acoustic model, or "lm" or "dict".
func changed(t testing.TB, from modelFiles, name string, edit func([]byte) []byte) modelFiles {
	t.Helper()
	dir := t.TempDir()
	to := modelFiles{hmm: filepath.Join(dir, "hmm"), lm: from.lm, dict: from.dict}
	if err := os.Mkdir(to.hmm, 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from.hmm)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != name {
			if err := os.Symlink(filepath.Join(from.hmm, e.Name()), filepath.Join(to.hmm, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	source, target := filepath.Join(from.hmm, name), filepath.Join(to.hmm, name)
	switch name {
	case "lm":
		source, target = from.lm, filepath.Join(dir, "lm")
		to.lm = target
	case "dict":
		source, target = from.dict, filepath.Join(dir, "dict")
		to.dict = target
	}
	data, err := os.ReadFile(source)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if data = edit(bytes.Clone(data)); data == nil {
		return to
	}
	if err := os.WriteFile(target, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestModelsThatAreFine(t *testing.T) {
	t.Parallel()
	arpaText := func([]byte) []byte { return []byte(arpaSample) }
	for name, files := range map[string]modelFiles{
		"Debian's":                         debian(t),
		"an older binary language model":   turtle(t),
		"a language model as text":         changed(t, turtle(t), "lm", arpaText),
		"continuous, its definition text":  continuous(t),
		"no dictionary of noises":          changed(t, turtle(t), "noisedict", func([]byte) []byte { return nil }),
		"a dictionary with Windows' lines": changed(t, turtle(t), "dict", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }),
	} {
		if _, err := checkModel(files); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, err := checkModel(turtle(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.mean) != 13 || m.mean[0] != 41 || m.mean[12] != 1.17 {
		t.Errorf("mean %v; expected the 13 numbers of feat.params", m.mean)
	}
}

// continuous returns a small model of another kind: one codebook for each senone, and mdef as text.
func continuous(t testing.TB) modelFiles {
	t.Helper()
	f := modelFiles{hmm: testData + "an4_ci_cont", lm: turtle(t).lm, dict: turtle(t).dict}
	f = changed(t, f, "feat.params", replace("-dither yes", "-dither no"))
	f = changed(t, f, "lm", instead(arpaSample))
	return changed(t, f, "dict", instead("go G OW\nforward F AO R W ER D\n"))
}

// around returns files to change one of. What stands around a dictionary or a language model is small: the acoustic model is read first, and
// the large one takes most of the time.
func around(t testing.TB, file string) modelFiles {
	t.Helper()
	if file != "dict" && file != "lm" {
		return turtle(t)
	}
	f := continuous(t)
	f.lm = turtle(t).lm
	return f
}

const arpaSample = `# a comment
\data\
ngram 1=4
ngram 2=3

\1-grams:
-1.0 <s> -0.3
-1.0 </s>
-1.0 forward -0.3
-1.0 go -0.3

\2-grams:
-0.3 <s> go
-0.3 go forward
-0.3 forward </s>

\end\
`

func replace(from, to string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(from), []byte(to), 1) }
}

func instead(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }

func half(b []byte) []byte { return b[:len(b)/2] }

func added(text string) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, text...) }
}

func at(i int, v byte) func([]byte) []byte {
	return func(b []byte) []byte { b[i] = v; return b }
}

var badModels = []struct {
	name, file string
	edit       func([]byte) []byte
	option     string
	want       string
}{
	{"no mdef", "mdef", instead(""), "hmm", "is empty"},
	{"mdef gone", "mdef", func([]byte) []byte { return nil }, "hmm", "mdef does not exist; a model for US English comes with the Debian package pocketsphinx-en-us"},
	{"half an mdef", "mdef", half, "hmm", "is truncated"},
	{"mdef one byte short", "mdef", func(b []byte) []byte { return b[:len(b)-1] }, "hmm", "is truncated"},
	{"mdef of another machine", "mdef", replace("BMDF", "FDMB"), "hmm", "other byte order"},
	{"newer mdef", "mdef", at(4, 9), "hmm", "version 9; expected 1"},
	{"mdef with wild counts", "mdef", at(12+1052+3, 0x7f), "hmm", "counts"},
	{"mdef that is prose", "mdef", instead("once upon a time\n"), "hmm", "expected version 0.3"},
	{"mdef without silence", "mdef", replace("\x00SIL\x00", "\x00SIX\x00"), "hmm", "has no phone SIL"},
	{"half the means", "means", half, "hmm", "truncated"},
	{"means with a wrong bit", "means", at(5000, 1), "hmm", "checksum"},
	{"means that are variances of nothing", "means", instead("s3\nversion 1.0\nendhdr\nD3\"\x11"), "hmm", "feature streams"},
	{"means without the end of a header", "means", instead("s3\nversion 1.0\n"), "hmm", "no end to its header"},
	{"means of a newer version", "means", replace("version 1.0", "version 9.9"), "hmm", "version 9.9; expected 1.0"},
	{"means of another machine", "means", replace("D3\"\x11", "\x11\"3D"), "hmm", "other byte order"},
	{"no variances", "variances", func([]byte) []byte { return nil }, "hmm", "variances does not exist"},
	{"half the transitions", "transition_matrices", half, "hmm", "truncated"},
	{"half a sendump", "sendump", half, "hmm", "truncated"},
	{"sendump for others", "sendump", replace("feature_count 3", "feature_count 4"), "hmm", "does not match"},
	{"sendump of text", "sendump", instead("hello"), "hmm", "not a dump of senones"},
	{"no weights at all", "sendump", func([]byte) []byte { return nil }, "hmm", "mixture_weights does not exist"},
	{"parameters with an unknown option", "feat.params", added("\n-logfn /etc/passwd\n"), "hmm", `the option "-logfn"`},
	{"parameters with a wrong kind", "feat.params", replace("1s_c_d_dd", "1s_c_d_xx"), "hmm", `"1s_c_d_xx" for option "-feat"`},
	{"parameters with varnorm", "feat.params", replace("-varnorm no", "-varnorm yes"), "hmm", `"-varnorm"`},
	{"parameters of telephone speech", "feat.params", replace("-upperf 6800", "-upperf 3500"), "hmm", "expected a number from 4000 to 8000"},
	{"parameters without a value", "feat.params", added("\n-lifter\n"), "hmm", "without a value"},
	{"parameters that are not numbers", "feat.params", replace("-nfilt 25", "-nfilt NaN"), "hmm", "expected a whole number"},
	{"a mean that is not numbers", "feat.params", replace("41.00", "4l.OO"), "hmm", `"-cmninit"`},
	{"subvectors out of range", "feat.params", replace("26-38", "26-99"), "hmm", `"-svspec"`},
	{"silence of two phones", "noisedict", instead("<s> SIL\n</s> SIL\n<sil> SIL SIL\n"), "hmm", "noisedict line 3: the word <sil> has 2 phones, it must have one"},
	{"noises with unknown phones", "noisedict", added("++UM++ +UM+\n"), "hmm", "noisedict line 6: the acoustic model has no phone +UM+"},
	{"a transform", "feature_transform", instead("s3\n"), "hmm", "not supported"},
	{"no dictionary", "dict", func([]byte) []byte { return nil }, "dict", "does not exist"},
	{"an empty dictionary", "dict", instead("\n\n"), "dict", "has no words"},
	{"a word without phones", "dict", instead("go G OW\nforward\n"), "dict", "line 2: the word forward has no phones"},
	{"an unknown phone", "dict", instead("go G OU\n"), "dict", "line 1: the acoustic model has no phone OU, which the word go needs"},
	{"a word twice", "dict", instead("go G OW\ngo G AO\n"), "dict", "line 2: the word go is there before"},
	{"a variant alone", "dict", instead("go(2) G OW\n"), "dict", "line 1: the word go(2) comes before go"},
	{"a mark of the library", "dict", instead("<s> SIL\n"), "dict", "has the word <s>"},
	{"a binary dictionary", "dict", instead("go\x00G OW\n"), "dict", "zero bytes"},
	{"half a language model", "lm", half, "lm", "truncated"},
	{"a language model of zeros", "lm", instead("\x00\x00\x00\x00"), "lm", "is not a language model"},
	{"prose", "lm", instead("once upon a time\n"), "lm", `no line \data\`},
	{"orders out of order", "lm", instead("\\data\\\nngram 2=3\n"), "lm", "line 2"},
	{"six words at once", "lm", instead("\\data\\\nngram 1=1\nngram 2=1\nngram 3=1\nngram 4=1\nngram 5=1\nngram 6=1\n\\1-grams:\n"), "lm", "line 7"},
	{"too few n-grams", "lm", instead(strings.Replace(arpaSample, "ngram 1=4", "ngram 1=5", 1)), "lm", "1-gram 5 of 5"},
	{"an unknown word in an n-gram", "lm", instead(strings.Replace(arpaSample, "go forward", "go back", 1)), "lm", `"back" is not among the 1-grams`},
	{"not a number", "lm", instead(strings.Replace(arpaSample, "-0.3 go", "O.3 go", 1)), "lm", `"O.3" is not a number`},
	{"no end", "lm", instead(strings.Replace(arpaSample, `\end\`, "", 1)), "lm", `expected \end\`},
	{"a trie of order 9", "lm", instead("Trie Language Model\x09\x01\x00\x00\x00"), "lm", "truncated, or of an order"},
	{"a short trie", "lm", instead("Trie Language Model\x01\x01\x00\x00\x00"), "lm", "truncated"},
}

func TestModelsThatAreNot(t *testing.T) {
	t.Parallel()
	for _, c := range badModels {
		t.Run(c.name, func(t *testing.T) {
			_, err := checkModel(changed(t, around(t, c.file), c.file, c.edit))
			if err == nil {
				t.Fatal("the model was taken")
			}
			e := stt.AsError(err)
			if e.Code != stt.Invalid || e.Option != c.option || !strings.Contains(e.Msg, c.want) {
				t.Errorf("error %v, code %v, option %q; expected %q about option %q", err, e.Code, e.Option, c.want, c.option)
			}
		})
	}
}

// Every file of the model, cut anywhere, is refused: the library would read beyond its end.
func TestTruncatedModels(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"mdef", "means", "variances", "transition_matrices", "sendump", "lm"} {
		for _, permille := range []int{1, 10, 100, 500, 900, 999} {
			f := changed(t, around(t, file), file, func(b []byte) []byte { return b[:max(1, len(b)*permille/1000)] })
			if _, err := checkModel(f); err == nil {
				t.Errorf("%s cut to %d per mille was taken", file, permille)
			}
		}
	}
}

func TestModelInOddPlaces(t *testing.T) {
	full := turtle(t)
	for name, c := range map[string]struct {
		files modelFiles
		want  string
	}{
		"a file for a folder":   {modelFiles{hmm: full.dict, lm: full.lm, dict: full.dict}, "is a file; the option names a folder"},
		"a folder for a file":   {modelFiles{hmm: full.hmm, lm: full.lm, dict: full.hmm}, "is not a file"},
		"nothing":               {modelFiles{hmm: "/nonexistent", lm: full.lm, dict: full.dict}, "/nonexistent/feat.params does not exist; a model for US English comes with the Debian package pocketsphinx-en-us"},
		"a compressed model":    {modelFiles{hmm: full.hmm, lm: "/srv/$(reboot).gz", dict: full.dict}, "is compressed"},
		"a part of the package": {modelFiles{hmm: modelFolder + "fr-fr", lm: full.lm, dict: full.dict}, "the file belongs to the Debian package pocketsphinx-en-us"},
	} {
		_, err := checkModel(c.files)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v; expected %q", name, err, c.want)
		}
	}
}

func FuzzModelFile(f *testing.F) {
	def := &definition{phones: map[string]bool{"SIL": true, "AA": true}, ciphones: 2, states: 3, senones: 6, transitions: 2}
	feat := &features{streams: []int{39}, size: 39}
	f.Add([]byte(arpaSample))
	f.Add([]byte("go G OW\ngo(2) G AO\n"))
	f.Add([]byte("Trie Language Model\x02\x04\x00\x00\x00\x03\x00\x00\x00"))
	f.Add([]byte("\x11\x00\x00\x00Darpa Trigram LM\x00\x01\x00\x00\x00x\xff\xff\xff\xff"))
	f.Add([]byte("BMDF\x01\x00\x00\x00\x01\x00\x00\x00x\x01\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00"))
	f.Add([]byte("0.3\n1 n_base\n0 n_tri\n4 n_state_map\n3 n_tied_ci_state\n3 n_tied_state\n1 n_tied_tmat\nSIL - - - filler 0 0 1 2 N\n"))
	f.Add([]byte("s3\nversion 1.0\nendhdr\nD3\"\x11\x01\x00\x00\x00\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// None of these may panic or take long; what they say is tested above.
		(&definition{phones: map[string]bool{}}).binary(newBlob(data))
		(&definition{phones: map[string]bool{}}).text(string(data))
		gaussians(newBlob(data), def, feat)
		transitions(newBlob(data), def)
		sendump(newBlob(data), def, 1, 8)
		trie(newBlob(data))
		dump(newBlob(data))
		arpa(data)
		entry(strings.Fields("w "+string(data)), def.phones, map[string]bool{})
		subvectors(string(data), 39)
	})
}
