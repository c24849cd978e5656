//go:build pocketsphinx

package pocketsphinx

// mean is the cepstral mean of one stream: what microphone, room and voice have in common in all frames of speech. Taken
// off the features it decides on accuracy more than anything else. It begins as the model's own, counts for little then,
// and follows the speaker with a memory of about five seconds of speech.
type mean struct {
	sum    []float64
	weight float64 // frames that sum stands for
}

const (
	// modelWeight is how many frames the model's own mean counts for: it is a guess about a stranger, but half a second of
	// speech may be one vowel.
	modelWeight = 30
	// memory is how many frames the mean remembers.
	memory = 500
)

func newMean(model []float32, size int) *mean {
	m := &mean{sum: make([]float64, size), weight: modelWeight}
	for i := range min(size, len(model)) {
		m.sum[i] = float64(model[i]) * modelWeight
	}
	return m
}

// add takes one frame of speech. Frames of digital silence (the first number, the logarithm of the energy, is below 0)
// say nothing about anybody.
func (m *mean) add(frame []float32) {
	if frame[0] < 0 {
		return
	}
	for i, x := range frame {
		m.sum[i] += float64(x)
	}
	m.weight++
}

// settle forgets what is long ago. It is called between segments, so that the mean of a segment is not bent within it.
func (m *mean) settle() {
	if m.weight <= memory {
		return
	}
	for i := range m.sum {
		m.sum[i] *= memory / m.weight
	}
	m.weight = memory
}

// value returns the mean as it is now.
func (m *mean) value() []float32 {
	out := make([]float32, len(m.sum))
	for i := range out {
		out[i] = float32(m.sum[i] / m.weight)
	}
	return out
}
