package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// shared is the one house of all tests: servers take seconds to start. Nothing else is global.
var shared struct {
	once  sync.Once
	house *house
	err   error
}

// TestMain ends the servers after the last test, and prints how the clients fared.
func TestMain(m *testing.M) {
	flag.Parse()
	if limit, ok := flag.Lookup("test.timeout").Value.(flag.Getter).Get().(time.Duration); ok && limit > 0 {
		// The servers must not outlive the tests, which end at once when their time is over.
		time.AfterFunc(limit-stopTime, func() {
			fmt.Println("the tests take too long")
			os.Exit(finish(1))
		})
	}
	os.Exit(finish(m.Run()))
}

// finish ends what runs, and returns the exit code.
func finish(code int) int {
	h := shared.house
	if h == nil {
		return code
	}
	h.table.print(os.Stdout)
	if err := h.close(); err != nil {
		fmt.Println(err)
		return 1
	}
	return code
}

// open returns the house, whose servers the first caller starts.
func open(t *testing.T) *house {
	t.Helper()
	shared.once.Do(func() { shared.house, shared.err = build() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.house
}

// house is the servers and what clients have to know of them.
type house struct {
	ctx     context.Context
	scratch string
	servers map[string]*server
	env     []string // of clients
	table   *table
	clips   []clip
	orders  string        // file with what the server "commands" is told; empty: there is none
	ears    chan struct{} // holds a token for each client whose speech is being recognised
	screens chan struct{} // holds a token for the browser that has Live open
	silence string        // file with six seconds of it
	minute  string        // file with a minute of it
}

// program is the path of a client that scripts/e2e.sh has built.
func (h *house) program(name string) string {
	folder := os.Getenv("E2E_CLIENTS")
	if folder == "" {
		folder = filepath.Join("..", "bin", "e2e")
	}
	path, err := filepath.Abs(filepath.Join(folder, name))
	if err != nil {
		panic(err) // there is no working folder
	}
	return path
}

// clientEnv tells clients where the servers are, by host name, and whom to trust.
func (h *house) clientEnv() ([]string, error) {
	ports, pins, authorities := map[string]int{}, "", []byte(nil)
	for _, s := range h.servers {
		var n int
		if _, err := fmt.Sscan(port(s.tls), &n); err != nil {
			return nil, err
		}
		ports[s.name+".localhost"] = n
		if pins != "" {
			pins += ","
		}
		pins += s.pin
		pem, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, err
		}
		authorities = append(authorities, pem...)
	}
	all := filepath.Join(h.scratch, "authorities.pem")
	if err := os.WriteFile(all, authorities, 0o600); err != nil {
		return nil, err
	}
	text, err := json.Marshal(ports)
	if err != nil {
		return nil, err
	}
	return plainEnv("E2E_PORTS="+string(text), "E2E_PINS="+pins, "E2E_CHROMIUM="+browser(), "NODE_EXTRA_CA_CERTS="+all,
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true"), nil
}

// speech is what the scripted servers say, whatever they hear.
const speech = `
0.5-2.1   good morning everybody
3.0-4.4   how@3.0-3.2 are@3.2-3.5 you@3.6-4.4
4.8-5.8   and now something different
`

// scripted is what each server with the scripted engine is told beside its script.
var scripted = map[string][]string{
	"talk":    {"--speechall-aliases", "*=local.script", "--limits-idle", "2m"}, // some wait for others while they say nothing
	"english": {"--set", "engines.script.languages=en-US", "--vocabularies-import-dir", "FOLDER"},
	"idle":    {"--limits-idle", "1s"},
	"short":   {"--limits-stream", "2s"},
	"dies":    {"--speechall-aliases", "*=local.script", "--set", "engines.script.fault=die", "--set", "engines.script.fault_at=1s"},
	"full":    {"--set", "engines.script.fault=refuse"},
	"stalls":  {"--set", "engines.script.fault=stall", "--set", "engines.script.fault_at=1s", "--limits-finish", "1s", "--limits-lag", "1s"},
	"long":    {"--set", "engines.script.script=LONG"},
}

// ears is how many clients may have real speech recognised at the same time: more would wait for each other, and for so long on a busy
// machine that clients give up.
const ears = 2

// build starts all servers, at the same time.
func build() (*house, error) {
	scratch, err := os.MkdirTemp("", "earshot-e2e-")
	if err != nil {
		return nil, err
	}
	h := &house{ctx: context.Background(), scratch: scratch, servers: map[string]*server{}, table: newTable(), ears: make(chan struct{}, ears), screens: make(chan struct{}, 1)}
	if h.clips, err = clips(scratch); err != nil {
		return nil, err
	}
	if h.orders, err = commands(scratch); err != nil {
		return nil, err
	}
	h.silence, h.minute = filepath.Join(scratch, "silence.pcm"), filepath.Join(scratch, "minute.pcm")
	_, longScript := longSpeech()
	talk, long := filepath.Join(scratch, "talk.txt"), filepath.Join(scratch, "long.txt")
	if err := errors.Join(os.WriteFile(talk, []byte(speech), 0o600), os.WriteFile(long, []byte(longScript), 0o600),
		os.WriteFile(h.minute, make([]byte, 60*32000), 0o600), os.WriteFile(h.silence, make([]byte, 6*32000), 0o600)); err != nil {
		return nil, err
	}
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		errs []error
	)
	begin := func(name string, args ...string) {
		// build owns the goroutine and waits for it.
		wg.Go(func() {
			s, err := start(h.ctx, h.binary(), filepath.Join(scratch, name), name, args...)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			h.servers[name] = s
		})
	}
	for name, more := range scripted {
		args := []string{"--engine", "script", "--no-features-punctuate", "--set", "engines.script.script=" + talk}
		for _, arg := range more {
			args = append(args, strings.NewReplacer("LONG", long, "FOLDER", scratch).Replace(arg))
		}
		begin(name, args...)
	}
	if hears() {
		begin("words", "--engine", "pocketsphinx", "--limits-finish", "2m", "--set", "speechall.aliases=*=local.pocketsphinx-en-us", "--set", fmt.Sprintf("engines.pocketsphinx.slots=%d", 2*ears))
	}
	if hears() && h.orders != "" {
		begin("commands", "--engine", "pocketsphinx", "--limits-finish", "2m", "--set", "speechall.aliases=*=local.turtle", "--set", "engines.pocketsphinx.slots=24", "--set", commandSet())
	}
	wg.Wait()
	if len(errs) == 0 {
		h.env, err = h.clientEnv()
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// hears says whether the binary has an engine that recognises speech.
func hears() bool { return os.Getenv("E2E_ENGINE") != "" }

// binary is the server's program.
func (h *house) binary() string {
	path := os.Getenv("E2E_EARSHOT")
	if path == "" {
		path = filepath.Join("..", "bin", "earshot")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		panic(err) // there is no working folder
	}
	return path
}

// close ends the servers, and says what was wrong with any of them.
func (h *house) close() error {
	var errs []error
	for _, s := range h.servers {
		errs = append(errs, s.stop())
	}
	if keep := os.Getenv("E2E_LOGS"); keep != "" {
		for _, s := range h.servers {
			errs = append(errs, os.WriteFile(filepath.Join(keep, s.name+".log"), []byte(s.log.tail(math.MaxInt)), 0o600))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(h.scratch))...)
}
