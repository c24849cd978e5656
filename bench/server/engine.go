package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/engine/pocketsphinx"
	"github.com/earshot-stt/earshot/stt"
)

const (
	// directSaid stands before the words that the mode "direct" has heard.
	directSaid = "said: "
	// directTime is how long one recording may take.
	directTime = 5 * time.Minute
)

// engineCPU measures the PocketSphinx engine behind the server and the engine called directly, both from after their first
// recording: until then models are read and memory is taken. They take turns at every recording, so that whatever else the
// machine does touches both.
func engineCPU(ctx context.Context, o *options, dir string, out io.Writer) error {
	clips, err := rig.LoadClips(o.clips)
	if err != nil {
		return err
	}
	clips = upTo(clips, o.audio)
	served, err := serveEngine(ctx, o, dir)
	if err != nil {
		return err
	}
	defer served.child.End()
	direct, err := startDirect(ctx, o)
	if err != nil {
		return err
	}
	defer direct.child.End()
	ratios, err := takeTurns(ctx, served, direct, clips)
	if err != nil {
		return err
	}
	var audio time.Duration
	for i := range clips {
		audio += clips[i].Length()
	}
	for _, s := range []*side{served, direct} {
		if err := rig.WriteLine(out, "EngineCPU/impl="+s.impl, rig.Figure{Value: s.cpu.Seconds() / audio.Seconds(), Unit: unitEngine}); err != nil {
			return err
		}
	}
	for i, ratio := range ratios {
		if err := rig.WriteLine(out, fmt.Sprintf("EngineCPU/recording=%d", i), rig.Figure{Value: ratio, Unit: unitRatio}); err != nil {
			return err
		}
	}
	return nil
}

// unitEngine is the unit of EngineCPU.
const unitEngine = "cpu-s/audio-s"

// unitRatio is the unit of the ratio of the two at one recording, which the two had in turn. The limit is about its median: what else
// the machine did at some of the recordings does not count.
const unitRatio = "served/direct"

// takeTurns has both sides recognise all recordings, first the one and then the other, and returns how many times as much processor
// time a needed as b, for each.
func takeTurns(ctx context.Context, a, b *side, clips []rig.Clip) ([]float64, error) {
	var ratios []float64
	sides := []*side{a, b}
	for i := warmUp; i < len(clips); i++ {
		clip := piece(clips, i)
		for _, s := range sides {
			if err := s.take(ctx, i, clip); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", s.impl, clip.Name, err)
			}
		}
		if a.said != b.said {
			return nil, fmt.Errorf("%s: the two said different things, so they did different work:\n  %s: %s\n  %s: %s", clip.Name, a.impl, a.said, b.impl, b.said)
		}
		if i != warmUp && b.last > 0 {
			ratios = append(ratios, float64(a.last)/float64(b.last))
		}
		sides[0], sides[1] = sides[1], sides[0]
	}
	return ratios, nil
}

// upTo returns the first recordings whose lengths sum up to a time at most, and one at least.
func upTo(clips []rig.Clip, length time.Duration) []rig.Clip {
	for i := range clips {
		if length -= clips[i].Length(); length < 0 {
			return clips[:max(i, 1)]
		}
	}
	return clips
}

// side is one of the two processes.
type side struct {
	impl  string
	child *rig.Child
	talk  func(ctx context.Context, i int, clip *rig.Clip) (string, error)

	cpu  time.Duration // of all recordings
	last time.Duration // of the last one
	said string        // of the last one
}

// take recognises a recording.
func (s *side) take(ctx context.Context, i int, clip *rig.Clip) error {
	ctx, cancel := context.WithTimeout(ctx, directTime)
	defer cancel()
	cpu, err := used(s.child.PID(), func() (err error) {
		s.said, err = s.talk(ctx, i, clip)
		return err
	})
	s.last = cpu
	if i != warmUp {
		s.cpu += cpu
	}
	return err
}

// serveEngine starts a server.
func serveEngine(ctx context.Context, o *options, dir string) (*side, error) {
	args := []string{"--engine", "pocketsphinx"}
	for name, value := range o.set {
		args = append(args, "--set", "engines.pocketsphinx."+name+"="+value)
	}
	server, err := rig.Serve(ctx, o.log, o.earshot, dir, args...)
	if err != nil {
		return nil, err
	}
	client, err := server.Client(ctx)
	if err != nil {
		_ = server.Stop() // why there is no client says more
		return nil, err
	}
	return &side{impl: "served", child: server.Child, talk: func(ctx context.Context, _ int, clip *rig.Clip) (string, error) {
		return talk(ctx, client, clip, o.pace)
	}}, nil
}

// warmUp is the number of a piece of speech that is not measured: models are read and memory is taken with it.
const warmUp = -1

// piece returns a recording by its number.
func piece(clips []rig.Clip, i int) *rig.Clip {
	if i != warmUp {
		return &clips[i]
	}
	first := clips[0]
	first.PCM = first.PCM[:min(len(first.PCM), rig.Format.Bytes(2*time.Second))]
	return &first
}

func talk(ctx context.Context, r stt.Recognizer, clip *rig.Clip, pace float64) (string, error) {
	h, err := rig.Talk(ctx, r, clip.PCM, pace)
	return strings.Join(h.Words, " "), err
}

// startDirect starts the engine alone.
func startDirect(ctx context.Context, o *options) (*side, error) {
	args := []string{"direct", "-clips", o.clips, "-pace", fmt.Sprint(o.pace)}
	for name, value := range o.set {
		args = append(args, "-set", name+"="+value)
	}
	child, err := rig.Start(ctx, o.log, o.self, args...)
	if err != nil {
		return nil, err
	}
	return &side{impl: "direct", child: child, talk: func(ctx context.Context, i int, _ *rig.Clip) (string, error) {
		if err := child.Tell(strconv.Itoa(i)); err != nil {
			return "", err
		}
		line, err := child.Await(ctx, "what it heard", func(line string) bool { return strings.HasPrefix(line, directSaid) })
		return strings.TrimPrefix(line, directSaid), err
	}}, nil
}

// directMode calls the engine with the recordings whose numbers it is told, until there are no more.
func directMode(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("direct", flag.ContinueOnError)
	folder := flags.String("clips", rig.Recordings, "folder of recordings")
	pace := flags.Float64("pace", 0, "seconds of audio sent in a second")
	set := settings{}
	flags.Var(set, "set", "option of the engine")
	if err := flags.Parse(args); err != nil {
		return err
	}
	clips, err := rig.LoadClips(*folder)
	if err != nil {
		return err
	}
	driver := pocketsphinx.Driver()
	engine, err := driver.Open(ctx, set, os.Getenv)
	if err != nil {
		return err
	}
	if c, ok := engine.(io.Closer); ok {
		defer c.Close()
	}
	if ready, ok := engine.(stt.Readier); ok {
		if err := ready.Ready(ctx); err != nil {
			return err
		}
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		i, err := strconv.Atoi(lines.Text())
		if err != nil || i < warmUp || i >= len(clips) {
			return fmt.Errorf("want the number of one of %d recordings, got %q", len(clips), lines.Text())
		}
		said, err := talk(ctx, engine, piece(clips, i), *pace)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, directSaid+said); err != nil {
			return err
		}
	}
	return nil
}
