package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server is killed in the middle of a recording and started again: all the words are there, at their times, and whoever
// watches is told.
func TestServerKilledAndStartedAgain(t *testing.T) {
	for name, script := range map[string]string{ // of the second server, whose time begins where the first had decided: at 1 s
		"between segments": "0.5-1.2 how are you\n",
		"much later":       "1.4-1.8 very well\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p, address := w.serve()
			client := w.start("transcribe", "--url=ws://"+address, "--reconnect=2m", "--format=json", "--raw", "-")
			client.say(1200 * time.Millisecond)
			client.out.await("Good morning everybody")
			p.signal(syscall.SIGKILL)
			p.end()
			client.log.await(`^earshot: connection lost \(.+\); trying again in \d\.\d s$`)
			w.write("script.txt", []byte(script))
			again := w.start("serve", "--listen", address, "--tls-listen", "")
			again.out.await("^earshot is ready")
			client.log.await(`^earshot: connected again; \d\.\d s of audio sent again$`)
			client.say(1800 * time.Millisecond)
			client.in.Close()
			if code := client.end(); code != 0 {
				t.Errorf("exit code %d: %s", code, client.log)
			}
			var got []string
			for row := range strings.Lines(client.out.String()) {
				var seg struct {
					Text       string
					Start, End float64
				}
				if err := json.Unmarshal([]byte(row), &seg); err != nil {
					t.Fatalf("%q: %v", row, err)
				}
				got = append(got, fmt.Sprint(seg.Start, "-", seg.End, " ", seg.Text))
			}
			want := "0.2-1 Good morning everybody.\n" + map[string]string{"between segments": "1.5-2.2 How are you?", "much later": "2.4-2.8 Very well."}[name]
			if strings.Join(got, "\n") != want {
				t.Errorf("heard\n%s\nexpected\n%s", strings.Join(got, "\n"), want)
			}
		})
	}
}

// A server that stays away: the command says what it has tried, after what it was told, and does not try on request.
func TestServerKilledForGood(t *testing.T) {
	for flag, texts := range map[string][]string{
		"--reconnect=1s": {"earshot: connection lost (", "could not be made again in", "attempt", "cannot connect"},
		"--reconnect=0s": {"the connection was lost"},
	} {
		t.Run(flag, func(t *testing.T) {
			w := newWorld(t)
			p, address := w.serve()
			client := w.start("transcribe", "--url=ws://"+address, flag, "--raw", "-") // whose input stays open
			client.say(1200 * time.Millisecond)
			client.out.await("Good morning everybody")
			p.signal(syscall.SIGKILL)
			p.end()
			if code := client.end(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			for _, text := range texts {
				if !strings.Contains(client.log.String(), text) {
					t.Errorf("%q does not say %q", client.log, text)
				}
			}
			if tried := strings.Contains(client.log.String(), "trying again"); tried != (flag != "--reconnect=0s") {
				t.Errorf("tried again: %v; %q", tried, client.log)
			}
		})
	}
	w := newWorld(t)
	w.check(w.run("", "transcribe", "--reconnect=-1s", "--url=ws://127.0.0.1:1", "--credentials="+exists(w), "talk.wav"), 2, "", `"--reconnect"`, "30s")
}

// exists returns the path of a credentials file.
func exists(w *world) string {
	w.write("keys", []byte("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"))
	return w.path("keys")
}

// Where nobody listens on this machine, the command says how to change that; elsewhere it does not know.
func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	w := newWorld(t)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, address := range []string{"ws://127.0.0.1:" + port, "ws://localhost:" + port, "wss://127.0.0.1:" + port} {
		w.check(w.run("", "transcribe", "--credentials="+exists(w), "--url="+address, "talk.wav"), 1, "", "connection refused", `start "earshot serve"`)
	}
}

