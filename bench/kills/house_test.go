package kills_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/bench/internal/rig"
	"github.com/earshot-stt/earshot/stt"
)

// startTime is how long a server may take to start, on a machine that has much else to do.
const startTime = 2 * time.Minute

// house is a store, and the server that is on it at a time.
type house struct {
	t      *testing.T
	folder string
	args   []string
	token  string // the administrator's

	server *rig.Child
	addr   string
	log    bytes.Buffer // of the server that runs; read when it has ended
}

// open starts a server.
func (h *house) open() {
	h.t.Helper()
	name := *program
	if name == "" {
		name = os.Args[0]
	}
	h.log.Reset()
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--tls-listen", "off", "--data", filepath.Join(h.folder, "data"), "--limits-account-streams", "0"}, h.args...)
	server, err := rig.Start(h.t.Context(), &h.log, name, args...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.server = server
	h.t.Cleanup(server.End)
	ctx, cancel := context.WithTimeout(h.t.Context(), startTime)
	defer cancel()
	_, err = server.Await(ctx, "that it is ready", func(line string) bool {
		if _, token, shown := strings.Cut(line, "administrator token, shown this once: "); shown {
			h.token = token
		}
		addr, ready := strings.CutPrefix(line, "earshot is ready: http://")
		if ready {
			h.addr = addr
		}
		return ready
	})
	if err != nil {
		server.End()
		h.t.Fatalf("%v\n%s", err, h.log.String())
	}
}

// kill kills the server and returns when that was, at the latest.
func (h *house) kill() time.Time {
	h.t.Helper()
	if err := syscall.Kill(h.server.PID(), syscall.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
	at := time.Now()
	<-h.server.Ended()
	return at
}

// used is what a ledger, or those who use the server, have counted.
type used struct {
	audio   time.Duration
	streams int64
}

// ledger returns what the server's has in all.
func (h *house) ledger() (u used) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, "http://"+h.addr+"/admin/v1/usage?by=total", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: startTime}
	resp, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	var answer struct {
		Items []struct {
			Audio   json.Number `json:"audio_seconds"`
			Streams int64       `json:"streams"`
		} `json:"items"`
	}
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || len(answer.Items) > 1 {
		h.t.Fatalf("the ledger: %s %s, %v", resp.Status, body, err)
	}
	for _, item := range answer.Items { // none before the first stream
		if u.audio, err = time.ParseDuration(item.Audio.String() + "s"); err != nil {
			h.t.Fatal(err)
		}
		u.streams = item.Streams
	}
	return u
}

// crowd is those who speak at the same time.
type crowd struct {
	clients []*client
	tasks   sync.WaitGroup
}

// wait returns when all have noticed that the server is gone. Then what they have counted may be read.
func (c *crowd) wait() { c.tasks.Wait() }

// client is one who speaks and counts.
type client struct {
	sent time.Duration // handed over before the server was gone
	told []known
}

// known is what a client knew to be recognised at a time.
type known struct {
	at    time.Time
	audio time.Duration
}

// known returns how much audio the client knew at a time to be recognised.
func (c *client) known(at time.Time) (audio time.Duration) {
	for _, k := range c.told {
		if !k.at.After(at) {
			audio = max(audio, k.audio)
		}
	}
	return audio
}

// crowd opens streams and has all of them speak until the server is gone.
func (h *house) crowd(n int) *crowd {
	h.t.Helper()
	ctx := h.t.Context()
	r, err := rig.Client(ctx, h.addr, filepath.Join(h.folder, "data", "credentials"))
	if err != nil {
		h.t.Fatal(err)
	}
	c := &crowd{}
	for range n {
		s, err := r.Open(ctx, rig.Config())
		if err != nil {
			h.t.Fatal(err)
		}
		one := &client{}
		c.clients = append(c.clients, one)
		listened := make(chan struct{})
		c.tasks.Go(func() { // owned by the crowd; ends with the server
			defer close(listened)
			one.listen(ctx, s)
		})
		c.tasks.Go(func() { // owned by the crowd; ends with the server
			one.speak(ctx, s)
			<-listened
			_ = s.Close() // it has failed already
		})
	}
	return c
}

// speak sends audio at the pace of speech until that fails.
func (c *client) speak(ctx context.Context, s stt.Stream) {
	const piece = 50 * time.Millisecond
	audio := make([]byte, rig.Format.Bytes(piece))
	clock := rig.NewPacer(time.Now(), 1)
	for at := time.Duration(0); at < 10*time.Minute; at += piece {
		if clock.Wait(ctx, at) != nil {
			return
		}
		c.sent += piece // it may arrive, whatever Send says
		if s.Send(ctx, stt.Chunk{Data: audio, Offset: at}) != nil {
			return
		}
	}
}

// listen notes what is recognised, until the stream fails.
func (c *client) listen(ctx context.Context, s stt.Stream) {
	for {
		ev, err := s.Recv(ctx)
		if err != nil {
			return
		}
		if seg := ev.Segment; ev.Kind == stt.EventSegment && seg.Span.Known {
			c.told = append(c.told, known{time.Now(), seg.Span.End})
		}
	}
}

// lateness measures how late the machine is.
type lateness struct {
	stop func()

	mu    sync.Mutex // guards found
	found []late
}

type late struct {
	at time.Time
	by time.Duration
}

// newLateness begins to measure, with a file in a folder.
func newLateness(t *testing.T, folder string) *lateness {
	l := &lateness{}
	ctx, cancel := context.WithCancel(t.Context())
	var tasks sync.WaitGroup
	note := func(by time.Duration) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.found = append(l.found, late{time.Now(), by})
		if len(l.found) > 5000 { // of a minute
			l.found = append(l.found[:0], l.found[2500:]...)
		}
	}
	const every = 20 * time.Millisecond
	tasks.Go(func() { // owned by lateness; stop ends it
		for ctx.Err() == nil {
			began := time.Now()
			pause(ctx, every)
			note(time.Since(began) - every)
		}
	})
	tasks.Go(func() { // owned by lateness; stop ends it
		for ctx.Err() == nil {
			began := time.Now()
			if err := write(filepath.Join(folder, "probe")); err != nil {
				t.Error(err)
				return
			}
			note(time.Since(began))
			pause(ctx, 10*every)
		}
	})
	l.stop = func() {
		cancel()
		tasks.Wait()
	}
	return l
}

// write has a few bytes get to the disk.
func write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err1 := fmt.Fprintln(f, "a probe")
	err2 := f.Sync()
	if err := f.Close(); err != nil {
		return err
	}
	if err1 != nil {
		return err1
	}
	return err2
}

// since returns how late the machine was since a time: the worst of being woken and the worst of writing, each as often as it comes between
// a client and the ledger.
func (l *lateness) since(at time.Time) (worst time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.found {
		if f.at.After(at) {
			worst = max(worst, f.by)
		}
	}
	return 2 * worst
}
