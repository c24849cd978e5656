package stt_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

func ExampleFormat_Duration() {
	f := stt.Format{Rate: 16000, Channels: 1}
	fmt.Println(f, "for 64000 bytes:", f.Duration(64000))
	fmt.Println("100 ms:", f.Bytes(100*time.Millisecond), "bytes")
	// Output:
	// pcm 16000 Hz 1 channel for 64000 bytes: 2s
	// 100 ms: 3200 bytes
}

func ExampleJoinWords() {
	fmt.Println(stt.JoinWords([]stt.Word{
		{Text: "Good"}, {Text: "morning"}, {Text: ",", Kind: stt.Punctuation, Glue: true}, {Text: "everybody"},
	}))
	// Output: Good morning, everybody
}

func ExampleFindModel() {
	models := []stt.Model{
		{ID: "small", Can: stt.Capabilities{Languages: []string{"en-US"}}},
		{ID: "large", Can: stt.Capabilities{Languages: []string{"en-US", "de-DE"}}},
	}
	m, err := stt.FindModel(models, &stt.Config{Languages: stt.Languages{Tags: []string{"de-DE"}}})
	fmt.Println(m.ID, err)
	_, err = stt.FindModel(models, &stt.Config{Model: "huge"})
	fmt.Println(stt.CodeOf(err), "-", err)
	// Output:
	// large <nil>
	// not-found - model "huge" is not known; there are: small, large
}

func ExampleDriver_Resolve() {
	d := stt.Driver{Name: "acme", Options: []stt.Option{
		{Name: "api_key", Env: "ACME_API_KEY", Required: true, Secret: true},
		{Name: "timeout", Kind: stt.KindDuration, Default: "10s"},
	}}
	env := func(string) string { return "" } // os.Getenv in earnest

	_, err := d.Resolve(map[string]string{"timeout": "3s"}, env)
	fmt.Println(err)
	values, _ := d.Resolve(map[string]string{"api_key": "s3cret"}, env)
	fmt.Println(values["timeout"])
	// Output:
	// option "acme.api_key" must be set (or the environment variable ACME_API_KEY)
	// 10s
}

func ExampleAsError() {
	err := fmt.Errorf("opening the stream: %w", &stt.Error{Code: stt.Exhausted, RetryAfter: time.Second,
		Msg: "all 4 slots are taken", Err: errors.New("semaphore full")})
	e := stt.AsError(err)
	fmt.Println(e.Code, "-", e.Msg, "- again in", e.RetryAfter) // Msg is for the caller, Err for the log
	// Output: exhausted - all 4 slots are taken - again in 1s
}
