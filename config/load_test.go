package config_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/stt"
)

// load reads yaml as the file etc/earshot.yaml.
func load(yaml string, opts config.Options) (*config.Config, *config.Info, error) {
	opts.File = "etc/earshot.yaml"
	opts.ReadFile = func(string) ([]byte, error) { return []byte(yaml), nil }
	return config.Load(opts)
}

// TestValues sets every key to something that is not its default, each way there is, and reads the field.
func TestValues(t *testing.T) {
	cases := []struct {
		path, yaml, text string // text as in variables and flags
		get              func(*config.Config) any
		want             any
	}{
		{"listen", `"[::1]:80"`, "[::1]:80", func(c *config.Config) any { return c.Listen }, "[::1]:80"},
		{"listen", "off", "off", func(c *config.Config) any { return c.Listen }, ""},
		{"tls.listen", ":443", ":443", func(c *config.Config) any { return c.TLS.Listen }, ":443"},
		{"tls.listen", "stt_1.internal:0", "stt_1.internal:0", func(c *config.Config) any { return c.TLS.Listen }, "stt_1.internal:0"},
		{"data", "/var/lib/earshot", "/var/lib/earshot", func(c *config.Config) any { return c.Data }, "/var/lib/earshot"},
		{"data", "2024", "2024", func(c *config.Config) any { return c.Data }, "2024"},
		{"allow_plain", "true", "1", func(c *config.Config) any { return c.AllowPlain }, true},
		{"public_hosts", "[a.example, 'b.example:8443']", " a.example, b.example:8443", func(c *config.Config) any { return c.PublicHosts },
			[]string{"a.example", "b.example:8443"}},
		{"public_hosts", "\n  - '[::1]:8443'\n  - ::1", "[::1]:8443,::1", func(c *config.Config) any { return c.PublicHosts }, []string{"[::1]:8443", "::1"}},
		{"public_hosts", "one.example", "one.example", func(c *config.Config) any { return c.PublicHosts }, []string{"one.example"}},
		{"store", "sqlite:/srv/e.db", "sqlite:/srv/e.db", func(c *config.Config) any { return c.Store }, "sqlite:/srv/e.db"},
		{"master_key_file", "/etc/key", "/etc/key", func(c *config.Config) any { return c.MasterKeyFile }, "/etc/key"},
		{"admin_listen", "127.0.0.1:9090", "127.0.0.1:9090", func(c *config.Config) any { return c.AdminListen }, "127.0.0.1:9090"},
		{"speechall.aliases", "['openai.whisper-1=local.a', '*=b']", "openai.whisper-1 = local.a, *=b", func(c *config.Config) any { return c.Speechall.Aliases }, []string{"openai.whisper-1=local.a", "*=b"}},
		{"speechall.compat", "true", "true", func(c *config.Config) any { return c.Speechall.Compat }, true},
		{"speechall.max_file", "1MiB", "1MiB", func(c *config.Config) any { return c.Speechall.MaxFile }, config.MiB},
		{"speechall.max_audio", "1h", "1h", func(c *config.Config) any { return c.Speechall.MaxAudio }, time.Hour},
		{"speechall.idle", "0s", "0", func(c *config.Config) any { return c.Speechall.Idle }, time.Duration(0)},
		{"speechall.origins", "[https://app.example.com, 'http://localhost:3000']", "https://app.example.com,http://localhost:3000", func(c *config.Config) any { return c.Speechall.Origins }, []string{"https://app.example.com", "http://localhost:3000"}},
		{"speechall.spool_dir", "/srv/spool", "/srv/spool", func(c *config.Config) any { return c.Speechall.SpoolDir }, "/srv/spool"},
		{"speechall.max_spool", "1GiB", "1024MiB", func(c *config.Config) any { return c.Speechall.MaxSpool }, config.GiB},
		{"speechall.fetch_allow", "[10.20.1.2/16, 'fd00::1']", "10.20.0.0/16, fd00::1", func(c *config.Config) any { return c.Speechall.FetchAllow }, []string{"10.20.0.0/16", "fd00::1/128"}},
		{"speechall.fetch_time", "1m", "60s", func(c *config.Config) any { return c.Speechall.FetchTime }, time.Minute},
		{"ffmpeg.program", "/opt/ffmpeg", "/opt/ffmpeg", func(c *config.Config) any { return c.FFmpeg.Program }, "/opt/ffmpeg"},
		{"ffmpeg.memory", "128MiB", "128MiB", func(c *config.Config) any { return c.FFmpeg.Memory }, 128 * config.MiB},
		{"ffmpeg.time", "30s", "30s", func(c *config.Config) any { return c.FFmpeg.Time }, 30 * time.Second},
		{"ffmpeg.processes", "2", "2", func(c *config.Config) any { return c.FFmpeg.Processes }, 2},
		{"vocabularies.import_dir", "/srv/v", "/srv/v", func(c *config.Config) any { return c.Vocabularies.ImportDir }, "/srv/v"},
		{"vocabularies.buckets", "[s3://a/b/, s3://c]", "s3://a/b/, s3://c", func(c *config.Config) any { return c.Vocabularies.Buckets }, []string{"s3://a/b/", "s3://c"}},
		{"vocabularies.bucket_endpoint", "https://minio", "https://minio", func(c *config.Config) any { return c.Vocabularies.BucketEndpoint }, "https://minio"},
		{"log.level", "debug", "debug", func(c *config.Config) any { return c.Log.Level }, slog.LevelDebug},
		{"log.level", "error", "error", func(c *config.Config) any { return c.Log.Level }, slog.LevelError},
		{"log.format", "json", "json", func(c *config.Config) any { return c.Log.Format }, config.LogJSON},
		{"grace", "0s", "0", func(c *config.Config) any { return c.Grace }, time.Duration(0)},
		{"engine", "script", "script", func(c *config.Config) any { return c.Engine }, "script"},
		{"limits.idle", "1m30s", "90s", func(c *config.Config) any { return c.Limits.Idle }, 90 * time.Second},
		{"limits.stream", "0", "0", func(c *config.Config) any { return c.Limits.Stream }, time.Duration(0)},
		{"limits.lag", "500ms", "0.5s", func(c *config.Config) any { return c.Limits.Lag }, 500 * time.Millisecond},
		{"limits.finish", "2h", "120m", func(c *config.Config) any { return c.Limits.Finish }, 2 * time.Hour},
		{"limits.streams", "16", "16", func(c *config.Config) any { return c.Limits.Streams }, 16},
		{"limits.account_streams", "0", "0", func(c *config.Config) any { return c.Limits.AccountStreams }, 0},
		{"limits.hold", "0s", "0s", func(c *config.Config) any { return c.Limits.Hold }, time.Duration(0)},
		{"limits.refused", "0", "0", func(c *config.Config) any { return c.Limits.Refused }, 0},
		{"limits.message", "64KiB", "65536", func(c *config.Config) any { return c.Limits.Message }, 64 * config.KiB},
		{"limits.connections", "0", "0", func(c *config.Config) any { return c.Limits.Connections }, 0},
		{"transcribe.verify_chunks", "false", "0", func(c *config.Config) any { return c.Transcribe.VerifyChunks }, false},
		{"transcribe.chunk_age", "90s", "1m30s", func(c *config.Config) any { return c.Transcribe.ChunkAge }, 90 * time.Second},
		{"transcribe.oversize", "refuse", "refuse", func(c *config.Config) any { return c.Transcribe.Oversize }, config.OversizeRefuse},
		{"features.punctuate", "false", "false", func(c *config.Config) any { return c.Features.Punctuate }, false},
		{"engines.script.fault_at", "1s", "1s", func(c *config.Config) any { return c.Engines["script"]["fault_at"] }, "1s"},
		{"engines.pocketsphinx.slots", "0x10", "0x10", func(c *config.Config) any { return c.Engines["pocketsphinx"]["slots"] }, "0x10"},
		{"engines.pocketsphinx.model", `""`, "", func(c *config.Config) any { return len(c.Engines["pocketsphinx"]) }, 1},
	}
	tested := map[string]bool{"tls.cert": true, "tls.key": true} // below, since they go together
	for _, c := range cases {
		tested[c.path] = true
		check := func(from config.SourceKind, name string, cfg *config.Config, info *config.Info, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s from %s: %v", c.path, name, err)
				return
			}
			if got := c.get(cfg); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s from %s: %#v, expected %#v", c.path, name, got, c.want)
			}
			if src := info.Sources[c.path]; src.Kind != from || src.Name != name {
				t.Errorf("%s: source %v, expected %s", c.path, src, name)
			}
		}
		cfg, info, err := load(c.path+": "+c.yaml+"\n", config.Options{})
		check(config.FromFile, "etc/earshot.yaml", cfg, info, err)
		env, flag := config.EnvName(c.path), config.FlagName(c.path)
		if c.text != "" {
			cfg, info, err = config.Load(config.Options{Environ: []string{env + "=" + c.text}})
			check(config.FromEnv, env, cfg, info, err)
		}
		cfg, info, err = config.Load(config.Options{Flags: map[string]string{c.path: c.text}})
		check(config.FromFlag, "--"+flag, cfg, info, err)
	}
	for _, k := range config.Keys() {
		if !tested[k.Path] {
			t.Errorf("%s is not tested", k.Path)
		}
	}
	cfg, _, err := load("tls: {cert: a.pem, key: b.pem}", config.Options{})
	if err != nil || cfg.TLS.Cert != "a.pem" || cfg.TLS.Key != "b.pem" {
		t.Errorf("tls.cert and tls.key: %+v, %v", cfg, err)
	}
}

