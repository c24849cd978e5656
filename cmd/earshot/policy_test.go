package main_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const socketPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"my-transcribe-websocket-policy","Effect":"Allow","Action":"transcribe:StartStreamTranscriptionWebSocket","Resource":"*"}]}`

func TestPolicyCheck(t *testing.T) {
	const (
		socket  = "transcribe:StartStreamTranscriptionWebSocket"
		http2   = "transcribe:StartStreamTranscription"
		network = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"transcribe:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}}`
		soon    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"transcribe:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01"}}}}`
		tags    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}}}`
	)
	w := bareWorld(t)
	for name, text := range map[string]string{"socket": socketPolicy, "network": network, "soon": soon, "tags": tags, "broken": `{"Version":"2012-10-17"}`,
		"slip": strings.Replace(socketPolicy, "WebSocket\"", "WebSockets\"", 1)} {
		w.write(name+".json", []byte(text))
	}
	allowed := func(line string) string {
		return "allowed: a statement allows it and none denies it\n  " + line + "\n"
	}
	refused := func(line string) string { return "denied: no statement allows it\n  " + line + "\n" }
	for _, c := range []struct {
		name  string
		stdin string
		args  []string
		code  int
		out   string
		err   []string
	}{
		{"allowed", "", []string{"--policy=socket.json", "--action=" + socket}, 0, allowed(`Statement[0] "my-transcribe-websocket-policy", Allow: applies`), nil},
		{"denied", "", []string{"--policy=socket.json", "--action=" + http2}, 1,
			refused(`Statement[0] "my-transcribe-websocket-policy", Allow: does not apply: Action does not have "` + http2 + `"`), nil},
		{"from standard input", socketPolicy, []string{"--policy=-", "--action=" + socket}, 0, allowed(`Statement[0] "my-transcribe-websocket-policy", Allow: applies`), nil},
		{"only read", "", []string{"--policy=socket.json"}, 0, "can be read: policy of 1 statement\n", nil},
		{"the default", "", []string{"--policy=default"}, 0, "can be read: policy of 2 statements\n", nil},
		{"a slip", "", []string{"--policy=slip.json"}, 0, "can be read: policy of 1 statement\n",
			[]string{`note: Statement[0].Action: "transcribe:StartStreamTranscriptionWebSockets" is none of the actions of this server`}},
		{"from an address", "", []string{"--policy=network.json", "--action=" + socket, "--context=aws:SourceIp=192.0.2.9"}, 0, allowed("Statement[0], Allow: applies"), nil},
		{"from another", "", []string{"--policy=network.json", "--action=" + socket, "--context=AWS:sourceip=198.51.100.1"}, 1,
			refused(`Statement[0], Allow: does not apply: Condition.IpAddress."aws:SourceIp" does not hold: the value is "198.51.100.1"`), nil},
		{"now", "", []string{"--policy=soon.json", "--action=" + socket}, 0, allowed("Statement[0], Allow: applies"), nil},
		{"at another time", "", []string{"--policy=soon.json", "--action=" + socket, "--context=aws:CurrentTime=2019-05-01"}, 1,
			refused(`Statement[0], Allow: does not apply: Condition.DateGreaterThan."aws:CurrentTime" does not hold: the value is "2019-05-01"`), nil},
		{"a resource", "", []string{"--policy=default", "--action=transcribe:GetVocabulary", "--resource=arn:aws:transcribe:us-east-1:111122223333:vocabulary/a"}, 0,
			allowed(`Statement[0] "Stream", Allow: does not apply: Action does not have "transcribe:GetVocabulary"` + "\n  " + `Statement[1] "Vocabularies", Allow: applies`), nil},
		{"several values", "", []string{"--policy=tags.json", "--action=transcribe:TagResource", "--context=aws:TagKeys=a", "--context=aws:TagKeys=c,d"}, 1,
			refused(`Statement[0], Allow: does not apply: Condition.ForAllValues:StringEquals."aws:TagKeys" does not hold: the value is "a", "c,d"`), nil},
		{"an action without its service", "", []string{"--policy=socket.json", "--action=StartStreamTranscriptionWebSocket"}, 2, "", []string{`"--action"`, "expected it with the service before it: " + socket}},
		{"an action that there is not", "", []string{"--policy=socket.json", "--action=transcribe:Foo"}, 2, "", []string{`"transcribe:Foo"`, "an action of this server"}},
		{"an action in other letters", "", []string{"--policy=socket.json", "--action=" + strings.ToUpper(socket)}, 0, allowed(`Statement[0] "my-transcribe-websocket-policy", Allow: applies`), nil},
		{"a broken policy", "", []string{"--policy=broken.json", "--action=" + socket}, 2, "", []string{`the policy: expected a "Statement"; got none`}},
		{"no file", "", []string{"--policy=none.json"}, 2, "", []string{"none.json"}},
		{"no policy", "", nil, 2, "", []string{"--policy"}},
		{"an unknown key", "", []string{"--policy=socket.json", "--context=aws:Sourceip=1", "--context=x=y"}, 2, "", []string{`"--context" is "x=y"`, "aws:SourceIp"}},
		{"no value", "", []string{"--policy=socket.json", "--context=aws:SourceIp"}, 2, "", []string{"KEY=VALUE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := *w
			w.t = t
			w.check(w.run(c.stdin, append([]string{"policy", "check"}, c.args...)...), c.code, c.out, c.err...)
		})
	}
}

// The page about policies does as it says: each of its policies is stored under the name that stands before it, each command is run, and
// what follows is what it prints.
func TestPolicyPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	w := bareWorld(t)
	parts := strings.Split(string(page), "```json\n")
	for i, part := range parts[1:] {
		names := regexp.MustCompile("`(\\w+\\.json)`").FindAllStringSubmatch(parts[i], -1)
		if len(names) == 0 {
			t.Fatalf("no name stands before\n%s", part)
		}
		text, _, _ := strings.Cut(part, "```")
		w.write(names[len(names)-1][1], []byte(text))
	}
	ran := 0
	for _, m := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		for _, command := range strings.Split(m[1], "$ earshot ")[1:] {
			line, out, _ := strings.Cut(command, "\n")
			args := strings.Fields(line)
			if args[0] != "policy" {
				continue // others have pages, and tests, of their own
			}
			ran++
			r := w.run("", args...)
			want := map[string]int{"allowed:": 0, "can": 0, "denied:": 1, "earshot:": 2}
			first, _, _ := strings.Cut(out, " ")
			if code, known := want[first]; !known || r.code != code || r.out+r.err != out {
				t.Errorf("%s\nexit code %d:\n%s%s\nthe page says\n%s", line, r.code, r.out, r.err, out)
			}
		}
	}
	if ran < 7 {
		t.Errorf("%d commands", ran)
	}
}
