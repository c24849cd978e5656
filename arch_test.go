package earshot_test

import (
	"os"
	"strings"
	"testing"
)

// everything stands for all rooms but the commands and those that only tests may enter.
const everything = "everything but cmd"

// earshot is the house: each folder, what it may import of ours, and why. It knows the planned rooms too, so that a
// new one moves in where the plan has it. Read "dialect/*" with "wire/{same}" as "dialect/x may import wire/x".
var earshot = house{
	module: "github.com/earshot-stt/earshot",

	rooms: []room{
		{path: ".", must: "it is the table of contents"},

		{path: "stt", std: true, must: "everything stands on it, so that it may stand on nothing"},
		{path: "stt/stream", std: true, uses: []string{"stt"}, must: "it is the mechanics of stt.Stream and nothing more"},
		{path: "stt/stttest", std: true, testOnly: true, uses: []string{"stt", "testkit"},
			must: "it judges every recognizer and may know none"},
		{path: "testkit", testOnly: true, must: "it helps the tests of any room and may know none"},

		{path: "cmd/*", uses: []string{"server", "config", "session", "job", "auth", "auth/policy", "store", "route", "audio", "wire/*", "engine", "engine/*", "provider", "provider/*"},
			tests: []string{everything},
			must:  "a subcommand calls the libraries and sessions; putting a server together is the business of server"},
		{path: "bench/*", uses: []string{"bench/internal/rig", "audio", "auth", "engine", "engine/*", "provider", "provider/*", "wire/*"},
			tests: []string{"bench/internal/rigtest", "store/storetest"},
			must:  "it measures from outside: what it measures runs in processes of its own"},
		{path: "bench/internal/rig", uses: []string{"audio", "auth", "provider", "provider/*"},
			must: "it holds what all measuring programs share: processes, pace, figures"},
		{path: "bench/internal/rigtest", testOnly: true, uses: []string{"bench/internal/rig", "server", "config"},
			must: "it plays the server that a measuring program starts"},
		{path: "server", uses: []string{everything},
			must: "it puts everything together, but the commands call it and not the other way round"},
		{path: "config", tests: []string{"server"}, must: "it knows options, not what they are for"},

		{path: "dialect", uses: []string{"session", "job", "resource", "auth"},
			must: "it holds what all dialects share, so it may know no protocol"},
		{path: "dialect/*", uses: []string{"dialect", "wire/{same}", "wire/eventstream", "wire/sigv4", "session", "job", "resource", "auth", "auth/policy"},
			// Loopback: our own client judges the dialect, in front of a session or of a whole server.
			tests: []string{"provider", "provider/{same}", "server", "config", "audio", "feature", "feature/*"},
			must:  "it knows its own protocol and sees nothing of the house but the session behind it"},
		{path: "console", uses: []string{"session", "job", "resource", "store", "auth", "web"},
			tests: []string{"server", "config"},
			must:  "it shows what goes on and takes no part in it"},

		{path: "session", uses: []string{"audio", "feature", "resource"},
			tests: []string{"feature/*"},
			must:  "it must not know any protocol, nor who recognises"},
		{path: "job", uses: []string{"session", "audio"},
			tests: []string{"feature", "feature/*", "resource"},
			must:  "a whole file is a session like any other"},
		{path: "resource", must: "vocabularies and filters are data"},
		{path: "feature", must: "it holds what all features share, and features see events only"},
		{path: "feature/*", uses: []string{"feature"}, must: "a feature rewrites events and sees no audio, no protocol and no other feature"},
		{path: "route", uses: []string{"audio", "stt/stream"}, must: "it makes recognizers of recognizers and may know none by name"},

		{path: "provider", uses: []string{"stt/stream"},
			must: "it holds the transport that all providers share, so it may know no protocol"},
		{path: "provider/*", uses: []string{"provider", "wire/{same}", "wire/eventstream", "wire/sigv4", "stt/stream"},
			// Loopback: the client is judged against our own dialect of the same protocol.
			tests: []string{"dialect", "dialect/{same}", "server", "config", "session", "auth", "resource", "audio"},
			must:  "it is a client library, usable without the server and without the other providers"},
		{path: "engine", uses: []string{"stt/stream"}, must: "it holds what all engines share, so it may know none"},
		{path: "engine/*", cgo: true, uses: []string{"engine", "stt/stream", "audio"},
			must: "it is a library, usable without the server and without the other engines"},

		{path: "wire/eventstream", pure: true, must: "several protocols share this framing, so it may know none of them"},
		{path: "wire/sigv4", pure: true, uses: []string{"wire/eventstream"}, // the signatures of event-stream frames
			must: "several protocols share this way to sign, so it may know none of them"},
		{path: "wire/*", pure: true, uses: []string{"wire/eventstream", "wire/sigv4"},
			must: "it is the knowledge of one protocol, used by both ends of it"},

		{path: "audio", must: "it turns bytes into samples for whoever asks"},
		{path: "auth", uses: []string{"auth/policy"}, must: "it says who is calling, whatever protocol they call by"},
		{path: "auth/policy", pure: true, must: "it decides by what it is given, so that a decision can be explained and repeated"},
		{path: "store", tests: []string{"store/storetest"}, must: "it keeps rows and may not know who reads them"},
		{path: "store/storetest", testOnly: true, uses: []string{"store", "testkit"}, must: "it judges every database and may know nothing else"},
		{path: "cluster", must: "machines talk to each other below everything they talk about"},
		{path: "voice", uses: []string{"provider", "provider/*", "engine", "engine/*"},
			must: "it is a library on top of recognizers, usable without the server"},
		{path: "web", must: "it is what browsers load, embedded as it stands"},
	},

	// Folders at the root that hold no package of this module. e2e is a module of its own.
	plain: []string{"deploy", "docs", "e2e", "scripts"},

	anywhere: []string{"stt"},
	// The judges, the scripted engine, and what a test makes a stand-in of its own with.
	anywhereInTests: []string{"stt/stttest", "testkit", "engine/script", "engine", "stt/stream"},

	// Each of these has its line in docs/dependencies.md.
	modules: []module{
		{prefix: "github.com/aws/aws-sdk-go-v2", rooms: []string{"provider/transcribe"},
			tests: []string{"wire/eventstream", "wire/sigv4", "auth"}, // auth writes a file that AWS tools read
			must:  "it finds credentials when we are the client, and is an oracle in the tests of what we wrote ourselves"},
		{prefix: "github.com/pion/opus", rooms: []string{"audio"}, must: "containers and codecs are the business of audio"},
		{prefix: "github.com/coder/websocket", rooms: []string{"dialect", "dialect/*", "provider", "provider/*", "bench/*"},
			tests: []string{"server", "session", "testkit", "cmd/*"},
			must:  "sockets belong to those who call and to those who are called"},
		{prefix: "github.com/alecthomas/kong", rooms: []string{"cmd/*"}, must: "flags end where the commands end"},
		{prefix: "golang.org/x/crypto", rooms: []string{"auth"}, must: "only auth knows what becomes of a password"},
		{prefix: "golang.org/x/term", rooms: []string{"cmd/*"}, must: "only a command has a terminal"},
		{prefix: "go.yaml.in/yaml", rooms: []string{"config"}, must: "only config knows what the file looks like"},
		{prefix: "github.com/mewkiz/flac", rooms: []string{"audio"}, must: "containers and codecs are the business of audio"},
		{prefix: "modernc.org/sqlite", rooms: []string{"store"}, must: "nobody but the store knows SQL"},
		{prefix: "github.com/jackc/pgx/v5", rooms: []string{"store", "store/storetest"}, must: "nobody but the store knows SQL"},
		{prefix: "github.com/pressly/goose/v3", rooms: []string{"store"}, must: "only the store has tables to bring up to date"},
		{prefix: "github.com/prometheus/client_golang", rooms: []string{"server"}, must: "rooms declare what they let others observe; server measures it"},
		{prefix: "go.opentelemetry.io/otel", rooms: []string{"server"}, must: "rooms declare what they let others observe; server traces it"},
		{prefix: "github.com/google/uuid", rooms: []string{"dialect", "dialect/*", "provider", "provider/*", "wire/*", "session", "server", "cmd/*"},
			must: "the heart of the house takes identifiers as strings"},
	},
}

func TestHouse(t *testing.T) {
	findings, err := earshot.check(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// A module in the table without a line in the document would be a dependency that nobody argued for.
func TestDependenciesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range earshot.modules {
		if !strings.Contains(string(text), m.prefix) {
			t.Errorf("docs/dependencies.md does not mention %s: say what for, what else was weighed and who keeps it", m.prefix)
		}
	}
}
