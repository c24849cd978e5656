package kills_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rigtest"
	"github.com/earshot-stt/earshot/store/storetest"
)

// What is drilled; flags of go test, after -args.
var (
	seed    = flag.Uint64("seed", rand.Uint64(), "of all that is random")
	kills   = flag.Int("kills", 3, "how often the server is killed, on each database")
	streams = flag.Int("streams", 8, "streams at the same time")
	program = flag.String("earshot", "", "the server's program; empty: this one")
	loss    = flag.Duration("loss", 3*time.Second, "how much audio of a stream may be lost, besides the machine's lateness")
)

// cluster is the PostgreSQL of the drill.
var cluster storetest.Cluster

// TestMain plays the part of bin/earshot.
func TestMain(m *testing.M) {
	if append(os.Args, "")[1] != "serve" {
		os.Exit(cluster.Main(m))
	}
	if err := rigtest.Serve(os.Args[1:], os.Stdout, os.Stderr, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// says is a script of a word every tenth of a second, for ten minutes.
func says() string {
	var text strings.Builder
	for second := range 600 {
		fmt.Fprintf(&text, "%d.0-%d.0%s\n", second, second+1, strings.Repeat(" word", 10))
	}
	return text.String()
}

// TestKills is the drill. The package comment says what must hold.
func TestKills(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testKills(t, "") })
	t.Run("PostgreSQL", func(t *testing.T) { testKills(t, cluster.Database(t)) })
}

func testKills(t *testing.T, url string) {
	random := rand.New(rand.NewPCG(*seed, uint64(len(url))))
	folder := t.TempDir()
	script := filepath.Join(folder, "script.txt")
	if err := os.WriteFile(script, []byte(says()), 0o600); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, folder: folder, args: []string{"--engine", "script", "--set", "engines.script.script=" + script}}
	if url != "" {
		h.args = append(h.args, "--store", url)
	}
	watch := newLateness(t, folder)
	defer watch.stop()
	h.open()
	var lost, late []time.Duration
	for n := range *kills {
		before := h.ledger()
		crowd := h.crowd(*streams)
		// Killed while all speak, and while the ledger is at any point between two writings.
		pause(t.Context(), time.Second+time.Duration(random.Int64N(int64(2*time.Second))))
		killed := h.kill()
		lateness := watch.since(killed.Add(-5 * time.Second))
		crowd.wait()
		h.open()
		after := h.ledger()
		got := used{after.audio - before.audio, after.streams - before.streams}
		all := used{}
		var must, last time.Duration
		for _, c := range crowd.clients {
			all.audio += c.sent
			all.streams++
			must += c.known(killed.Add(-*loss - lateness))
			last += c.known(killed)
		}
		if got.audio > all.audio || got.streams > all.streams {
			t.Errorf("seed %d, kill %d: the ledger has %v of %d streams, and %v of %d were sent: something counts twice", *seed, n, got.audio, got.streams, all.audio, all.streams)
		}
		if got.audio < must {
			t.Errorf("seed %d, kill %d: the ledger has %v; %v were known to be recognised %v before (the machine was %v late)", *seed, n, got.audio, must, *loss+lateness, lateness)
		}
		lost, late = append(lost, max(last-got.audio, 0)/time.Duration(*streams)), append(late, lateness)
	}
	h.server.End()
	slices.Sort(lost)
	slices.Sort(late)
	t.Logf("seed %d: %d kills with %d streams each; lost of each stream: median %v, most %v; the machine's lateness: median %v, most %v",
		*seed, len(lost), *streams, lost[len(lost)/2], lost[len(lost)-1], late[len(late)/2], late[len(late)-1])
}

// pause waits, as clients and killers do.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
