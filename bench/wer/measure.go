package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/stt"
)

// measurement is what one variant of the server made of the set.
type measurement struct {
	Name       string    `json:"variant"`
	Settings   []string  `json:"settings"`
	Score      *score    `json:"score,omitempty"` // of whole clips; nil when there were none
	Whole      latencies `json:"latency_whole_clips"`
	Trimmed    latencies `json:"latency_trimmed_clips"`
	WordStarts spread    `json:"word_start_distance"`
	Audio      float64   `json:"audio_s"`
	Wall       float64   `json:"wall_s"`
	CPU        float64   `json:"server_cpu_s"`
	PeakRSS    int64     `json:"server_peak_rss_bytes"`
	RSS        int64     `json:"server_rss_bytes"`
	Load       string    `json:"load_after"`
	Overload   float64   `json:"overload"` // wall time over what the streaming alone takes; 0: not known
	Limits     []limit   `json:"limits,omitempty"`
}

// measure starts a server of a variant, streams all takes to it, and ends it.
func measure(ctx context.Context, o *options, v variant, takes []take, progress io.Writer) (*measurement, error) {
	dir, err := os.MkdirTemp("", "earshot-wer-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var log bytes.Buffer
	server, err := rig.Serve(ctx, &log, o.earshot, dir, v.flags(o)...)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("the server does not start: %w\n%s", err, tailOf(log.String()))
	}
	defer server.Stop() //nolint:errcheck // it is over; how it ends is asked below when all went well
	m := &measurement{Name: v.name, Settings: v.settings}
	outcomes, err := m.streamAll(ctx, o, server, takes, progress)
	if err != nil {
		if ctx.Err() == nil {
			_ = server.Stop() // then its log is complete
			err = fmt.Errorf("%w\nThe server's last words:\n%s", err, tailOf(log.String()))
		}
		return nil, err
	}
	if err := server.Stop(); err != nil {
		return nil, fmt.Errorf("the server does not end in order: %w\n%s", err, tailOf(log.String()))
	}
	m.judge(o, outcomes)
	return m, nil
}

// streamAll streams the takes, some at once, and reads what the server's process has used meanwhile.
func (m *measurement) streamAll(ctx context.Context, o *options, server *rig.Server, takes []take, progress io.Writer) ([]*outcome, error) {
	client, err := server.Client(ctx)
	if err != nil {
		return nil, err
	}
	if err := warmUp(ctx, client, takes, o); err != nil {
		return nil, fmt.Errorf("warming up: %w", err)
	}
	before, err := rig.CPU(server.PID())
	if err != nil {
		return nil, err
	}
	began, done := time.Now(), 0
	var heard time.Duration
	outcomes, err := together(ctx, client, takes, o, func(out *outcome) {
		done++
		heard += timeOf(len(out.take.pcm))
		fmt.Fprintf(progress, "%s: %d of %d, %.0f s of audio in %.0f s\n", m.Name, done, len(takes), heard.Seconds(), time.Since(began).Seconds())
	})
	if err != nil {
		return nil, err
	}
	m.Wall, m.Audio, m.Load = time.Since(began).Seconds(), heard.Seconds(), load()
	after, err := rig.CPU(server.PID())
	if err != nil {
		return nil, err
	}
	m.CPU = (after - before).Seconds()
	if m.RSS, err = rig.RSS(server.PID()); err != nil {
		return nil, err
	}
	peak, err := rig.PeakRSS(server.PID())
	m.PeakRSS = max(peak, m.RSS) // the system counts the two at different moments
	return outcomes, err
}

// warmUp streams the shortest take as often at once as the measuring will, as fast as it is taken: afterwards the server has loaded
// what it needs for that many streams.
func warmUp(ctx context.Context, r stt.Recognizer, takes []take, o *options) error {
	shortest := slices.MinFunc(takes, func(a, b take) int { return cmp.Compare(len(a.pcm), len(b.pcm)) })
	hurry := *o
	hurry.pacing.speed = 0
	_, err := together(ctx, r, slices.Repeat([]take{shortest}, o.parallel), &hurry, func(*outcome) {})
	return err
}

// together streams takes, as many at once as the options say, the longest first so that they end together. The outcomes are in
// the order of the takes; done is called with each, by one goroutine at a time. The first error ends the others.
func together(ctx context.Context, r stt.Recognizer, takes []take, o *options, done func(*outcome)) ([]*outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	order := make([]int, len(takes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(takes[b].pcm), len(takes[a].pcm)) })
	outcomes := make([]*outcome, len(takes))
	var mu sync.Mutex // guards order, outcomes and done
	var workers sync.WaitGroup
	for range min(o.parallel, len(takes)) {
		workers.Go(func() { // owned by together, which waits for it; ends with the takes or with ctx
			for {
				mu.Lock()
				if len(order) == 0 || ctx.Err() != nil {
					mu.Unlock()
					return
				}
				i := order[0]
				order = order[1:]
				mu.Unlock()
				out, err := stream(ctx, r, &takes[i], o.pacing)
				if err != nil {
					cancel(fmt.Errorf("%s: %w", takes[i].name(), err))
					return
				}
				mu.Lock()
				outcomes[i] = out
				done(out)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return outcomes, context.Cause(ctx)
}

// judge turns outcomes into figures.
func (m *measurement) judge(o *options, outcomes []*outcome) {
	var whole, trimmed []*outcome
	var all []said
	for _, out := range outcomes {
		if out.take.trimmed {
			trimmed = append(trimmed, out)
			continue
		}
		whole = append(whole, out)
		all = append(all, said{clip: out.take.clip, offset: out.take.offset, words: texts(out.words)})
	}
	m.Whole, m.Trimmed = latenciesOf(whole), latenciesOf(trimmed)
	m.WordStarts = spreadOf(startErrors(whole))
	if len(all) > 0 {
		s := scoreOf(all, o.seed, o.worst)
		m.Score = &s
	}
	m.Limits = limitsOf(m, o)
	m.Overload = overload(outcomes, o, m.Wall)
}

// overload returns how many times as long the streaming took as it does on a machine that keeps up.
func overload(outcomes []*outcome, o *options, wall float64) float64 {
	var sum, longest time.Duration
	for _, out := range outcomes {
		length := timeOf(len(out.take.pcm))
		sum += length
		longest = max(longest, length)
	}
	// With the longest first, the last one ends at most half of it after the average; finals may take what the limits allow them.
	allowed := sum*45/100 + time.Duration(len(outcomes))*finishTime
	least := ((sum+allowed)/time.Duration(o.parallel) + longest/2).Seconds()
	if o.pacing.speed == 0 || sum == 0 {
		return 0
	}
	return wall * o.pacing.speed / least
}

// finishTime is what each stream may take for its end without being thought slow, beside 0.45 of its length for its last final.
const finishTime = 500 * time.Millisecond
