package transcribe_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	wire "github.com/earshot-stt/earshot/wire/transcribe"
)

// bare takes every trace of AWS out of the environment.
func bare(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // so that it is put back
			os.Unsetenv(name)
		}
	}
	// The usual files are somewhere else, and not there yet.
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "usual"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "config"))
	return home
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fromConfig makes a recognizer as a configuration file does.
func fromConfig(values map[string]string) (*transcribe.Recognizer, error) {
	d := transcribe.Driver()
	r, err := d.Open(context.Background(), values, os.Getenv)
	if err != nil {
		return nil, err
	}
	return r.(*transcribe.Recognizer), nil
}

func TestDriverRefuses(t *testing.T) {
	home := bare(t)
	file := write(t, filepath.Join(home, "keys"), "[default]\naws_access_key_id = "+keyID+"\naws_secret_access_key = "+secret+"\n")
	for name, c := range map[string]struct {
		values map[string]string
		option string
		texts  []string
	}{
		"no region":              {map[string]string{}, "transcribe.region", []string{"AWS_REGION", "transcribe.endpoint", "us-east-1"}},
		"a bad region":           {map[string]string{"region": "evil.com/"}, "transcribe.region", []string{`"evil.com/"`, "us-east-1"}},
		"no scheme":              {map[string]string{"endpoint": "localhost:8080"}, "transcribe.endpoint", []string{"ws://127.0.0.1:8080"}},
		"another scheme":         {map[string]string{"endpoint": "ftp://localhost"}, "transcribe.endpoint", []string{"ws:// or wss://"}},
		"a path":                 {map[string]string{"endpoint": "wss://localhost/v1"}, "transcribe.endpoint", []string{"without path"}},
		"a query":                {map[string]string{"endpoint": "wss://localhost?key=" + secret}, "transcribe.endpoint", []string{"without path and query"}},
		"a password":             {map[string]string{"endpoint": "wss://me:" + url.PathEscape(secret) + "@localhost/v1"}, "transcribe.endpoint", nil},
		"a port without a host":  {map[string]string{"endpoint": "ws://:8080"}, "transcribe.endpoint", nil},
		"not an address":         {map[string]string{"endpoint": "ws://a b"}, "transcribe.endpoint", []string{"not an address"}},
		"no such file":           {map[string]string{"region": "us-east-1", "credentials_file": filepath.Join(home, "nowhere")}, "transcribe.credentials_file", []string{"nowhere", "cannot be read"}},
		"no such profile":        {map[string]string{"region": "us-east-1", "profile": "work"}, "transcribe.profile", []string{`"work"`, "there is none"}},
		"not in the file":        {map[string]string{"region": "us-east-1", "profile": "work", "credentials_file": file}, "transcribe.profile", []string{file}},
		"a timeout of nothing":   {map[string]string{"region": "us-east-1", "finish_timeout": "0s"}, "transcribe.finish_timeout", []string{"45s"}},
		"a timeout in the past":  {map[string]string{"region": "us-east-1", "finish_timeout": "-1s"}, "transcribe.finish_timeout", nil},
		"a timeout without unit": {map[string]string{"region": "us-east-1", "finish_timeout": "30"}, "transcribe.finish_timeout", []string{"500ms"}},
		"no time to open":        {map[string]string{"region": "us-east-1", "open_timeout": "0s"}, "transcribe.open_timeout", []string{"15s"}},
		"an opening in the past": {map[string]string{"region": "us-east-1", "open_timeout": "-1s"}, "transcribe.open_timeout", nil},
		"going on in the past":   {map[string]string{"region": "us-east-1", "reconnect_for": "-1s"}, "transcribe.reconnect_for", []string{"30s", "0s"}},
		"nothing to send again":  {map[string]string{"region": "us-east-1", "max_replay": "0s"}, "transcribe.max_replay", []string{"60s"}},
		"little to send again":   {map[string]string{"region": "us-east-1", "max_replay": "999ms"}, "transcribe.max_replay", []string{"1s to 10m"}},
		"hours to send again":    {map[string]string{"region": "us-east-1", "max_replay": "1h"}, "transcribe.max_replay", []string{"1s to 10m"}},
		"no authorities":         {map[string]string{"region": "us-east-1", "ca_file": filepath.Join(home, "nowhere.pem")}, "transcribe.ca_file", []string{"nowhere.pem", "PEM", "cannot be read"}},
		"not an authority":       {map[string]string{"region": "us-east-1", "ca_file": file}, "transcribe.ca_file", []string{file, "PEM", "it has none"}},
		"sign maybe":             {map[string]string{"region": "us-east-1", "sign_frames": "maybe"}, "transcribe.sign_frames", []string{"true or false"}},
		"another transport":      {map[string]string{"region": "us-east-1", "transport": "grpc"}, "transcribe.transport", []string{`"grpc"`, "websocket", "http2"}},
		"an unknown option":      {map[string]string{"regoin": "us-east-1"}, "transcribe.regoin", []string{"region"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fromConfig(c.values)
			if e := wantError(t, err, stt.Invalid, append(c.texts, c.option)...); e.Option != c.option {
				t.Errorf("option %q, want %q: %v", e.Option, c.option, err)
			}
		})
	}
	if _, err := transcribe.New(transcribe.Options{Region: "us-east-1", Transport: "grpc", Credentials: failing(nil)}); err == nil {
		t.Error("a client of another transport is made")
	} else {
		wantError(t, err, stt.Invalid, "grpc", "http2")
	}
	if _, err := transcribe.New(transcribe.Options{Region: "us-east-1"}); err == nil {
		t.Error("a client without credentials is made")
	} else {
		wantError(t, err, stt.Invalid, "credentials")
	}
}

