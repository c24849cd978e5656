package config

import (
	"log/slog"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Key is one setting, as data for help texts and command-line flags. [EnvName] and [FlagName] give its other names.
type Key struct {
	Path    string // such as "limits.idle"
	Default string // as text; empty for an empty text or list
	Help    string // a sentence or two: meaning, unit, what is special
	Want    string // what values it takes, as error texts say after "expected"
	Secret  bool   // never shown, not in errors either
	List    bool   // a sequence in files; separated by commas in variables and flags
}

// Keys returns all keys with fixed names, in the order of the manual. The options of engines, engines.<name>.<option>,
// are not among them.
func Keys() []Key {
	keys := make([]Key, len(table))
	for i := range table {
		keys[i] = table[i].Key
	}
	return keys
}

// EnvName returns the environment variable of a key: EARSHOT_LIMITS_IDLE for "limits.idle".
func EnvName(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// FlagName returns the command-line flag of a key, without the dashes before it: limits-idle for "limits.idle".
func FlagName(path string) string { return strings.NewReplacer(".", "-", "_", "-").Replace(path) }

const envPrefix = "EARSHOT_"

// key is a setting and its place in a Config.
type key struct {
	Key
	set func(*Config, string) bool // false: not a value of this key, and nothing is changed
	get func(*Config) []string     // one text, or those of a list

	records bool // takes a sequence of mappings as well
}

// table is all that is known of the keys; nothing changes it. Defaults, parsing, environment, flags, printing and the
// test of the manual read it.
var table = [...]key{
	bind("listen", "127.0.0.1:8080", address, func(c *Config) *string { return &c.Listen },
		"Address of plain HTTP and WebSocket; empty or off: none."),
	bind("tls.listen", "127.0.0.1:8443", address, func(c *Config) *string { return &c.TLS.Listen },
		"Address of HTTPS, which several SDKs insist on; empty or off: none."),
	bind("tls.cert", "", text, func(c *Config) *string { return &c.TLS.Cert },
		"File with your certificate and its chain (PEM); read again when it changes. Without one, a local authority is made at the first start and its ca.pem stands in the data folder."),
	bind("tls.key", "", text, func(c *Config) *string { return &c.TLS.Key },
		"File with the key of that certificate (PEM)."),
	bind("data", "", text, func(c *Config) *string { return &c.Data },
		"Folder of keys and state. When empty: $XDG_DATA_HOME/earshot, else ~/.local/share/earshot."),
	bindSecret("store", "", storeURL, func(c *Config) *string { return &c.Store },
		"Database of accounts, keys, vocabularies and usage: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME. When empty: SQLite in earshot.db in the data folder."),
	bind("master_key_file", "", text, func(c *Config) *string { return &c.MasterKeyFile },
		"File with the key that the secrets in the store are sealed with. When empty: master-key in the data folder; EARSHOT_MASTER_KEY, with the key itself, comes before either."),
	bind("admin_listen", "", address, func(c *Config) *string { return &c.AdminListen },
		"Address of metrics, profiles and the administration, in plain HTTP, for machines that you trust; empty or off: they are on the other addresses only, for whoever has an administrator's token."),
	bind("allow_plain", "false", boolean, func(c *Config) *bool { return &c.AllowPlain },
		"Lets listen leave loopback without TLS, for a proxy in front that speaks TLS."),
	bindList("public_hosts", "", hosts, func(c *Config) *[]string { return &c.PublicHosts },
		"Hosts (with their port, where clients send one) that signatures may be made for; empty: the Host as received."),
	bind("log.level", "info", logLevel, func(c *Config) *slog.Level { return &c.Log.Level },
		"Least important level that is logged: debug, info, warn or error."),
	bind("log.format", "text", enum(LogText, LogJSON), func(c *Config) *LogFormat { return &c.Log.Format },
		"Form of log lines: text or json."),
	bind("grace", "30s", span(0), func(c *Config) *time.Duration { return &c.Grace },
		"How long running streams may go on after SIGTERM."),
	bind("engine", "pocketsphinx", name, func(c *Config) *string { return &c.Engine },
		"Engine that answers."),
	bind("limits.idle", "15s", span(0), func(c *Config) *time.Duration { return &c.Limits.Idle },
		"Ends a stream that sends no audio for so long; 0: never."),
	bind("limits.stream", "4h", span(0), func(c *Config) *time.Duration { return &c.Limits.Stream },
		"Longest stream; 0: any length."),
	bind("limits.lag", "30s", span(1), func(c *Config) *time.Duration { return &c.Limits.Lag },
		"Ends a stream whose engine takes no more audio for so long; some seconds wait in a queue before that."),
	bind("limits.finish", "30s", span(1), func(c *Config) *time.Duration { return &c.Limits.Finish },
		"How long the last results may take after the end of the audio."),
	bind("limits.streams", "0", count, func(c *Config) *int { return &c.Limits.Streams },
		"Streams at the same time in the whole server; 0: any number."),
	bind("limits.account_streams", "25", count, func(c *Config) *int { return &c.Limits.AccountStreams },
		"Streams at the same time of one account, where neither it nor the key has a number of its own; 0: any number."),
	bind("limits.hold", "10s", span(0), func(c *Config) *time.Duration { return &c.Limits.Hold },
		"How long the engine's stream of a client whose connection broke waits for its return, where the client has asked for a session-resume-window; 0: not at all."),
	bind("limits.refused", "32", count, func(c *Config) *int { return &c.Limits.Refused },
		"Refused sockets kept open at the same time to tell the client why, for strangers and again for known callers; others get HTTP 503."),
	bind("limits.message", "1MiB", size(minMessage, maxMessage), func(c *Config) *Size { return &c.Limits.Message },
		"Largest message of a client, in bytes or as 64KiB, 1MiB."),
	bind("limits.connections", "4096", count, func(c *Config) *int { return &c.Limits.Connections },
		"Connections open at the same time on all addresses; others are dropped at once. 0: any number."),
	bind("transcribe.oversize", "split", enum(OversizeSplit, OversizeRefuse),
		func(c *Config) *Oversize { return &c.Transcribe.Oversize },
		"Audio events of more than one second: split takes them in pieces, refuse fails the stream as Amazon does."),
	bind("transcribe.verify_chunks", "true", boolean, func(c *Config) *bool { return &c.Transcribe.VerifyChunks },
		"Checks the signature of every message over HTTP/2, and of those over WebSocket that are signed. The signature that a stream begins with is checked in any case."),
	bind("transcribe.chunk_age", "5m", span(0), func(c *Config) *time.Duration { return &c.Transcribe.ChunkAge },
		"Fails a stream whose signed messages were dated so long ago when they arrived, or so far ahead, as Amazon does; 0: any date. Time that the server took to take the stream's audio does not count."),
	bindList("speechall.aliases", "", pairs, func(c *Config) *[]string { return &c.Speechall.Aliases },
		"Models that clients of Speechall and OpenAI ask for, with the one here that answers, such as openai.whisper-1=local.pocketsphinx-en-us; * stands for any other."),
	bind("speechall.compat", "false", boolean, func(c *Config) *bool { return &c.Speechall.Compat },
		"Leaves models out of Speechall's list whose identifiers its older clients do not know, and which they stumble over."),
	bind("speechall.max_file", "2GiB", size(minMessage, maxUpload), func(c *Config) *Size { return &c.Speechall.MaxFile },
		"Largest recording that Speechall's and OpenAI's protocols take."),
	bind("speechall.max_audio", "4h", span(1), func(c *Config) *time.Duration { return &c.Speechall.MaxAudio },
		"Longest recording that they take."),
	bind("speechall.idle", "5m", span(0), func(c *Config) *time.Duration { return &c.Speechall.Idle },
		"Ends a stream of theirs that sends no audio for so long, in place of limits.idle: their clients stop sending when nobody speaks; 0: never."),
	bindList("speechall.origins", "*", origins, func(c *Config) *[]string { return &c.Speechall.Origins },
		"Web pages whose scripts may use these protocols, by origins such as https://app.example.com; * stands for any, since each needs a key, which may be bound to origins of its own."),
	bind("speechall.spool_dir", "", text, func(c *Config) *string { return &c.Speechall.SpoolDir },
		"Folder for recordings that cannot be decoded as they come; nothing in it outlives its request. When empty: the system's for temporary files, which on some machines is memory."),
	bind("speechall.max_spool", "4GiB", size(MiB, maxUpload), func(c *Config) *Size { return &c.Speechall.MaxSpool },
		"What all recordings in that folder may take together."),
	bindList("speechall.fetch_allow", "", networks, func(c *Config) *[]string { return &c.Speechall.FetchAllow },
		"Networks that are not public and that transcribe-remote may fetch recordings from all the same, such as 10.20.0.0/16; whoever has an API key can then ask for any address in them."),
	bind("speechall.fetch_time", "10m", span(1), func(c *Config) *time.Duration { return &c.Speechall.FetchTime },
		"How long it may be waited for such a recording altogether."),
	bind("ffmpeg.program", "ffmpeg", text, func(c *Config) *string { return &c.FFmpeg.Program },
		"Program that decodes MP3, AAC, MP4, WebM and other files that the server itself does not, by name or path; empty: none does."),
	bind("ffmpeg.memory", "256MiB", size(32*MiB, maxUpload), func(c *Config) *Size { return &c.FFmpeg.Memory },
		"What one process of it may hold."),
	bind("ffmpeg.time", "10m", span(time.Second), func(c *Config) *time.Duration { return &c.FFmpeg.Time },
		"How much time of a processor one of them may use."),
	bind("ffmpeg.processes", "16", positive, func(c *Config) *int { return &c.FFmpeg.Processes },
		"How many there may be at a time."),
	bind("vocabularies.import_dir", "", text, func(c *Config) *string { return &c.Vocabularies.ImportDir },
		"Folder that vocabularies may be read from by file:NAME; empty: none."),
	bindList("vocabularies.buckets", "", prefixes, func(c *Config) *[]string { return &c.Vocabularies.Buckets },
		"Prefixes such as s3://bucket/folder/ that vocabularies may be read from, with the rights of the server's own AWS credentials; empty: none."),
	bind("vocabularies.bucket_endpoint", "", text, func(c *Config) *string { return &c.Vocabularies.BucketEndpoint },
		"Address of the object store, such as https://minio.example.com; empty: Amazon's."),
	bind("features.punctuate", "true", boolean, func(c *Config) *bool { return &c.Features.Punctuate },
		"Upper case at the start of segments and a mark at their end, for models that have neither."),
}

// bind ties a key to a field.
func bind[T any](path, def string, k kind[T], field func(*Config) *T, help string) key {
	return key{
		Key: Key{Path: path, Default: def, Help: help, Want: k.want},
		set: func(c *Config, s string) bool {
			v, ok := k.parse(s)
			if ok {
				*field(c) = v
			}
			return ok
		},
		get: func(c *Config) []string { return []string{k.format(*field(c))} },
	}
}

// bindSecret is bind for a value that may hold a password.
func bindSecret(path, def string, k kind[string], field func(*Config) *string, help string) key {
	bound := bind(path, def, k, field, help)
	bound.Secret = true
	return bound
}

func bindList(path, def string, k kind[[]string], field func(*Config) *[]string, help string) key {
	bound := bind(path, def, k, field, help)
	bound.List = true
	bound.get = func(c *Config) []string { return *field(c) }
	return bound
}

// enginePrefix is how the keys begin that are not in the table.
const enginePrefix = "engines."

// find returns the key with that path; secret says which options of engines are.
func find(path string, secret func(engine, option string) bool) (key, bool) {
	for i := range table {
		if table[i].Path == path {
			return table[i], true
		}
	}
	engine, option, ok := splitEngine(path)
	if !ok {
		return key{}, false
	}
	return key{
		Key: Key{Path: path, Help: "an option of the engine " + engine, Want: "a text, or a list of records",
			Secret: secret == nil || secret(engine, option)},
		set: func(c *Config, s string) bool { return c.setEngine(engine, option, s) },
		get: func(c *Config) []string { return []string{c.Engines[engine][option]} },

		records: true,
	}, true
}

// splitEngine takes engines.<name>.<option> apart.
func splitEngine(path string) (engine, option string, ok bool) {
	rest, ok := strings.CutPrefix(path, enginePrefix)
	if !ok {
		return "", "", false
	}
	engine, option, ok = strings.Cut(rest, ".")
	return engine, option, ok && isName(engine, "") && isName(option, "_")
}

func (c *Config) setEngine(engine, option, value string) bool {
	value, ok := text.parse(value)
	if !ok {
		return false
	}
	if c.Engines == nil {
		c.Engines = map[string]map[string]string{}
	}
	if c.Engines[engine] == nil {
		c.Engines[engine] = map[string]string{}
	}
	if records, ok := recordsOf(value); ok {
		value = stt.FormatRecords(records) // the same text however they were written
	}
	c.Engines[engine][option] = value
	return true
}
