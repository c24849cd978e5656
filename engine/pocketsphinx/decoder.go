//go:build pocketsphinx

package pocketsphinx

import (
	"context"
	"time"

	"github.com/earshot-stt/earshot/audio/vad"
	"github.com/earshot-stt/earshot/engine"
	"github.com/earshot-stt/earshot/stt"
)

// All of these are in frames of 10 ms.
const (
	preRoll  = 30 // audio before the first sound that belongs to a segment: silence tells the search where words begin
	postRoll = 40 // and after the last one
	lookBack = 50 // how late the detector may say that speech began
	// uncertain is how much of the newest audio may still turn out to belong to a segment.
	uncertain = preRoll + lookBack
)

// settings are what a caller may choose, in frames.
type settings struct {
	silence  int // trailing silence that ends a segment
	longest  int // longest segment
	partials int // distance between partials; 0: none
	language string
}

// decoder decodes one stream. It implements engine.Decoder and belongs to the stream's goroutine.
//
// Features and verdicts about speech come in one row each, from the beginning of the stream to its end, frame by frame;
// a segment is a piece of that row. So nothing depends on where blocks end.
type decoder struct {
	set    settings
	start  stt.Time // session time of frame 0
	front  *front
	detect *vad.Detector
	pool   *pool
	cores  *cores
	gate   *gate

	mean   *mean
	rows   row
	voice  []vad.Frame // verdicts of the block under way
	frames int         // frames judged by the detector
	free   int         // frames before this one belong to finals
	total  int64       // samples taken

	working   func() // says that the call under way gets on
	speaking  bool
	lastVoice int // frame after the last one with speech
	seg       *segment
}

// Decode implements engine.Decoder.
func (d *decoder) Decode(ctx context.Context, block []int16, out engine.Output) error {
	d.working = out.Working
	d.total += int64(len(block))
	if err := d.take(block); err != nil {
		return err
	}
	for i := range d.voice {
		if err := d.judge(ctx, &d.voice[i], out); err != nil {
			return err
		}
	}
	if d.seg != nil {
		if err := d.seg.advance(ctx, false); err != nil {
			return err
		}
		return d.partial(out)
	}
	d.rows.drop(d.frames - uncertain)
	return d.progress(d.frames-uncertain, out)
}

// take computes features and verdicts of a block.
func (d *decoder) take(block []int16) (err error) {
	if d.rows.data, err = d.front.features(block, d.rows.data); err != nil {
		return failed("decode", err)
	}
	d.voice = d.detect.Detect(block, d.voice[:0])
	return nil
}

// judge takes the verdict about the next frame.
func (d *decoder) judge(ctx context.Context, f *vad.Frame, out engine.Output) error {
	at := d.frames
	d.frames++
	if f.Speech {
		d.lastVoice = d.frames
		if err := d.voiced(at, f, out); err != nil {
			return err
		}
	} else if f.Ended > 0 {
		d.lastVoice = at - f.Ended
	}
	if d.seg == nil {
		if d.speaking && d.frames-d.lastVoice >= d.set.silence { // the segment ended by a flush, in mid-speech
			return d.fallSilent(out)
		}
		return nil
	}
	d.seg.hear(f.Speech)
	switch pause := d.frames - d.lastVoice; {
	case pause >= d.set.silence:
		return d.finish(ctx, stt.EndpointSilence, out)
	case pause >= d.seg.pauseEnough(d.set.longest, d.set.silence):
		return d.finish(ctx, stt.EndpointMaxSegment, out)
	case d.seg.length() >= d.set.longest:
		return d.finish(ctx, stt.EndpointMaxSegment, out)
	}
	return nil
}

// voiced opens a segment when there is none.
func (d *decoder) voiced(at int, f *vad.Frame, out engine.Output) error {
	if d.seg != nil {
		return nil
	}
	began := max(at-f.Began, d.free)
	if !d.speaking {
		d.speaking = true
		if err := out.Emit(stt.Event{Kind: stt.EventSpeechStart, At: d.time(began)}); err != nil {
			return err
		}
	}
	d.seg = newSegment(d, max(began-preRoll, d.free), began, at)
	return nil
}

