package rig

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// Format is the audio that the programs send.
var Format = stt.Format{Encoding: stt.PCM16, Rate: 16000, Channels: 1}

// Recordings is where the Debian package pocketsphinx-testdata has its sentences.
const Recordings = "/usr/share/pocketsphinx/test/data/librivox"

// Clip is a recording of speech.
type Clip struct {
	Name string // of its file, without folder
	PCM  []byte // in Format
}

// Length returns the length of the recording as time.
func (c *Clip) Length() time.Duration { return Format.Duration(int64(len(c.PCM))) }

// LoadClips reads the WAV and FLAC files of a folder, in the order of their names. A folder without any is an error.
func LoadClips(dir string) ([]Clip, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("recordings of speech (Debian package pocketsphinx-testdata, or another folder): %w", err)
	}
	var all []Clip
	for _, e := range entries {
		if ext := strings.ToLower(filepath.Ext(e.Name())); e.IsDir() || ext != ".wav" && ext != ".flac" {
			continue
		}
		pcm, err := load(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		all = append(all, Clip{Name: e.Name(), PCM: pcm})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("recordings of speech: want WAV or FLAC files in %s, got none", dir)
	}
	return all, nil
}

// load reads a file as Format has it.
func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := audio.Open(f, audio.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	from := r.Format()
	resampler, err := audio.NewResampler(from.Rate, Format.Rate, 1)
	if err != nil {
		return nil, err
	}
	var samples []int16
	buf := make([]int16, 4096*from.Channels)
	for {
		n, err := r.ReadSamples(buf)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		samples = append(samples, audio.AppendMono(nil, buf[:n], from.Channels)...)
	}
	if from.Rate != Format.Rate {
		samples = resampler.Flush(resampler.Append(nil, samples))
	}
	return slices.Clip(audio.AppendBytes(nil, samples)), nil
}
