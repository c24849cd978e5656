package datadir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/earshot-stt/earshot/stt"
)

// LockFile is the name of the file in the folder that is locked. Removing it while a server runs lets a second one in.
const LockFile = "lock"

// Dir is a data folder that this process holds. Its methods may be called from any goroutine.
type Dir struct {
	path  string
	lock  *os.File
	close func() error
}

// Open makes the folder and those above it if they are missing, with mode 0700, and locks it until [Dir.Close] or the end
// of the process. A relative path is taken from the current folder, now and for good.
//
// It fails with [stt.Conflict] if another process holds the folder, naming that process; else with [stt.Invalid] if the
// path is empty, is not a folder, is open to others than its owner (the message has the command that mends it), or cannot
// be written to.
func Open(path string) (*Dir, error) {
	if path == "" {
		return nil, stt.InvalidOption("--data", "", "a folder, since $EARSHOT_DATA, $XDG_DATA_HOME and $HOME are not set either")
	}
	if path[0] == '~' {
		return nil, stt.InvalidOption("--data", path, "a path; ~ is replaced at the beginning, before /, and if $HOME is set (for a folder of that name write ./~)")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, invalid("%q: %v", path, err)
	}
	if err := check(path); err != nil {
		return nil, err
	}
	lock, err := acquire(path)
	if err != nil {
		return nil, err
	}
	return &Dir{path: path, lock: lock, close: sync.OnceValue(func() error { return release(lock) })}, nil
}

// Path returns the absolute path of a name in the folder, of the folder itself for "". It never leads out of the folder:
// the name is read as though the folder were the root of the file system.
func (d *Dir) Path(name string) string {
	return filepath.Join(d.path, filepath.Join(string(filepath.Separator), name))
}

// Close lets other processes have the folder. Every call returns what the first returned.
func (d *Dir) Close() error { return d.close() }

// check makes the folder if need be and looks at who may use it.
func check(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return invalid("cannot make the data folder %q: %v", path, cause(err))
		}
		info, err = os.Stat(path)
	}
	switch {
	case err != nil:
		return invalid("cannot look at the data folder %q: %v", path, cause(err))
	case !info.IsDir():
		return invalid("expected a folder at %q; got something else", path)
	case info.Mode().Perm()&0o077 != 0:
		return invalid("expected a data folder that only its owner may look into (mode 0700); %q has mode %04o: run chmod 700 %s",
			path, info.Mode().Perm(), shellWord(path))
	}
	return nil
}

// acquire returns the locked file; closing it releases the lock.
func acquire(path string) (lock *os.File, err error) {
	// Opened without O_TRUNC: until it is locked, what it says is another's.
	lock, err = os.OpenFile(filepath.Join(path, LockFile), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, invalid("expected a data folder that this process (user %d) can write to; for %q it got: %v", os.Geteuid(), filepath.Join(path, LockFile), cause(err))
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	switch err := flock(lock, syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, &stt.Error{Code: stt.Conflict, Op: "open data folder",
			Msg: fmt.Sprintf("%s uses the data folder %q; stop it, or give this server another folder with --data", holder(lock), path)}
	case err != nil:
		return nil, invalid("cannot lock %q: %v (the file system must support flock)", filepath.Join(path, LockFile), err)
	}
	if err := write(lock, strconv.Itoa(os.Getpid())+"\n"); err != nil {
		return nil, invalid("cannot write to %q: %v", filepath.Join(path, LockFile), cause(err))
	}
	return lock, nil
}

// release empties the file, so that nobody takes the number in it for a running process, and unlocks it.
func release(lock *os.File) error {
	return errors.Join(lock.Truncate(0), lock.Close())
}

func write(f *os.File, text string) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// holder names the process that has locked the file. Between locking and writing it has not said who it is.
func holder(lock *os.File) string {
	text, err := io.ReadAll(io.LimitReader(lock, 32))
	if pid, convErr := strconv.Atoi(string(bytes.TrimSpace(text))); err == nil && convErr == nil && pid > 0 {
		return "process " + strconv.Itoa(pid)
	}
	return "another process"
}

// flock is [syscall.Flock], begun again when a signal interrupts it.
func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func invalid(format string, args ...any) error {
	return &stt.Error{Code: stt.Invalid, Op: "open data folder", Option: "--data", Msg: fmt.Sprintf(format, args...)}
}

// cause is err without the path, which the caller names.
func cause(err error) error {
	var known *fs.PathError
	if errors.As(err, &known) {
		return known.Err
	}
	return err
}

// shellWord writes a path so that it can be pasted into a shell.
func shellWord(path string) string {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/._-+", r)
	}
	if !strings.ContainsFunc(path, odd) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
