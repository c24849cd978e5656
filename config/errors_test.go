package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/stt"
)

// mistakes takes a joined error apart.
func mistakes(t *testing.T, err error) []*stt.Error {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%v is not a joined error", err)
	}
	var list []*stt.Error
	for _, e := range joined.Unwrap() {
		mistake, ok := e.(*stt.Error)
		if !ok || mistake.Code != stt.Invalid {
			t.Fatalf("%v is not an *stt.Error with code invalid", e)
		}
		list = append(list, mistake)
	}
	return list
}

func TestMistakesInFiles(t *testing.T) {
	for _, c := range []struct{ yaml, option, text string }{
		// values
		{"limits:\n  idle: 15\n", "limits.idle", `etc/earshot.yaml:2:9: option "limits.idle" is "15"; expected a duration such as 15s or 1h30m, 0 or more`},
		{"limits: {idle: -1s}", "limits.idle", `is "-1s"`},
		{"limits: {lag: 0s}", "limits.lag", "above 0"},
		{"limits: {finish: 0}", "limits.finish", "above 0"},
		{"limits: {streams: -1}", "limits.streams", "a whole number, 0 or more"},
		{"limits: {streams: 1_000}", "limits.streams", `is "1_000"`},
		{"limits: {message: 1MB}", "limits.message", "a size such as 64KiB or 1MiB, from 1KiB to 1GiB"},
		{"limits: {message: 1023}", "limits.message", "from 1KiB"},
		{"limits: {message: 2GiB}", "limits.message", "to 1GiB"},
		{"listen: 8080", "listen", "an address such as"},
		{"listen: 127.0.0.1:http", "listen", "an address such as"},
		{"listen: 127.0.0.1:65536", "listen", "an address such as"},
		{"listen: http://localhost:80", "listen", "an address such as"},
		{"tls: {listen: '::1:80'}", "tls.listen", "an address such as"},
		{"log: {level: INFO}", "log.level", "debug, info, warn or error"},
		{"log: {format: xml}", "log.format", "text or json"},
		{"transcribe: {oversize: drop}", "transcribe.oversize", "split or refuse"},
		{"allow_plain: yes", "allow_plain", "true or false"},
		{"admin_listen: 0.0.0.0:9090", "admin_listen", "a loopback address, or \"allow_plain: true\""},
		{"engine: Pocket Sphinx", "engine", "lower-case letters"},
		{"public_hosts: [https://a.example]", "public_hosts", "hosts such as"},
		{"public_hosts: ['a.example,,b.example']", "public_hosts", "hosts such as"},
		{"grace: " + strings.Repeat("x", 500), "grace", "…"},
		// kinds of values
		{"limits: 15s", "limits", `option "limits" is a single value; expected keys and values`},
		{"limits: [15s]", "limits", "is a list"},
		{"speechall: {aliases: ['whisper-1']}", "speechall.aliases", "pairs such as"},
		{"speechall: {aliases: ['a=b', 'a=c']}", "speechall.aliases", "pairs such as"},
		{"speechall: {origins: [app.example.com]}", "speechall.origins", "origins such as"},
		{"speechall: {origins: ['https://app.example.com/page']}", "speechall.origins", "origins such as"},
		{"speechall: {origins: ['*', 'https://a.example']}", "speechall.origins", "origins such as"},
		{"speechall: {fetch_allow: [files.example.com]}", "speechall.fetch_allow", "networks such as"},
		{"speechall: {fetch_allow: ['fe80::1%eth0']}", "speechall.fetch_allow", "networks such as"},
		{"speechall: {fetch_allow: ['::ffff:10.0.0.0/104']}", "speechall.fetch_allow", "networks such as"},
		{"ffmpeg: {processes: 0}", "ffmpeg.processes", "1 or more"},
		{"ffmpeg: {memory: 1MiB}", "ffmpeg.memory", "from 32MiB"},
		{"store: mysql://root@db/x", "store", "expected sqlite:PATH or postgres://"},
		{"vocabularies: {buckets: [bucket/folder]}", "vocabularies.buckets", "prefixes such as s3://bucket/folder/"},
		{"vocabularies: {buckets: ['s3:///folder']}", "vocabularies.buckets", "prefixes such as s3://bucket/folder/"},
		{"grace: [15s]", "grace", "is a list; expected a duration"},
		{"grace: {idle: 15s}", "grace", "is a section"},
		{"grace:", "grace", `has no value; write "" for an empty one`},
		{"data: ~", "data", "has no value"},
		{"public_hosts: [a.example, {}]", "public_hosts", "is a section; expected hosts"},
		{"public_hosts: [a.example, '']", "public_hosts", "is empty; expected hosts"},
		{"public_hosts: [~]", "public_hosts", "is empty; expected hosts"},
		{"engines: {script: {slots: [1]}}", "engines.script.slots[0]", "is a single value; expected a record of keys and values"},
		{"engines: {script: 1}", "engines.script", "is a single value"},
		{"- listen", "", "the file is a list; expected keys and values"},
		{"just text", "", "the file is a single value"},
		{"? [a]\n: b", "", "the name of a key"},
		{"data: &x y\nengine: *x", "engine", "an alias, which is not supported here"},
		// keys
		{"\nlimits:\n  idel: 1s\n", "limits.idel", `etc/earshot.yaml:3:3: option "limits.idel" is not known; did you mean "limits.idle"?`},
		{"idle: 1s", "idle", `did you mean "limits.idle"?`},
		{"limit:\n  idle: 1s", "limit", `did you mean "limits"?`},
		{"tls_cert: a", "tls_cert", `did you mean "tls.cert"?`},
		{"Listen: ''", "Listen", `did you mean "listen"?`},
		{"allow-plain: true", "allow-plain", `did you mean "allow_plain"?`},
		{"engins: {}", "engins", `did you mean "engines"?`},
		{"banana: 1", "banana", `option "banana" is not known`},
		{strings.Repeat("k", 500) + ": 1", strings.Repeat("k", 500), "…"},
		{"<<: {listen: ''}", "<<", "is not known"},
		{"engines: {Script: {slots: 1}}", "engines.Script", "the name of lower-case letters"},
		{"engines: {script: {Slots: 1}}", "engines.script.Slots", "the option with _ besides"},
		{"engines: {script: {slots: {a: 1}}}", "engines.script.slots", "is a section; expected a text, or a list of records"},
		{"engines.script.slots.a: 1", "engines.script.slots.a", "nothing below"},
		{"grace: 1s\ngrace: 2s", "grace", `etc/earshot.yaml:2:1: option "grace" is set a second time; the first is in line 1`},
		{"limits: {idle: 1s}\nlimits.idle: 1s", "limits.idle", "a second time"},
		// documents
		{"a: b\n---\nc: d", "config", "more than one document"},
		{"limits: {idle: 1s", "config", "etc/earshot.yaml: line"},
		{"\tlisten: x", "config", "etc/earshot.yaml: found character"},
		{"data: *nobody", "config", "unknown anchor"},
		{"data: \xff\xfe", "config", "etc/earshot.yaml: "},
		// what does not fit together
		{"listen: off\ntls: {listen: ''}", "listen", `etc/earshot.yaml:1:9: "listen" and "tls.listen" are both off`},
		{"tls: {cert: a.pem}", "tls.key", `etc/earshot.yaml:1:13: option "tls.cert" is set and "tls.key" is not`},
		{"tls: {key: a.pem}", "tls.cert", `"tls.key" is set and "tls.cert" is not`},
		{"listen: 127.0.0.1:1\ntls: {listen: '127.0.0.1:1'}", "tls.listen", "both \"127.0.0.1:1\"; expected different addresses"},
	} {
		_, _, err := load(c.yaml, config.Options{})
		if err == nil {
			t.Errorf("%q is taken", c.yaml)
			continue
		}
		list := mistakes(t, err)
		if len(list) != 1 {
			t.Errorf("%q: %d mistakes: %v", c.yaml, len(list), err)
		}
		if list[0].Option != c.option || list[0].Want == "" || !strings.Contains(list[0].Error(), c.text) || len(list[0].Msg) > 400 {
			t.Errorf("%q:\n  %q (option %q)\nexpected option %q and\n  %q", c.yaml, list[0], list[0].Option, c.option, c.text)
		}
	}
}

