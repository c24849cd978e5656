package pocketsphinx

import (
	"context"
	"runtime"
	"strconv"

	"github.com/earshot-stt/earshot/stt"
)

// The Debian packages that the engine needs.
const (
	libraryPackage = "libpocketsphinx-dev"
	modelPackage   = "pocketsphinx-en-us"
	buildTag       = "pocketsphinx"
)

// modelFolder is where modelPackage puts its files.
const modelFolder = "/usr/share/pocketsphinx/model/en-us/"

// Driver describes the engine. Its New fails with stt.Unsupported in a program that was built without the tag.
func Driver() stt.Driver {
	return stt.Driver{
		Name:  "pocketsphinx",
		Title: "PocketSphinx (on this machine)",
		Doc: "Speech recognition in this process, offline, on the CPU, from Debian packages alone (" + libraryPackage + ", " +
			modelPackage + "). US English out of the box; other languages with Sphinx models of your own. Gives partials, word " +
			"times and confidences; text is lower case without punctuation. Accuracy is that of a classic recogniser: fine " +
			"for commands, tests and clear dictation, far from a neural engine for free speech.",
		Options: []stt.Option{
			{Name: "name", Kind: stt.KindString, Default: "pocketsphinx-en-us",
				Help: "The name of the model, as callers ask for it."},
			{Name: "language", Kind: stt.KindString, Default: "en-US",
				Help: "The language of the model, as a BCP 47 tag."},
			{Name: "hmm", Kind: stt.KindPath, Default: modelFolder + "en-us",
				Help: "The folder with the acoustic model: mdef, means, variances, transition_matrices and so on. It must be for 16 kHz."},
			{Name: "lm", Kind: stt.KindPath, Default: modelFolder + "en-us.lm.bin",
				Help: "The language model: ARPA text, or one of the library's binary forms."},
			{Name: "dict", Kind: stt.KindPath, Default: modelFolder + "cmudict-en-us.dict",
				Help: "The dictionary: a word and its phones on each line."},
			{Name: "slots", Kind: stt.KindInt, Default: "0",
				Help: "How many streams are decoded at once, 1 to 256; each needs up to one core and about 100 MB. 0 means one for each core."},
		},
		New: func(ctx context.Context, values map[string]string) (stt.Recognizer, error) {
			opts, err := parseOptions(values)
			if err != nil {
				return nil, err
			}
			return open(ctx, opts)
		},
	}
}

// options are the driver's values, understood.
type options struct {
	name     string
	language string
	files    modelFiles
	slots    int
}

func parseOptions(values map[string]string) (options, error) {
	o := options{name: values["name"], language: values["language"],
		files: modelFiles{hmm: values["hmm"], lm: values["lm"], dict: values["dict"]}}
	n, err := strconv.Atoi(values["slots"])
	if err != nil || n < 0 || n > 256 {
		return o, stt.InvalidOption("pocketsphinx.slots", values["slots"], "a whole number from 0 to 256")
	}
	if o.slots = n; n == 0 {
		o.slots = runtime.NumCPU()
	}
	return o, nil
}
