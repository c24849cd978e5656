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
	twice := stt.FormatRecords([]map[string]string{aModel("a", "fr"), aModel("a", "es")})
	for _, c := range []struct{ name, value, option string }{
		{"slots", "-1", "slots"}, {"slots", "257", "slots"}, {"slots", "many", "slots"},
		{"finals", "quick", "finals"},
		{"silence", "99ms", "silence"}, {"silence", "11s", "silence"}, {"silence", "1", "silence"},
		{"longest", "1s", "longest"}, {"longest", "61s", "longest"},
		{"models", "[]", "models"}, {"models", twice, "models[1].name"}, {"models", `[{"name":"x"}]`, "models[0].language"},
		{"models", stt.FormatRecords([]map[string]string{aModel("a", "fr_FR")}), "models[0].language"},
		{"models", stt.FormatRecords([]map[string]string{aModel("a", "French")}), "models[0].language"},
	} {
		_, err := d.Open(t.Context(), map[string]string{c.name: c.value}, nil)
		if e := stt.AsError(err); e == nil || e.Code != stt.Invalid || e.Option != "pocketsphinx."+c.option {
			t.Errorf("%s %s: %v", c.name, c.value, err)
		}
	}
	values, err := d.Resolve(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o, err := parseOptions(values); err != nil || o.slots < 1 || len(o.models) != 1 || !o.accurate || o.silence != defaultSilence || o.longest != defaultLongest {
		t.Errorf("defaults: %+v, %v", o, err)
	}
}

func aModel(name, language string) map[string]string {
	return map[string]string{"name": name, "language": language, "hmm": "/nonexistent", "lm": "/nonexistent", "dict": "/nonexistent"}
}

// Without the tag there is a driver that says what to do; with it, a model that is not there is named.
func TestWhatIsMissing(t *testing.T) {
	d := Driver()
	r, err := d.Open(context.Background(), map[string]string{"models": stt.FormatRecords([]map[string]string{aModel("a", "fr")})}, nil)
	if err == nil {
		t.Fatalf("opened %v", r)
	}
	want, code := []string{"-tags pocketsphinx", "libpocketsphinx-dev", "pocketsphinx-en-us"}, stt.Unsupported
	if built {
		want, code = []string{`"pocketsphinx.models[0].hmm": /nonexistent/feat.params does not exist`, "pocketsphinx-en-us"}, stt.Invalid
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
	models, err := stt.Records(good["models"])
	if err != nil {
		t.Fatal(err)
	}
	bad, err := d.Resolve(map[string]string{"models": stt.FormatRecords(append(models, aModel("a", "fr")))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := Check(bad)
	if last := all[len(all)-1]; last.OK || last.What != "model" || !strings.Contains(last.Detail, "models[1].hmm") {
		t.Errorf("finding %+v", last)
	}
	if first := all[len(all)-2]; !first.OK || first.What != "model" || !strings.Contains(first.Detail, "en-US") {
		t.Errorf("finding %+v", first)
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