// address returns where a client would connect to.
func address(t *testing.T, values map[string]string) *url.URL {
	t.Helper()
	r, err := fromConfig(values)
	if err != nil {
		t.Fatalf("%v: %v", values, err)
	}
	u, err := r.Presign(context.Background(), stt.Config{Audio: format}, time.Minute)
	if err != nil {
		t.Fatalf("%v: %v", values, err)
	}
	return u
}

func TestEndpoints(t *testing.T) {
	bare(t)
	t.Setenv("AWS_ACCESS_KEY_ID", keyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	for _, c := range []struct{ region, endpoint, want, scope string }{
		{"eu-central-1", "", "wss://transcribestreaming.eu-central-1.amazonaws.com:8443", "eu-central-1"},
		{"cn-north-1", "", "wss://transcribestreaming.cn-north-1.amazonaws.com.cn:8443", "cn-north-1"},
		{"", "ws://127.0.0.1:8080", "ws://127.0.0.1:8080", "us-east-1"},
		{"", "wss://[::1]:8443/", "wss://[::1]:8443", "us-east-1"},
		{"eu-west-1", "http://localhost:8080/", "ws://localhost:8080", "eu-west-1"},
		{"", "https://stt.example.com", "wss://stt.example.com", "us-east-1"},
		{"", "HTTPS://stt.example.com:443", "wss://stt.example.com", "us-east-1"}, // the default port is left out of Host
	} {
		u := address(t, map[string]string{"region": c.region, "endpoint": c.endpoint})
		if got := u.Scheme + "://" + u.Host; got != c.want || u.Path != wire.PathWebSocket {
			t.Errorf("%+v: %s%s", c, got, u.Path)
		}
		if got := u.Query().Get("X-Amz-Credential"); !strings.HasPrefix(got, keyID+"/") || !strings.HasSuffix(got, "/"+c.scope+"/transcribe/aws4_request") {
			t.Errorf("%+v: credential %s", c, got)
		}
	}
	// The region of the environment, as AWS tools read it.
	t.Setenv("AWS_REGION", "ap-south-1")
	if u := address(t, nil); u.Host != "transcribestreaming.ap-south-1.amazonaws.com:8443" {
		t.Errorf("host %s", u.Host)
	}
}

// An option goes before the environment, and the environment before the usual files.
func TestWhichCredentials(t *testing.T) {
	home := bare(t)
	keys := func(profile, id string) string {
		return "[" + profile + "]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
	}
	write(t, filepath.Join(home, "usual"), keys("default", "AKIDUSUAL")+keys("work", "AKIDWORK"))
	file := write(t, filepath.Join(home, "credentials"), keys("default", "AKIDFILE")+keys("play", "AKIDPLAY"))
	want := func(id string, values map[string]string) {
		t.Helper()
		values["endpoint"] = "ws://127.0.0.1:8080"
		if got, _, _ := strings.Cut(address(t, values).Query().Get("X-Amz-Credential"), "/"); got != id {
			t.Errorf("%v: key %s, want %s", values, got, id)
		}
	}
	want("AKIDUSUAL", map[string]string{})
	want("AKIDWORK", map[string]string{"profile": "work"})
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	want("AKIDENV", map[string]string{})
	want("AKIDWORK", map[string]string{"profile": "work"})
	want("AKIDFILE", map[string]string{"credentials_file": file})
	want("AKIDPLAY", map[string]string{"credentials_file": file, "profile": "play"})
}

// Without credentials there is an answer at once: nobody asks the machine for a role when the server is another one.
func TestNoCredentials(t *testing.T) {
	bare(t)
	r, err := fromConfig(map[string]string{"endpoint": "ws://127.0.0.1:9"})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err = r.Open(context.Background(), stt.Config{Audio: format})
	e := wantError(t, err, stt.Unauthenticated, "no AWS credentials found", "AWS_ACCESS_KEY_ID", "transcribe.credentials_file")
	if took := time.Since(began); took > time.Second {
		t.Errorf("after %v", took)
	}
	// The clients of a server that lacks them are not told that theirs are missing.
	if x := wire.ExceptionOf(e); x.Name != wire.InternalFailure {
		t.Errorf("told as %+v", x)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = r.Open(ctx, stt.Config{Audio: format})
	wantError(t, err, stt.Canceled)
}

func TestCredentialsThatFail(t *testing.T) {
	config := stt.Config{Audio: format}
	for _, c := range map[string]struct {
		credentials transcribe.Credentials
		code        stt.Code
	}{
		"empty": {transcribe.Static(sigv4.Credentials{}), stt.Unauthenticated},
		"an error": {func(context.Context) (sigv4.Credentials, error) {
			return sigv4.Credentials{}, errors.New("vault is sealed")
		}, stt.Internal},
		"out of time": {func(ctx context.Context) (sigv4.Credentials, error) {
			return sigv4.Credentials{}, context.DeadlineExceeded
		}, stt.DeadlineExceeded},
	} {
		r, err := transcribe.New(transcribe.Options{Endpoint: "ws://127.0.0.1:9", Credentials: c.credentials})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Open(context.Background(), config)
		wantError(t, err, c.code)
		_, err = r.Presign(context.Background(), config, time.Minute)
		wantError(t, err, c.code)
	}
}

// A presigned address is verified by the book, for as long as it was asked for and not a second more.
func TestPresign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := transcribe.New(transcribe.Options{Region: "eu-central-1",
			Credentials: transcribe.Static(sigv4.Credentials{AccessKeyID: keyID, Secret: secret, SessionToken: token})})
		if err != nil {
			t.Fatal(err)
		}
		for _, lifetime := range []time.Duration{time.Second, time.Minute, 5 * time.Minute} {
			u, err := r.Presign(context.Background(), stt.Config{Audio: format, Speakers: stt.Speakers{On: true}}, lifetime)
			if err != nil {
				t.Fatal(err)
			}
			claim, err := sigv4.ParsePresigned(u.RawQuery)
			if err != nil {
				t.Fatal(err)
			}
			request := sigv4.Request{Method: "GET", Path: u.EscapedPath(), RawQuery: u.RawQuery, Hosts: []string{u.Host}}
			for after, want := range map[time.Duration]sigv4.Reason{0: sigv4.None, lifetime: sigv4.None, lifetime + time.Second: sigv4.Expired} {
				if err := sigv4.Verify(claim, request, []string{secret}, time.Now().Add(after), sigv4.Limits{}); sigv4.ReasonOf(err) != want {
					t.Errorf("%v, after %v: %v; want %v", lifetime, after, err, want)
				}
			}
			if p, err := wire.ParseQuery(wire.Operations()[0], u.Query()); err != nil || !p.ShowSpeakerLabel || u.Query().Get("X-Amz-Security-Token") != token {
				t.Errorf("parameters %+v, %v", p, err)
			}
		}
		for _, lifetime := range []time.Duration{0, -time.Second, 999 * time.Millisecond, 1500 * time.Millisecond, 5*time.Minute + time.Second, 24 * time.Hour} {
			_, err := r.Presign(context.Background(), stt.Config{Audio: format}, lifetime)
			wantError(t, err, stt.Invalid, "1s to 5m", lifetime.String())
		}
		_, err = r.Presign(context.Background(), stt.Config{}, time.Minute)
		wantError(t, err, stt.Unsupported)
	})
}

