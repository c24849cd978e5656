package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/stt"
)

const (
	// firstPart is after how long, from when all places have been filled once, memory is
	// looked at for the first time.
	firstPart = time.Minute
	// every is the distance between two lines of progress.
	every = 10 * time.Second
	// patience is how long a client waits that has found no place.
	patience = time.Second
	// longest is how long one stream may take: several times the longest scene.
	longest = 3 * time.Minute
)

// run is one run.
type run struct {
	o      *options
	server *rig.Server
	client *transcribe.Recognizer
	clips  []rig.Clip
	watch  *logWatch
	begin  time.Time

	mu    sync.Mutex // guards all below
	out   io.Writer
	next  int                 // number of the next scene
	busy  int                 // streams that found no place
	words map[string][]string // of recordings, as they were heard for the first time
	found findings
}

// play does all that there is to do with a server.
func (r *run) play(ctx context.Context) (err error) {
	if r.client, err = r.server.Client(ctx); err != nil {
		return err
	}
	if r.found.start, err = r.look(ctx); err != nil {
		return err
	}
	r.begin = time.Now()
	progress, stop := context.WithCancel(ctx)
	var reporting sync.WaitGroup
	reporting.Go(func() { r.report(progress) }) // owned by play; ends with its context
	defer reporting.Wait()
	defer stop()
	if r.found.first, err = r.speech(ctx); err != nil {
		return err
	}
	r.fill(ctx)
	begin := time.Now()
	if err := r.perform(ctx, begin.Add(min(firstPart, r.o.length/3))); err != nil {
		return err
	}
	if r.found.early, err = r.look(ctx); err != nil {
		return err
	}
	r.say("after the first part: %v", r.found.early)
	if err := r.perform(ctx, begin.Add(r.o.length)); err != nil {
		return err
	}
	if r.found.last, err = r.speech(ctx); err != nil {
		return err
	}
	r.found.end, err = r.look(ctx)
	return err
}

// fill streams the longest segments there can be in all places at once, of speech and of what is hardest to search, so that every
// decoder has taken the memory that it will ever need before that is looked at.
func (r *run) fill(ctx context.Context) {
	var talk []byte
	for most := rig.Format.Bytes(r.o.fill); len(talk) < most; {
		for i := range r.clips {
			talk = append(talk, r.clips[i].PCM...)
		}
		talk = talk[:min(len(talk), most)]
	}
	tones := chords(rand.New(rand.NewPCG(r.o.seed, 0)), r.o.fill) //nolint:gosec // it must come out the same again
	for _, s := range []*scene{{kind: kindSpeech, name: "speech in all places", pcm: talk}, {kind: kindMusic, name: "chords in all places", pcm: tones}} {
		s.number = -1
		var filling sync.WaitGroup
		for range r.o.streams + 1 {
			filling.Go(func() { r.act(ctx, s) }) // owned by fill; ends with the sound, or with ctx
		}
		filling.Wait()
	}
}

// perform plays scenes until a time, and waits for the last of them to end.
func (r *run) perform(ctx context.Context, until time.Time) error {
	var playing sync.WaitGroup
	for range r.o.streams {
		playing.Go(func() { // owned by perform; ends at the time, or with ctx
			for ctx.Err() == nil && time.Now().Before(until) {
				if !r.act(ctx, r.scene()) {
					_ = rig.NewPacer(time.Now(), 1).Wait(ctx, patience) // ends with ctx, as the loop does
				}
			}
		})
	}
	playing.Wait()
	return ctx.Err()
}

// scene returns the next scene.
func (r *run) scene() *scene {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.next
	r.next++
	return compose(r.o.seed, n, r.clips, r.o.scene)
}

