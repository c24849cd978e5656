package speechall

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func half() *float64 { f := 0.5; return &f }

// queries is what the decoder, the encoder and the fuzzer are fed with.
var queries = []struct {
	name, query string
	want        Params // where option is empty
	option      string // at fault
}{
	{name: "defaults", query: "model=local.script", want: Params{Model: "local.script", Language: "en", Format: "text", Punctuation: true}},
	{name: "everything", query: "model=deepgram.nova-2&language=en_us&output_format=json&ruleset_id=r1&punctuation=false&diarization=true" +
		"&initial_prompt=a%20b+c&temperature=0.5&speakers_expected=2&custom_vocabulary=Speech%20all&custom_vocabulary=Acton%2Cdon&interim_results=true",
		want: Params{Model: "deepgram.nova-2", Language: "en_us", Format: "json", Ruleset: "r1", Diarization: true, Prompt: "a b c",
			Temperature: half(), Speakers: 2, Vocabulary: []string{"Speech all", "Acton,don"}, Interim: true}},
	{name: "unknown and retired parameters", query: "model=a.b&timestamp_granularity=word&smart_format=true&foo=bar&api_key=k",
		want: Params{Model: "a.b", Language: "en", Format: "text", Punctuation: true}},
	{name: "empty values are absent", query: "model=a.b&language=&temperature=&speakers_expected=&custom_vocabulary=",
		want: Params{Model: "a.b", Language: "en", Format: "text", Punctuation: true}},
	{name: "python's booleans", query: "model=a.b&punctuation=False&diarization=True",
		want: Params{Model: "a.b", Language: "en", Format: "text", Diarization: true}},
	{name: "verbose", query: "model=a.b&output_format=verbose_json", want: Params{Model: "a.b", Language: "en", Format: "verbose_json", Punctuation: true}},
	{name: "no model", query: "language=en", option: "model"},
	{name: "long model", query: "model=" + strings.Repeat("m", MaxModel+1), option: "model"},
	{name: "language", query: "model=a.b&language=klingon", option: "language"},
	{name: "format", query: "model=a.b&output_format=xml", option: "output_format"},
	{name: "boolean", query: "model=a.b&punctuation=maybe", option: "punctuation"},
	{name: "warm", query: "model=a.b&temperature=1.01", option: "temperature"},
	{name: "cold", query: "model=a.b&temperature=-0.1", option: "temperature"},
	{name: "not a number", query: "model=a.b&temperature=NaN", option: "temperature"},
	{name: "nobody", query: "model=a.b&speakers_expected=0", option: "speakers_expected"},
	{name: "a crowd", query: "model=a.b&speakers_expected=11", option: "speakers_expected"},
	{name: "long prompt", query: "model=a.b&initial_prompt=" + strings.Repeat("p", MaxPrompt+1), option: "initial_prompt"},
	{name: "long term", query: "model=a.b&custom_vocabulary=" + strings.Repeat("t", MaxTerm+1), option: "custom_vocabulary"},
	{name: "many terms", query: "model=a.b" + strings.Repeat("&custom_vocabulary=t", MaxVocabulary+1), option: "custom_vocabulary"},
}

func TestQueries(t *testing.T) {
	for _, c := range queries {
		t.Run(c.name, func(t *testing.T) {
			q, err := url.ParseQuery(c.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseQuery(q)
			if c.option != "" {
				fault(t, err, c.option)
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %+v, %v; expected %+v", got, err, c.want)
			}
			again, err := ParseQuery(got.Query())
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("written and read again it is %+v, %v", again, err)
			}
		})
	}
}

// fault checks that an error names the parameter and is the client's fault.
func fault(t *testing.T, err error, option string) {
	t.Helper()
	e := stt.AsError(err)
	if e == nil || e.Option != option || !strings.Contains(e.Msg, option) {
		t.Fatalf("got %v; expected an error that names %q", err, option)
	}
	if x := ErrorOf(err); x.Status != 400 || x.Code != CodeInvalid {
		t.Errorf("the client gets %+v", x)
	}
	if len(e.Msg) > 1000 {
		t.Errorf("the error has %d bytes", len(e.Msg))
	}
}

