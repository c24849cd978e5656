package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// The server "commands" recognises real speech as "words" does, with a vocabulary of some dozen words: that takes a tenth of the
// processor's time, and what is said is recognised to the last word. So whatever is lost or doubled on the way is seen, by each client,
// where the large model leaves room for guesses. Package pocketsphinx-testdata has the model and the recording.
const (
	commandData  = "/usr/share/pocketsphinx/test/data/"
	commandAudio = commandData + "goforward.raw" // samples only, 16 kHz
	commandWords = "go forward ten meters"
	commandTimes = 3 // a few words prove little

	// noCommands is why there is no such server.
	noCommands = "there is no engine that recognises speech, or there are no recordings: Debian's libpocketsphinx-dev, pocketsphinx-en-us, pocketsphinx-testdata"
)

// commandSet is what the engine is told of the model.
func commandSet() string {
	text, err := json.Marshal([]map[string]string{{"name": "turtle", "language": "en-US", "hmm": "/usr/share/pocketsphinx/model/en-us/en-us",
		"lm": commandData + "turtle.lm.bin", "dict": commandData + "turtle.dic"}})
	if err != nil {
		panic(err) // texts are never refused
	}
	return "engines.pocketsphinx.models=" + string(text)
}

// commands writes the recording, so many times with pauses between, to a file of samples. There is none where the package is not
// installed.
func commands(scratch string) (file string, err error) {
	once, err := os.ReadFile(commandAudio)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	file = filepath.Join(scratch, "commands.pcm")
	return file, os.WriteFile(file, bytes.Repeat(append(once, make([]byte, 32000)...), commandTimes), 0o600)
}

// commanded is what is said in the file of commands.
func commanded() []string { return words(strings.Repeat(commandWords+" ", commandTimes)) }

// ear returns the server "commands", for who has something to send that only recognising can judge.
func (b *bench) ear() *server {
	b.Helper()
	s := b.house.servers["commands"]
	if s == nil {
		absent(b, noCommands)
	}
	return s
}
