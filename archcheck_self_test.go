package earshot_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// small is a house of a few rooms, and the tree that keeps all its rules.
var small = house{
	module: "example.org/house",
	rooms: []room{
		{path: "cmd/*", uses: []string{"session"}, must: "commands call"},
		{path: "stt", std: true, must: "everything stands on it"},
		{path: "stt/suite", testOnly: true, must: "it judges"},
		{path: "session", uses: []string{"audio"}, must: "it must not know any protocol"},
		{path: "audio", must: "it turns bytes into samples"},
		{path: "provider", must: "it is shared"},
		{path: "provider/*", uses: []string{"provider", "wire/{same}"}, tests: []string{"session"}, must: "it is a client"},
		{path: "engine/*", cgo: true, must: "it is a library"},
		{path: "wire/*", pure: true, must: "it is knowledge"},
	},
	plain:           []string{"docs"},
	anywhere:        []string{"stt"},
	anywhereInTests: []string{"stt/suite"},
	modules: []module{
		{prefix: "example.com/flac", rooms: []string{"audio"}, tests: []string{"wire/*"}, must: "codecs stand in audio"},
	},
}

var smallTree = map[string]string{
	"cmd/tool/main.go":           pkg("main", "session"),
	"stt/stt.go":                 pkg("stt"),
	"stt/suite/suite.go":         pkg("suite", "stt"),
	"session/session.go":         pkg("session", "stt", "audio", "audio/vad"), // a folder of a room is the room
	"session/session_test.go":    pkg("session_test", "session", "stt/suite"),
	"audio/audio.go":             pkg("audio", "=example.com/flac/frame", "=time"),
	"audio/vad/vad.go":           pkg("vad", "audio"),
	"provider/provider.go":       pkg("provider"),
	"provider/x/x.go":            pkg("x", "stt", "provider", "wire/x"),
	"provider/x/x_test.go":       pkg("x_test", "provider/x", "session", "stt/suite"),
	"provider/y/y.go":            pkg("y", "wire/y"),
	"engine/c/c.go":              "//go:build clib\n\n" + pkg("c", "=C"),
	"wire/x/x.go":                pkg("x", "stt"),
	"wire/y/y.go":                pkg("y", "stt"),
	"wire/y/y_test.go":           pkg("y", "=time", "=example.com/flac") + "var _ = time.Now\n", // tests have clocks
	"wire/y/testdata/rubbish.go": "this is not Go",
	"docs/guide.md":              "words",
	"bin/tool/main.go":           pkg("main"),
	".hidden/x.go":               pkg("hidden"),
	"session/other/go.mod":       "module example.org/other",
	"session/other/other.go":     pkg("main", "provider/x"),
	".gitignore":                 "/bin/\n",
}

// pkg is the text of a file that imports the named rooms, or, after "=", any other package.
func pkg(name string, imports ...string) string {
	var b strings.Builder
	b.WriteString("// Package " + name + " is an example.\npackage " + name + "\n")
	for _, i := range imports {
		other, isOther := strings.CutPrefix(i, "=")
		if !isOther {
			other = small.module + "/" + i
		}
		b.WriteString("import \"" + other + "\"\n")
	}
	return b.String()
}

