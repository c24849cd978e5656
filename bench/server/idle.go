package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
)

const (
	// settle is how long the memory of a server is watched for its least value, and look how often.
	settle = 2 * time.Second
	look   = 100 * time.Millisecond
)

// idleMemory measures what a stream holds that is open, has sent 100 ms of audio, and says nothing more: the growth of the
// memory that the system counts for the process, and of the heap that is in use after a collection.
func idleMemory(ctx context.Context, o *options, dir string, out io.Writer) error {
	script := filepath.Join(dir, "script.txt")
	if err := os.WriteFile(script, []byte(scriptText(o.words, time.Minute)), 0o600); err != nil {
		return err
	}
	return measureIdle(ctx, o, dir, out, "IdleMemory", o.idle, "--engine", "script", "--set", "engines.script.script="+script)
}

// engineStreams is how many streams engineMemory opens at most: the engine takes 256, and some have to end before.
const engineStreams = 250

// engineMemory is idleMemory with the PocketSphinx engine behind the streams: what it holds for who has not spoken yet.
func engineMemory(ctx context.Context, o *options, dir string, out io.Writer) error {
	args := []string{"--engine", "pocketsphinx", "--set", "engines.pocketsphinx.slots=256"}
	for name, value := range o.set {
		args = append(args, "--set", "engines.pocketsphinx."+name+"="+value)
	}
	return measureIdle(ctx, o, dir, out, "EngineMemory", min(o.idle, engineStreams), args...)
}

// measureIdle measures a server that is started with args.
func measureIdle(ctx context.Context, o *options, dir string, out io.Writer, name string, streams int, args ...string) error {
	server, err := rig.Serve(ctx, o.log, o.earshot, dir, append(args, "--limits-idle", "0", "--limits-streams", "0")...)
	if err != nil {
		return err
	}
	r, err := idle(ctx, o, server, streams)
	if stopped := server.Stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	each := func(bytes int64) float64 { return float64(bytes) / float64(streams) }
	return rig.WriteLine(out, fmt.Sprintf("%s/streams=%d", name, streams),
		rig.Figure{Value: each(r.after - r.before), Unit: unitRSS},
		rig.Figure{Value: each(r.collected - r.before), Unit: "collected-B/stream"})
}

// unitRSS is the unit of IdleMemory and EngineMemory.
const unitRSS = "rss-B/stream"

type idleMemories struct{ before, after, collected int64 }

func idle(ctx context.Context, o *options, server *rig.Server, streams int) (r idleMemories, err error) {
	// A few streams that end again: what the first stream costs once is not what each costs.
	if err := hold(ctx, o, server, 10, func() error { return nil }); err != nil {
		return r, err
	}
	if r.before, err = least(ctx, server.PID()); err != nil {
		return r, err
	}
	return r, hold(ctx, o, server, streams, func() error {
		var err error
		if r.after, err = least(ctx, server.PID()); err != nil {
			return err
		}
		text, err := server.Profile(ctx, "heap?gc=1")
		if err != nil {
			return err
		}
		if o.profile != "" {
			if err := os.WriteFile(o.profile, text, 0o600); err != nil {
				return err
			}
		}
		r.collected, err = least(ctx, server.PID())
		return err
	})
}

// hold opens so many streams and keeps them while do runs.
func hold(ctx context.Context, o *options, server *rig.Server, streams int, do func() error) error {
	load, err := rig.Start(ctx, os.Stderr, o.self, "load", "-idle", "-streams", fmt.Sprint(streams), "-addr", server.Addr, "-credentials", server.Credentials)
	if err != nil {
		return err
	}
	defer load.End()
	opening, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if _, err := load.Await(opening, "that all streams are open", func(line string) bool { return line == loadOpen }); err != nil {
		return err
	}
	for sent := int64(0); sent < int64(streams); {
		if err := rig.Pause(opening, look); err != nil {
			return err
		}
		c, err := count(opening, load)
		if err != nil {
			return err
		}
		sent += c.Sent
	}
	if err := do(); err != nil {
		return err
	}
	_, err = count(ctx, load) // fails where a stream has ended meanwhile
	return err
}

// least returns the least memory that a process has while it is watched for a while.
func least(ctx context.Context, pid int) (int64, error) {
	var low int64
	for range int(settle / look) {
		n, err := rig.RSS(pid)
		if err != nil {
			return 0, err
		}
		if low == 0 || n < low {
			low = n
		}
		if err := rig.Pause(ctx, look); err != nil {
			return 0, err
		}
	}
	return low, nil
}
