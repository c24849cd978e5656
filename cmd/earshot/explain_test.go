package main_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// What presign of another program printed on 2 January 2026 (checked against the JavaScript signer of AWS), for the key of the
// public documentation.
const (
	documented = "wss://localhost:8443/stream-transcription-websocket?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Ftranscribe%2Faws4_request" +
		"&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&language-code=en-US&media-encoding=pcm&pii-entity-types=NAME%2CADDRESS&sample-rate=16000" +
		"&session-id=b4526fcf-5eee-4361-8192-d1cb9e9d6887&X-Amz-Signature=" + documentedSignature
	documentedSignature = "004b509c5a1c4430af33b292be96dbcb8aee54fa09c18ae183c87fea12e3748b"
	documentedSecret    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	documentedKeys      = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = " + documentedSecret + "\n"
	inTime              = "--now=20260102T030435Z"
	// The same for the host far.example:9999.
	farSignature = "0c9bb6467c845e79e7ca3415ce37d06f49d515f47fb46e9ce66b34b8f0ca5f10"
)

// explained runs explain-url, checks the exit code and what is said on standard output, and that nothing secret is.
func (w *world) explained(stdin string, args []string, code int, texts ...string) {
	w.t.Helper()
	r := w.run(stdin, append([]string{"explain-url"}, args...)...)
	if r.code != code || r.err != "" {
		w.t.Errorf("exit code %d, errors %q; expected %d:\n%s", r.code, r.err, code, r.out)
	}
	for _, text := range texts {
		if !strings.Contains(r.out, text) {
			w.t.Errorf("does not say %q:\n%s", text, r.out)
		}
	}
	for _, hidden := range []string{documentedSecret, documentedSignature, farSignature, "another/secret", "TOKEN-OF"} {
		if strings.Contains(r.out, hidden) {
			w.t.Errorf("shows %q:\n%s", hidden, r.out)
		}
	}
}

func TestExplainURL(t *testing.T) {
	w := bareWorld(t)
	w.write("keys", []byte(documentedKeys+"[other]\naws_access_key_id=AKIDOTHER\naws_secret_access_key=another/secret\n"))
	w.write("http.txt", []byte(strings.Replace(documented, "wss://localhost:8443", "GET ", 1)+" HTTP/1.1\r\nHost: localhost:8443\r\nUpgrade: websocket\r\n\r\n"))
	for name, c := range map[string]struct {
		url, stdin string
		args       []string
		code       int
		says       []string
	}{
		"good": {url: documented, says: []string{"accepted", "AKIDEXAMPLE, in " + w.path("keys") + " [default]", "30s before now", "of which 30s are left",
			"header host", "host:localhost:8443", "pii-entity-types=NAME%2CADDRESS", "X-Amz-Signature=(withheld)", "20260102/us-east-1/transcribe/aws4_request"}},
		"in quotes, wrapped":    {url: `'` + strings.Replace(documented, "&X-Amz-Date", "\n  &X-Amz-Date", 1) + `'`, says: []string{"accepted", "quotes", "line breaks"}},
		"of a shell":            {url: strings.NewReplacer("&", `\&`, "?", `\?`).Replace(documented), says: []string{"accepted", "backslashes"}},
		"cut off by a shell":    {url: documented[:strings.Index(documented, "&")], code: 1, says: []string{"refused: malformed", "X-Amz-Credential: wanted the parameter", "a shell cuts it off"}},
		"from standard input":   {url: "-", stdin: documented + "\n", says: []string{"accepted"}},
		"a request":             {args: []string{"--request=http.txt"}, says: []string{"accepted", "GET /stream-transcription-websocket?"}},
		"a request, piped":      {args: []string{"--request=-"}, stdin: ":method: GET\n:authority: other:1\n:path: " + strings.TrimPrefix(documented, "wss://localhost:8443") + "\n", code: 1, says: []string{"refused: signature mismatch", `it fits the host "localhost:8443"`}},
		"expired":               {url: documented, args: []string{"--now=2026-01-02T04:04:05+01:00", "--now=2026-01-02T03:05:06Z"}, code: 1, says: []string{"refused: expired", "X-Amz-Date: wanted", "which is over", "was made with the server's secret"}},
		"by the clock of today": {url: documented, args: []string{"--now="}, code: 1, says: []string{"refused: expired"}},
		"a proxy":               {url: documented, args: []string{"--host=inner:80"}, code: 1, says: []string{`"localhost:8443"`, "inner:80"}},
		"a proxy, another port": {url: strings.Replace(strings.Replace(documented, "localhost:8443", "far.example:9999", 1), documentedSignature, farSignature, 1), args: []string{"--host=inner:80"}, code: 1, says: []string{`it fits the host "far.example:9999"`}},
		"a proxy that is known": {url: documented, args: []string{"--host=inner:80", "--public-hosts=localhost:8443"}, says: []string{"accepted"}},
		"host without a port":   {url: strings.Replace(documented, ":8443", "", 1), code: 1, says: []string{`it fits the host "localhost:8443"`}},
		"default port":          {url: strings.Replace(documented, ":8443", ":443", 1), code: 1, says: []string{"default of wss", "host:localhost\n"}},
		"unknown key":           {url: strings.Replace(documented, "AKIDEXAMPLE", "AKIDNOBODY", 1), code: 1, says: []string{"refused: unknown access key", `"AKIDNOBODY"`, "not known here"}},
		"other profile":         {url: documented, args: []string{"--profile=other"}, code: 1, says: []string{"refused: unknown access key"}},
		"double encoding":       {url: strings.ReplaceAll(documented, "%2F", "%252F"), code: 1, says: []string{"%252F", "encode once"}},
		"a token":               {url: documented + "&X-Amz-Security-Token=TOKEN-OF", code: 1, says: []string{"X-Amz-Security-Token=(withheld)", "before signing"}},
		"a token, damaged":      {url: documented + "&amp;X-Amz-Security-Token=TOKEN-OF&x%2Dtoken=TOKEN-OF", code: 1, says: []string{"X-Amz-Security-Token=(withheld)"}},
		"control characters":    {url: documented + "&a=%1B%5B2Jb", code: 1, says: []string{`without "a"`}},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			args := append([]string{"--credentials=keys"}, c.args...)
			if !strings.Contains(strings.Join(args, " "), "--now") {
				args = append(args, inTime)
			}
			if c.url != "" {
				args = append(args, "--", c.url)
			}
			for i, a := range args {
				if a == "--now=" {
					args = append(args[:i], args[i+1:]...)
					break
				}
			}
			w.explained(c.stdin, args, c.code, c.says...)
		})
	}
}