// A signed stream goes on over midnight, when the key of the day changes. The fake's verifier says so if it does not.
func TestSignedOverMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		days := make(chan error, 1)
		f := newFake(t, func(c *call) {
			_, err := c.audio()
			days <- err
			c.goodbye()
		})
		now := time.Now().UTC()
		<-time.After(now.Truncate(24 * time.Hour).Add(24*time.Hour - time.Second).Sub(now)) // fake time
		s := open(t, f.client(func(o *transcribe.Options) { o.SignFrames = true }), stt.Config{})
		before := time.Now().UTC().Day()
		for range 20 {
			send(t, s, 100*time.Millisecond)
			<-time.After(100 * time.Millisecond)
		}
		if time.Now().UTC().Day() == before {
			t.Error("the day has not changed")
		}
		s.CloseSend()
		if _, err := drain(s); err.Error() != "EOF" {
			t.Error(err)
		}
		if err := <-days; err != nil {
			t.Errorf("the server could not verify all: %v", err)
		}
		if n := len(f.last().chunks); n != 20 {
			t.Errorf("%d messages, want 20", n)
		}
	})
}

func TestModels(t *testing.T) {
	r, err := transcribe.New(transcribe.Options{Region: "us-east-1", Credentials: transcribe.Static(sigv4.Credentials{})})
	if err != nil {
		t.Fatal(err)
	}
	models, err := r.Models(context.Background())
	if err != nil || len(models) != 1 {
		t.Fatalf("%v, %v", models, err)
	}
	can := models[0].Can
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		if !can.Takes(stt.Format{Rate: rate, Channels: 1}) {
			t.Errorf("%d Hz is not taken", rate)
		}
	}
	if can.Takes(stt.Format{Rate: 16000, Channels: 2}) || can.Has.Has(stt.FeatureFlush) || can.Has.Has(stt.FeaturePhrases) || can.MaxChunk != time.Second {
		t.Errorf("claims too much: %+v", can)
	}
	// What is claimed can be asked for.
	for _, f := range can.Formats {
		if _, err := wire.ParamsOf(&stt.Config{Audio: f}); err != nil {
			t.Error(err)
		}
	}
	models[0].Can.Formats[0].Rate = 1 // the result is the caller's
	if again, _ := r.Models(context.Background()); again[0].Can.Formats[0].Rate == 1 {
		t.Error("models share memory")
	}
}
