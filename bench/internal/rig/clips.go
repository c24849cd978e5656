package rig

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
		samples, err := ReadRecording(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		all = append(all, Clip{Name: e.Name(), PCM: audio.AppendBytes(nil, samples)})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("recordings of speech: want WAV or FLAC files in %s, got none", dir)
	}
	return all, nil
}

// longest is how much of a recording is taken: all of a set is kept in memory.
const longest = time.Hour

// ReadRecording returns the samples of a WAV or FLAC file of any rate, in Format. An empty one and one of more than an hour are errors.
func ReadRecording(path string) ([]int16, error) {
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
	var pcm, mono []int16
	block := make([]int16, 4096*from.Channels)
	for audio.FramesToDuration(int64(len(pcm)), Format.Rate) <= longest {
		n, err := r.ReadSamples(block)
		if errors.Is(err, io.EOF) {
			if pcm = resampler.Flush(pcm); len(pcm) == 0 {
				return nil, errors.New("there is no audio in it")
			}
			return pcm, nil
		}
		if err != nil {
			return nil, err
		}
		mono = audio.AppendMono(mono[:0], block[:n], from.Channels)
		pcm = resampler.Append(pcm, mono)
	}
	return nil, fmt.Errorf("it is longer than %v", longest)
}
