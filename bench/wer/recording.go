package main

import (
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/bench/internal/rig"
)

// format is the audio that is streamed.
var format = rig.Format

// timeOf returns the length of samples in format as time.
func timeOf(samples int) time.Duration { return audio.FramesToDuration(int64(samples), format.Rate) }

// samplesOf returns how many samples in format last so long.
func samplesOf(d time.Duration) int { return int(audio.DurationToFrames(d, format.Rate)) }
