package pocketsphinx

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

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

// debianModel is what is served when no model is configured.
var debianModel = stt.FormatRecords([]map[string]string{{"name": "pocketsphinx-en-us", "language": "en-US",
	"hmm": modelFolder + "en-us", "lm": modelFolder + "en-us.lm.bin", "dict": modelFolder + "cmudict-en-us.dict"}})

// Driver describes the engine. Its New fails with stt.Unsupported in a program that was built without the tag.
func Driver() stt.Driver {
	return stt.Driver{
		Name:  "pocketsphinx",
		Title: "PocketSphinx (on this machine)",
		Doc: "Speech recognition in this process, offline, on the CPU, from Debian packages alone (" + libraryPackage + ", " +
			modelPackage + "). English out of the box; other languages with Sphinx models of your own. Gives partials, word " +
			"times and confidences; text is lower case without punctuation. Accuracy is that of a classic recogniser: fine " +
			"for commands, tests and clear dictation, far from a neural engine for free speech.",
		Options: []stt.Option{
			{Name: "models", Kind: stt.KindRecords, Default: debianModel, Fields: []stt.Option{
				{Name: "name", Required: true, Help: "The name of the model, as callers ask for it and as answers tell."},
				{Name: "language", Required: true, Help: "The language of the model, as a BCP 47 tag. A model for fr-FR also serves " +
					"fr-CA and the other codes of its language, unless another model is for just that code."},
				{Name: "hmm", Kind: stt.KindPath, Required: true,
					Help: "The folder with the acoustic model: mdef, means, variances, transition_matrices and so on. It must be for 16 kHz. " +
						"Its files must stay as they are while the server runs: where they have changed, accurate finals know less of a speaker until the next start."},
				{Name: "lm", Kind: stt.KindPath, Required: true,
					Help: "The language model: ARPA text, or one of the library's binary forms."},
				{Name: "dict", Kind: stt.KindPath, Required: true,
					Help: "The dictionary: a word and its phones on each line."},
			}, Help: "The models to serve. The first one answers callers that ask for no language. Without any: US English of " + modelPackage + "."},
			{Name: "slots", Kind: stt.KindInt, Default: "0",
				Help: "How many streams are taken at once, 1 to 256; each needs up to a core while a new speaker speaks, less when he is known, and up to 240 MB. " +
					"0 means one for each core, or fewer where memory is short; the limits of a container count."},
			{Name: "finals", Kind: stt.KindString, Enum: []string{finalsAccurate, finalsFast}, Default: finalsAccurate,
				Help: "accurate: a finished segment is searched a second time, with all that is known of the speaker by then; that takes about a tenth " +
					"of its length. fast: its last words come at once, with a few more mistakes."},
			{Name: "silence", Kind: stt.KindDuration, Default: defaultSilence.String(),
				Help: fmt.Sprintf("The pause that ends a segment, %v to %v, for callers that ask for no other.", leastSilence, mostSilence)},
			{Name: "longest", Kind: stt.KindDuration, Default: defaultLongest.String(),
				Help: fmt.Sprintf("The longest segment, %v to %v, for callers that ask for no other. It ends at the best pause before.", leastLongest, mostLongest)},
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

// The values of the option finals.
const (
	finalsFast     = "fast"
	finalsAccurate = "accurate"
)

// Defaults and limits of segments.
const (
	defaultSilence = 500 * time.Millisecond
	leastSilence   = 100 * time.Millisecond
	mostSilence    = 10 * time.Second
	defaultLongest = 20 * time.Second
	leastLongest   = 2 * time.Second
	mostLongest    = 60 * time.Second
)

// options are the driver's values, understood.
type options struct {
	models           []modelOptions // one at least, each with another name
	slots            int
	accurate         bool
	silence, longest time.Duration
}

// modelOptions is one of the models to serve.
type modelOptions struct {
	name, language string
	files          modelFiles
}

func parseOptions(values map[string]string) (options, error) {
	o := options{accurate: values["finals"] == finalsAccurate}
	records, err := stt.Records(values["models"])
	if err != nil {
		return o, err
	}
	if len(records) == 0 {
		return o, stt.InvalidOption("pocketsphinx.models", values["models"], "one model at least")
	}
	seen := map[string]bool{}
	for i, r := range records {
		if seen[r["name"]] {
			return o, stt.InvalidOption(fmt.Sprintf("pocketsphinx.models[%d].name", i), r["name"], "a name that no other model has")
		}
		seen[r["name"]] = true
		if !isTag(r["language"]) {
			return o, stt.InvalidOption(fmt.Sprintf("pocketsphinx.models[%d].language", i), r["language"], "a BCP 47 tag such as fr or fr-FR")
		}
		o.models = append(o.models, modelOptions{r["name"], r["language"], modelFiles{r["hmm"], r["lm"], r["dict"]}})
	}
	if n, err := strconv.Atoi(values["slots"]); err != nil || n < 0 || n > 256 {
		return o, stt.InvalidOption("pocketsphinx.slots", values["slots"], "a whole number from 0 to 256")
	} else if o.slots = n; n == 0 {
		o.slots = thisMachine().slots(len(records))
	}
	if o.silence, err = durationOption(values, "silence", leastSilence, mostSilence); err != nil {
		return o, err
	}
	o.longest, err = durationOption(values, "longest", leastLongest, mostLongest)
	return o, err
}

// isTag reports whether s looks like a BCP 47 tag: a language of two or three letters, then parts of up to eight letters and digits.
func isTag(s string) bool {
	for i, part := range strings.Split(s, "-") {
		odd := strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
		if odd != "" || part == "" || len(part) > 8 || i == 0 && (len(part) < 2 || len(part) > 3 || strings.ContainsAny(part, "0123456789")) {
			return false
		}
	}
	return true
}

func durationOption(values map[string]string, name string, least, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(values[name])
	if err != nil || d < least || d > most {
		return 0, stt.InvalidOption("pocketsphinx."+name, values[name], fmt.Sprintf("%v to %v", least, most))
	}
	return d, nil
}