// A server with a certificate of its own making is trusted on its own machine without being told to, and ws where wss belongs
// is named, as is the reverse.
func TestTLSOnThisMachine(t *testing.T) {
	w := newWorld(t)
	p := w.start("serve", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0")
	var plain, secure string
	for plain == "" || secure == "" {
		line := p.out.await(`^earshot is ready: .*$`)[0]
		if m := regexp.MustCompile(`http://(\S+)`).FindStringSubmatch(line); m != nil {
			plain = m[1]
		}
		if m := regexp.MustCompile(`https://(\S+)`).FindStringSubmatch(line); m != nil {
			secure = m[1]
		}
		if !strings.Contains(line, "http") {
			t.Fatal(line)
		}
	}
	file := "trusting the certificates in " + w.path(".local/share/earshot/ca.pem")
	_, port, _ := net.SplitHostPort(secure)
	for _, address := range []string{"wss://" + secure, "wss://localhost:" + port, "https://" + secure} {
		w.check(w.run("", "transcribe", "--url="+address, "talk.wav"), 0, finalText, file)
	}
	w.check(w.run("", "transcribe", "--url=ws://"+secure, "talk.wav"), 1, "", "speaks TLS", "try wss:// instead of ws://")
	w.check(w.run("", "transcribe", "--url=wss://"+plain, "talk.wav"), 1, "", "does not speak TLS", "try ws:// instead of wss://")
	// What is given goes before what is found.
	r := w.run("", "transcribe", "--ca="+w.path("talk.wav"), "--url=wss://"+secure, "talk.wav")
	w.check(r, 2, "", `"--ca"`)
	if strings.Contains(r.err, file) {
		t.Errorf("%q", r.err)
	}
	for _, address := range []string{"http://" + plain, "wss://" + secure} {
		if r := w.run("", "transcribe", "--http2", "--url="+address, "talk.wav"); r.code != 0 || r.out != finalText {
			t.Errorf("over HTTP/2: %+v", r)
		}
	}
	w.check(w.run("", "transcribe", "--http2", "talk.wav"), 2, "", `"--http2"`, "--url")

	// Somebody else, who has been given the folder, the key and its neighbour, or the key alone.
	folder, other := w.path(".local/share/earshot"), bareWorld(t)
	other.check(other.run("", "transcribe", "--data="+folder, "--url=wss://"+secure, "talk.wav"), 0, finalText, file, "using the key in "+folder+"/credentials")
	other.check(other.run("", "transcribe", "--credentials="+folder+"/credentials", "--url=wss://"+secure, "talk.wav"), 0, finalText, file)
	raw, err := os.ReadFile(folder + "/credentials")
	if err != nil {
		t.Fatal(err)
	}
	other.write("keys", raw)
	other.check(other.run("", "transcribe", "--credentials=keys", "--url=wss://"+secure, "talk.wav"), 1, "", "give the certificates to trust with --ca FILE")
	other.check(other.run("", "transcribe", "--data=none", "--url=wss://"+secure, "talk.wav"), 2, "", `"--data"`, `"credentials"`)
	other.check(other.run("", "presign", "--url=wss://"+secure), 1, "", "--data or EARSHOT_DATA")
	if r := other.run("", "presign", "--data="+folder, "--url=wss://"+secure); r.code != 0 {
		t.Errorf("%+v", r)
	} else {
		other.explained(r.out, []string{"-"}, 1, "keys: none is known here", "--data, --store or --config", "--credentials FILE")
		other.explained(r.out, []string{"-", "--data=" + folder}, 0, "accepted", folder+"/earshot.db")
		other.explained(strings.Replace(r.out, "127.0.0.1", "localhost", 1), []string{"-", "--data=" + folder}, 1, `it fits the host "`+secure+`"`)
		other.env = append(other.env, "EARSHOT_DATA="+folder)
		other.explained(r.out, []string{"-"}, 0, "accepted")
	}
	other.check(other.run("", "explain-url", "--data=none", documented), 1, "", "there is no data folder", "--data")
	p.signal(syscall.SIGTERM)
	p.end()
}

// On a terminal the lines about the connection stand by themselves.
func TestConnectionLostOnATerminal(t *testing.T) {
	typescript, err := exec.LookPath("script")
	if err != nil {
		t.Skip("the command script of util-linux, which makes a terminal, is not installed")
	}
	w := newWorld(t)
	p, address := w.serve("--set=engines.script.fault=die", "--set=engines.script.fault_at=1.2s", "--set=engines.script.fault_times=1")
	cmd := exec.Command(typescript, "-qec", binaryPath+" transcribe --realtime --url=ws://"+address+" talk.wav", "/dev/null")
	cmd.Dir, cmd.Env = w.dir, w.env
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %q", err, raw)
	}
	lines := strings.Split(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n")
	found := 0
	for _, l := range lines {
		if i := strings.LastIndex(l, "\r\x1b[2K"); i >= 0 {
			l = l[i+len("\r\x1b[2K"):]
		}
		if strings.HasPrefix(l, "earshot: connect") {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d lines about the connection in %q", found, raw)
	}
	p.signal(syscall.SIGTERM)
	p.end()
}
