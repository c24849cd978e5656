package ledger_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/store/storetest"
)

// childStore makes the test program the server that is to be killed; its value is the URL of the store.
const childStore = "EARSHOT_LEDGER_CHILD"

// kills says how often the server is killed, where the test does not decide.
const kills = "EARSHOT_KILLS"

func TestMain(m *testing.M) {
	if url := os.Getenv(childStore); url != "" {
		if err := victim(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const killPiece = 50 * time.Millisecond

// victim is a server with a protocol of its own: a connection is a stream, whose first line is the key; then audio, of which every
// piece is answered with a byte when the session has taken it. On its standard output it says where it listens, and after each batch
// that is written up to when all is written that has been taken.
func victim(url string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	w := &watched{Store: s}
	l := ledger.New(ledger.Options{Sink: w})
	w.Service = session.NewService(session.Options{Recognizer: script.New(script.Options{}), Meter: l})
	go l.Run(ctx, w) // ends with the process, which is what this is about
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go serveVictim(ctx, w.Service, conn) // ends with the connection, or with the process
	}
}

func serveVictim(ctx context.Context, service *session.Service, conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	key, err := in.ReadString('\n')
	if err != nil {
		return
	}
	ses, err := service.Open(ctx, ask("000000000001", strings.TrimSpace(key), ""))
	if err != nil {
		return
	}
	read := make(chan struct{})
	go func() { // ends with the audio, or the connection
		defer close(read)
		piece := make([]byte, mono16k.Bytes(killPiece))
		for {
			if _, err := io.ReadFull(in, piece); err != nil {
				_ = ses.CloseSend(ctx) // Next has the reason
				return
			}
			if ses.Write(ctx, piece) != nil {
				return
			}
			if _, err := conn.Write([]byte{1}); err != nil {
				_ = ses.CloseSend(ctx) // Next has the reason
				return
			}
		}
	}()
	for err == nil {
		_, err = ses.Next(ctx)
	}
	<-read
	ses.Close(err)
}

// watched notes when the ledger looks, and says what is written. It implements ledger.Sink and ledger.Sessions.
type watched struct {
	*store.Store
	*session.Service

	mu    sync.Mutex // guards looks
	looks []time.Time
}

// Sessions is called while the ledger counts nothing else: what was taken before is counted when it comes back to counting.
func (w *watched) Sessions() []session.Live {
	w.mu.Lock()
	w.looks = append(w.looks, time.Now())
	w.looks = w.looks[max(0, len(w.looks)-1000):]
	w.mu.Unlock()
	return w.Service.Sessions()
}

func (w *watched) AddUsage(ctx context.Context, batch []store.Usage) error {
	if err := w.Store.AddUsage(ctx, batch); err != nil {
		return err
	}
	newest := slices.MaxFunc(batch, func(a, b store.Usage) int { return a.At.Compare(b.At) }).At
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, look := range slices.Backward(w.looks) {
		if !look.After(newest) {
			fmt.Println(look.UnixNano())
			break
		}
	}
	return nil
}

// client is one that speaks to the victim, stream after stream, until it is gone.
type client struct {
	key   string
	sent  int         // pieces
	taken []time.Time // when each piece is known to have been taken
	open  int         // streams begun
}

func (c *client) run(address string, r *rand.Rand) {
	for c.stream(address, 5+r.IntN(40), r) {
		continue // until the victim is gone
	}
}

func (c *client) stream(address string, pieces int, r *rand.Rand) (goesOn bool) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	c.open++
	if _, err := fmt.Fprintln(conn, c.key); err != nil {
		return false
	}
	piece, answer := make([]byte, mono16k.Bytes(killPiece)), make([]byte, 1)
	pace := time.NewTicker(killPiece/2 + time.Duration(r.Int64N(int64(killPiece)/2)))
	defer pace.Stop()
	for range pieces {
		<-pace.C
		c.sent++
		if _, err := conn.Write(piece); err != nil {
			return false
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			return false
		}
		c.taken = append(c.taken, time.Now())
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return false
	}
	_, err = conn.Read(answer)
	return err == io.EOF
}

// ran is how long the client was served after a time. Where the machine stops nothing is taken that could be lost: of the time between two pieces
// no more counts than a few pieces have.
func (c *client) ran(since time.Time) (sum time.Duration) {
	last := since
	for _, at := range c.taken {
		if at.After(since) {
			sum += min(at.Sub(last), 4*killPiece)
			last = at
		}
	}
	return sum
}

// A server that is killed at any moment has written what it took, but for the last moment, and never more; whoever starts after it
// finds a store that is well.
func TestKill(t *testing.T) {
	times := 8 // bench/kills does the same to the whole program
	if testing.Short() {
		times = 3
	}
	if s := os.Getenv(kills); s != "" {
		var err error
		if times, err = strconv.Atoi(s); err != nil {
			t.Fatalf("%s is %q, expected how often to kill", kills, s)
		}
	}
	t.Run("sqlite", func(t *testing.T) { killMany(t, "sqlite:"+filepath.Join(t.TempDir(), "earshot.db"), times) })
	t.Run("postgres", func(t *testing.T) {
		var cluster storetest.Cluster
		t.Cleanup(cluster.Stop)
		killMany(t, cluster.Database(t), max(times/2, 1))
	})
}

func killMany(t *testing.T, url string, times int) {
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	seed := rand.Uint64()
	var missing []time.Duration // of each stream, at each kill
	var late []time.Duration    // of each kill: since what is written for certain
	for round := range times {
		clients, written := killOnce(t, url, rand.New(rand.NewPCG(seed, uint64(round))), round)
		rows, err := s.UsageRows(t.Context(), store.UsageQuery{Group: []store.Dimension{store.DimKey}})
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]store.UsageRow{}
		for _, row := range rows {
			sums[row.Key] = row
		}
		for _, c := range clients {
			row, sent := sums[c.key], time.Duration(c.sent)*killPiece
			taken := 0
			for taken < len(c.taken) && c.taken[taken].Before(written) {
				taken++
			}
			if least := time.Duration(taken) * killPiece; row.Audio > sent || row.Audio < least {
				t.Errorf("round %d, %s: sent %v, of which %v is known to be written; the ledger says %v (seed %d)", round, c.key, sent, least, row.Audio, seed)
			}
			if row.Streams > int64(c.open) || row.Requests != row.Streams || row.Errors != 0 {
				t.Errorf("round %d, %s: the ledger has %+v, with %d streams opened (seed %d)", round, c.key, row, c.open, seed)
			}
			missing = append(missing, sent-row.Audio)
		}
		if len(clients) > 0 {
			if c := clients[0]; len(c.taken) > 0 {
				late = append(late, c.ran(written))
			}
		}
	}
	slices.Sort(missing)
	slices.Sort(late)
	if len(missing) == 0 || len(late) == 0 {
		t.Fatal("nothing was sent; the test is worth nothing")
	}
	t.Logf("%d kills of %d streams: missing of a stream, median %v, most %v; since the last writing, median %v, most %v",
		times, len(missing), missing[len(missing)/2], missing[len(missing)-1], late[len(late)/2], late[len(late)-1])
	// What a loaded machine does to a single kill is its own business; half of them must be as promised.
	if m := late[len(late)/2]; m > time.Second {
		t.Errorf("half of the kills lost more than %v, expected a second at most", m)
	}
}

