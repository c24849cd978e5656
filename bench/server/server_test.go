package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/bench/internal/rigtest"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

// TestMain plays the parts of the other processes: bin/earshot, and this program in its modes.
func TestMain(m *testing.M) {
	var err error
	switch mode := append(os.Args, "")[1]; mode {
	case "serve":
		err = rigtest.Serve(os.Args[1:], os.Stdout, os.Stderr, scripted)
	case "load", "bare", "direct":
		main()
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// scripted puts the scripted engine in the place of PocketSphinx, with the script that stands beside the server's data.
func scripted(settings map[string]string) {
	settings["engine"] = "script"
	settings["engines.script.script"] = filepath.Join(filepath.Dir(settings["data"]), "script.txt")
	for name := range settings {
		if strings.HasPrefix(name, "engines.pocketsphinx.") {
			delete(settings, name)
		}
	}
}

// short are options for a few streams and a short time, with this binary in all parts.
func short(t *testing.T) *options {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc as Linux has it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &options{earshot: self, self: self, log: os.Stderr, streams: 4, warm: 100 * time.Millisecond, window: time.Second, words: 2, idle: 5}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// A server with the scripted engine and then the bare one, each under a small load.
func TestServerCPU(t *testing.T) {
	t.Parallel()
	o := short(t)
	o.window = cycle
	var out strings.Builder
	if err := serverCPU(within(t, 4*time.Minute), o, t.TempDir(), &out); err != nil {
		if strings.Contains(err.Error(), "too busy to compare") {
			t.Skipf("needs a machine that is less busy: %v", err)
		}
		t.Fatal(err)
	}
	r, err := read(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, impl := range []string{"earshot", "bare"} {
		name := "ServerCPU/streams=4/impl=" + impl
		for unit, want := range map[string]float64{"in-msg/stream-s": 10, "out-msg/stream-s": 1.2} {
			got := r.values(name, unit)
			if len(got) != 1 || got[0] < want*0.8 || got[0] > want*1.3 {
				t.Errorf("%s: %s is %v; expected %g", name, unit, got, want)
			}
		}
		if cpu := r.values(name, unitCPU); len(cpu) != 1 || cpu[0] < 0 || cpu[0] > 100 {
			t.Errorf("%s: %s is %v", name, unitCPU, cpu)
		}
	}
}

func TestIdleMemory(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := idleMemory(within(t, 4*time.Minute), short(t), t.TempDir(), &out); err != nil {
		t.Fatal(err)
	}
	l, ok := rig.ReadLine(out.String())
	if v, found := l.Get(unitRSS); !ok || !found || l.Name != "IdleMemory/streams=5" || v > 10<<20 {
		t.Errorf("the result is %q", out.String())
	}
}

// The memory of an engine's idle streams is measured in the same way, with no more of them than the engine takes.
func TestEngineMemory(t *testing.T) {
	t.Parallel()
	o := short(t)
	o.set = settings{"slots": "255", "finals": "fast"}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "script.txt"), []byte(scriptText(1, time.Second)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := engineMemory(within(t, 4*time.Minute), o, dir, &out); err != nil {
		t.Fatal(err)
	}
	l, ok := rig.ReadLine(out.String())
	if v, found := l.Get(unitRSS); !ok || !found || l.Name != "EngineMemory/streams=5" || v > 10<<20 {
		t.Errorf("the result is %q", out.String())
	}
}

// A server that refuses its callers measures nothing.
func TestLoadThatFails(t *testing.T) {
	t.Parallel()
	o := short(t)
	bare, err := rig.Start(t.Context(), os.Stderr, o.self, "bare")
	if err != nil {
		t.Fatal(err)
	}
	line, err := bare.Await(within(t, 4*time.Minute), "its address", func(line string) bool { return strings.HasPrefix(line, bareReady) })
	if err != nil {
		t.Fatal(err)
	}
	o.window = 3 * time.Second
	_, err = measureLoad(within(t, 4*time.Minute), o, bare, func(ctx context.Context, d time.Duration) error {
		_ = bare.Stop() // in the middle
		return nil
	}, "-addr", strings.TrimPrefix(line, bareReady))
	if err == nil {
		t.Error("the load on a server that has ended is measured")
	}
}

// The script has one partial a second and one final every five seconds, whatever the number of words.
func TestScript(t *testing.T) {
	for _, words := range []int{1, 2, 3, 50} {
		s, err := script.Parse(scriptText(words, 10*time.Second))
		if err != nil {
			t.Fatalf("%d words: %v", words, err)
		}
		synctest.Test(t, func(t *testing.T) {
			stream, err := script.New(script.Options{Script: s}).Open(t.Context(), rig.Config())
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			var seconds []string
			finals := 0
			for range 100 {
				if err := stream.Send(t.Context(), stt.Chunk{Data: make([]byte, rig.Format.Bytes(every))}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				for {
					ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
					ev, err := stream.Recv(ctx)
					cancel()
					if err != nil {
						break
					}
					if ev.Kind != stt.EventSegment {
						continue
					}
					if n := len(ev.Segment.Best().Words); ev.Segment.Final {
						finals += n
						seconds = append(seconds, "final")
					} else {
						seconds = append(seconds, fmt.Sprint(n/words))
					}
				}
			}
			want := "1 2 3 4 5 final 1 2 3 4 5 final"
			if got := strings.Join(seconds, " "); got != want || finals != 10*words {
				t.Errorf("%d words a second: %s with %d words in finals; expected %s", words, got, finals, want)
			}
		})
	}
}

// In a period the bare server writes what it was told, in order, whatever the numbers.
func TestBareIsDue(t *testing.T) {
	for period := 1; period < 60; period++ {
		for _, sizes := range [][]int{nil, {5}, {1, 2, 3, 4, 5, 6}, make([]int, 200)} {
			b := bare{sizes: sizes, period: period}
			for range 2 {
				var got []int
				for n := 1; n <= period; n++ {
					got = append(got, b.due(n+period)...)
				}
				if !slices.Equal(got, sizes) {
					t.Fatalf("%v in %d: %v", sizes, period, got)
				}
			}
		}
	}
}

func TestAlike(t *testing.T) {
	o := &options{streams: 10, window: 5 * time.Second}
	good := counts{Sent: 500, Received: 60, Bytes: 40000}
	for name, c := range map[string]struct {
		a, b counts
		fine bool
	}{
		"the same":      {good, good, true},
		"nearly":        {counts{Sent: 490, Received: 61, Bytes: 40500}, counts{Sent: 505, Received: 59, Bytes: 39900}, true},
		"earshot slow":  {counts{Sent: 400, Received: 60, Bytes: 40000}, good, false},
		"bare slow":     {good, counts{Sent: 400, Received: 60, Bytes: 40000}, false},
		"bare silent":   {good, counts{Sent: 500}, false},
		"bare too much": {good, counts{Sent: 500, Received: 60, Bytes: 80000}, false},
		"nothing":       {counts{Sent: 500}, counts{Sent: 500}, false},
	} {
		if err := alike(&c.a, &c.b, o); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUpTo(t *testing.T) {
	clips := make([]rig.Clip, 3)
	for i := range clips {
		clips[i].PCM = make([]byte, rig.Format.Bytes(2*time.Second))
	}
	for length, want := range map[time.Duration]int{0: 1, time.Second: 1, 2 * time.Second: 1, 5 * time.Second: 2, 6 * time.Second: 3, time.Hour: 3} {
		if got := len(upTo(clips, length)); got != want {
			t.Errorf("%v: %d recordings; expected %d", length, got, want)
		}
	}
	if p := piece(clips, warmUp); p.Length() != 2*time.Second || piece(clips, 1) != &clips[1] {
		t.Errorf("the piece to warm up with has %v", p.Length())
	}
}

// Both sides recognise everything, by turns, and must hear the same.
func TestTakeTurns(t *testing.T) {
	clips := make([]rig.Clip, 3)
	var order []string
	newSide := func(name string, words string) *side {
		child, err := rig.Start(t.Context(), os.Stderr, "sh", "-c", "read word")
		if err != nil {
			t.Skipf("needs a shell: %v", err)
		}
		t.Cleanup(func() { _ = child.Stop() })
		return &side{impl: name, child: child, talk: func(_ context.Context, i int, _ *rig.Clip) (string, error) {
			order = append(order, fmt.Sprint(name, i))
			return words, nil
		}}
	}
	clips[0].PCM = make([]byte, 10)
	ratios, err := takeTurns(t.Context(), newSide("a", "yes"), newSide("b", "yes"), clips)
	if err != nil || len(ratios) > len(clips) {
		t.Fatalf("%v and %v", ratios, err)
	}
	if want := "a-1 b-1 b0 a0 a1 b1 b2 a2"; strings.Join(order, " ") != want {
		t.Errorf("the order is %v; expected %s", order, want)
	}
	if _, err := takeTurns(t.Context(), newSide("a", "yes"), newSide("b", "no"), clips); err == nil || !strings.Contains(err.Error(), "different things") {
		t.Errorf("two that hear different things: %v", err)
	}
}

func TestOptions(t *testing.T) {
	o, err := parse([]string{"-count", "3", "-bench", "CPU", "-skip", "Engine", "-set", "a=b=c", "-set", "d="})
	if err != nil || o.rounds != 3 || o.set["a"] != "b=c" || len(o.set) != 2 || !o.match.MatchString("ServerCPU") || !o.skip.MatchString("EngineCPU") {
		t.Errorf("%+v and %v", o, err)
	}
	for _, args := range [][]string{{"-count", "0"}, {"-streams", "0"}, {"-window", "3s"}, {"-window", "0s"}, {"-bench", "("}, {"-skip", "("}, {"-set", "x"}, {"-words", "51"},
		{"-pace", "-1"}, {"-idle", "-5"}, {"more"}, {"-nonsense"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if _, err := json.Marshal(counts{}); err != nil {
		t.Error(err)
	}
}
