package vad

// floor tracks how quiet each band gets: the minimum of its smoothed power over the last two seconds or so. Speech has
// gaps within that time, in every band; noise has none.
type floor struct {
	smooth  [bands]float64              // power, smoothed over about 50 ms
	blocks  [floorBlocks][bands]float64 // minima of past blocks, in a ring
	current [bands]float64              // minimum of the block under way
	level   [bands]float64              // the floor in use
	frames  int
}

const (
	floorBlocks      = 8
	floorBlockFrames = 25
	// floorBias makes up for the minimum of a fluctuating power lying below its mean.
	floorBias = 1.8
	// warmFrames is when the floor begins to count. A recording that begins with a voice is not its own floor.
	warmFrames = 40
	// silence is the power of a band that counts as nothing at all, about -80 dBFS.
	silence = 1e-8
	// smoothing is the share of the past in the smoothed power.
	smoothing = 0.7
)

func (f *floor) init() {
	for b := range f.level {
		f.level[b] = silence
		f.current[b] = 1
		for i := range f.blocks {
			f.blocks[i][b] = 1
		}
	}
}

// known reports whether the floor has been measured yet.
func (f *floor) known() bool { return f.frames >= warmFrames }

// update takes the powers of the next frame and returns how far they are above the floor, in dB averaged over bands.
func (f *floor) update(power *[bands]float64) float64 {
	sum := 0.0
	for b, p := range power {
		p = max(p, silence)
		if f.frames == 0 {
			f.smooth[b] = p
		}
		f.smooth[b] = smoothing*f.smooth[b] + (1-smoothing)*p
		f.current[b] = min(f.current[b], f.smooth[b])
		sum += max(0, decibel(p/f.level[b]))
	}
	f.frames++
	if f.frames%floorBlockFrames == 0 {
		f.blocks[f.frames/floorBlockFrames%floorBlocks] = f.current
		f.current = f.smooth
	}
	if f.known() {
		f.settle()
	}
	return sum / bands
}

// settle takes the floor from the minima.
func (f *floor) settle() {
	for b := range f.level {
		low := f.current[b]
		for i := range f.blocks {
			low = min(low, f.blocks[i][b])
		}
		f.level[b] = max(silence, low*floorBias)
	}
}
