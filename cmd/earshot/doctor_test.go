package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const goodCredentials = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"

// TestDoctorFolder: what is wrong in the data folder is said before the server finds it.
func TestDoctorFolder(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string // in the data folder
		args  []string
		code  int
		says  []string
	}{
		{"as the first start leaves it", map[string]string{"credentials": goodCredentials, "ca.pem": "x", "ca-key.pem": "x"}, nil, 0,
			[]string{"ok    data folder", "ok    credentials", "credentials, 1 key\n", "ok    authority", "ca.pem"}},
		{"two keys", map[string]string{"credentials": goodCredentials + strings.NewReplacer("default", "b", "AKID", "AKID2").Replace(goodCredentials)}, nil, 0,
			[]string{"credentials, 2 keys\n"}},
		{"nothing in it", nil, nil, 0, []string{"ok    credentials    will be made", "ok    authority      will be made"}},
		{"no credentials in the file", map[string]string{"credentials": ""}, nil, 1,
			[]string{"FAIL  credentials", "holds no key", "add a profile, or remove the file"}},
		{"a profile without a key", map[string]string{"credentials": "# nothing\n[default]\nregion = x\n"}, nil, 1, []string{"FAIL  credentials", "holds no key"}},
		{"broken credentials", map[string]string{"credentials": "[default\n"}, nil, 1, []string{"FAIL  credentials", "line 1"}},
		{"no key of the authority", map[string]string{"ca.pem": "x"}, nil, 1,
			[]string{"FAIL  authority", "ca-key.pem is not", "restore the key, or remove ca.pem"}},
		{"no certificate of the authority", map[string]string{"ca-key.pem": "x"}, nil, 0, []string{"ok    authority", "made anew from ca-key.pem"}},
		{"no key of the authority, and nobody needs it", map[string]string{"ca.pem": "x"}, []string{"--set=tls.listen=off"}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if err := os.Mkdir(w.path("data"), 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range c.files {
				w.write(filepath.Join("data", name), []byte(text))
			}
			r := w.run("", append([]string{"doctor", "--set=listen=127.0.0.1:0", "--set=tls.listen=127.0.0.1:0", "--data=data"}, c.args...)...)
			if r.code != c.code || r.err != "" || strings.Contains(r.out, "secret") {
				t.Errorf("exit code %d, errors %q, shows\n%s", r.code, r.err, r.out)
			}
			for _, text := range c.says {
				if !strings.Contains(r.out, text) {
					t.Errorf("%s\ndoes not say %q", r.out, text)
				}
			}
			if c.says == nil && strings.Contains(r.out, "  authority  ") {
				t.Errorf("looks at an authority that nobody needs:\n%s", r.out)
			}
			if entries, err := os.ReadDir(w.path("data")); err != nil || len(entries) != len(c.files) {
				t.Errorf("the folder holds %v (%v), expected what was there", entries, err)
			}
		})
	}
}

