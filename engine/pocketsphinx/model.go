package pocketsphinx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// modelFiles are the three places a model consists of.
type modelFiles struct{ hmm, lm, dict string }

// model is what we need to know about a model ourselves.
type model struct {
	mean    []float32 // the cepstral mean of its training, before any speech has been heard
	streams []int     // lengths of its feature streams where the cepstrum comes first in them; nil: it does not
}

// checkModel reads the files as the library would and refuses what the library would end the process over, or read
// beyond the end of: it checks little by itself and takes the numbers it finds for granted. It takes about 0.2 s.
func checkModel(f modelFiles) (*model, error) {
	phones, feat, err := checkAcoustic(f.hmm)
	if err != nil {
		return nil, err
	}
	if err := checkDictionary("dict", f.dict, phones, true); err != nil {
		return nil, err
	}
	m := &model{mean: feat.mean}
	if feat.cepstrumFirst {
		m.streams = feat.streams
	}
	return m, checkLanguage(f.lm)
}

// checkAcoustic checks the folder of the acoustic model and returns the phones it knows and its features.
func checkAcoustic(hmm string) (phones map[string]bool, feat *features, err error) {
	if info, err := os.Stat(hmm); err == nil && !info.IsDir() {
		return nil, nil, fault("hmm", hmm, "is a file; the option names a folder")
	}
	for _, name := range []string{"feature_transform", "senmgau", "mllr_matrices"} {
		if _, err := os.Stat(filepath.Join(hmm, name)); err == nil {
			return nil, nil, fault("hmm", filepath.Join(hmm, name), "is a kind of file that is not supported here")
		}
	}
	feat, err = checkParams(filepath.Join(hmm, "feat.params"))
	if err != nil {
		return nil, nil, err
	}
	def, err := checkDefinition(filepath.Join(hmm, "mdef"))
	if err != nil {
		return nil, nil, err
	}
	if err := checkParameters(hmm, def, feat); err != nil {
		return nil, nil, err
	}
	noise := filepath.Join(hmm, "noisedict")
	if _, err := os.Stat(noise); err == nil {
		if err := checkDictionary("hmm", noise, def.phones, false); err != nil {
			return nil, nil, err
		}
	}
	return def.phones, feat, nil
}

// fault makes the error about a file of the model. option is the field of the option models that leads to the file; located
// says of which model.
func fault(option, path, format string, args ...any) *stt.Error {
	msg := path + " " + fmt.Sprintf(format, args...)
	if strings.HasPrefix(path, modelFolder) {
		msg += "; the file belongs to the Debian package " + modelPackage
	}
	return &stt.Error{Code: stt.Invalid, Option: option, Want: "a model for PocketSphinx", Msg: msg}
}

// located says which model an error of fault is about.
func located(err error, model int) error {
	var e *stt.Error
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	told.Option = fmt.Sprintf("pocketsphinx.models[%d].%s", model, e.Option)
	told.Msg = fmt.Sprintf("option %q: %s", told.Option, e.Msg)
	return &told
}

// largest is the largest file taken. The largest models in use have a few hundred megabytes.
const largest = 2 << 30

// read returns the content of a file of the model.
func read(option, path string) ([]byte, error) {
	info, err := os.Stat(path)
	var data []byte
	if err == nil {
		if !info.Mode().IsRegular() {
			return nil, fault(option, path, "is not a file")
		}
		if info.Size() > largest {
			return nil, fault(option, path, "has more than 2 GB")
		}
		data, err = os.ReadFile(path)
	}
	switch {
	case err == nil && len(data) > 0:
		return data, nil
	case err == nil:
		return nil, fault(option, path, "is empty")
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(path, modelFolder):
		return nil, fault(option, path, "does not exist")
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault(option, path, "does not exist; a model for US English comes with the Debian package %s", modelPackage)
	default:
		return nil, fault(option, path, "cannot be read: %v", errors.Unwrap(err))
	}
}
