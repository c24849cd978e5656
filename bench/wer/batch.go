package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/audio"
)

// The library's own batch decoder and its model, as the Debian packages pocketsphinx and pocketsphinx-en-us install them.
const (
	batchProgram = "pocketsphinx_batch"
	batchModel   = "/usr/share/pocketsphinx/model/en-us"
)

// yardstick is what the batch decoder made of the same audio.
type yardstick struct {
	Missing string  `json:"missing,omitempty"` // why it was not run
	Score   score   `json:"score"`
	CPU     float64 `json:"cpu_s"`
	LoadCPU float64 `json:"model_load_cpu_s"`
	Options string  `json:"options"`
}

// batchOptions are what is not the program's own default: raw samples are its input. Debian's model asks for the cepstral mean of
// the whole clip, which a decoder that has the clip before it begins can use.
func batchOptions() []string { return []string{"-adcin", "yes"} }

// runBatch recognises all takes with the batch decoder, in one process, behind another that only loads the model and shows
// what that costs.
func runBatch(ctx context.Context, takes []*take, seed uint64, worst int) (*yardstick, error) {
	y := &yardstick{Options: strings.Join(batchOptions(), " ")}
	program, err := exec.LookPath(batchProgram)
	if err != nil {
		y.Missing = "the program " + batchProgram + " is not installed (Debian package pocketsphinx)"
		return y, nil
	}
	if _, err := os.Stat(batchModel); err != nil {
		y.Missing = "its model is not installed (Debian package pocketsphinx-en-us)"
		return y, nil
	}
	dir, err := os.MkdirTemp("", "earshot-wer-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	names := make([]string, len(takes))
	for i, t := range takes {
		names[i] = fmt.Sprintf("take%06d", i)
		if err := os.WriteFile(filepath.Join(dir, names[i]+".raw"), audio.AppendBytes(nil, t.pcm), 0o600); err != nil {
			return nil, err
		}
	}
	_, load, err := batch(ctx, program, dir, nil)
	if err != nil {
		return nil, err
	}
	texts, cpu, err := batch(ctx, program, dir, names)
	if err != nil {
		return nil, err
	}
	y.LoadCPU, y.CPU = load.Seconds(), max(cpu-load, 0).Seconds()
	all := make([]said, len(takes))
	for i, t := range takes {
		all[i] = said{clip: t.clip, offset: t.offset, words: normalise(texts[names[i]])}
	}
	y.Score = scoreOf(all, seed, worst)
	return y, nil
}

// batch runs the program on some of the files in dir and returns what it recognised in each and its processor time.
func batch(ctx context.Context, program, dir string, names []string) (map[string]string, time.Duration, error) {
	list, result := filepath.Join(dir, "list"), filepath.Join(dir, "result")
	if err := os.WriteFile(list, []byte(strings.Join(append(names, ""), "\n")), 0o600); err != nil {
		return nil, 0, err
	}
	var log bytes.Buffer
	args := append(batchOptions(), "-hmm", filepath.Join(batchModel, "en-us"), "-lm", filepath.Join(batchModel, "en-us.lm.bin"),
		"-dict", filepath.Join(batchModel, "cmudict-en-us.dict"), "-cepdir", dir, "-cepext", ".raw", "-ctl", list, "-hyp", result)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = &log
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		return nil, 0, fmt.Errorf("%s: %w:\n%s", batchProgram, err, tailOf(log.String()))
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	text, err := os.ReadFile(result)
	if err != nil && (!errors.Is(err, os.ErrNotExist) || len(names) > 0) {
		return nil, 0, err
	}
	found, err := parseBatch(string(text))
	if err == nil && len(found) != len(names) {
		err = fmt.Errorf("%s: expected %d results, got %d:\n%s", batchProgram, len(names), len(found), tailOf(log.String()))
	}
	return found, cpu, err
}

// parseBatch reads lines of words with the name of the file and the decoder's score behind them in parentheses.
func parseBatch(text string) (map[string]string, error) {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		open := strings.LastIndexByte(line, '(')
		if open < 0 || !strings.HasSuffix(line, ")") {
			return nil, fmt.Errorf("%s: expected words and (name score), got %q", batchProgram, line)
		}
		name, _, _ := strings.Cut(line[open+1:len(line)-1], " ")
		found[name] = strings.TrimSpace(line[:open])
	}
	return found, nil
}

// tailOf returns the last lines of a log.
func tailOf(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(len(lines)-15, 0):], "\n")
}