// act plays a scene and keeps what was wrong with it. It returns false when there was no place for it.
func (r *run) act(ctx context.Context, s *scene) bool {
	bounded, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	var heard rig.Heard
	var err error
	if s.kind == kindChurn {
		err = churn(bounded, r.client, s)
	} else {
		heard, err = rig.Talk(bounded, r.client, s.pcm, s.pace)
	}
	if ctx.Err() != nil {
		return true
	}
	if r.o.verbose {
		r.say("scene %d, %v (%s): %q %v", s.number, s.kind, s.name, strings.Join(heard.Words, " "), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case stt.CodeOf(err) == stt.Exhausted && !errors.Is(err, context.DeadlineExceeded):
		r.busy++
		return false
	case err != nil:
		r.found.failed = append(r.found.failed, fmt.Sprintf("scene %d, %s: %v", s.number, s.name, err))
	case s.quiet() && (len(heard.Words) > 0 || heard.Partials > 0):
		r.found.unwanted = append(r.found.unwanted, fmt.Sprintf("scene %d, %s: %d partials, %q", s.number, s.name, heard.Partials, strings.Join(heard.Words, " ")))
	case s.kind == kindSpeech && s.number >= 0:
		r.compare(s, heard.Words)
	}
	r.found.played[s.kind]++
	return true
}

// compare keeps what is said of a recording that was heard otherwise before: the engine claims to be deterministic. r.mu is held.
func (r *run) compare(s *scene, words []string) {
	first, again := r.words[s.name]
	if !again {
		if r.words == nil {
			r.words = map[string][]string{}
		}
		r.words[s.name] = words
		return
	}
	if n := distance(first, words); n > 0 {
		r.found.changed = append(r.found.changed, fmt.Sprintf("scene %d, %s: %d of %d words are others than the first time: %q, then %q",
			s.number, s.name, n, len(first), strings.Join(first, " "), strings.Join(words, " ")))
	}
}

// speech returns the words of the first two recordings.
func (r *run) speech(ctx context.Context) ([]string, error) {
	bounded, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	var words []string
	for i := range r.clips[:min(2, len(r.clips))] {
		heard, err := rig.Talk(bounded, r.client, r.clips[i].PCM, 0)
		if err != nil {
			return nil, fmt.Errorf("speech: %w", err)
		}
		words = append(words, heard.Words...)
	}
	return words, nil
}

// look gives the server time to let go of what has ended, and returns the least that is seen of each figure.
func (r *run) look(ctx context.Context) (vitals, error) {
	var least vitals
	for i := range r.o.looks {
		v, err := r.vitals(ctx)
		if err != nil {
			return v, err
		}
		if i == 0 {
			least = v
		}
		least = vitals{min(least.RSS, v.RSS), min(least.Goroutines, v.Goroutines), min(least.Files, v.Files)}
		if err := rig.NewPacer(time.Now(), 1).Wait(ctx, time.Second); err != nil {
			return least, err
		}
	}
	return least, nil
}

// vitals returns how the server is, after it has collected its garbage.
func (r *run) vitals(ctx context.Context) (v vitals, err error) {
	if _, err = r.server.Profile(ctx, "heap?gc=1"); err != nil {
		return v, err
	}
	if v.Goroutines, err = r.server.Goroutines(ctx); err != nil {
		return v, err
	}
	if v.Files, err = rig.Files(r.server.PID()); err != nil {
		return v, err
	}
	v.RSS, err = rig.RSS(r.server.PID())
	return v, err
}

// report says how things are, every ten seconds, until ctx is done.
func (r *run) report(ctx context.Context) {
	clock := rig.NewPacer(r.begin, 1)
	for at := every; clock.Wait(ctx, at) == nil; at += every {
		memory, err := rig.RSS(r.server.PID())
		if err != nil {
			return // it has ended, and the run finds out
		}
		files, err := rig.Files(r.server.PID())
		if err != nil {
			return
		}
		r.mu.Lock()
		var played []string
		for k, n := range r.found.played {
			played = append(played, fmt.Sprintf("%v %d", kind(k), n))
		}
		wrong := len(r.found.unwanted) + len(r.found.failed) + len(r.found.changed)
		busy := r.busy
		r.mu.Unlock()
		lines, more := r.watch.found()
		r.say("%s; %d refused for want of a place; %.1f MB, %d files; %d things wrong", strings.Join(played, ", "), busy,
			float64(memory)/(1<<20), files, wrong+len(lines)+more)
	}
}

// say prints a line with the time of the run.
func (r *run) say(format string, args ...any) {
	line := fmt.Sprintf("%6s  ", time.Since(r.begin).Truncate(time.Second)) + fmt.Sprintf(format, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.out, line)
}

// verdict prints what was found.
func (r *run) verdict() error {
	f := &r.found
	fmt.Fprintf(r.out, "before the first stream:   %v\nafter the first part:      %v\nafter the last stream:     %v\n", f.start, f.early, f.end)
	reasons := f.reasons()
	if len(reasons) == 0 {
		fmt.Fprintln(r.out, "passed")
		return nil
	}
	for _, reason := range reasons {
		fmt.Fprintln(r.out, "  -", reason)
	}
	return fmt.Errorf("failed for %d reasons; -seed %d plays the same again", len(reasons), r.o.seed)
}
