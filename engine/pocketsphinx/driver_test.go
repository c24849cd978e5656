package pocketsphinx

import (
	"context"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func TestDriverOptions(t *testing.T) {
	d := Driver()
	if d.Name != "pocketsphinx" || d.Title == "" || !strings.Contains(d.Doc, libraryPackage) || !strings.Contains(d.Doc, modelPackage) {
		t.Errorf("driver %q, %q, %q", d.Name, d.Title, d.Doc)
	}
	for _, o := range d.Options {
		if o.Help == "" || o.Default == "" {
			t.Errorf("option %q has no help or no default", o.Name)
		}
	}
	for _, slots := range []string{"-1", "257", "many"} {
		_, err := d.Open(t.Context(), map[string]string{"slots": slots}, nil)
		if e := stt.AsError(err); e == nil || e.Code != stt.Invalid || e.Option != "pocketsphinx.slots" {
			t.Errorf("slots %s: %v", slots, err)
		}
	}
	if o, err := parseOptions(map[string]string{"slots": "0"}); err != nil || o.slots < 1 {
		t.Errorf("slots 0: %d, %v; expected one for each core", o.slots, err)
	}
}

// Without the tag there is a driver that says what to do; with it, a model that is not there is named.
func TestWhatIsMissing(t *testing.T) {
	d := Driver()
	r, err := d.Open(context.Background(), map[string]string{"hmm": "/nonexistent"}, nil)
	if err == nil {
		t.Fatalf("opened %v", r)
	}
	want, code := []string{"-tags pocketsphinx", "libpocketsphinx-dev", "pocketsphinx-en-us"}, stt.Unsupported
	if built {
		want, code = []string{"/nonexistent/feat.params does not exist", "pocketsphinx-en-us"}, stt.Invalid
	}
	if stt.CodeOf(err) != code {
		t.Errorf("code %v; expected %v", stt.CodeOf(err), code)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func TestCheck(t *testing.T) {
	d := Driver()
	good, err := d.Resolve(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	debian(t)
	for _, f := range Check(good) {
		if f.Detail == "" || !f.OK && (f.What != "engine" || built) {
			t.Errorf("finding %+v", f)
		}
	}
	bad, err := d.Resolve(map[string]string{"dict": "/nonexistent"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := Check(bad)
	if last := all[len(all)-1]; last.OK || last.What != "model" || !strings.Contains(last.Detail, "/nonexistent does not exist") {
		t.Errorf("finding %+v", last)
	}
	all = Check(map[string]string{"slots": "x"})
	if last := all[len(all)-1]; last.OK || last.What != "options" {
		t.Errorf("finding %+v", last)
	}
}

func TestSpokenWords(t *testing.T) {
	for entry, want := range map[string]string{
		"go": "go", "read(2)": "read", "read(12)": "read", "o'clock": "o'clock", "don't(2)": "don't",
		"<s>": "", "</s>": "", "<sil>": "", "[NOISE]": "", "[SPEECH]": "", "++UM++": "", "++um++(2)": "", "": "",
		"c(x)": "c(x)", "(2)": "(2)", "smile:)": "smile:)",
	} {
		if got := spoken(entry); got != want {
			t.Errorf("%q is shown as %q; expected %q", entry, got, want)
		}
	}
}

func TestWordsOf(t *testing.T) {
	hyp := []found{{"<s>", 0, 20, 1}, {"go", 20, 40, 0.5}, {"[NOISE]", 40, 45, 1}, {"on(2)", 45, 90, 1.5}, {"</s>", 90, 99, 1}}
	limits := stt.SpanOf(at1, at1+800*frameTime/10)
	words := wordsOf(hyp, at1, limits, true)
	if stt.JoinWords(words) != "go on" {
		t.Fatalf("words %+v", words)
	}
	if words[0].Span != stt.SpanOf(at1+20*frameTime, at1+40*frameTime) || words[0].Confidence != stt.ConfidenceOf(0.5) {
		t.Errorf("word %+v", words[0])
	}
	if words[1].Span.End != limits.End || words[1].Confidence != stt.ConfidenceOf(1) {
		t.Errorf("word %+v; expected its end at the limit %v", words[1], limits.End)
	}
	if alt := alternative(words); alt.Text != "go on" || alt.Confidence != stt.ConfidenceOf(0.75) {
		t.Errorf("alternative %+v", alt)
	}
	if alt := alternative(wordsOf(hyp, at1, limits, false)); alt.Confidence.Known {
		t.Errorf("a partial with confidence: %+v", alt)
	}
	if words := wordsOf(hyp[:1], 0, limits, true); words != nil {
		t.Errorf("words %+v in silence", words)
	}
}

const at1 = 3 * 100 * frameTime
