package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

const (
	// cycle is the time after which what is said begins again: five partials and a final.
	cycle = 5 * time.Second
	// every is the distance between two messages of a client, and the audio in each.
	every = 100 * time.Millisecond
	// openTime is how long all streams may take to open.
	openTime = 30 * time.Second
)

// serverCPU measures the server with a scripted engine, and then a bare server that is given and gives as many messages of the
// same size.
func serverCPU(ctx context.Context, o *options, dir string, out io.Writer) error {
	script := filepath.Join(dir, "script.txt")
	if err := os.WriteFile(script, []byte(scriptText(o.words, 10*time.Minute)), 0o600); err != nil {
		return err
	}
	server, err := rig.Serve(ctx, o.log, o.earshot, dir, "--engine", "script", "--set", "engines.script.script="+script)
	if err != nil {
		return err
	}
	ours, err := measureLoad(ctx, o, server.Child, o.profiler(server), "-addr", server.Addr, "-credentials", server.Credentials)
	if stopped := server.Stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return fmt.Errorf("earshot: %w", err)
	}
	bare, err := bareCPU(ctx, o, ours.counts.Sizes)
	if err != nil {
		return fmt.Errorf("bare: %w", err)
	}
	if err := alike(&ours.counts, &bare.counts, o); err != nil {
		return err
	}
	name := fmt.Sprintf("ServerCPU/streams=%d", o.streams)
	if err := ours.write(out, name+"/impl=earshot"); err != nil {
		return err
	}
	return bare.write(out, name+"/impl=bare")
}

// bareCPU measures the bare server; sizes are those of the messages that it writes in a window.
func bareCPU(ctx context.Context, o *options, sizes []int) (*loaded, error) {
	text, err := json.Marshal(sizes)
	if err != nil {
		return nil, err
	}
	bare, err := rig.Start(ctx, os.Stderr, o.self, "bare", "-sizes", string(text), "-period", fmt.Sprint(int(o.window/every)))
	if err != nil {
		return nil, err
	}
	line, err := bare.Await(ctx, "its address", func(line string) bool { return strings.HasPrefix(line, bareReady) })
	if err != nil {
		_ = bare.Stop() // why it is not ready says more
		return nil, err
	}
	l, err := measureLoad(ctx, o, bare, rig.Pause, "-addr", strings.TrimPrefix(line, bareReady))
	if stopped := bare.Stop(); err == nil {
		err = stopped
	}
	return l, err
}