// killOnce starts a server, lets clients use it, kills it, and returns what they know and until when all is written for certain.
func killOnce(t *testing.T, url string, r *rand.Rand, round int) (clients []*client, written time.Time) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childStore+"="+url)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		cmd.Wait()
		t.Fatalf("the server did not start: %s", &complaint)
	}
	address := lines.Text()
	var all sync.WaitGroup // of this function, which waits for it
	for i := range 8 {
		c := &client{key: fmt.Sprintf("r%d-c%d", round, i)}
		clients = append(clients, c)
		own := rand.New(rand.NewPCG(r.Uint64(), 0))
		all.Go(func() { c.run(address, own) })
	}
	kill := time.AfterFunc(200*time.Millisecond+time.Duration(r.Int64N(int64(1800*time.Millisecond))), func() { cmd.Process.Kill() })
	defer kill.Stop()
	for lines.Scan() { // until it is dead
		n, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Errorf("the server says %q", lines.Text())
			continue
		}
		written = time.Unix(0, n)
	}
	cmd.Wait()
	all.Wait()
	if complaint.Len() > 0 {
		t.Errorf("the server complains: %s", &complaint)
	}
	if written.IsZero() { // it was killed before it wrote anything
		for _, c := range clients {
			if len(c.taken) > 0 {
				written = c.taken[0]
				break
			}
		}
		for _, c := range clients {
			for len(c.taken) > 0 && c.taken[0].Before(written) {
				written = c.taken[0]
			}
		}
	}
	return clients, written
}
