package main

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/bench/internal/rig"
)

// fullScale is the largest sample.
const fullScale = 32767

// level turns decibels below full scale into an amplitude.
func level(dBFS float64) float64 { return fullScale * math.Pow(10, dBFS/20) }

// sound makes PCM of a length from a function of the sample's number.
func sound(length time.Duration, at func(n int) float64) []byte {
	samples := make([]int16, int(length.Seconds()*float64(rig.Format.Rate)))
	for n := range samples {
		samples[n] = int16(math.Round(max(-fullScale, min(fullScale, at(n)))))
	}
	return audio.AppendBytes(nil, samples)
}

// silence is nothing at all, or the hiss of a microphone below -70 dBFS.
func silence(rng *rand.Rand, length time.Duration) []byte {
	if rng.IntN(3) == 0 {
		return sound(length, func(int) float64 { return 0 })
	}
	hiss := level(-90 + 20*rng.Float64())
	return sound(length, func(int) float64 { return hiss * rng.NormFloat64() })
}

// white is noise with as much power in every Hz, at -60 to -20 dBFS.
func white(rng *rand.Rand, length time.Duration) []byte {
	rms := level(-60 + 40*rng.Float64())
	return sound(length, func(int) float64 { return rms * rng.NormFloat64() })
}

// pink is noise with as much power in every octave, at -60 to -20 dBFS: rain, a fan, a road. It is the sum of rows of random
// numbers, each renewed half as often as the one before (Voss and Clarke, 1978).
func pink(rng *rand.Rand, length time.Duration) []byte {
	const rows = 12
	rms := level(-60+40*rng.Float64()) / math.Sqrt(rows)
	var row [rows]float64
	for i := range row {
		row[i] = rng.NormFloat64()
	}
	return sound(length, func(n int) float64 {
		var sum float64
		for i := range row {
			if n%(1<<i) == 0 {
				row[i] = rng.NormFloat64()
			}
			sum += row[i]
		}
		return rms * sum
	})
}

// chords is something like music: a chord of three tones with overtones and vibrato, another one every half second to two.
func chords(rng *rand.Rand, length time.Duration) []byte {
	rate := float64(rig.Format.Rate)
	loud := level(-30 + 20*rng.Float64())
	third, next := 0.0, 0
	var root, phase float64
	return sound(length, func(n int) float64 {
		if n >= next {
			root = 110 * math.Pow(2, float64(rng.IntN(25))/12)
			third = []float64{6.0 / 5, 5.0 / 4}[rng.IntN(2)]
			next = n + int(rate*(0.5+1.5*rng.Float64()))
		}
		vibrato := 1 + 0.006*math.Sin(2*math.Pi*5.5*float64(n)/rate)
		phase += 2 * math.Pi * root * vibrato / rate
		var sum float64
		for _, tone := range []float64{1, third, 1.5} {
			for overtone := 1.0; overtone <= 4; overtone++ {
				sum += math.Sin(phase*tone*overtone) / (overtone * overtone)
			}
		}
		return loud * sum / 3
	})
}
