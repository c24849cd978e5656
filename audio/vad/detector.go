package vad

import (
	"math"
	"time"
)

// Rate is the sampling rate of the audio, in Hz.
const Rate = 16000

// FrameSamples is the number of samples in one frame.
const FrameSamples = 160

// FrameTime is the duration of one frame.
const FrameTime = 10 * time.Millisecond

// Options adjusts a detector. The zero value of every field is its default.
type Options struct {
	// MinLevel is the level in dBFS (a full-scale square wave is 0) below which nothing is speech; 0 means -68.
	MinLevel float64
	// StartSNR is how far above the noise floor speech must be to begin, in dB averaged over the bands; 0 means 5.
	StartSNR float64
	// KeepSNR is how far above the floor it must stay to go on, in dB; 0 means 3.
	KeepSNR float64
	// Voicing is how periodic a frame must be to count as voiced, from 0 (anything) to 1 (a perfect tone); 0 means 0.55.
	Voicing float64
	// MinVoice is how much voice within the last 200 ms begins speech; 0 means 60 ms.
	MinVoice time.Duration
	// MaxUnvoiced is how long speech goes on without any voice; 0 means 400 ms.
	MaxUnvoiced time.Duration
	// Hang is how long speech is taken to go on through a dip, as in the middle of "o'clock"; 0 means 100 ms.
	Hang time.Duration
}

func (o Options) withDefaults() Options {
	setFloat := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	setTime := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	setFloat(&o.MinLevel, -68)
	setFloat(&o.StartSNR, 5)
	setFloat(&o.KeepSNR, 3)
	setFloat(&o.Voicing, 0.55)
	setTime(&o.MinVoice, 60*time.Millisecond)
	setTime(&o.MaxUnvoiced, 400*time.Millisecond)
	setTime(&o.Hang, 100*time.Millisecond)
	return o
}

// Frame is what the detector has to say about 10 ms of audio.
type Frame struct {
	// Speech says that somebody is speaking.
	Speech bool
	// Began is set in the first frame of speech: how many frames before this one the speech began. A beginning is
	// certain only when a voice has been heard for a while.
	Began int
	// Ended is set in the first frame after speech: how many frames before this one were already quiet.
	Ended int
	// Voiced says that the frame has the pitch of a voice.
	Voiced bool
	// Level is the level in dBFS, from about -90 (digital silence) to 0.
	Level float32
	// SNR is the level above the noise floor in dB, averaged over the bands; at least 0.
	SNR float32
}

// Detector finds speech in one stream of audio. It is used by one goroutine at a time and must be made by [New].
type Detector struct {
	opts     Options
	an       analyser
	floor    floor
	pending  [FrameSamples]int16
	npending int

	active   bool
	frames   int                   // frames seen
	quiet    int                   // frames since the last one above the floor
	unvoiced int                   // frames since the last voiced one
	recent   [recentFrames]verdict // ring, by frame number
	lastEnd  int                   // frame after the last one of the speech before
}

// recentFrames is how far back a beginning may lie, and is looked for.
const (
	recentFrames = 50
	voiceWindow  = 20
	// rise is how much louder than room tone speech is at least, in dB.
	rise = 8
)

type verdict struct {
	above, voiced bool
	level         float64
}

// New returns a detector at the beginning of a stream.
func New(opts Options) *Detector {
	d := &Detector{opts: opts.withDefaults()}
	d.an.init()
	d.floor.init()
	return d
}

// Detect takes the next samples and appends a Frame to out for every 10 ms that are complete. It allocates only when
// out has no room; len(samples)/FrameSamples+1 frames are always enough.
func (d *Detector) Detect(samples []int16, out []Frame) []Frame {
	for len(samples) > 0 {
		n := copy(d.pending[d.npending:], samples)
		samples = samples[n:]
		d.npending += n
		if d.npending == FrameSamples {
			d.npending = 0
			out = append(out, d.frame(d.pending[:]))
		}
	}
	return out
}

// frame judges one frame.
func (d *Detector) frame(samples []int16) Frame {
	a := d.an.analyse(samples)
	snr := d.floor.update(&a.bands)
	voiced := a.periodicity >= d.opts.Voicing && !a.tone
	loud := a.level >= d.opts.MinLevel
	f := Frame{Voiced: voiced, Level: float32(a.level), SNR: float32(snr)}

	v := verdict{above: loud && snr >= d.opts.KeepSNR, voiced: voiced && loud && snr >= d.opts.StartSNR, level: a.level}
	d.recent[d.frames%recentFrames] = v
	d.frames++
	if d.active {
		if d.goOn(v); !d.active {
			quiet := max(d.quiet, 1) // this one is not speech whatever it is
			f.Ended = quiet - 1
			d.lastEnd = d.frames - quiet
		}
	} else if d.begins() {
		d.active, d.quiet, d.unvoiced = true, 0, 0
		f.Began = d.backdate()
	}
	f.Speech = d.active
	return f
}

// goOn decides whether speech that has begun is still there.
func (d *Detector) goOn(v verdict) {
	d.quiet++
	d.unvoiced++
	if v.above {
		d.quiet = 0
	}
	if v.voiced {
		d.unvoiced = 0
	}
	if d.quiet > frames(d.opts.Hang) || d.unvoiced > frames(d.opts.MaxUnvoiced) {
		d.active = false
	}
}

// begins reports whether enough voice has been heard just now.
func (d *Detector) begins() bool {
	n := 0
	for i := range min(voiceWindow, d.frames) {
		if d.at(i).voiced {
			n++
		}
	}
	return n >= frames(d.opts.MinVoice)
}

// backdate returns how many frames before the current one speech began: back through everything above the floor, across
// dips no longer than Hang, but not into the speech before. As long as the floor is not known, what is much louder than
// the quietest frame so far is above it.
func (d *Detector) backdate() int {
	last := min(recentFrames, d.frames-d.lastEnd)
	low := math.Inf(-1)
	if !d.floor.known() {
		low = d.at(0).level
		for i := 1; i < last; i++ {
			low = min(low, d.at(i).level)
		}
		low += rise
	}
	back, dip := 0, 0
	for i := 1; i < last; i++ {
		if v := d.at(i); v.above && v.level >= low {
			back, dip = i, 0
		} else if dip++; dip > frames(d.opts.Hang) {
			break
		}
	}
	return back
}

// at returns the verdict of the frame that many before the current one.
func (d *Detector) at(back int) *verdict { return &d.recent[(d.frames-1-back)%recentFrames] }

func frames(t time.Duration) int { return int(t / FrameTime) }

func decibel(power float64) float64 { return 10 * math.Log10(power) }