// The keys are found as presign finds them, and those that are not the server's explain what was mixed up.
func TestExplainURLFindsKeys(t *testing.T) {
	w := bareWorld(t)
	w.explained("", []string{documented, inTime}, 1, "no key of a server is known here at all")
	for _, dir := range []string{".aws", ".local/share/earshot"} {
		if err := os.MkdirAll(w.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	env := w.env
	w.env = append(env, "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY="+documentedSecret)
	w.explained("", []string{documented, inTime}, 0, "in the environment")
	w.env = env
	w.write(".aws/config", []byte("[profile mine]\nregion = x\n"+strings.TrimPrefix(documentedKeys, "[default]\n")))
	w.explained("", []string{documented, inTime}, 0, "config [mine]")
	w.explained("", []string{documented, inTime, "--profile=mine"}, 0, "config [mine]")
	// With a server on this machine its keys count, and the others are what a client may have used.
	w.write(".local/share/earshot/credentials", []byte("[default]\naws_access_key_id = ESHKA\naws_secret_access_key = another/secret\n"))
	w.explained("", []string{documented, inTime}, 1, "refused: unknown access key", "which is not where the server looks")
	w.explained("", []string{strings.Replace(documented, "localhost:8443", "far.example:8443", 1), inTime, "--host=localhost:8443"}, 0, "accepted")
	w.write(".local/share/earshot/credentials", []byte(strings.Replace(documentedKeys, "wJalr", "another/secret", 1)))
	w.explained("", []string{documented, inTime}, 1, "refused: signature mismatch", "the secret of this key in", "config [mine]", "another one than the server's")
}

// What presign prints is explained as good, in words for programs too.
func TestExplainURLOfPresign(t *testing.T) {
	w := newWorld(t)
	w.serve()
	r := w.run("", "presign", "--url=ws://localhost:9999")
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	r = w.run(r.out, "explain-url", "--format=json", "-")
	var said struct {
		Accepted  bool
		Faults    []any
		Canonical []string `json:"canonical_request"`
		Request   map[string]string
	}
	if err := json.Unmarshal([]byte(r.out), &said); err != nil || !said.Accepted || said.Faults == nil || len(said.Faults) != 0 || len(said.Canonical) != 7 ||
		!strings.HasPrefix(said.Request["host"], "localhost:9999") || r.code != 0 {
		t.Errorf("%v, %+v", err, r)
	}
	r = w.run("", "explain-url", "--format=json", "ws://localhost:9999/?a=b&c=d")
	if err := json.Unmarshal([]byte(r.out), &said); err != nil || said.Accepted || len(said.Faults) != 1 || r.code != 1 {
		t.Errorf("%v, %+v", err, r)
	}
}

// The keys of the store are the server's, and what keeps one from being accepted is told to whoever runs the server.
func TestExplainURLOfStore(t *testing.T) {
	w := bareWorld(t)
	w.write("studio.credentials", []byte(w.good("keys", "create", "--data", "d", "--name", "studio", "--format", "credentials")))
	r := w.run("", "presign", "--credentials", "studio.credentials", "--url", "ws://localhost:9999")
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	address := strings.TrimSpace(r.out)
	w.explained("", []string{"--data", "d", address}, 0, "accepted", `earshot.db ("studio")`)
	w.write("earshot.yaml", []byte("data: "+w.path("d")+"\n"))
	w.explained("", []string{"--config", "earshot.yaml", address}, 0, "accepted")
	env := w.env
	w.env = append(env, "EARSHOT_CONFIG="+w.path("earshot.yaml"))
	w.explained("", []string{address}, 0, "accepted")
	w.env = env
	w.good("keys", "disable", "--data", "d", "studio")
	w.explained("", []string{"--data", "d", address}, 1, "which is disabled")
	w.good("keys", "enable", "--data", "d", "studio")
	w.good("keys", "rotate", "--data", "d", "studio")
	w.explained("", []string{"--data", "d", address}, 1, "refused: signature mismatch")
}

// Wrong use is told from a signature that is refused by the exit code.
func TestExplainURLUsage(t *testing.T) {
	w := bareWorld(t)
	w.write("empty", nil)
	for _, c := range []struct {
		args  []string
		texts []string
	}{
		{nil, []string{"presigned address", "--request"}},
		{[]string{"localhost:8443/?a=b"}, []string{`"URL"`, "wss://"}},
		{[]string{"ftp://x/?a=b&token=TOKEN-OF"}, []string{`"URL"`, "ftp://x/?..."}},
		{[]string{documented, "--request=-"}, []string{`"--request"`, "one of the two"}},
		{[]string{"--request=none"}, []string{`"--request"`, "cannot be read"}},
		{[]string{"--request=empty"}, []string{"request line"}},
		{[]string{documented, "--now=noon"}, []string{`"--now"`, "20260102T030405Z"}},
		{[]string{documented, "--credentials=none"}, []string{`"--credentials"`, "cannot be read"}},
		{[]string{documented, "--credentials=empty", "--profile=p"}, []string{`"--profile"`, "empty"}},
		{[]string{documented, "--profile=p"}, []string{`"--profile"`}},
		{[]string{documented, "--format=xml"}, []string{"--format"}},
	} {
		w.check(w.run("", append([]string{"explain-url"}, c.args...)...), 2, "", c.texts...)
	}
}

// What the user has set is named as the user has set it.
func TestErrorsNameWhatWasSet(t *testing.T) {
	w := bareWorld(t)
	w.check(w.run("", "presign", "--url="), 2, "", `"--url" is empty`, "--region", "ws://127.0.0.1:8080")
	w.check(w.run("", "presign", "--profile=nope"), 2, "", `"--profile" is "nope"`)
	w.check(w.run("", "presign", "--region=US East"), 2, "", `"--region" is "US East"`)
	env := w.env
	w.env = append(env, "AWS_REGION=US East")
	w.check(w.run("", "presign"), 2, "", `"AWS_REGION" is "US East"`)
	w.env = env
	w.env = append(w.env, "AWS_PROFILE=nope")
	for _, args := range [][]string{{"presign"}, {"transcribe", "--url=ws://127.0.0.1:1", "talk.wav"}} {
		r := w.run("", args...)
		w.check(r, 2, "", `"AWS_PROFILE" is "nope"`)
		if strings.Contains(r.err, "transcribe.profile") {
			t.Errorf("%q", r.err)
		}
	}
}

// Hosts are judged as the server judges them: by what its configuration says of public_hosts, wherever that stands.
func TestExplainURLPublicHosts(t *testing.T) {
	w := bareWorld(t)
	w.write("keys", []byte(documentedKeys))
	w.write("elsewhere.yaml", []byte("public_hosts: [stt.example.com]\n"))
	w.write("here.yaml", []byte("public_hosts: [stt.example.com, \"localhost:8443\"]\n"))
	args := func(more ...string) []string {
		return append([]string{documented, inTime, "--credentials=keys"}, more...)
	}
	w.explained("", args("--config=elsewhere.yaml"), 1, "refused: signature mismatch", `it fits the host "localhost:8443"`)
	w.explained("", args("--config=here.yaml", "--host=inner:80"), 0, "accepted")
	w.explained("", args("--config=elsewhere.yaml", "--public-hosts=localhost:8443"), 0, "accepted")
	env := w.env
	for _, set := range []string{"EARSHOT_CONFIG=" + w.path("elsewhere.yaml"), "EARSHOT_PUBLIC_HOSTS=stt.example.com"} {
		w.env = append(env, set)
		w.explained("", args(), 1, "refused: signature mismatch")
	}
	w.env = env
	w.explained("", args(), 0, "accepted")
}