func TestPrecedence(t *testing.T) {
	const file = "limits:\n  idle: 1s\n  lag: 1s\n  finish: 1s\nengines:\n  script:\n    script: from-file\n    slots: 1\n"
	cfg, info, err := load(file, config.Options{
		Environ: []string{"EARSHOT_LIMITS_IDLE=2s", "EARSHOT_LIMITS_LAG=2s", "EARSHOT_LIMITS_FINISH=", "EARSHOT_MASTER_KEY=c2VjcmV0", "EARSHOT_ENGINES_SCRIPT_SLOTS=2",
			"LIMITS_IDLE=9s", "EARSHOT_SHARED=/somewhere", "EARSHOT_PORT=tcp://10.0.0.1:80", "EARSHOT_LIMITS_STREAM=1h", "EARSHOT_LIMITS_STREAM=2h"},
		Flags: map[string]string{"limits.idle": "3s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.Limits, (config.Limits{Idle: 3 * time.Second, Lag: 2 * time.Second, Finish: time.Second,
		Stream: 2 * time.Hour, Refused: 32, Message: config.MiB, Connections: 4096, AccountStreams: 25, Hold: 10 * time.Second}); got != want {
		t.Errorf("limits are %+v, expected %+v", got, want)
	}
	if want := map[string]map[string]string{"script": {"script": "from-file", "slots": "2"}}; !reflect.DeepEqual(cfg.Engines, want) {
		t.Errorf("engines are %v, expected %v", cfg.Engines, want)
	}
	for path, want := range map[string]string{"limits.idle": "--limits-idle", "limits.lag": "EARSHOT_LIMITS_LAG",
		"limits.finish": "etc/earshot.yaml:4:11", "engines.script.script": "etc/earshot.yaml:7:13", "limits.streams": "default"} {
		if got := info.Sources[path].String(); got != want {
			t.Errorf("%s is from %s, expected %s", path, got, want)
		}
	}
	if info.Warnings != nil {
		t.Errorf("warns of what is none of its business: %q", info.Warnings)
	}
}

func TestWarnings(t *testing.T) {
	for variable, want := range map[string]string{
		"EARSHOT_LIMITS_IDEL":          "did you mean EARSHOT_LIMITS_IDLE?",
		"EARSHOT_TLS_CERTS":            "did you mean EARSHOT_TLS_CERT?",
		"EARSHOT_ENGINES_POCKETSPHINX": "expected EARSHOT_ENGINES_<NAME>_<OPTION>",
		"EARSHOT_ENGINES_script_slots": "expected EARSHOT_ENGINES_<NAME>_<OPTION>",
		"EARSHOT_SERVICE_HOST":         "",
		"EARSHOT_PORT_8080_TCP_PROTO":  "",
		"PATH":                         "",
	} {
		_, info, err := config.Load(config.Options{Environ: []string{variable + "=hidden"}})
		if err != nil {
			t.Errorf("%s: %v", variable, err)
			continue
		}
		all := strings.Join(info.Warnings, "\n")
		switch {
		case want == "" && all != "":
			t.Errorf("%s: warns %q", variable, all)
		case !strings.Contains(all, want), strings.Contains(all, "hidden"):
			t.Errorf("%s: warns %q, expected %q and no value", variable, all, want)
		}
	}
}

// TestEmptyFiles are files in which nothing is set.
func TestEmptyFiles(t *testing.T) {
	for _, yaml := range []string{"", "\n", "# nothing\n", "---\n", "{}", "limits:\nengines:\n", "engines:\n  pocketsphinx:\n",
		"tls: {}\n", "\ufeffgrace: 30s\n", "public_hosts: []"} {
		cfg, _, err := load(yaml, config.Options{})
		if err != nil || !reflect.DeepEqual(cfg, config.Default()) {
			t.Errorf("%q: %+v, %v; expected the defaults", yaml, cfg, err)
		}
	}
}

func TestFromDisk(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "my.yaml")
	if err := os.WriteFile(name, []byte("grace: 1m"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, info, err := config.Load(config.Options{File: name})
	if err != nil || cfg.Grace != time.Minute || info.Sources["grace"].Name != name {
		t.Errorf("%+v, %+v, %v", cfg, info, err)
	}
	if _, _, err := config.Load(config.Options{File: filepath.Join(dir, "none.yaml")}); !errors.Is(err, os.ErrNotExist) ||
		stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(name, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := config.Load(config.Options{File: name}); err == nil || !strings.Contains(err.Error(), "more than 1MiB") {
		t.Errorf("a file that is too long: %v", err)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]config.Size{"0": 0, "1": 1, "1023": 1023, "1KiB": 1024, "1536KiB": 1536 << 10, "3MiB": 3 << 20, "8GiB": 8 << 30,
		"9223372036854775807": 1<<63 - 1} {
		got, err := config.ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%s: %d, %v; expected %d", text, got, err, want)
		}
		if back := got.String(); back != text {
			t.Errorf("%s is written as %s", text, back)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "+1", "1.5MiB", "1 MiB", "1MB", "1mib", "1kB", "9223372036854775808", "9007199254740992KiB"} {
		if got, err := config.ParseSize(text); err == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}