func TestCheckerFindsBreaches(t *testing.T) {
	for _, tc := range []struct {
		name string
		file string // added to the tree, or put in place of a file of it
		text string
		want string // the only finding; "" for none
	}{
		{name: "the tree as it is"},
		{name: "a room too many", file: "session/session.go", text: pkg("session", "audio", "wire/x"),
			want: "session/session.go:4: session imports wire/x; session may import only audio, stt: it must not know any protocol"},
		{name: "a folder below a room is bound like it", file: "session/deep/deep.go", text: pkg("deep", "wire/x"),
			want: "session/deep/deep.go:3: session imports wire/x; session may import only audio, stt: it must not know any protocol"},
		{name: "a sibling", file: "provider/x/x.go", text: pkg("x", "provider/y"),
			want: "provider/x/x.go:3: provider/x imports provider/y; provider/x may import only provider, stt, wire/x: it is a client; " +
				"siblings never import each other: what they share stands in provider"},
		{name: "a sibling where nothing is shared", file: "wire/x/x.go", text: pkg("x", "wire/y"),
			want: "wire/x/x.go:3: wire/x imports wire/y; wire/x may import only stt: it is knowledge; siblings never import each other"},
		{name: "the protocol of a sibling", file: "provider/x/x.go", text: pkg("x", "wire/y"),
			want: "provider/x/x.go:3: provider/x imports wire/y; provider/x may import only provider, stt, wire/x: it is a client"},
		{name: "a test's freedom is not the product's", file: "provider/x/x.go", text: pkg("x", "session"),
			want: "provider/x/x.go:3: provider/x imports session; provider/x may import only provider, stt, wire/x: it is a client"},
		{name: "a test too has bounds", file: "provider/x/x_test.go", text: pkg("x_test", "audio"),
			want: "provider/x/x_test.go:3: a test of provider/x imports audio; a test of provider/x may import only " +
				"provider, session, stt, stt/suite, wire/x: it is a client"},
		{name: "the suite in the product", file: "session/session.go", text: pkg("session", "stt/suite"),
			want: "session/session.go:3: session imports stt/suite; only _test.go files may: it is no part of the product"},
		{name: "an import of nowhere", file: "session/session.go", text: pkg("session", "attic"),
			want: "session/session.go:3: session imports attic, which stands in no room that the table in arch_test.go knows"},
		{name: "a module in the heart", file: "stt/stt.go", text: pkg("stt", "=example.com/flac"),
			want: "stt/stt.go:3: stt imports example.com/flac; stt may import only the standard library: everything stands on it"},
		{name: "a module in the wrong room", file: "session/session.go", text: pkg("session", "=example.com/flac"),
			want: "session/session.go:3: session imports example.com/flac; only audio may, and tests of wire/*: codecs stand in audio"},
		{name: "a test's module in the product", file: "wire/x/x.go", text: pkg("x", "=example.com/flac"),
			want: "wire/x/x.go:3: wire/x imports example.com/flac; only audio may, and tests of wire/*: codecs stand in audio"},
		{name: "a new module", file: "audio/audio.go", text: pkg("audio", "=example.net/opus"),
			want: "audio/audio.go:3: audio imports example.net/opus, which is new: a dependency needs a line in docs/dependencies.md and in arch_test.go"},
		{name: "a whole path element counts", file: "audio/audio.go", text: pkg("audio", "=example.com/flacid"),
			want: "audio/audio.go:3: audio imports example.com/flacid, which is new: a dependency needs a line in docs/dependencies.md and in arch_test.go"},
		{name: "cgo outside engines", file: "audio/audio.go", text: pkg("audio", "=C"),
			want: "audio/audio.go:3: audio uses cgo; only engines may: the rest must build anywhere"},
		{name: "cgo without a tag", file: "engine/c/c.go", text: pkg("c", "=C"),
			want: "engine/c/c.go:3: engine/c uses cgo in a file without a build tag; everything must build where the library is missing"},
		{name: "a program among libraries", file: "audio/main.go", text: pkg("main"),
			want: "audio/main.go:2: audio is a package main; only cmd/* and bench/* may be: everything else is a library"},
		{name: "an init function", file: "audio/audio.go", text: pkg("audio") + "func init() {}\n",
			want: "audio/audio.go:3: audio has an init function; nothing may happen because of an import: wire it explicitly in server"},
		{name: "a method of that name is none", file: "audio/audio.go", text: pkg("audio") + "type t int\nfunc (t) init() {}\n"},
		{name: "a clock in wire", file: "wire/x/x.go", text: pkg("x", "=time") + "var now = time.Now\n",
			want: "wire/x/x.go:4: wire/x uses time.Now; a wire package has no socket, goroutine or clock: take the time or the bytes as an argument"},
		{name: "a clock by another name", file: "wire/x/x.go", text: "// Package x is an example.\npackage x\nimport c \"time\"\nvar now = c.Now\n",
			want: "wire/x/x.go:4: wire/x uses c.Now; a wire package has no socket, goroutine or clock: take the time or the bytes as an argument"},
		{name: "a goroutine in wire", file: "wire/x/x.go", text: pkg("x") + "func f() { go f() }\n",
			want: "wire/x/x.go:3: wire/x starts a goroutine; a wire package has no socket, goroutine or clock: take the time or the bytes as an argument"},
		{name: "no package comment", file: "audio/audio.go", text: "package audio\n",
			want: `audio has no package comment; say in doc.go what it holds, beginning with "Package"`},
		{name: "a comment that is a build tag", file: "audio/audio.go", text: "//go:build linux\npackage audio\n",
			want: `audio has no package comment; say in doc.go what it holds, beginning with "Package"`},
		{name: "a new folder at the root", file: "attic/note.txt", text: "",
			want: "attic is a folder that the table in arch_test.go does not know: say there what it holds and what it may import, " +
				"or find the room that it belongs to"},
		{name: "code between the rooms", file: "docs/x.go", text: pkg("docs"),
			want: "docs/x.go stands in no room that the table in arch_test.go knows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tree := fstest.MapFS{}
			for name, text := range smallTree {
				tree[name] = &fstest.MapFile{Data: []byte(text)}
			}
			var want []string
			if tc.file != "" {
				tree[tc.file] = &fstest.MapFile{Data: []byte(tc.text)}
			}
			if tc.want != "" {
				want = []string{tc.want}
			}
			got, err := small.check(tree)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), tc.want)
			}
		})
	}
}

func TestCheckerReportsWhatItCannotRead(t *testing.T) {
	_, err := small.check(fstest.MapFS{"audio/audio.go": &fstest.MapFile{Data: []byte("this is not Go")}})
	if err == nil || !strings.Contains(err.Error(), "audio/audio.go") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

// Every name in the real table must be one that can be found there, or a misspelt rule would allow nothing and say so too late.
func TestTableIsConsistent(t *testing.T) {
	paths := map[string]bool{everything: true}
	for _, r := range earshot.rooms {
		if paths[r.path] {
			t.Errorf("room %q stands in the table twice", r.path)
		}
		paths[r.path] = true
		if r.must == "" {
			t.Errorf("room %q gives no reason", r.path)
		}
	}
	known := func(owner, name string) {
		name = strings.ReplaceAll(name, "{same}", "*")
		if _, ok := earshot.find(name); !ok && !paths[name] {
			t.Errorf("%s names the room %q, which is not in the table", owner, name)
		}
	}
	for _, r := range earshot.rooms {
		for _, name := range slices.Concat(r.uses, r.tests) {
			known("room "+r.path, name)
		}
	}
	for _, m := range earshot.modules {
		for _, name := range slices.Concat(m.rooms, m.tests) {
			known("module "+m.prefix, name)
		}
	}
	for _, name := range slices.Concat(earshot.anywhere, earshot.anywhereInTests) {
		known("the table", name)
	}
}