// TestDoctorNotWritable runs as a user who may not write, whoever runs the test: nothing keeps root from writing.
func TestDoctorNotWritable(t *testing.T) {
	w := newWorld(t)
	const nobody = 65534
	for _, dir := range []string{filepath.Dir(binaryPath), filepath.Dir(w.dir), w.dir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"home", "data"} {
		if err := os.Mkdir(w.path(dir), 0o500); err != nil {
			t.Fatal(err)
		}
		if os.Getuid() == 0 {
			if err := os.Chown(w.path(dir), nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		args []string
		want string // of the folder's line
	}{
		{"HOME", nil, `FAIL  data folder +\S*home/.local/share/earshot \(\$HOME\) cannot be made: \S*/home cannot be written to by this user \(\d+\)`},
		{"--data", []string{"--data=data"}, `FAIL  data folder +\S*data \(--data\) cannot be written to by this user \(\d+\): .* --data DIR`},
		{"below --data", []string{"--data=data/a/b"}, `FAIL  data folder +\S*data/a/b \(--data\) cannot be made: \S*/data cannot be written to`},
		{"below a file", []string{"--data=talk.wav/a"}, `FAIL  data folder .*talk.wav/a: not a directory`},
	} {
		cmd := w.command(append([]string{"doctor"}, c.args...)...)
		cmd.Env = append(cmd.Env, "HOME="+w.path("home"))
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); os.IsPermission(err) {
			t.Skipf("another user cannot run programs in the folder for temporary files: %v", err)
		} else if err != nil {
			t.Fatal(err)
		}
		if code := w.wait(cmd); code != 1 || !regexp.MustCompile(`(?m)^`+c.want).MatchString(out.String()) {
			t.Errorf("%s: exit code %d\n%s\nexpected a line like %s", c.name, code, out.String(), c.want)
		}
	}
}

// TestRecordsAsFlags: a list of records gets through the command line and the environment as it is.
func TestRecordsAsFlags(t *testing.T) {
	const list, arrives = `[ {"name":"a=b,c;d", "lm":"it's \"x\" \\ $HOME ${X}"} ]`, `[{"lm":"it's \"x\" \\ $HOME ${X}","name":"a=b,c;d"}]`
	w := newWorld(t)
	w.env = append(w.env, "EARSHOT_ENGINES_SCRIPT_SCRIPT="+list)
	for _, args := range [][]string{{"doctor", "--set=engines.script.script=" + list}, {"doctor", "--set", "engines.script.script=" + list}, {"doctor"}} {
		if r := w.run("", args...); !strings.Contains(r.out, arrives) { // the name of a file that is not there
			t.Errorf("%q: %s\ndoes not hold %s", args, r.out, arrives)
		}
	}
}

// TestDoctorStore: a database that is missing, elsewhere or sealed with another key is not "all is well", and nothing is made or changed.
func TestDoctorStore(t *testing.T) {
	w := newWorld(t)
	doctor := func(code int, says string, args ...string) {
		t.Helper()
		r := w.run("", append([]string{"doctor", "--set=listen=127.0.0.1:0", "--set=tls.listen=off", "--data=d"}, args...)...)
		if r.code != code || !regexp.MustCompile(says).MatchString(r.out) || strings.Contains(r.out, "hush") {
			t.Errorf("%q: exit code %d, expected %d and %q:\n%s", args, r.code, code, says, r.out)
		}
	}
	doctor(0, `ok    store +will be made`)
	w.good("keys", "create", "--name", "app", "--data", "d")
	doctor(0, `ok    store +sqlite:\S+/d/earshot.db\nok    master key +\S+/d/master-key, id [0-9a-f]{16}`)
	doctor(1, `FAIL  store +.*cannot be reached`, "--store=postgres://earshot:hush@127.0.0.1:1/earshot")
	doctor(1, `FAIL  store +.*expected a file`, "--store=sqlite:"+w.dir)
	w.write("d/lock", nil) // a server has run
	for _, name := range []string{"master-key", "earshot.db"} {
		if err := os.Rename(w.path("d/"+name), w.path(name)); err != nil {
			t.Fatal(err)
		}
		if name == "earshot.db" {
			doctor(1, `FAIL  store +a server has run with this folder`)
			continue
		}
		doctor(1, `FAIL  master key +there is none`)
		w.good("keys", "create", "--name", "app", "--data", "other")
		doctor(1, `FAIL  master key +.*is not the one that sealed`, "--master-key-file=other/master-key")
	}
	if _, err := os.Stat(w.path("d/earshot.db")); err == nil {
		t.Error("a database has been made")
	}
	env := w.env
	w.env = append(env, "EARSHOT_DATA="+w.path("e"))
	if r := w.run("", "doctor"); !strings.Contains(r.out, "/e (EARSHOT_DATA) will be made") {
		t.Errorf("the folder of the environment: %s", r.out)
	}
}
