package resource_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/stt"
)

// vocabularies is what the tests and the fuzzer go by.
var vocabularies = []struct {
	name, text string
	want       []stt.Phrase
	fault      string // of the error
}{
	{"the guide's own", "Phrase\tSoundsLike\tIPA\tDisplayAs\nLos-Angeles\t\t\tLos Angeles\nF.B.I.\teff-bee-eye\t\tFBI\nEtienne\t\te t j ɛ n\t\n",
		[]stt.Phrase{{Text: "Los-Angeles", DisplayAs: "Los Angeles"}, {Text: "F.B.I.", SoundsLike: "eff-bee-eye", DisplayAs: "FBI"}, {Text: "Etienne", IPA: "e t j ɛ n"}}, ""},
	{"another order", "DisplayAs\tPhrase\tIPA\tSoundsLike\nMP3\tem-pee-three\t\t", []stt.Phrase{{Text: "em-pee-three", DisplayAs: "MP3"}}, ""},
	{"one column", "Phrase\nzip\n\nzap\n", []stt.Phrase{{Text: "zip"}, {Text: "zap"}}, ""},
	{"cells left out at the end", "Phrase\tIPA\tDisplayAs\nzip\nzap\t\tZAP", []stt.Phrase{{Text: "zip"}, {Text: "zap", DisplayAs: "ZAP"}}, ""},
	{"rows of nothing", "Phrase\tDisplayAs\n\t\n \nzip\tZip\n", []stt.Phrase{{Text: "zip", DisplayAs: "Zip"}}, ""},
	{"list by line", "Los-Angeles\nétude\nO'Neill", []stt.Phrase{{Text: "Los-Angeles"}, {Text: "étude"}, {Text: "O'Neill"}}, ""},
	{"list by comma", "one, two ,three,\nfour", []stt.Phrase{{Text: "one"}, {Text: "two"}, {Text: "three"}, {Text: "four"}}, ""},
	{"other scripts", "東京\nमुंबई\nالقاهرة", []stt.Phrase{{Text: "東京"}, {Text: "मुंबई"}, {Text: "القاهرة"}}, ""},
	{"longest phrase", strings.Repeat("é", resource.MaxPhrase), []stt.Phrase{{Text: strings.Repeat("é", resource.MaxPhrase)}}, ""},

	{"nothing", "", nil, "expected one phrase at least"},
	{"empty lines", "\n\n,,\n", nil, "expected one phrase at least"},
	{"a header alone", "Phrase\tDisplayAs\n", nil, "expected one phrase at least"},
	{"CRLF", "Phrase\tIPA\r\nsecret\t\r\n", nil, "line 1, column 11: the line ends in CR LF"},
	{"CRLF in a list", "zip\nsecret\r\n", nil, "line 2, column 7: the line ends in CR LF"},
	{"CR alone", "zip\rzap", nil, "line 1, column 4: got a control character"},
	{"not UTF-8", "zip\nséc\xffret", nil, "line 2, column 4: expected UTF-8"},
	{"byte order mark", "\uFEFFPhrase\nzip", nil, "line 1, column 1: got a byte order mark"},
	{"NUL", "zip\x00", nil, "line 1, column 4: got a control character"},
	{"no column Phrase", "SoundsLike\tIPA\na\tb", nil, "line 1, column 1: expected a column Phrase"},
	{"unknown column", "Phrase\tSecret\na\tb", nil, "line 1, column 8: expected the name of a column"},
	{"case of a column", "Phrase\tdisplayas\na\tb", nil, "line 1, column 8: expected the name of a column"},
	{"a table without a header", "secret\t\t\tSecret\n", nil, "line 1, column 1: expected the name of a column"},
	{"a column twice", "Phrase\tIPA\tPhrase\na\tb\tc", nil, "line 1, column 12: the column Phrase is there twice"},
	{"too many cells", "Phrase\tIPA\nzip\t\t\tsecret", nil, "line 2, column 6: expected 2 columns"},
	{"no phrase", "Phrase\tDisplayAs\n\tSecret\n", nil, "line 2, column 1: expected a phrase"},
	{"both pronunciations", "Phrase\tIPA\tSoundsLike\nzip\ts e\tsee-cret\n", nil, "line 2, column 9: expected SoundsLike or IPA; got both"},
	{"a space", "Phrase\nzip\nzip secret", nil, "line 3, column 4: expected no space"},
	{"a space in a list", "zip, zap secret", nil, "line 1, column 9: expected no space"},
	{"a digit", "zip\nsecret-7", nil, "line 2, column 8: expected letters; got a digit"},
	{"another character", "zip\nsécret!", nil, "line 2, column 7: expected letters, hyphens"},
	{"no letter", "zip\n--.", nil, "line 2, column 1: expected a letter"},
	{"too long", "zip\n" + strings.Repeat("é", resource.MaxPhrase+1), nil, "line 2, column 1: expected at most 256 characters; got 257"},
	{"too long to display", "Phrase\tDisplayAs\nzip\t" + strings.Repeat("x", resource.MaxPhrase+1), nil, "line 2, column 5: expected at most 256 characters; got 257"},
	{"too large", strings.Repeat("zip\n", resource.MaxContent/4+1), nil, "expected at most 51200 bytes; got 51204"},
	{"a list with a tab", "zip\nzap\tsecret", nil, "line 2, column 4: expected no space"},
}

func TestParseVocabulary(t *testing.T) {
	for _, c := range vocabularies {
		t.Run(c.name, func(t *testing.T) {
			got, err := resource.ParseVocabulary([]byte(c.text))
			judge(t, err, c.fault)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %+v, expected %+v", got, c.want)
			}
		})
	}
}

