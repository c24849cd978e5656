package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// startTime is how long PostgreSQL may take to start, on a machine that has much else to do.
const startTime = 2 * time.Minute

// Cluster is a PostgreSQL server that is started when it is needed. The zero value is ready; a Cluster must not be copied.
type Cluster struct {
	once sync.Once
	// Not changed once started.
	err    error  // why it does not run
	absent string // the same, if nothing can be done about it here
	folder string
	admin  *sql.DB
	server *exec.Cmd
	exited chan struct{} // closed when the server has

	mu   sync.Mutex
	made int // databases; guarded by mu
}

// Main runs the tests of a package and stops the server. It returns the exit code.
func (c *Cluster) Main(m *testing.M) int {
	code := m.Run()
	c.Stop()
	return code
}

// Database makes an empty database, which is removed at the end of the test, and returns its address. It starts the server if need be. The
// test skips where PostgreSQL is not installed.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	c.once.Do(c.start)
	if c.absent != "" {
		t.Skip(c.absent)
	}
	if c.err != nil {
		t.Fatal(c.err)
	}
	c.mu.Lock()
	c.made++
	name := "test" + strconv.Itoa(c.made)
	c.mu.Unlock()
	if _, err := c.admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return c.address(name)
}

func (c *Cluster) address(database string) string {
	return "postgres:///" + database + "?user=earshot&host=" + url.QueryEscape(c.folder)
}

// Stop ends the server and removes what it kept. It may be called without Database before.
func (c *Cluster) Stop() {
	c.once.Do(func() { c.absent = "the cluster has been stopped" })
	if c.admin != nil {
		_ = c.admin.Close()
	}
	if c.server != nil {
		_ = c.server.Process.Signal(syscall.SIGQUIT) // at once: nothing is kept
		<-c.exited
	}
	if c.folder != "" {
		_ = os.RemoveAll(c.folder)
	}
}

func (c *Cluster) start() {
	programs, err := find()
	if err != nil {
		c.absent = err.Error()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if err := c.run(ctx, programs); err != nil {
		c.err = fmt.Errorf("the PostgreSQL for tests does not start: %w", err)
	}
}

// find returns the folder with the programs of the newest version that is installed.
func find() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql): there is no /usr/lib/postgresql/*/bin/initdb")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func (c *Cluster) run(ctx context.Context, programs string) error {
	attr, uid, gid, err := ordinaryUser()
	if err != nil {
		return err
	}
	if c.folder, err = openFolder(uid, gid); err != nil {
		return err
	}
	data := filepath.Join(c.folder, "data")
	command := func(ctx context.Context, name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, filepath.Join(programs, name), args...)
		cmd.Dir, cmd.Env, cmd.SysProcAttr = c.folder, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.folder, "LC_ALL=C", "TZ=UTC"}, attr
		return cmd
	}
	if out, err := command(ctx, "initdb", "-D", data, "-U", "earshot", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync", "--no-instructions").CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// Nothing outlives the test, so nothing is written through. The server ends with this process, by Stop or by the system.
	c.server = command(context.WithoutCancel(ctx), "postgres", "-D", data, "-k", c.folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "synchronous_commit=on", "-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "autovacuum_naptime=5s", "-c", "timezone=UTC")
	var log bytes.Buffer // read after the server has ended
	c.server.Stderr = &log
	if err := c.server.Start(); err != nil {
		c.server = nil
		return err
	}
	c.exited = make(chan struct{})
	go func() { // owned by the cluster; ends with the server
		_ = c.server.Wait()
		close(c.exited)
	}()
	if c.admin, err = sql.Open("pgx", c.address("postgres")); err != nil {
		return err
	}
	c.admin.SetMaxOpenConns(4)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := c.admin.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-c.exited:
			return fmt.Errorf("it has ended:\n%s", log.String())
		case <-ctx.Done():
			return err
		}
	}
}

// ordinaryUser says as whom to run it: PostgreSQL refuses to run as root.
func ordinaryUser() (attr *syscall.SysProcAttr, uid, gid int, err error) {
	attr = dieWithParent()
	if os.Geteuid() != 0 {
		return attr, os.Geteuid(), os.Getegid(), nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, 0, 0, err
	}
	uid, err1 := strconv.Atoi(nobody.Uid)
	gid, err2 := strconv.Atoi(nobody.Gid)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, uid, gid, errors.Join(err1, err2)
}

// openFolder makes a folder for a user, where that user can get at it.
func openFolder(uid, gid int) (string, error) {
	for _, base := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if uid != os.Geteuid() && !passable(base) {
			continue
		}
		folder, err := os.MkdirTemp(base, "espg-") // short: the path of a socket has at most 107 bytes
		if err != nil {
			continue
		}
		return folder, os.Chown(folder, uid, gid)
	}
	return "", errors.New("no temporary folder that an ordinary user can get at")
}

// passable says whether others may pass through a folder and those above it.
func passable(path string) bool {
	for {
		info, err := os.Stat(path)
		if err != nil || info.Mode()&fs.ModeDir == 0 || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if path == filepath.Dir(path) {
			return true
		}
		path = filepath.Dir(path)
	}
}