func TestPlainOffLoopback(t *testing.T) {
	for _, addr := range []string{":8080", "0.0.0.0:8080", "[::]:80", "192.168.0.1:80", "example.com:80", "[::ffff:10.0.0.1]:80"} {
		flags := map[string]string{"listen": addr}
		_, _, err := config.Load(config.Options{Flags: flags})
		if err == nil {
			t.Errorf("%s is taken without TLS", addr)
			continue
		}
		text := err.Error()
		for _, want := range []string{"--listen: ", addr, "loopback", "tls.listen", "allow_plain: true"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q does not say %q", addr, text, want)
			}
		}
		flags["allow_plain"] = "true"
		if _, _, err := config.Load(config.Options{Flags: flags}); err != nil {
			t.Errorf("%s with allow_plain: %v", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "localhost:80", "LocalHost:80", "[::ffff:127.0.0.1]:80", "", "off"} {
		if _, _, err := config.Load(config.Options{Flags: map[string]string{"listen": addr}}); err != nil {
			t.Errorf("%q: %v", addr, err)
		}
	}
	// Two listeners on any free port are not the same address.
	if _, _, err := config.Load(config.Options{Flags: map[string]string{"listen": "127.0.0.1:0", "tls.listen": "127.0.0.1:0"}}); err != nil {
		t.Error(err)
	}
}

func TestMistakesElsewhere(t *testing.T) {
	_, _, err := load("grace: x\nlimits: {idle: y}", config.Options{
		Environ: []string{"EARSHOT_LIMITS_STREAMS=many", "EARSHOT_LISTEN=nowhere", "EARSHOT_DATA=\xff"},
		Flags:   map[string]string{"engine": "", "limits.idel": "1s", "tls.cert": "c.pem"},
	})
	if err == nil {
		t.Fatal("taken")
	}
	list := mistakes(t, err)
	var got []string
	for _, e := range list {
		place, _, _ := strings.Cut(e.Msg, ": ")
		got = append(got, place+" "+e.Option)
	}
	want := []string{"etc/earshot.yaml:1:8 grace", "etc/earshot.yaml:2:16 limits.idle", "EARSHOT_DATA data", "EARSHOT_LIMITS_STREAMS limits.streams",
		"EARSHOT_LISTEN listen", "--engine engine", "--limits-idel limits.idel", "--tls-cert tls.key"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("mistakes are\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if e := stt.AsError(err); e.Option != "grace" {
		t.Errorf("AsError finds %v", e)
	}
}

// TestNoFollowUps: a key with a mistake brings no second error about what it does not fit to.
func TestNoFollowUps(t *testing.T) {
	for _, yaml := range []string{"listen: ''\ntls: {listen: nowhere}", "tls: {cert: [a.pem], key: b.pem}", "listen: :80\nallow_plain: maybe"} {
		_, _, err := load(yaml, config.Options{})
		if err == nil || len(mistakes(t, err)) != 1 {
			t.Errorf("%q: expected one mistake: %v", yaml, err)
		}
	}
}

func TestManyMistakes(t *testing.T) {
	var yaml strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&yaml, "k%d: 1\n", i)
	}
	_, _, err := load(yaml.String(), config.Options{})
	if err == nil {
		t.Fatal("taken")
	}
	list := mistakes(t, err)
	if len(list) != 51 || !strings.Contains(list[50].Msg, "not listed") {
		t.Errorf("%d mistakes, the last is %v", len(list), list[len(list)-1])
	}
}