// judge checks an error: of the right type, in the right place, and without any of the content.
func judge(t *testing.T, err error, fault string) {
	t.Helper()
	if fault == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	if err == nil || !strings.HasPrefix(err.Error(), fault) {
		t.Fatalf("got error %v, expected %s...", err, fault)
	}
	if e := (*resource.SyntaxError)(nil); !errors.As(err, &e) {
		t.Errorf("the error is a %T", err)
	}
	if strings.Contains(strings.ToLower(err.Error()), "secret") || strings.Contains(err.Error(), "séc") {
		t.Errorf("the error shows what the file says: %v", err)
	}
}

func TestFaultsOfPhrases(t *testing.T) {
	content, err := resource.FormatPhrases([]string{"fine", "not fine"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = resource.ParseVocabulary(content)
	var e *resource.SyntaxError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	e.Line-- // the line that names the column is ours
	if got := e.At("phrase"); got != "phrase 2, column 4: expected no space; join the words of a phrase with hyphens" {
		t.Error(got)
	}
}

var filters = []struct {
	name, text string
	want       []string
	fault      string
}{
	{"by line", "damn\nmp3\n\nÉtat\n", []string{"damn", "mp3", "État"}, ""},
	{"by comma", "one, two,three,", []string{"one", "two", "three"}, ""},
	{"marks inside", "o'clock\nf***\nvice-versa", []string{"o'clock", "f***", "vice-versa"}, ""},
	{"nothing", "\n", nil, "expected one word at least"},
	{"two words", "fine\ntwo secrets", nil, "line 2, column 4: expected a single word"},
	{"a tab", "fine\ntwo\tsecrets", nil, "line 2, column 4: expected a single word"},
	{"no letter", "fine\n***", nil, "line 2, column 1: expected a letter or a digit"},
	{"CRLF", "secret\r\n", nil, "line 1, column 7: the line ends in CR LF"},
	{"too long", "a," + strings.Repeat("x", resource.MaxPhrase+1), nil, "line 1, column 3: expected at most 256 characters; got 257"},
	{"not UTF-8", "\xc3", nil, "line 1, column 1: expected UTF-8"},
}

func TestParseFilter(t *testing.T) {
	for _, c := range filters {
		t.Run(c.name, func(t *testing.T) {
			got, err := resource.ParseFilter([]byte(c.text))
			judge(t, err, c.fault)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, expected %q", got, c.want)
			}
		})
	}
}

// What has been written down is read as it was given, and what could not be is refused.
func TestFormat(t *testing.T) {
	for _, c := range []struct {
		list  []string
		fault string
	}{
		{[]string{"zip", "zap"}, ""},
		{[]string{"zip", "zap\tsecret"}, "line 2, column 4"},
		{[]string{"zip\n"}, "line 1, column 4"},
		{[]string{strings.Repeat("x", resource.MaxContent)}, "expected at most 51200 bytes"},
	} {
		content, err := resource.FormatPhrases(c.list)
		judge(t, err, c.fault)
		if err == nil {
			phrases, err := resource.ParseVocabulary(content)
			if err != nil || len(phrases) != len(c.list) || phrases[0].Text != c.list[0] {
				t.Errorf("%q becomes %v, %v", c.list, phrases, err)
			}
		}
		content, err = resource.FormatFilter(c.list)
		judge(t, err, c.fault)
		if err == nil {
			if words, err := resource.ParseFilter(content); err != nil || !slices.Equal(words, c.list) {
				t.Errorf("%q becomes %q, %v", c.list, words, err)
			}
		}
	}
	for _, w := range []string{"a,secret", " ", ""} {
		if _, err := resource.FormatFilter([]string{w}); err == nil {
			t.Errorf("%q is written", w)
		}
	}
}

func FuzzParseVocabulary(f *testing.F) {
	for _, c := range vocabularies {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		phrases, err := resource.ParseVocabulary(content)
		if err != nil {
			checkPlace(t, content, err)
			return
		}
		table := resource.FormatVocabulary(phrases)
		if len(table) > resource.MaxContent {
			return // a list of many short phrases is a longer table
		}
		again, err := resource.ParseVocabulary(table)
		if err != nil || !slices.Equal(again, phrases) {
			t.Fatalf("%+v is written as %q and read as %+v, %v", phrases, table, again, err)
		}
	})
}

func FuzzParseFilter(f *testing.F) {
	for _, c := range filters {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		words, err := resource.ParseFilter(content)
		if err != nil {
			checkPlace(t, content, err)
			return
		}
		list, err := resource.FormatFilter(words)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := resource.ParseFilter(list); err != nil || !slices.Equal(again, words) {
			t.Fatalf("%q is written as %q and read as %q, %v", words, list, again, err)
		}
	})
}

// checkPlace fails unless an error lies in the content.
func checkPlace(t *testing.T, content []byte, err error) {
	t.Helper()
	var e *resource.SyntaxError
	if !errors.As(err, &e) {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	all := strings.Split(string(content), "\n")
	if e.Line == 0 && e.Column == 0 {
		return
	}
	if e.Line < 1 || e.Line > len(all) || e.Column < 1 || e.Column > len([]rune(all[e.Line-1]))+1 {
		t.Fatalf("%v lies outside of %q", err, content)
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{"a": true, "My.Words_2-b": true, strings.Repeat("a", 200): true,
		"": false, strings.Repeat("a", 201): false, "a b": false, "a/b": false, "a*": false, "é": false, "a\n": false} {
		if resource.ValidName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