// finish ends the segment: its last words, the end of speech where there is one, the reason, and the progress.
func (d *decoder) finish(ctx context.Context, why stt.EndpointReason, out engine.Output) error {
	seg := d.seg
	words, end, err := seg.finish(ctx, why == stt.EndpointMaxSegment)
	if err != nil {
		return err // Close gives back what the segment holds
	}
	d.seg = nil
	if d.speaking && d.frames > d.lastVoice && why != stt.EndpointMaxSegment || why == stt.EndpointEnd {
		if err := d.fallSilent(out); err != nil {
			return err
		}
	}
	if ev, ok := seg.event(words, true); ok {
		if err := out.Emit(ev); err != nil {
			return err
		}
	}
	d.free = end
	d.mean.settle()
	d.rows.drop(min(end, d.frames-uncertain))
	if err := out.Emit(stt.Event{Kind: stt.EventEndpoint, Endpoint: why, At: d.time(d.frames)}); err != nil {
		return err
	}
	if end < d.lastVoice { // cut within speech: the rest is the beginning of the next segment
		d.seg = newSegment(d, end, end, d.frames)
		d.seg.meaned = seg.meaned
	}
	return d.progress(end, out)
}

// fallSilent says that the speech has ended.
func (d *decoder) fallSilent(out engine.Output) error {
	d.speaking = false
	return out.Emit(stt.Event{Kind: stt.EventSpeechEnd, At: d.time(d.lastVoice)})
}

// partial says what the segment sounds like so far, when it is time and there is something new.
func (d *decoder) partial(out engine.Output) error {
	if d.set.partials == 0 {
		return nil
	}
	every := d.set.partials
	if out.Backlog() > 0.5 {
		every *= 4
	}
	words, ok := d.seg.partial(every)
	if !ok {
		return nil
	}
	if ev, ok := d.seg.event(words, false); ok {
		return out.Emit(ev)
	}
	return nil
}

// progress says that everything before frame n has been said.
func (d *decoder) progress(n int, out engine.Output) error {
	n = max(n, d.free)
	if n <= 0 {
		return nil
	}
	return out.Emit(stt.Event{Kind: stt.EventProgress, At: d.time(n)})
}

// Flush implements engine.Decoder. What is spoken on belongs to a new segment.
func (d *decoder) Flush(ctx context.Context, out engine.Output) error {
	d.working = out.Working
	if d.seg != nil {
		if err := d.finish(ctx, stt.EndpointFlush, out); err != nil {
			return err
		}
	}
	d.free = d.frames
	d.seg = nil // finish begins one with the frames that are just being decided
	return d.progress(d.frames, out)
}

// Finish implements engine.Decoder.
func (d *decoder) Finish(ctx context.Context, out engine.Output) error {
	d.working = out.Working
	switch {
	case d.seg == nil && d.speaking:
		return d.fallSilent(out)
	case d.seg == nil:
		return nil
	}
	return d.finish(ctx, stt.EndpointEnd, out)
}

// Close implements engine.Decoder. It does not wait for what the library cannot interrupt: the pool does.
func (d *decoder) Close() {
	if d.seg != nil {
		d.seg.close()
	}
	d.front.free()
	d.gate.leave()
}

// time returns the session time of a frame, never beyond the audio taken.
func (d *decoder) time(frame int) stt.Time {
	heard := time.Duration(d.total/vad.Rate)*time.Second + time.Duration(d.total%vad.Rate)*time.Second/vad.Rate
	return d.start + min(time.Duration(frame)*frameTime, heard)
}

// row is the features of a stream from frame base on.
type row struct {
	data []float32
	size int // numbers in a frame
	base int
}

// end returns the frame after the last one.
func (r *row) end() int { return r.base + len(r.data)/r.size }

// at returns frame n.
func (r *row) at(n int) []float32 { return r.data[(n-r.base)*r.size : (n-r.base+1)*r.size] }

// slice returns frames from to n, n exclusive; none when n is not beyond from.
func (r *row) slice(from, n int) []float32 {
	if n <= from {
		return nil
	}
	return r.data[(from-r.base)*r.size : (n-r.base)*r.size]
}

// drop forgets the frames before n.
func (r *row) drop(n int) {
	if n = min(n, r.end()); n > r.base {
		r.data = r.data[:copy(r.data, r.data[(n-r.base)*r.size:])]
		r.base = n
	}
}