// scriptText has one partial a second and one final every five.
func scriptText(words int, length time.Duration) string {
	var b strings.Builder
	for at := time.Duration(0); at < length; at += cycle {
		fmt.Fprintf(&b, "%.1f-%.1f", at.Seconds(), (at + cycle).Seconds())
		for second := range int(cycle / time.Second) {
			b.WriteString(scriptSecond(at+time.Duration(second)*time.Second, words, second == int(cycle/time.Second)-1))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// vocabulary is what is said.
var vocabulary = [...]string{"people", "often", "speak", "about", "the", "weather", "and", "rarely", "listen"}

// scriptSecond has so many words that come together at the end of a second, and so in one partial. The last second of a segment ends a little
// earlier, so that there is a partial before the final.
func scriptSecond(at time.Duration, words int, last bool) string {
	end := at + time.Second
	if last {
		end -= 100 * time.Millisecond
	}
	begin, step := end-10*time.Millisecond, 10*time.Millisecond/time.Duration(words)
	var b strings.Builder
	for i := range words {
		from, to := begin+time.Duration(i)*step, begin+time.Duration(i+1)*step
		if i == 0 {
			from = at
		}
		fmt.Fprintf(&b, " %s@%.6f-%.6f", vocabulary[(int(at/time.Second)*words+i)%len(vocabulary)], from.Seconds(), to.Seconds())
	}
	return b.String()
}

// loaded is what a server did under load.
type loaded struct {
	cpu    time.Duration
	window time.Duration // as it was by the clock
	counts counts
	stream int
}

// profiler returns what lets the measured time pass: a pause, or a profile of it.
func (o *options) profiler(server *rig.Server) func(context.Context, time.Duration) error {
	if o.profile == "" {
		return rig.Pause
	}
	return func(ctx context.Context, d time.Duration) error {
		text, err := server.Profile(ctx, fmt.Sprintf("profile?seconds=%d", int(d.Seconds())))
		if err != nil {
			return err
		}
		return os.WriteFile(o.profile, text, 0o600)
	}
}

// measureLoad puts the load on a server and measures the server's processor time while wait lets the window pass.
func measureLoad(ctx context.Context, o *options, server *rig.Child, wait func(context.Context, time.Duration) error, args ...string) (*loaded, error) {
	load, err := rig.Start(ctx, os.Stderr, o.self, append([]string{"load", "-streams", fmt.Sprint(o.streams)}, args...)...)
	if err != nil {
		return nil, err
	}
	defer load.End()
	opening, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if _, err := load.Await(opening, "that all streams are open", func(line string) bool { return line == loadOpen }); err != nil {
		return nil, err
	}
	// All streams began together, and results come with each second of their audio: a window from the middle of one second to the
	// middle of another has as many for each of them.
	if err := rig.Pause(ctx, o.warm+time.Second/2); err != nil {
		return nil, err
	}
	l := &loaded{stream: o.streams}
	if _, err := count(ctx, load); err != nil {
		return nil, err
	}
	begin := time.Now()
	l.cpu, err = used(server.PID(), func() error {
		err := wait(ctx, o.window)
		l.window = time.Since(begin)
		return err
	})
	if err != nil {
		return nil, err
	}
	l.counts, err = count(ctx, load)
	return l, err
}

// count asks the load what it has seen since it was last asked.
func count(ctx context.Context, load *rig.Child) (counts, error) {
	var c counts
	if err := load.Tell(loadCount); err != nil {
		return c, err
	}
	bounded, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	line, err := load.Await(bounded, "its counts", func(line string) bool { return strings.HasPrefix(line, "{") })
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		return c, err
	}
	if c.Failed != "" {
		return c, fmt.Errorf("a stream has failed: %s", c.Failed)
	}
	return c, nil
}

// write prints the result of a server, per stream and second.
func (l *loaded) write(out io.Writer, name string) error {
	all := l.window.Seconds() * float64(l.stream)
	return rig.WriteLine(out, name,
		rig.Figure{Value: float64(l.cpu.Microseconds()) / 1000 / all, Unit: unitCPU},
		rig.Figure{Value: float64(l.counts.Sent) / all, Unit: "in-msg/stream-s"},
		rig.Figure{Value: float64(l.counts.Received) / all, Unit: "out-msg/stream-s"},
		rig.Figure{Value: float64(l.counts.Bytes) / all, Unit: "out-B/stream-s"})
}

// unitCPU is the unit of ServerCPU.
const unitCPU = "cpu-ms/stream-s"

// alike says why two loads cannot be compared: other numbers of messages, or not those that were to be sent.
func alike(a, b *counts, o *options) error {
	planned := float64(o.streams) * float64(o.window/every)
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"messages sent to earshot", float64(a.Sent), planned},
		{"messages sent to the bare server", float64(b.Sent), planned},
		{"messages received of the bare server", float64(b.Received), float64(a.Received)},
		{"bytes received of the bare server", float64(b.Bytes), float64(a.Bytes)},
	} {
		const tolerance = 0.05
		if c.want == 0 || c.got < c.want*(1-tolerance) || c.got > c.want*(1+tolerance) {
			return fmt.Errorf("%s: want %.0f within %.0f %%, got %.0f: the machine is too busy to compare, or a server too slow", c.what, c.want, tolerance*100, c.got)
		}
	}
	return nil
}
