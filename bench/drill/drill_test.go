package drill_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/bench/internal/rigtest"
	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
)

// What is drilled; flags of go test, after -args.
var (
	seed    = flag.Uint64("seed", 1, "of all that is random")
	streams = flag.Int("streams", 150, "streams in all")
	only    = flag.Int("only", -1, "the number of the only stream to run; -1: all")
	at      = flag.Int("at", 32, "streams at the same time")
	program = flag.String("earshot", "", "the server's program; empty: this one, with the race detector if it has one")
)

// TestMain plays the part of bin/earshot.
func TestMain(m *testing.M) {
	if append(os.Args, "")[1] != "serve" {
		os.Exit(m.Run())
	}
	if err := rigtest.Serve(os.Args[1:], os.Stdout, os.Stderr, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// says is the script of the server's engine: two finals in the first seconds, one that ends with the audio, one beyond it.
const says = "0.1-0.25 yes\n0.4-1.5 good morning everybody\n2.0-2.9 how are you\n3.2-4.4 very well thank you\n5-7 and so on and on\n"

const (
	// serverIdle is after how long without audio the server gives a stream up.
	serverIdle = 10 * time.Second
	// longest is how long one stream may take on a machine that is busy.
	longest = 2 * time.Minute
	// quietTime is how long the server may take to let go of everything.
	quietTime = serverIdle + 3*time.Minute
)

// slots is how many streams the server takes at a time: those that run, and those whose client is gone without a word.
func slots() int { return 6 * *at }

// drill is one run.
type drill struct {
	t      *testing.T
	server *rig.Server
	log    *serverLog

	mu      sync.Mutex               // guards all below
	whole   map[string][]stt.Segment // finals of runs without faults, by client and length
	table   table
	proxies []*testkit.Proxy
	well    []ended
}

// ended is a stream that reached its end.
type ended struct {
	number  int
	task    task
	resumed []stt.Time
	struck  int
}

// TestDrill is the drill. The package comment says what must hold.
func TestDrill(t *testing.T) {
	d := start(t)
	defer d.server.End()
	d.learn()
	before := d.quiet()
	own := runtime.NumGoroutine()
	files, err := rig.Files(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range *at {
		workers.Go(func() { // owned by the test; ends with the numbers
			for n := range numbers {
				d.one(n)
			}
		})
	}
	for n := range *streams {
		if *only < 0 || n == *only {
			numbers <- n
		}
	}
	if *only >= *streams { // of a longer run
		numbers <- *only
	}
	close(numbers)
	workers.Wait()
	t.Logf("seed %d\n%s", *seed, d.table.String())
	began := time.Now()
	d.released()
	t.Logf("the server has let go of all connections after %v", time.Since(began).Round(time.Millisecond))
	d.even(before)
	d.full()
	d.even(before)
	t.Logf("and of everything else after %v", time.Since(began).Round(time.Millisecond))
	if n := runtime.NumGoroutine(); n > own+5 {
		t.Errorf("the clients leave %d goroutines over:\n%s", n-own, stacks())
	}
	if n, err := rig.Files(os.Getpid()); err != nil || n > files+2 {
		t.Errorf("the clients leave %d files over, %v", n-files, err)
	}
	if err := d.server.Stop(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
	d.log.judge(t)
	for _, e := range d.well {
		if err := d.log.heardAll(e); err != nil {
			t.Errorf("stream %d: %v\n\t%s", e.number, err, again(e.number))
		}
	}
}

// again is how a stream is repeated.
func again(n int) string {
	return fmt.Sprintf("repeat with SEED=%d ARGS='-only %d' make drill", *seed, n)
}

// start starts the server.
func start(t *testing.T) *drill {
	script := filepath.Join(t.TempDir(), "script.txt")
	if err := os.WriteFile(script, []byte(says), 0o600); err != nil {
		t.Fatal(err)
	}
	path := *program
	if path == "" {
		var err error
		if path, err = os.Executable(); err != nil {
			t.Fatal(err)
		}
	}
	log := &serverLog{}
	server, err := rig.Serve(t.Context(), log, path, t.TempDir(), "--engine", "script", "--set", "engines.script.script="+script,
		"--set", fmt.Sprintf("engines.script.slots=%d", slots()), "--limits-streams", fmt.Sprint(slots()), "--limits-idle", serverIdle.String(),
		"--limits-lag", "10s", "--limits-finish", "10s")
	if err != nil {
		t.Fatal(err)
	}
	return &drill{t: t, server: server, log: log, whole: map[string][]stt.Segment{}, table: table{}}
}

// key names what the finals of a run without faults depend on.
func key(c client, length time.Duration) string { return fmt.Sprint(c.name, ", ", length) }

// learn runs everything without faults, and without anything between client and server.
func (d *drill) learn() {
	d.t.Helper()
	for _, c := range clients {
		for i, length := range lengths {
			finals, err := d.without(d.t.Context(), c, length)
			if want := []int{0, 1, 2, 3, 5}[i]; err != nil || len(finals) != want {
				d.t.Fatalf("%s without faults: %d finals, expected %d; %v", key(c, length), len(finals), want, err)
			}
		}
	}
}

// without returns the finals of a run without faults.
func (d *drill) without(ctx context.Context, c client, length time.Duration) ([]stt.Segment, error) {
	d.mu.Lock()
	finals, known := d.whole[key(c, length)]
	d.mu.Unlock()
	if known {
		return finals, nil
	}
	rec, err := c.open(ctx, d.server.Addr, d.server.Credentials, false, long)
	if err != nil {
		return nil, err
	}
	h := converse(ctx, rec, task{length: length, piece: 100 * time.Millisecond, partial: true})
	if h.err != io.EOF || h.breach != nil {
		return nil, fmt.Errorf("%s without faults: %w, %w", key(c, length), h.err, h.breach)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.whole[key(c, length)] = h.finals
	return h.finals, nil
}

// expected returns the finals that a stream is to have. The engine says its script from the beginning on each connection, for
// it does not listen: what is expected of a connection is what a run without faults has on as much audio as there was left.
func (d *drill) expected(ctx context.Context, c client, length time.Duration, resumed []stt.Time) ([]stt.Segment, error) {
	begins := append([]stt.Time{0}, resumed...)
	var all []stt.Segment
	for i, begin := range begins {
		until := length
		if i+1 < len(begins) {
			until = begins[i+1]
		}
		finals, err := d.without(ctx, c, length-begin)
		if err != nil {
			return nil, err
		}
		all = append(all, later(finals, begin, until)...)
	}
	return all, nil
}

// struckAtMost is how many connections of a stream are struck at most.
const struckAtMost = 3

// one runs a stream by its number, and says how to run it again when something is wrong.
func (d *drill) one(n int) {
	r := rand.New(rand.NewPCG(*seed, uint64(n)))
	faults := testkit.Faults()
	fault := faults[n%len(faults)]
	c := clients[r.IntN(len(clients))]
	reconnect := r.IntN(2) == 0
	what := newTask(r)
	times := 1
	if reconnect {
		times += r.IntN(struckAtMost)
	}
	up := int64(1000 + format.Bytes(what.length)*5/4)
	var mu sync.Mutex
	var plans []string
	proxy, err := testkit.NewProxy(d.server.Addr, func(connection int) testkit.Plan {
		f := fault
		if connection >= times {
			f = testkit.NoFault
		}
		p := testkit.NewPlan(*seed, n, connection, f, up, 4000)
		mu.Lock()
		defer mu.Unlock()
		plans = append(plans, p.String())
		return p
	})
	if err != nil {
		d.t.Error(err)
		return
	}
	defer proxy.Close()
	ctx, cancel := context.WithTimeout(d.t.Context(), longest)
	defer cancel()
	waits := long
	if fault == testkit.Silence {
		waits = brief
	}
	rec, err := c.open(ctx, proxy.Addr(), d.server.Credentials, reconnect, waits)
	if err != nil {
		d.t.Errorf("stream %d: %v", n, err)
		return
	}
	h := converse(ctx, rec, what)
	connections, struck := proxy.Connections()
	want, err := d.expected(ctx, c, what.length, h.resumed)
	all := judge(h, fault, reconnect, struck, want)
	switch {
	case ctx.Err() != nil:
		all = append(all, fmt.Errorf("it takes longer than %v", longest))
	case err != nil:
		all = append(all, err)
	}
	for _, wrong := range all {
		mu.Lock()
		d.t.Errorf("stream %d (%s, %v of audio, %v, reconnect %v, %d connections): %v\n\tends with %v after %v, resumed at %v\n\t%s\n\t%s",
			n, c.name, what.length, fault, reconnect, connections, wrong, h.err, h.took, h.resumed, strings.Join(plans, "\n\t"), again(n))
		mu.Unlock()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.table.add(fault, reconnect, struck, h)
	d.proxies = append(d.proxies, proxy)
	if h.err == io.EOF {
		d.well = append(d.well, ended{n, what, h.resumed, struck})
	}
}

// judge returns what is wrong with a stream.
func judge(h heard, fault testkit.Fault, reconnect bool, struck int, want []stt.Segment) (all []error) {
	say := func(err error) {
		if err != nil {
			all = append(all, err)
		}
	}
	say(h.breach)
	say(sameFinals(h.finals, want, h.err == io.EOF))
	switch {
	case h.err == io.EOF:
	case fault != testkit.Silence && struck == 0, fault == testkit.NoFault, fault == testkit.Stall:
		say(fmt.Errorf("nothing has cut it off: %w", h.err))
	default:
		say(wantError(h.err, reconnect && fault == testkit.Silence))
		// An opening is one attempt. Silence after the end of the audio is the server's last word.
		if reconnect && fault != testkit.Silence && !strings.HasPrefix(h.err.Error(), "open") {
			say(fmt.Errorf("it has not connected again: %w", h.err))
		}
	}
	return all
}
