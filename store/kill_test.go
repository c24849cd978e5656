package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// helperVariable makes this test program one of the processes that the tests below start, kill and compare: its value is the
// address of the store, its arguments say what to do.
const helperVariable = "EARSHOT_STORE_HELPER"

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// sessionsAtOnce is how many sessions each batch is of, each with a second of audio.
const sessionsAtOnce = 20

// help is the main function of a helper: NAME FROM COUNT adds usage of sessions of that name, from a sequence on, and says after each
// batch which it was. It ends after so many batches, or when it is killed.
func help(url string, args []string) error {
	from, err1 := strconv.Atoi(args[1])
	count, err2 := strconv.Atoi(args[2])
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%v %v", err1, err2)
	}
	ctx := context.Background()
	s, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	for n := from; n < from+count; n++ {
		var batch []store.Usage
		for i := range sessionsAtOnce {
			batch = append(batch, store.Usage{Session: fmt.Sprintf("%s-%d", args[0], i), Sequence: int64(n), At: noon, Account: "a", Key: args[0], Audio: time.Second, Streams: 1})
		}
		if err := s.AddUsage(ctx, batch); err != nil {
			return err
		}
		fmt.Println(n)
	}
	return s.Close()
}

// helper starts one. Its answers are read from the reader.
func helper(t *testing.T, url string, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), helperVariable+"="+url)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended already, unless the test failed
		if t.Failed() {
			t.Log(complaints.String())
		}
	})
	return cmd, bufio.NewReader(out)
}

// kills is how often a process is killed; EARSHOT_KILLS has a greater number for those who have the time.
func kills(t *testing.T) int {
	if text := os.Getenv("EARSHOT_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("EARSHOT_KILLS: %v", err)
		}
		return n
	}
	return 8
}

// A process that adds usage is killed at random moments, over and over. What it had said was added is there, what it had not said is
// there at most once (the batch that was under way), and whoever repeats it counts nothing twice.
func testKills(t *testing.T, url string) {
	ctx := t.Context()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 4))
	s, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	total := func() int {
		t.Helper()
		d, err := s.UsageTotals(ctx, store.UsageOf{Key: "k"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		return int(d / time.Second)
	}
	said := 0 // batches that were said to be added; their sequences are 0 to said-1
	for n := range kills(t) {
		cmd, out := helper(t, url, "k", strconv.Itoa(said), "1000000")
		// Killed some answers later, and then some more: within a batch, most of the time.
		for range 1 + random.IntN(15) {
			if _, err := out.ReadString('\n'); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			said++
		}
		for range random.IntN(20_000) { // a moment that is short next to a batch
			_ = random.Uint64()
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for { // it may have said more until then
			line, err := out.ReadString('\n')
			if err != nil {
				break
			}
			if line != strconv.Itoa(said)+"\n" {
				t.Fatalf("seed %d: expected %d; got %q", seed, said, line)
			}
			said++
		}
		_ = cmd.Wait() // killed
		// The next helper begins with the batch that was not confirmed. Until then it may be there or not, but as a whole.
		if got := total(); got != said*sessionsAtOnce && got != (said+1)*sessionsAtOnce {
			t.Fatalf("seed %d, kill %d: expected %d or %d seconds; got %d", seed, n, said*sessionsAtOnce, (said+1)*sessionsAtOnce, got)
		}
	}
	report, err := s.Check(ctx)
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("expected a sound store; got %v %v", report.Findings, err)
	}
}

func TestKills(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testKills(t, newFile(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { testKills(t, cluster.Database(t)) })
}

// Several processes open a database that is not there yet, all at once, and write to it.
func testProcesses(t *testing.T, url string) {
	const processes, batches = 3, 10
	var tasks sync.WaitGroup
	for n := range processes {
		cmd, out := helper(t, url, "p"+strconv.Itoa(n), "0", strconv.Itoa(batches))
		tasks.Go(func() { // owned by the test, which waits for it; ends with the process
			text, err := io.ReadAll(out)
			if ended := cmd.Wait(); err != nil || ended != nil || strings.Count(string(text), "\n") != batches {
				t.Errorf("process %d: %v %v %q", n, err, ended, text)
			}
		})
	}
	tasks.Wait()
	if t.Failed() {
		return
	}
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.UsageTotals(t.Context(), store.UsageOf{Account: "a"}, noon)
	if want := processes * batches * sessionsAtOnce * time.Second; err != nil || got != want {
		t.Errorf("expected %s; got %s, %v", want, got, err)
	}
	report, err := s.Check(t.Context())
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("expected a sound store; got %v %v", report.Findings, err)
	}
}

func TestProcesses(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testProcesses(t, "sqlite:"+filepath.Join(t.TempDir(), "shared.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { testProcesses(t, cluster.Database(t)) })
}
