package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/stt"
)

// format is the audio that is streamed.
var format = stt.Format{Encoding: stt.PCM16, Rate: 16000, Channels: 1}

// maxLength is the longest recording that is taken: all of a set is kept in memory.
const maxLength = time.Hour

// readRecording returns a WAV or FLAC file of any rate as 16 kHz mono.
func readRecording(path string) ([]int16, error) {
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
	resampler, err := audio.NewResampler(from.Rate, format.Rate, 1)
	if err != nil {
		return nil, err
	}
	var pcm, mono []int16
	block := make([]int16, 4096*from.Channels)
	for timeOf(len(pcm)) <= maxLength {
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
	return nil, fmt.Errorf("it is longer than %v", maxLength)
}

// timeOf returns the length of samples in format as time.
func timeOf(samples int) time.Duration { return audio.FramesToDuration(int64(samples), format.Rate) }

// samplesOf returns how many samples in format last so long.
func samplesOf(d time.Duration) int { return int(audio.DurationToFrames(d, format.Rate)) }