func FuzzQuery(f *testing.F) {
	for _, c := range queries {
		if len(c.query) < 1<<10 {
			f.Add(c.query)
		}
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, _ := url.ParseQuery(query)
		p, err := ParseQuery(q)
		if err != nil {
			if x := ErrorOf(err); x.Status != 400 {
				t.Fatalf("%q: %+v", query, x)
			}
			return
		}
		again, err := ParseQuery(p.Query())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%+v became %+v, %v", p, again, err)
		}
		p.Config(&stt.Capabilities{})
	})
}

var remotes = []struct {
	name, body string
	want       Remote
	option     string
	malformed  bool
}{
	{name: "the sheet's", body: `{"file_url":"https://example.com/a.mp3","model":"openai.whisper-1","language":"en","output_format":"json",
		"diarization":true,"custom_vocabulary":["x","y"],"replacement_ruleset":[{"kind":"exact","search":"a","replacement":"b","caseSensitive":false}]}`,
		want: Remote{URL: "https://example.com/a.mp3", Params: Params{Model: "openai.whisper-1", Language: "en", Format: "json", Punctuation: true,
			Diarization: true, Vocabulary: []string{"x", "y"}}, Rules: []Rule{{Kind: RuleExact, Search: "a", Replacement: "b"}}}},
	{name: "numbers", body: `{"file_url":"http://a/b","model":"a.b","temperature":0.5,"speakers_expected":3,"punctuation":false,"initial_prompt":null,"more":[1]}`,
		want: Remote{URL: "http://a/b", Params: Params{Model: "a.b", Language: "en", Format: "text", Temperature: half(), Speakers: 3}}},
	{name: "one term", body: `{"file_url":"http://a/b","model":"a.b","custom_vocabulary":"one, and the same"}`,
		want: Remote{URL: "http://a/b", Params: Params{Model: "a.b", Language: "en", Format: "text", Punctuation: true, Vocabulary: []string{"one, and the same"}}}},
	{name: "no address", body: `{"model":"a.b"}`, option: "file_url"},
	{name: "no model", body: `{"file_url":"http://a/b"}`, option: "model"},
	{name: "model of another kind", body: `{"file_url":"http://a/b","model":"a.b","speakers_expected":[2]}`, option: "speakers_expected"},
	{name: "terms of another kind", body: `{"file_url":"http://a/b","model":"a.b","custom_vocabulary":[1]}`, option: "custom_vocabulary"},
	{name: "rules", body: `{"file_url":"http://a/b","model":"a.b","replacement_ruleset":[{"kind":"exact"}]}`, option: "rules[0].search"},
	{name: "no object", body: `[]`, malformed: true},
	{name: "null", body: `null`, malformed: true},
	{name: "cut", body: `{"model":`, malformed: true},
}

func TestRemotes(t *testing.T) {
	for _, c := range remotes {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseRemote([]byte(c.body))
			switch {
			case c.malformed:
				if stt.CodeOf(err) != stt.Malformed || ErrorOf(err).Status != 400 {
					t.Fatalf("got %v", err)
				}
			case c.option != "":
				fault(t, err, c.option)
			case err != nil || !reflect.DeepEqual(got, c.want):
				t.Fatalf("got %+v, %v; expected %+v", got, err, c.want)
			}
		})
	}
}

func FuzzRemote(f *testing.F) {
	for _, c := range remotes {
		f.Add(c.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r, err := ParseRemote([]byte(body))
		if err != nil {
			if x := ErrorOf(err); x.Status != 400 || x.Message == "" {
				t.Fatalf("%q: %+v", body, x)
			}
			return
		}
		if r.URL == "" || r.Model == "" {
			t.Fatalf("%q passed: %+v", body, r)
		}
	})
}
